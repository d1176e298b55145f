"""What the other model proposed, beside what this proposal does."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from app.desk.deciding import action_words
from app.desk.dialogs.frame import Dialog
from app.desk.facts import value
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
        with Horizontal(id="sides"):
            with VerticalScroll(classes="side"):
                yield Static(_side(ours.route.model, ours.actions, other.actions, ours.customer_reply or ""))
            with VerticalScroll(classes="side"):
                yield Static(_side(other.model, other.actions, ours.actions, other.reply))


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


def _side(model: str, actions: tuple[Action, ...], against: tuple[Action, ...], reply: str) -> Content:
    rows = [words(model, "bold $primary"), NOTHING]
    if not actions:
        rows.append(words("No action.", "$quiet"))
    for n, action in enumerate(actions):
        peer = against[n] if n < len(against) else None
        rows.append(_field("", action_words(action), peer is None or action_words(peer) != action_words(action)))
        for name, given in action.args.items():
            rows.append(_field(name, value(given), peer is None or peer.args.get(name) != given))
    return lines([*rows, NOTHING, words(capped(reply, BODY_CAP))])


def _field(name: str, text: str, differs: bool) -> Content:
    sign = ("≠ ", "bold $warning") if differs else ("  ", "")
    return line(sign, (f"{name} " if name else "", "$quiet"), (text, "bold" if differs else ""))
