"""The cases of one decision, listed before it is made; and what was left out, after it was."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from app.desk import keys
from app.desk.bulk import Batch, stands_on
from app.desk.deciding import exact_words
from app.desk.dialogs.frame import Dialog
from app.desk.words import NOTHING, fit, line, lines, short, words
from store.contract import Money, Review

Answer = Literal["approve", "reject"]


class BulkDialog(Dialog[Answer]):
    """Each case on a line, the sum, and the keys: approving takes the second key, rejecting asks for the reason."""

    def __init__(self, batch: Batch) -> None:
        count = len(batch.reviews)
        super().__init__(words(f"Decide {count} cases at once" if count != 1 else "Decide one case"), _choices())
        self._batch = batch
        self._approving = False
        self._read = False

    def fields(self) -> ComposeResult:
        yield Static(lines([_why(self._batch.reviews[0])]), id="bulk-why")
        with VerticalScroll(id="bulk-cases", can_focus=False):
            yield Static(lines(_cases(self._batch.reviews)))
        if total := _sum(self._batch.reviews):
            yield Static(line(total), id="bulk-sum")
        if self._batch.left_out:
            yield Static(lines(_left_out("Left out", self._batch.left_out)), id="bulk-left")

    def on_key(self, event: events.Key) -> None:
        pressed = {key.id for key in keys.table() if event.key in key.keys}
        if pressed & {"down", "page_down"}:
            self._scroll(1, page="page_down" in pressed)
        elif pressed & {"up", "page_up"}:
            self._scroll(-1, page="page_up" in pressed)
        if not self.settled:
            return
        if self._approving and "confirm" in pressed:
            self.dismiss("approve")
        elif "approve" in pressed and not self._was_on_screen():
            self.problem(_read_on())
        elif "approve" in pressed:
            self._approving = True
            self.problem(NOTHING)
            self.hint(_sure(len(self._batch.reviews)))
        elif "reject" in pressed:
            self.dismiss("reject")

    def _scroll(self, by: int, *, page: bool) -> None:
        cases = self.query_one("#bulk-cases")
        cases.scroll_relative(y=by * (max(1, cases.size.height - 1) if page else 3), animate=False, immediate=True)

    def _was_on_screen(self) -> bool:
        """Whether the list was read to its end: where the risk is high, nothing is approved that was not on screen."""
        cases = self.query_one("#bulk-cases")
        high = any(review.gate.risk == "high" for review in self._batch.reviews)
        self._read = self._read or cases.scroll_offset.y >= cases.max_scroll_y
        return self._read or not high

    def action_leave(self) -> None:
        """Once back from the question, twice out of the dialog."""
        if self._approving:
            self._approving = False
            self.hint(_choices())
        else:
            super().action_leave()


class LeftDialog(Dialog[None]):
    """What a decision about several cases did not reach, one sentence each."""

    def __init__(self, decided: int, left: Sequence[tuple[str, str]]) -> None:
        super().__init__(words(f"{decided} decided, {len(left)} left"), line(("Esc", "bold $primary"), (" back", "")))
        self._left = left

    def fields(self) -> ComposeResult:
        yield Static(lines(_left_out("These wait as before", self._left)), id="left")


def _why(review: Review) -> Content:
    reasons = " · ".join(reason.text for reason in review.gate.reasons[:3])
    two = line((" · a second person must approve each", "bold $accent")) if review.gate.needs == "two" else NOTHING
    return line(("like the first: ", "$quiet"), (short(reasons, 200), ""), two)


def _cases(reviews: Iterable[Review]) -> list[Content]:
    rows = []
    for n, review in enumerate(reviews, start=1):
        actions = "; ".join(exact_words(action) for action in review.proposal.actions) or "send the reply"
        sign = ("▲ ", "bold $warning") if review.gate.risk == "high" else ("  ", "")
        rows.append(
            line((f"{n:>2} ", "$quiet"), sign, (fit(review.proposal.ticket.id, 9), "bold $primary"), (actions, ""))
        )
        if review.gate.risk == "high":
            rows.append(words(f"     {stands_on(review)}", "$quiet"))
    return rows


def _read_on() -> Content:
    key = keys.shown("page_down")
    return words(f"These can charge or change: read the list to its end first ({key}).", "bold $warning")


def _sum(reviews: Sequence[Review]) -> Content:
    totals: dict[str, int] = {}
    for review in reviews:
        for action in review.proposal.actions:
            if action.amount is not None:
                totals[action.amount.currency] = totals.get(action.amount.currency, 0) + action.amount.minor
    if not totals:
        return NOTHING
    told = ", ".join(str(Money(minor=minor, currency=currency)) for currency, minor in sorted(totals.items()))
    return line(("together ", "$quiet"), (told, "bold"))


def _left_out(title: str, left: Sequence[tuple[str, str]]) -> list[Content]:
    rows = [line((f"{fit(name, 9)} ", "bold"), (why, "$warning")) for name, why in left]
    return [words(f"{title}:", "$warning"), *rows] if left else []


def _choices() -> Content:
    return line(
        (keys.shown("approve"), "bold $primary"), (" approve all   ", ""),
        (keys.shown("reject"), "bold $primary"), (" reject all   ", ""),
        ("Esc", "bold $primary"), (" back", ""),
    )  # fmt: skip


def _sure(count: int) -> Content:
    what = "approves it" if count == 1 else f"approves all {count}"
    return line(
        (keys.shown("confirm"), "bold $warning"), (f" {what}   ", "bold"), ("Esc", "bold $primary"), (" not yet", "")
    )
