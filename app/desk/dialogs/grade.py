"""Why a drawn reply is wrong or unclear: one key for the usual reasons, or words of one's own."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from app.desk.dialogs.frame import Dialog
from app.desk.words import line, words

WRONG = (
    "The facts are wrong",
    "It answers another question",
    "It promises what we do not do",
    "Something important is missing",
    "The tone is not ours",
    "A person should have decided it",
)
UNCLEAR = (
    "The sources do not say",
    "The policy is not clear here",
    "What the customer wants is not clear",
)


class GradeDialog(Dialog[str]):
    """Answers with the reason."""

    def __init__(self, title: str, reasons: Sequence[str]) -> None:
        hint = line(
            (f"1-{len(reasons)}", "bold $primary"), (" that reason   ", ""), ("Tab Enter", "bold $primary"),
            (" your own words   ", ""), ("Esc", "bold $primary"), (" back", ""),
        )  # fmt: skip
        super().__init__(words(title), hint)
        self._reasons = tuple(reasons)

    def fields(self) -> ComposeResult:
        yield OptionList(*(Option(words(f"{n}  {text}")) for n, text in enumerate(self._reasons, start=1)), id="codes")
        yield Input(id="text", compact=True, placeholder="or in your own words")

    def on_key(self, event: object) -> None:
        key = getattr(event, "key", "")
        listed = self.query_one("#codes", OptionList).has_focus
        if listed and self.settled and key.isdigit() and 1 <= int(key) <= len(self._reasons):
            self.dismiss(self._reasons[int(key) - 1])

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        if self.settled:
            self.dismiss(self._reasons[event.option_index])

    def on_input_submitted(self) -> None:
        said = self.query_one("#text", Input).value.strip()
        if said:
            self.dismiss(said)
        else:
            self.problem(words("Say what it is: who mends it reads this.", "$warning"))
