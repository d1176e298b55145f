"""The frame of the main screen: its panes and bars, what they draw, and what the handling of a case asks of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.timer import Timer

from app.desk import keys, people
from app.desk.bulk import Tags
from app.desk.corner import Corner
from app.desk.dialogs.frame import Dialog
from app.desk.handling import Handling
from app.desk.panes import prompt, queue_empty
from app.desk.panes.bars import KeyBar, StatusBar
from app.desk.panes.live import LivePane
from app.desk.panes.queue_list import QueueList
from app.desk.panes.ticket import TicketPane
from app.desk.reading import Reading
from app.desk.talk import Talk
from app.desk.words import words
from store.contract import Review
from store.live import Counters, Switch, View
from store.queue import Queue

NARROW = 100
RENEW_SECONDS = 20.0
REST_SECONDS = 0.08


class Frame(Screen[None]):
    """Composes and draws. Which keys and news move it is the subclass's."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW, "-normal"), (170, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-tall")]  # noqa: RUF012

    def __init__(self, actor: str, title: str, read_only: bool) -> None:
        super().__init__()
        self._actor = actor
        self._place = title
        self._read_only = read_only
        self._handling: Handling | None = None
        self._reading: Reading | None = None
        self._counters: Counters | None = None
        self._switches: tuple[Switch, ...] = ()
        self._trouble = ""
        self._pane: keys.Pane = "queue"
        self._source: int | None = None
        self._claim: int | None = None
        self._every_message = False
        self._corner = Corner()
        self._queue_title = ""
        self._wish: str | None = None
        self._claim_next = False
        self._asking = False
        self._decided = 0
        self._bars_due = False
        self.tags = Tags()
        self.saved_views: Path | None = None
        self.texts: dict[str, dict[str, str]] = {}
        """Words left unsent: by review, by the key they were written for."""
        self._countdown: Timer | None = None

    def compose(self) -> ComposeResult:
        yield StatusBar(id="status")
        with Horizontal(id="desk"):
            yield QueueList(self._actor, self.tags, id="queue")
            yield TicketPane(id="ticket")
            yield LivePane(id="live")
        yield KeyBar(id="keys")

    def on_mount(self) -> None:
        self.query_one(QueueList).border_title = Content("Queue")
        self.query_one(TicketPane).blank(queue_empty.opening())
        self.set_pane("queue")
        self.set_interval(RENEW_SECONDS, self._keep_claim)
        self.set_interval(5.0, self._tick)
        self._draw_bars()

    def on_resize(self) -> None:
        self.call_after_refresh(self.redraw)

    @property
    def queue(self) -> Queue | None:
        """The queue, once it is open."""
        return self._reading.queue if self._reading else None

    @property
    def review(self) -> Review | None:
        """The review on screen."""
        case = self._handling.case if self._handling else None
        return case.review if case else None

    @property
    def handling(self) -> Handling | None:
        return self._handling

    @property
    def pane(self) -> keys.Pane:
        return self._pane

    def return_to(self, review_id: str) -> None:
        """When the list is there, this case comes on screen instead of the first one."""
        self._wish = review_id

    @property
    def actor(self) -> str:
        return self._actor

    @property
    def read_only(self) -> bool:
        return self._read_only

    @property
    def source(self) -> int | None:
        """The number of the source that is open."""
        return self._source

    def situation(self) -> keys.Situation:
        """What decides which keys work."""
        handling = self._handling
        case = handling.case if handling else None
        proposal = case.review.proposal if case else None
        mode: keys.Mode = "look"
        if handling is not None and not handling.opening and (handling.busy or handling.pending):
            mode = "busy" if handling.busy else "confirm"
        return keys.Situation(
            mode=mode,
            pane=self._pane,
            narrow=self.size.width < NARROW,
            rows=self._reading.window.total if self._reading else 0,
            here=self.query_one(QueueList).here,
            case=case is not None,
            mine=case is not None and case.lease is not None,
            open=case is not None and case.review.state == "open",
            read_only=self._read_only,
            stale=handling is not None and handling.stale and case is not None,
            items=len(case.units) if case else 1,
            sources=min(9, len(proposal.evidence)) if proposal else 0,
            source_shown=self._source is not None,
            claims=sum(bool(each.evidence_ids) for each in proposal.claims) if proposal else 0,
            alternatives=len(proposal.alternatives) if proposal else 0,
            undo=self._corner.undo.effect if self._corner.undo else "",
            filtered=self._reading is not None and not self._reading.whole,
            tagged=len(self.tags),
        )

    def trouble(self, text: str) -> None:
        """The store cannot be reached, in a sentence; empty: it can."""
        self._trouble = text
        self.query_one("#desk").set_class(bool(text), "-offline")
        if self._handling is None:  # not open yet: the line above has no room for what to do
            self.query_one(TicketPane).blank(queue_empty.shut(text) if text else queue_empty.opening())
        self._draw_bars()

    @property
    def troubled(self) -> bool:
        """Whether the store cannot be reached."""
        return bool(self._trouble)

    # ── drawing ──────────────────────────────────────────────────────────────

    def redraw(self) -> None:
        """Draw the case, its notice and the question that waits; only what differs reaches the terminal."""
        handling = self._handling
        if handling is None or handling.case is None:
            return
        pane = self.query_one(TicketPane)
        pane.draw_case(handling.case, self._source, self._every_message, claim=self._claim, stale=handling.stale)
        pane.notice(handling.notice)
        cells = pane.scrollable_content_region.width - prompt.FRAME_CELLS
        pane.prompt(prompt.rows(handling.pending, cells) if handling.pending else [])
        pane.mine(handling.case.lease is not None)
        self._draw_bars()

    def say(self, text: str, style: str = "", *, first: bool = False) -> None:
        """A sentence in the corner for a few seconds; `first`: a moment before what can be undone."""
        self._corner.say(text, style, time.monotonic(), first=first)
        self._draw_bars()

    def begun(self, about: str) -> str:
        """What was written about the case on screen and left unsent, by the key it was written for."""
        return self.texts.get(self._shown_id() or "", {}).get(about, "")

    def ask(self, dialog: ModalScreen[Any], answered: Callable[[Any], None]) -> None:
        """Put a question over the desk. Words that are left unsent are kept with the case they are about."""
        shown = self._shown_id()

        def done(answer: Any) -> None:
            self._asking = False
            if isinstance(dialog, Dialog) and dialog.about and shown:
                self._keep(shown, dialog.about, dialog.left if answer is None else "")
            answered(answer)
            self._draw_bars()

        self._asking = True
        self._draw_bars()
        self.app.push_screen(dialog, done)

    def _keep(self, review_id: str, about: str, text: str) -> None:
        texts = {**self.texts.pop(review_id, {}), about: text}
        if any(texts.values()):
            self.texts[review_id] = {key: value for key, value in texts.items() if value}

    def names(self) -> tuple[str, ...]:
        """Whom a case can be handed to, as far as this desk has seen."""
        case = self._handling.case if self._handling else None
        rows = self._reading.window.rows() if self._reading else ()
        return people.seen(case.review if case else None, rows, self._actor)

    def spawn(self, work: Coroutine[Any, Any, Any], group: str) -> None:
        self.run_worker(work, group=group, exclusive=group in {"case", "rest", "ahead"})

    def case_left(self, review_id: str) -> None:
        """A case was decided: take it off the list and bring the next one on screen, claimed."""
        self.cases_left([review_id])

    def tagged(self) -> None:
        """Another case was tagged, or none is any more."""
        self._draw_queue_title()
        self._draw_bars()

    def cases_left(self, review_ids: Sequence[str]) -> None:
        assert self._reading is not None
        rows = self.query_one(QueueList)
        for review_id in review_ids:
            self.texts.pop(review_id, None)
            place = self._reading.window.place(review_id)
            if place is not None and place < rows.cursor:
                rows.cursor -= 1
            self._reading.window.drop(review_id)
        rows.draw_from(self._reading.window)
        self._reading.hold()
        self._reading.now()
        rows.cursor = rows.following(rows.cursor) or rows.cursor
        chosen = rows.chosen()
        rows.on = chosen.review_id if chosen else None
        if chosen is not None:
            self._claim_next = not self._read_only
            self._read_case(chosen.review_id)
            self.call_after_refresh(self._draw_list)  # the case is what the agent waits for
        else:
            self._nothing()
            self._draw_list()
        self._draw_bars()

    def _draw_list(self) -> None:
        if self._reading is not None:
            self.query_one(QueueList).show(self._reading.window)
            self._draw_queue_title()

    def set_pane(self, pane: keys.Pane) -> None:
        """Which pane a narrow screen shows."""
        self._pane = pane
        for each in ("queue", "ticket", "live"):
            self.set_class(each == pane, f"-pane-{each}")

    def _nothing(self) -> None:
        if self._handling is not None:
            self._handling.leave()
        pane = self.query_one(TicketPane)
        pane.notice(Content(""))
        pane.prompt([])
        if self._reading is not None and not self._reading.whole:
            pane.blank(queue_empty.nothing_fits(self._reading.called))
        else:
            pane.blank(queue_empty.nothing_waits(self._counters, self._decided, self._place))
        if self._pane == "queue":
            self.set_pane("ticket")

    def _draw_bars(self) -> None:
        """Once for all that a message changes, when it has been handled."""
        if not self._bars_due:
            self._bars_due = True
            self.call_next(self._bars)

    def _bars(self) -> None:
        self._bars_due = False
        if self._handling is not None and self._handling.just_sent:
            return
        self.query_one(StatusBar).show(self._actor, self._place, self._counters, self._switches, self._trouble)
        text, style = self._corner.text(time.monotonic())
        cells = self.size.width - 3 - min(len(text), self.size.width // 2)
        shown = () if self._asking else keys.footer(self.situation(), cells)
        self.query_one(KeyBar).show(shown, (text, style))

    def _draw_queue_title(self) -> None:
        rows = self.query_one(QueueList)
        total = self._reading.window.total if self._reading else 0
        where = f" · {rows.cursor + 1} of {total}" if total else ""
        where += f" · {len(self.tags)} tagged" if self.tags else ""
        called = self._reading.called if self._reading else "Queue"
        if (title := f"{called}{where}") != self._queue_title:
            self._queue_title = title
            rows.border_title = words(title)

    @property
    def reading(self) -> Reading | None:
        return self._reading

    @property
    def talk(self) -> Talk | None:
        return self._handling.talk if self._handling else None

    @property
    def me(self) -> str:
        return self._actor

    def routes(self) -> tuple[str, ...]:
        """The routes that the figures know."""
        return tuple(route.name for route in self._counters.routes) if self._counters else ()

    def look_at(self, view: View, words: str) -> None:
        """List another part of the queue; its first case comes on screen."""
        if self._reading is not None:
            self._reading.look_at(view, words)
            self.set_pane("queue")

    def _shown_id(self) -> str | None:
        case = self._handling.case if self._handling else None
        return case.review.id if case else None

    def _read_case(self, review_id: str) -> None:
        if not review_id:
            self.say("No person was asked about this ticket: nothing is to be decided.", "$quiet")
            return
        if self._handling is not None and self._reading is not None and review_id != self._shown_id():
            self._reading.hold()
            ready = self._handling.talk.ready(review_id)
            if ready is not None:
                self.show_case(ready)
            self.spawn(self._handling.talk.read(review_id, again=ready is not None), "case")

    def show_case(self, review: Review) -> None:
        """Another case comes on screen."""
        raise NotImplementedError

    def _read_soon(self, review_id: str) -> None:
        """Read it when the cursor rests: a held key moves the list alone."""

        async def rested() -> None:
            await asyncio.sleep(REST_SECONDS)
            self._draw_queue_title()
            self._read_case(review_id)

        self.spawn(rested(), "rest")

    # ── time ─────────────────────────────────────────────────────────────────

    def _keep_claim(self) -> None:
        if self._handling is not None:
            self._handling.renew()

    def _tick(self) -> None:
        self.query_one(QueueList).tick()
        self._draw_bars()

    def _count_down(self) -> None:
        """Once a second while something can be taken back."""
        self._corner.pass_time(time.monotonic())
        if self._corner.undo is None and self._countdown is not None:
            self._countdown.stop()
            self._countdown = None
        elif self._corner.undo is not None and self._countdown is None:
            self._countdown = self.set_interval(1.0, self._count_down)
        self._draw_bars()
