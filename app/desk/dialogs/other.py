"""What the other model proposed, beside what this proposal does."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from app.desk import form
from app.desk.deciding import action_words
from app.desk.dialogs.frame import Dialog
from app.desk.letters import BODY_CAP
from app.desk.words import NOTHING, capped, line, lines, words
from store.contract import Action, Proposal

Side = Literal["left", "right", "neither"]


class OtherDialog(Dialog[Side]):
    """Two columns: this proposal, and the first alternative. Fields that differ are marked; one key picks a side."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("l,left", "pick('left')", "left"),
        ("r,right", "pick('right')", "right"),
        ("n", "pick('neither')", "neither"),
    ]

    def __init__(self, proposal: Proposal) -> None:
        super().__init__(Content("Two models, two proposals"), _HINT)
        self._proposal = proposal

    def action_pick(self, side: Side) -> None:
        if self.settled:
            self.dismiss(side)

    def fields(self) -> ComposeResult:
        ours, other = self._proposal, self._proposal.alternatives[0]
        differs = (ours.customer_reply or "") != other.reply
        with Horizontal(id="sides"):
            with VerticalScroll(classes="side"):
                reply = ours.customer_reply or ""
                yield Static(_side(ours.route.model, ours.actions, other.actions, reply, differing_reply=differs))
            with VerticalScroll(classes="side"):
                yield Static(_side(other.model, other.actions, ours.actions, other.reply, differing_reply=differs))


_HINT = line(
    ("l", "bold $primary"),
    (" left as proposed   ", ""),
    ("r", "bold $primary"),
    (" take the right   ", ""),
    ("n", "bold $primary"),
    (" neither: reject   ", ""),
    ("Esc", "bold $primary"),
    (" back", ""),
)


def _side(
    model: str, actions: tuple[Action, ...], against: tuple[Action, ...], reply: str, *, differing_reply: bool
) -> Content:
    rows = [words(model, "bold $primary"), NOTHING]
    if not actions:
        rows.append(words("No action.", "$quiet"))
    for n, action in enumerate(actions):
        peer = against[n] if n < len(against) else None
        rows.append(_field("", action_words(action), peer is None or action_words(peer) != action_words(action)))
        theirs = {field.path: field.value for field in form.fields(peer.args_schema, peer.args)} if peer else {}
        for field in form.fields(action.args_schema, action.args):
            differs = field.path not in theirs or theirs[field.path] != field.value
            rows.append(_field(f"  {field.title.lower()}", form.spoken(field), differs))
    sign = (
        line(("≠ ", "bold $warning"), ("another reply", "bold")) if differing_reply else words("  the reply", "$quiet")
    )
    return lines([*rows, NOTHING, sign, words(capped(reply, BODY_CAP))])


def _field(name: str, text: str, differs: bool) -> Content:
    sign = ("≠ ", "bold $warning") if differs else ("  ", "")
    return line(sign, (f"{name} " if name else "", "$quiet"), (text, "bold" if differs else ""))
