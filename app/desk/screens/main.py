"""The main screen: the queue, one ticket with everything on it, the live column, and the keys that work now."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.timer import Timer

from app.desk import keys, news
from app.desk.dialogs.help import HelpDialog
from app.desk.handling import Handling
from app.desk.panes import prompt, queue_empty
from app.desk.panes.bars import KeyBar, StatusBar
from app.desk.panes.live import LivePane
from app.desk.panes.queue_list import QueueList
from app.desk.panes.ticket import TicketPane
from app.desk.reading import Reading
from app.desk.talk import Talk
from app.desk.words import words
from store.contract import now
from store.live import Counters, Switch
from store.queue import Queue

NARROW = 100
RENEW_SECONDS = 20.0
SAY_SECONDS = 6.0
SETTLED_ASIDE = {"confirm", "back_out", "approve", "edit", "reject", "respond", "retry", "hand_over", "snooze"}


class MainScreen(Screen[None]):
    """Routes keys by the registry, news by its handlers; the panes only draw."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW, "-normal"), (170, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key, f"do('{each.id}')", each.title, id=each.id, show=False) for each in keys.KEYS for key in each.keys
    ]

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
        self._every_message = False
        self._said: tuple[str, str, float] = ("", "", 0.0)
        self._undo: tuple[str, str, float] | None = None
        self._claim_next = False
        self._asking = False
        self._decided = 0
        self._countdown: Timer | None = None

    def compose(self) -> ComposeResult:
        yield StatusBar(id="status")
        with Horizontal(id="desk"):
            yield QueueList(self._actor, id="queue")
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

    def use(self, queue: Queue) -> None:
        """The queue is open: start reading and following it."""
        talk = Talk(queue, self._actor, self.post_message)
        self._handling = Handling(talk, self._actor, self)
        self._reading = Reading(queue, self.post_message, lambda: self.query_one(QueueList).in_view)
        self._reading.on_screen = self._shown_id
        self.spawn(self._reading.follow(), "follow")
        self.spawn(self._reading.run(), "read")

    # ── keys ─────────────────────────────────────────────────────────────────

    def situation(self) -> keys.Situation:
        """What decides which keys work."""
        handling = self._handling
        case = handling.case if handling else None
        proposal = case.review.proposal if case else None
        mode: keys.Mode = "look"
        if handling is not None and (handling.busy or handling.pending):
            mode = "busy" if handling.busy else "confirm"
        return keys.Situation(
            mode=mode,
            pane=self._pane,
            narrow=self.size.width < NARROW,
            rows=self._reading.window.total if self._reading else 0,
            case=case is not None,
            mine=case is not None and case.lease is not None,
            open=case is not None and case.review.state == "open",
            read_only=self._read_only,
            stale=handling is not None and handling.stale and case is not None,
            items=len(case.units) if case else 1,
            sources=min(9, len(proposal.evidence)) if proposal else 0,
            source_shown=self._source is not None,
            alternatives=len(proposal.alternatives) if proposal else 0,
            undo=self._undo[1] if self._undo else "",
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Two actions may share a key: the one that works now gets it."""
        if action == "do":
            return self._handling is not None and keys.works(str(parameters[0]), self.situation())
        return super().check_action(action, parameters)

    def action_do(self, key_id: str) -> None:
        if self._handling is None:
            return
        if key_id in SETTLED_ASIDE:
            self._handling.press(key_id)
        elif key_id.startswith("source_"):
            self._open_source(int(key_id.removeprefix("source_")))
        else:
            do: Callable[[], None] = getattr(self, f"_do_{key_id}")
            do()
        self._draw_bars()

    def _do_open(self) -> None:
        self.set_pane("ticket")
        if self._handling is not None and not self._read_only:
            self._handling.claim()

    def _do_renew(self) -> None:
        review_id = self._shown_id()
        if self._handling is not None and review_id is not None:
            self._handling.leave()
            self._claim_next = not self._read_only
            self._read_case(review_id)

    def _do_down(self) -> None:
        self.query_one(QueueList).move(1)

    def _do_up(self) -> None:
        self.query_one(QueueList).move(-1)

    def _do_top(self) -> None:
        self.query_one(QueueList).move(-(10**9))

    def _do_next(self) -> None:
        rows = self.query_one(QueueList)
        self._claim_next = not self._read_only
        if not rows.move(1):
            rows.move(-(10**9))

    def _do_page_down(self) -> None:
        self.query_one(TicketPane).scroll_message(1)

    def _do_page_up(self) -> None:
        self.query_one(TicketPane).scroll_message(-1)

    def _do_item_next(self) -> None:
        self._move_item(1)

    def _do_item_before(self) -> None:
        self._move_item(-1)

    def _do_messages(self) -> None:
        self._every_message, self._source = not self._every_message or self._source is not None, None
        self.redraw()

    def _do_close_source(self) -> None:
        self._source = None
        self.redraw()

    def _do_other(self) -> None:
        if self._handling is not None:
            self._handling.other()

    def _do_fold(self) -> None:
        order: list[keys.Pane] = ["queue", "ticket", "live"]
        self.set_pane(order[(order.index(self._pane) + 1) % 3])

    def _do_help(self) -> None:
        self.ask(HelpDialog(keys.working(self.situation())), lambda _: None)

    def _do_undo(self) -> None:
        if self._undo is not None and self._handling is not None:
            decision_id, effect, _ = self._undo
            self.spawn(self._handling.talk.undo(decision_id, effect), "talk")

    def _do_quit(self) -> None:
        self.app.exit()

    def _open_source(self, number: int) -> None:
        case = self._handling.case if self._handling else None
        if case is None:
            return
        self._source = None if self._source == number else number
        opened = case.review.proposal.evidence[number - 1].id
        if self._source and opened not in case.sources_opened:
            case.sources_opened.append(opened)
        self.redraw()
        self.query_one(TicketPane).to_top()

    def _move_item(self, by: int) -> None:
        case = self._handling.case if self._handling else None
        if case is not None:
            case.cursor = (case.cursor + by) % len(case.units)
            self.redraw()

    # ── news ─────────────────────────────────────────────────────────────────

    @on(news.Listed)
    def _listed(self) -> None:
        assert self._reading is not None
        rows = self.query_one(QueueList)
        shown = self._shown_id()
        if shown is not None and (place := self._reading.window.place(shown)) is not None:
            rows.cursor = place
        rows.show(self._reading.window)
        self._draw_queue_title()
        chosen = rows.chosen()
        if chosen is not None and shown is None:
            self._read_case(chosen.review_id)
        elif chosen is None and not self._reading.window.total:
            self._nothing()
        self._draw_bars()

    @on(news.Live)
    def _live(self, event: news.Live) -> None:
        self._counters, self._switches = event.counters, event.switches
        self.query_one(LivePane).draw(event.counters, event.switches)
        if self._reading is not None and not self._reading.window.total:
            self._nothing()
        self._draw_bars()

    @on(news.Trouble)
    def _in_trouble(self, event: news.Trouble) -> None:
        self.trouble(event.text)

    @on(news.CaseRead)
    def _case_read(self, event: news.CaseRead) -> None:
        handling = self._handling
        if handling is None:
            return
        if event.again:
            handling.seen_again(event.review)
            return
        self._source, self._every_message = None, False
        handling.show(event.review)
        self.query_one(TicketPane).to_top()
        claim, self._claim_next = self._claim_next, False
        free = event.review.state == "open" and event.review.claimed_by in {None, self._actor}
        if claim and free:
            handling.claim()

    @on(news.Claimed)
    def _claimed(self, event: news.Claimed) -> None:
        if self._handling is not None:
            self._handling.claimed(event.review, event.lease)
        self._draw_bars()

    @on(news.Renewed)
    def _renewed(self, event: news.Renewed) -> None:
        if self._handling is not None:
            self._handling.renewed(event.lease)

    @on(news.Gated)
    def _gated(self, event: news.Gated) -> None:
        if self._handling is not None:
            self._handling.gated(event.review_id, event.note, event.gate)
        self._draw_bars()

    @on(news.Decided)
    def _decided_(self, event: news.Decided) -> None:
        outcome = event.outcome
        self._decided += 1
        left = (outcome.undo_until - now()).total_seconds() if outcome.undo_until else 0.0
        self._undo = (outcome.decision_id, outcome.effect, time.monotonic() + left) if left > 0 else None
        second = " · a second person must approve" if outcome.waits_for_second else ""
        self.say(f"✓ {outcome.effect}{second}", "$success")
        if self._undo is not None and self._countdown is None:
            self._countdown = self.set_interval(1.0, self._count_down)
        if self._handling is not None:
            self._handling.decided(outcome)

    @on(news.Undone)
    def _undone(self, event: news.Undone) -> None:
        self._undo = None
        self.say(f"↶ taken back: {event.effect}", "bold $accent")
        if self._reading is not None:
            self._reading.now()

    @on(news.Refused)
    def _refused(self, event: news.Refused) -> None:
        if event.what == "undo":
            self._undo = None
            self.say(f"Not undone. {event.error}", "bold $error")
        elif self._handling is not None:
            self._handling.refused(event.what, event.error, event.review_id)
        self._draw_bars()

    @on(QueueList.Moved)
    def _moved(self, event: QueueList.Moved) -> None:
        self._draw_queue_title()
        if event.row is not None:
            self._read_case(event.row.review_id)

    @on(QueueList.Wanted)
    def _wanted(self, event: QueueList.Wanted) -> None:
        if self._reading is not None:
            self.spawn(self._reading.want(event.first, event.last), "want")

    @on(QueueList.Opened)
    def _row_opened(self) -> None:
        self.set_pane("ticket")

    def trouble(self, text: str) -> None:
        """The store cannot be reached, in a sentence; empty: it can."""
        self._trouble = text
        self.query_one("#desk").set_class(bool(text), "-offline")
        self._draw_bars()

    # ── drawing ──────────────────────────────────────────────────────────────

    def redraw(self) -> None:
        """Draw the case, its notice and the question that waits; only what differs reaches the terminal."""
        handling = self._handling
        if handling is None or handling.case is None:
            return
        pane = self.query_one(TicketPane)
        pane.draw_case(handling.case, self._source, self._every_message)
        pane.notice(handling.notice)
        pane.prompt(prompt.rows(handling.pending) if handling.pending else [])
        pane.set_class(handling.case.lease is not None, "-mine")
        self._draw_bars()

    def say(self, text: str, style: str = "") -> None:
        """A sentence in the corner for a few seconds."""
        self._said = (text, style, time.monotonic() + SAY_SECONDS)
        self._draw_bars()

    def ask(self, dialog: ModalScreen[Any], answered: Callable[[Any], None]) -> None:
        def done(answer: Any) -> None:
            self._asking = False
            answered(answer)
            self._draw_bars()

        self._asking = True
        self._draw_bars()
        self.app.push_screen(dialog, done)

    def spawn(self, work: Coroutine[Any, Any, Any], group: str) -> None:
        self.run_worker(work, group=group, exclusive=group == "case")

    def case_left(self, review_id: str) -> None:
        """A case was decided: take it off the list and bring the next one on screen, claimed."""
        assert self._reading is not None
        rows = self.query_one(QueueList)
        self._reading.window.drop(review_id)
        rows.show(self._reading.window)
        self._reading.now()
        chosen = rows.chosen()
        if chosen is not None:
            self._claim_next = not self._read_only
            self._read_case(chosen.review_id)
        else:
            self._nothing()
        self._draw_queue_title()
        self._draw_bars()

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
        pane.blank(queue_empty.nothing_waits(self._counters, self._decided))
        if self._pane == "queue":
            self.set_pane("ticket")

    def _draw_bars(self) -> None:
        self.query_one(StatusBar).show(self._actor, self._place, self._counters, self._switches, self._trouble)
        text, style = self._corner()
        cells = self.size.width - 3 - min(len(text), self.size.width // 2)
        shown = () if self._asking else keys.footer(self.situation(), cells)
        self.query_one(KeyBar).show(shown, (text, style))

    def _corner(self) -> tuple[str, str]:
        """What was just said, or what can be taken back and how long."""
        text, style, until = self._said
        if self._undo is not None:
            left = max(0, round(self._undo[2] - time.monotonic()))
            return f"✓ {self._undo[1]} · {left}s", "$success"
        return (text, style) if time.monotonic() < until else ("", "")

    def _draw_queue_title(self) -> None:
        rows = self.query_one(QueueList)
        total = self._reading.window.total if self._reading else 0
        where = f" · {rows.cursor + 1} of {total}" if total else ""
        rows.border_title = words(f"Queue{where}")

    def _shown_id(self) -> str | None:
        case = self._handling.case if self._handling else None
        return case.review.id if case else None

    def _read_case(self, review_id: str) -> None:
        if self._handling is not None and review_id != self._shown_id():
            self.spawn(self._handling.talk.read(review_id), "case")

    # ── time ─────────────────────────────────────────────────────────────────

    def _keep_claim(self) -> None:
        if self._handling is not None:
            self._handling.renew()

    def _tick(self) -> None:
        self.query_one(QueueList).tick()
        self._draw_bars()

    def _count_down(self) -> None:
        if self._undo is None or time.monotonic() >= self._undo[2]:
            self._undo = None
            if self._countdown is not None:
                self._countdown.stop()
                self._countdown = None
        self._draw_bars()
