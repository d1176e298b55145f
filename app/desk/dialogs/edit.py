"""Edit a proposal: a typed form from each action's schema, both letters, and what would change, live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Select, SelectionList, Static, TextArea
from textual.widgets.selection_list import Selection

from app.desk import deciding, form
from app.desk.deciding import action_words
from app.desk.dialogs.frame import Dialog
from app.desk.words import NOTHING, line, lines, words
from store.contract import REPLY, Action, Review


@dataclass(frozen=True)
class Edits:
    """What the agent made of it: arguments by action id, both letters; `send` is False when only kept for later."""

    args: dict[str, dict[str, Any]]
    reply: str | None
    note: str
    send: bool = True


class EditDialog(Dialog[Edits]):
    """Shows the actions handed in, and the letters. `kept` is what was typed before and not sent."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "send", "check and go on", priority=True)]

    def __init__(self, review: Review, actions: Sequence[Action], kept: Edits | None) -> None:
        hint = line(
            ("Tab", "bold $primary"),
            (" next field   ", ""),
            ("Ctrl+S", "bold $primary"),
            (" check   ", ""),
            ("Esc", "bold $primary"),
            (" keep and leave", ""),
        )
        super().__init__(line(("Edit ", ""), (review.proposal.ticket.id, "bold")), hint)
        self._review = review
        self._actions = list(actions)
        self._kept = kept
        self._forms = {action.action_id: form.fields(action.args_schema, self._start(action)) for action in actions}
        self._inputs: dict[tuple[str, str], Widget] = {}

    def fields(self) -> ComposeResult:
        proposal = self._review.proposal
        with Horizontal(id="edit-columns"):
            with VerticalScroll(id="edit-form", can_focus=False):
                for action in self._actions:
                    yield Static(words(action_words(action), "bold"), classes="edit-action")
                    for field in self._forms[action.action_id]:
                        yield Static(words(field.title, "$quiet"), classes="edit-label")
                        yield self._input(action, field)
                yield Static(Content("What changes"), classes="edit-heading")
                yield Static(NOTHING, id="edit-diff")
            with Vertical(id="edit-letters"):
                if REPLY in proposal.to_decide():
                    yield Static(Content("to the customer"), classes="edit-heading")
                    kept = self._kept.reply if self._kept else None
                    yield TextArea(kept or proposal.customer_reply or "", id="edit-reply", soft_wrap=True, compact=True)
                yield Static(Content("internal note"), classes="edit-heading")
                yield TextArea(
                    self._kept.note if self._kept else proposal.internal_note,
                    id="edit-note",
                    soft_wrap=True,
                    compact=True,
                )

    def on_mount(self) -> None:
        super().on_mount()
        first = next(iter(self._inputs.values()), None) or self.query(TextArea).first()
        first.focus()
        self._draw_diff()

    def edits(self) -> Edits:
        """What the form holds now. Raises `form.BadValue`."""
        args = {action.action_id: self._args(action) for action in self._actions}
        replies = self.query("#edit-reply")
        reply = replies.first(TextArea).text if replies else None
        return Edits(args, reply, self.query_one("#edit-note", TextArea).text)

    def action_send(self) -> None:
        try:
            edits = self.edits()
            if deciding.empty(self._review.proposal) and not (edits.reply or "").strip():
                self.problem(words("Write what the customer should read.", "bold $error"))
                return
            self.dismiss(edits)
        except form.BadValue as bad:
            self.problem(words(str(bad), "bold $error"))
            for (_, name), widget in self._inputs.items():
                if name == bad.field:
                    widget.focus()

    def action_leave(self) -> None:
        try:
            self.dismiss(replace(self.edits(), send=False))
        except form.BadValue:
            self.dismiss(self._kept)

    @on(Input.Changed)
    @on(Select.Changed)
    @on(SelectionList.SelectedChanged)
    @on(TextArea.Changed)
    def _draw_diff(self) -> None:
        rows: list[Content] = []
        try:
            edits = self.edits()
        except form.BadValue as bad:
            self.query_one("#edit-diff", Static).update(words(str(bad), "$error"))
            return
        for action in self._actions:
            for title, before, after in form.differences(
                action.args, edits.args[action.action_id], self._forms[action.action_id]
            ):
                rows.append(
                    line(
                        (f"{title}  ", "$quiet"), (before, "$error strike"), (" → ", "$quiet"), (after, "bold $success")
                    )
                )
        if edits.reply is not None and edits.reply != (self._review.proposal.customer_reply or ""):
            rows.append(line(("✎ ", "$accent"), ("the reply is yours now", "")))
        if edits.note != self._review.proposal.internal_note:
            rows.append(line(("✎ ", "$accent"), ("the note is yours now", "")))
        self.query_one("#edit-diff", Static).update(lines(rows) if rows else words("nothing yet", "$quiet"))
        self.problem(NOTHING)

    def _start(self, action: Action) -> Mapping[str, Any]:
        return self._kept.args.get(action.action_id, action.args) if self._kept else action.args

    def _args(self, action: Action) -> dict[str, Any]:
        given = {name: _held(widget) for (owner, name), widget in self._inputs.items() if owner == action.action_id}
        return form.values(self._forms[action.action_id], given, action.args)

    def _input(self, action: Action, field: form.Field) -> Widget:
        widget = _widget(field)
        self._inputs[(action.action_id, field.name)] = widget
        return widget


def _widget(field: form.Field) -> Widget:
    if field.kind in {"choice", "yes_no"}:
        options = [(words(title), value) for title, value in field.choices]
        known = any(value == field.value for _, value in field.choices)
        if known:
            return Select(options, value=field.value, allow_blank=not field.required, compact=True)
        return Select(options, allow_blank=True, compact=True)
    if field.kind == "choices":
        chosen = list(field.value or ())
        return SelectionList(
            *(Selection(words(title), value, value in chosen) for title, value in field.choices), compact=True
        )
    return Input(value=form.shown(field), restrict=r"-?[\d.,]*" if field.kind == "amount" else None, compact=True)


def _held(widget: Widget) -> Any:
    if isinstance(widget, Select):
        return None if widget.is_blank() else widget.value
    if isinstance(widget, SelectionList):
        return list(widget.selected)
    assert isinstance(widget, Input)
    return widget.value
