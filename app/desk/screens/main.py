"""The main screen: keys are routed by the registry, news of the queue by their handlers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from textual import events, on

from app.desk import commands, diary, early, following, keys, letters, news
from app.desk.deciding import OpenCase
from app.desk.dialogs.help import HelpDialog
from app.desk.dialogs.told import ToldDialog
from app.desk.guard import VERDICTS
from app.desk.handling import Handling
from app.desk.panes.bars import KeyBar
from app.desk.panes.live import LivePane
from app.desk.panes.queue_list import QueueList
from app.desk.panes.ticket import TicketPane
from app.desk.reading import Reading
from app.desk.screens.frame import Frame
from app.desk.talk import Talk
from app.desk.words import pressed
from store.contract import Outcome, Review, now
from store.queue import Queue

HANDLED = {*VERDICTS, "back_out"}
"""The keys that belong to the case on screen."""


class MainScreen(Frame):
    """The frame, moved by keys and by news."""

    def __init__(self, actor: str, title: str, read_only: bool) -> None:
        super().__init__(actor, title, read_only)
        commands.bind(self)
        self.early = early.Early()

    def use(self, queue: Queue) -> None:
        """The queue is open: start reading and following it."""
        talk = Talk(queue, self._actor, self.post_message)
        self._handling = Handling(talk, self._actor, self)
        self._reading = Reading(queue, self.post_message, lambda: self.query_one(QueueList).in_view)
        self._reading.on_screen = self._shown_id
        self._reading.actor = self._actor
        self.spawn(self._reading.follow(), "follow")
        self.spawn(self._reading.run(), "read")

    # ── keys ─────────────────────────────────────────────────────────────────

    def on_key(self, event: events.Key) -> None:
        """What is typed while the desk opens is pressed when there is a case, or nothing to wait for."""
        if not self.troubled and self.early.keeps(event.key):
            event.stop()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Two actions may share a key: the one that works now gets it."""
        if action == "do":
            return self._handling is not None and keys.works(str(parameters[0]), self.situation())
        return super().check_action(action, parameters)

    def action_do(self, key_id: str) -> None:
        """Also the command palette comes here, whose choice may have gone stale."""
        if self._handling is None or not keys.works(key_id, self.situation()):
            return
        diary.pressed(key_id, self._shown_id())
        if key_id in HANDLED:
            if self._reading is not None:
                self._reading.hold()
            self._handling.press(key_id)
        elif key_id in commands.ALSO:
            commands.ALSO[key_id](self)
        elif key_id.startswith("source_"):
            self._open_source(int(key_id.removeprefix("source_")))
        else:
            do: Callable[[], None] = getattr(self, f"_do_{key_id}")
            do()
        self._draw_bars()

    def on_click(self, event: events.Click) -> None:
        """What is written as a key can be clicked. The second key of a risky decision is clicked in the question alone,
        and never by the second half of a double click."""
        key_id = pressed(event.style)
        if key_id and event.chain == 1 and not (key_id == "confirm" and isinstance(event.widget, KeyBar)):
            self.action_do(key_id)

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
        gone = not self.situation().here  # then the one after it stands in its place
        free = rows.following(rows.cursor + (0 if gone else 1))
        if free is not None and (gone or free != rows.cursor):
            rows.choose(free)
        elif not rows.move(1):
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
        self._claim = None
        self.redraw()

    def _do_close_source(self) -> None:
        self._source = self._claim = None
        self.redraw()

    def _do_other(self) -> None:
        if self._handling is not None:
            self._handling.other()

    def _do_fold(self) -> None:
        order: list[keys.Pane] = ["queue", "ticket", "live"]
        self.set_pane(order[(order.index(self._pane) + 1) % 3])

    def _do_zoom(self) -> None:
        self.toggle_class("-zoom")
        self.set_pane("ticket")
        self.call_after_refresh(self.redraw)

    def _do_help(self) -> None:
        self.ask(HelpDialog(keys.working(self.situation())), lambda key: self.action_do(key or ""))

    def _do_undo(self) -> None:
        undo = self._corner.undo
        if undo is not None and self._handling is not None:
            self.spawn(self._handling.talk.undo(undo.decisions, undo.effect, undo.reviews), "talk")

    def _do_quit(self) -> None:
        self.app.exit()

    def _open_source(self, number: int) -> None:
        case = self._handling.case if self._handling else None
        if case is None:
            return
        self._show_source(None if self._source == number and self._claim is None else number)

    def _do_claim_next(self) -> None:
        self._move_claim(1)

    def _do_claim_before(self) -> None:
        self._move_claim(-1)

    def _move_claim(self, by: int) -> None:
        """From a sentence of the reply to what it stands on."""
        review = self.review
        found = letters.next_claim(review.proposal, self._claim, by) if review else None
        if found is not None:
            self._show_source(found[1], found[0])

    def _show_source(self, number: int | None, claim: int | None = None) -> None:
        """Open a source, for one sentence or for all that stand on it; it counts as having been on screen."""
        case = self._handling.case if self._handling else None
        if case is None:
            return
        self._source, self._claim = number, claim
        opened = case.review.proposal.evidence[number - 1].id if number else None
        if opened and opened not in case.sources_opened:
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
    def _listed(self, event: news.Listed) -> None:
        assert self._reading is not None
        rows = self.query_one(QueueList)
        wish, self._wish = self._wish, None
        shown = self._shown_id()
        if event.anew or wish is not None:
            rows.cursor = (self._reading.window.place(wish) if wish else None) or 0
        elif rows.on is not None and (place := self._reading.window.place(rows.on)) is not None:
            rows.cursor = place
        rows.show(self._reading.window)
        self._draw_queue_title()
        before, chosen = rows.on, rows.chosen()
        if before is None or shown is None or event.anew or wish is not None:
            rows.on = wish or (chosen.review_id if chosen else None)
        if chosen is not None and (shown is None or event.anew or wish is not None):
            self._read_case(wish or chosen.review_id)
        elif chosen is not None and before is None and chosen.review_id != shown:
            self._read_soon(chosen.review_id)  # it was chosen before its row was in memory
        elif chosen is None and not self._reading.window.total:
            self._nothing()
            self.call_after_refresh(early.press, self)
        self._draw_bars()

    @on(news.Live)
    def _live(self, event: news.Live) -> None:
        self._counters, self._switches = event.counters, event.switches
        self.query_one(LivePane).draw(event.counters, event.switches)
        if self._reading is not None and not self._reading.window.total:
            self._nothing()
        self._draw_bars()

    @on(news.Others)
    def _others(self, event: news.Others) -> None:
        self.query_one(TicketPane).beside(self._shown_id(), event.looking)

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
        else:
            self.show_case(event.review)

    def show_case(self, review: Review) -> None:
        handling = self._handling
        if handling is None:
            return
        self._source, self._claim, self._every_message = None, None, False
        handling.show(review)
        self.query_one(TicketPane).to_top()
        claim, self._claim_next = self._claim_next, False
        free = review.state == "open" and review.claimed_by in {None, self._actor}
        self.call_after_refresh(self._go_on, handling.case, claim and free)

    def _go_on(self, case: OpenCase | None, claim: bool) -> None:
        """What the agent need not wait for: it begins when the case is painted, or painting would wait for it."""
        early.press(self)
        if self._handling is None or self._handling.case is not case:
            return
        if claim:
            self._handling.claim()
        following.read(self)

    @on(news.Ahead)
    def _ahead(self, event: news.Ahead) -> None:
        following.show(self, event.review)

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
        effect = f"{outcome.effect} · {outcome.told}" if outcome.told and left else outcome.effect
        self._corner.offer((outcome.decision_id,), effect, left, time.monotonic(), (outcome.review_id,))
        second = " · a second person must approve" if outcome.waits_for_second else ""
        self.say(f"✓ {effect}{second}", "$success")
        self._tell_planted((outcome,))
        self._count_down()
        if self._handling is not None:
            self._handling.decided(outcome)

    @on(news.DecidedTogether)
    def _decided_together(self, event: news.DecidedTogether) -> None:
        outcomes = event.outcomes
        self._decided += len(outcomes)
        if outcomes:
            ends = [each.undo_until for each in outcomes if each.undo_until]
            left = (min(ends) - now()).total_seconds() if ends else 0.0
            effect = f"{len(outcomes)} cases: {outcomes[0].effect} …" if len(outcomes) > 1 else outcomes[0].effect
            heeded = [each.told for each in outcomes if each.told and each.undo_until]
            effect = " · ".join((effect, *heeded[-1:]))
            decisions, reviews = (
                tuple(each.decision_id for each in outcomes),
                tuple(each.review_id for each in outcomes),
            )
            self._corner.offer(decisions, effect, left, time.monotonic(), reviews)
            self.say(f"✓ {effect}", "$success")
        self._count_down()
        self.cases_left([each.review_id for each in outcomes])
        self._tell_planted(outcomes)

    def _tell_planted(self, outcomes: Sequence[Outcome]) -> None:
        """What cannot be undone and is told was a planted case."""
        if told := [each.told for each in outcomes if each.told and each.undo_until is None]:
            self.ask(ToldDialog(told), lambda _: None)

    @on(news.Undone)
    def _undone(self, event: news.Undone) -> None:
        """The case that was taken back comes on screen again: it is what the agent has in mind."""
        self._corner.undo = None
        problem = f" {event.problem}" if event.problem else ""
        self.say(f"↶ taken back: {event.effect}{problem}", "bold $error" if problem else "bold $accent")
        if self._reading is not None:
            if event.reviews:
                self._wish = event.reviews[0]
                self._claim_next = not self._read_only
            self._reading.now()

    @on(news.Refused)
    def _refused(self, event: news.Refused) -> None:
        if event.what == "undo":
            self._corner.undo = None
            self.say(f"Not undone. {event.error}", "bold $error")
        elif self._handling is not None:
            self._handling.refused(event.what, event.error, event.review_id)
        self._draw_bars()

    @on(QueueList.Moved)
    def _moved(self, event: QueueList.Moved) -> None:
        if event.row is not None:
            self._read_soon(event.row.review_id)

    @on(QueueList.Wanted)
    def _wanted(self, event: QueueList.Wanted) -> None:
        if self._reading is not None:
            self.spawn(self._reading.want(event.first, event.last), "want")

    @on(QueueList.Opened)
    def _row_opened(self) -> None:
        self.set_pane("ticket")
