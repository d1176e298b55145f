"""Spot checks: automatic replies that were drawn, graded one after the other by one key each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.content import Content

from app.desk.dialogs.grade import UNCLEAR, WRONG, GradeDialog
from app.desk.figures import clock
from app.desk.screens.history import HistoryScreen
from app.desk.screens.readout import Readout
from app.desk.words import NOTHING, capped, line, words
from store.contract import now
from store.live import Grade, Grading, Question, SpotCheck, SpotFigures
from store.queue import Queue

LONGEST = 4_000


class SpotsScreen(Readout):
    """One reply is on screen; `j` and `k` walk through those that this person has not graded."""

    MODE = "spots"

    def __init__(self, queue: Queue, actor: str, *, read_only: bool = False) -> None:
        super().__init__(queue, actor, read_only=read_only)
        self._checks: tuple[SpotCheck, ...] = ()
        self._more = False
        self._figures = SpotFigures()

    async def read(self) -> None:
        page = await self.queue.spot_checks(self.actor)
        chosen = self.chosen.message_id if self.chosen else None
        self._checks, self._more = page.checks, page.next is not None
        places = [one.message_id for one in self._checks]
        self.cursor = places.index(chosen) if chosen in places else self.cursor
        self._figures = (await self.queue.stats(Question(hours=672), self.actor)).spot

    @property
    def chosen(self) -> SpotCheck | None:
        return self._checks[self.cursor] if self.cursor < len(self._checks) else None

    def count(self) -> int:
        return len(self._checks)

    def line_of_cursor(self) -> int:
        return 0

    def head(self) -> Content:
        place = f"{self.cursor + 1} of {len(self._checks)}{'+' if self._more else ''}" if self._checks else "none waits"
        spot = self._figures
        return line(
            (" Spot checks ", "bold $primary"),
            (f"· {place} · last 28 days: {spot.graded} of {spot.drawn} graded, ", "$quiet"),
            (f"{spot.wrong} wrong", "bold $warning" if spot.wrong else "$quiet"),
            (f", two agree {spot.agreed.part} of {spot.agreed.whole}", "$quiet"),
        )

    def body(self, cells: int) -> Sequence[Content]:
        one = self.chosen
        if one is None:
            return [
                NOTHING,
                words("  No automatic reply waits for your grade.", "bold"),
                words("  A share of what goes out by itself is drawn: spot_check_share in review.toml.", "$quiet"),
            ]
        twice = " · two people grade this one" if one.wants > 1 else ""
        version = f" · {one.prompt} {one.prompt_version}".rstrip() if one.prompt else ""
        return [
            line((one.ticket_id, "bold $primary"), (f" {one.subject}", "bold")),
            words(f"{one.at.astimezone():%a %d %b} {clock(one.at)} · {one.route}{version}{twice}", "$quiet"),
            NOTHING,
            words("The customer wrote", "$secondary bold"),
            *_wrapped(one.asked, cells),
            NOTHING,
            words("Went out by itself", "$secondary bold"),
            *_wrapped(one.reply, cells, "bold"),
            *(words(f"and did: {each}", "$accent") for each in one.did),
            NOTHING,
            words("It stood on", "$secondary bold"),
            *(row for each in one.sources or ("nothing",) for row in _wrapped(each, cells, "$quiet")),
        ]

    def _do_good(self) -> None:
        self._grade("good", "")

    def _do_wrong(self) -> None:
        self._why("What is wrong?", WRONG, lambda why: self._grade("wrong", why))

    def _do_wrong_reopen(self) -> None:
        title = "What is wrong? The ticket goes before a person again"
        self._why(title, WRONG, lambda why: self._grade("wrong", why, reopen=True))

    def _do_unclear(self) -> None:
        self._why("What is unclear?", UNCLEAR, lambda why: self._grade("unclear", why))

    def _do_check_ticket(self) -> None:
        if self.chosen is not None:
            ticket = self.chosen.ticket_id
            self.app.push_screen(HistoryScreen(self.queue, self.actor, ticket, read_only=self.read_only))

    def _why(self, title: str, reasons: Sequence[str], then: Callable[[str], None]) -> None:
        asked = self.chosen

        def answered(why: str | None) -> None:
            if why is not None and asked is not None and self.chosen == asked:
                then(why)

        self.app.push_screen(GradeDialog(title, reasons), answered)

    def _grade(self, verdict: Grading, why: str, *, reopen: bool = False) -> None:
        one = self.chosen
        if one is not None:
            given = Grade(
                message_id=one.message_id, actor=self.actor, verdict=verdict, why=why, reopen=reopen, at=now()
            )
            self._checks = tuple(each for each in self._checks if each is not one)
            self.cursor = min(self.cursor, max(0, len(self._checks) - 1))
            self.ask_queue(self._sent(given, one))

    async def _sent(self, given: Grade, one: SpotCheck) -> None:
        graded = await self.queue.grade(given)
        opened = f" It is before people again as {graded.review_id}." if graded.review_id else ""
        second = "" if graded.done else " A second person grades it too."
        self.say(f"✓ {one.ticket_id}: {given.verdict}.{second}{opened}", "$success")


def _wrapped(text: str, cells: int, style: str = "") -> list[Content]:
    """Outside words, broken into lines of so many cells."""
    content = words(capped(text, LONGEST), style)
    return list(content.wrap(cells)) if hasattr(content, "wrap") else [content]
