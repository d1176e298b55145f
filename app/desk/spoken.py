"""The desk by words: one case as lines of text, one command a line, nothing is ever redrawn. For screen readers, dumb
terminals and pipes."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Awaitable, Callable, Mapping

from app.desk import deciding, form, naming, told
from app.desk.deciding import REJECT_CODES, OpenCase
from app.desk.telling import Telling
from app.desk.times import NotATimeError, parse, said
from store import plain
from store.contract import REPLY, Edit, Gate, HandOver, Retry, Snooze, Verdict, now
from store.queue import Conflict, LeaseLost, QueueError

HELP = """\
next                     the next case, claimed for you         list            what waits
open 4183                that ticket                            read            this case again
approve                  what is proposed (open action, or all) approve 4183    the same, and only if 4183 is open
edit amount 20.00        another value for a field              edit reply Hello, …    another reply
reject wrong_facts why   one of the reasons; say reject alone for them
respond Hello, …         the customer gets this instead         retry the card is 9213    once more, with what it lacked
hand over billing        to a person or a team                  snooze tomorrow 9    away until then
note @bo please look     for the team                           undo            the last decision, while it can be
messages, source 2, history    read more                        quit            stop
confirm, no              answer a question"""


class Spoken(Telling):
    """One agent, one case at a time. `hear` gives the next line, None at the end; `say` takes one line of text."""

    async def run(self) -> None:
        """Until `quit` or the end of the input. What is claimed is let go."""
        renewing = asyncio.create_task(self._renew())
        try:
            await self._safely(self._next, "")
            while (line := await self._hear()) is not None:
                if not await self._obey(plain.line(line).strip()):
                    break
        finally:
            renewing.cancel()
            await self._leave()

    async def _obey(self, line: str) -> bool:
        word, _, rest = line.partition(" ")
        word, rest = word.casefold(), rest.strip()
        if word == "hand" and rest.casefold().startswith("over"):
            word, rest = "hand_over", rest[4:].strip()
        if word in {"quit", "exit", "q"}:
            return False
        if not word:
            return True
        question, self._question = self._question, None
        if question is not None and word in {"confirm", "no"}:
            await self._safely(lambda _: question(), "") if word == "confirm" else self._say("Not done.")
            return True
        if question is not None:
            self._say("Not done: the question was not answered.")
        do = self._words().get(word)
        if do is None:
            near = difflib.get_close_matches(word, self._words(), n=1)
            self._say(f"I do not know “{word}”. {f'Did you mean {near[0]}? ' if near else ''}Say help for the words.")
        else:
            await self._safely(do, rest)
        return True

    def _words(self) -> Mapping[str, Callable[[str], Awaitable[None]]]:
        return {
            "next": self._next, "list": self._list, "open": self._open, "read": self._read, "approve": self._approve,
            "edit": self._edit, "reject": self._reject, "respond": self._respond, "retry": self._retry,
            "hand_over": self._hand_over, "snooze": self._snooze, "note": self._note, "undo": self._undo,
            "messages": self._messages, "source": self._source, "history": self._history, "help": self._help,
            "confirm": self._nothing_asked, "no": self._nothing_asked,
        }  # fmt: skip

    async def _safely(self, do: Callable[[str], Awaitable[None]], rest: str) -> None:
        try:
            await do(rest)
        except LeaseLost as error:
            self._say(f"Not sent. {error} Say open and its number to take it again.")
            await self._keep_draft()
            if self._case is not None:
                self._case.lease = None
        except Conflict as error:
            await self._conflict(error)
        except QueueError as error:
            self._say(f"Not done. {error}")

    # ── verdicts ─────────────────────────────────────────────────────────────

    async def _approve(self, rest: str) -> None:
        case = self._ready(rest)
        if case is None:
            return
        if self._edits or self._reply is not None:
            ids = case.review.proposal.to_decide()
            verdicts = deciding.edits(case.review, self._edits, self._reply, ids)
            gate = await self._queue.regate(case.review.id, verdicts)
            await self._answer(case, verdicts, gate)
        else:
            await self._answer(case, deciding.approvals(case.unit))

    async def _edit(self, rest: str) -> None:
        case = self._the_case()
        name, _, value = rest.partition(" ")
        if case is None:
            return
        if name == REPLY and value and REPLY in case.review.proposal.to_decide():
            self._reply = value
            self._say("The reply is yours now. Say approve to send it, read to hear the case.")
            return
        try:
            action_id, made, told_ = naming.edited(case.review, self._edits, name, value)
        except form.BadValue as bad:
            self._say(str(bad))
        else:
            self._edits[action_id] = made
            self._say(f"{told_} Say approve to go on.")

    async def _reject(self, rest: str) -> None:
        case = self._ready("")
        if case is None:
            return
        code, _, message = rest.partition(" ")
        codes = dict(REJECT_CODES)
        if code.isdigit() and 0 < int(code) <= len(REJECT_CODES):
            code = REJECT_CODES[int(code) - 1][0]
        if code not in codes:
            told_ = "; ".join(f"{name}: {text}" for name, text in REJECT_CODES)
            self._say(f"Say reject with a reason and your words. The reasons are: {told_}.")
            return
        await self._answer(case, deciding.rejections(case.unit, code, message))

    async def _respond(self, rest: str) -> None:
        case = self._ready("")
        if case is not None and self._needs(rest, "what the customer should read"):
            await self._ask(case, deciding.responses(case.review, rest))

    async def _retry(self, rest: str) -> None:
        case = self._ready("")
        if case is not None and self._needs(rest, "what it should know"):
            await self._send(case, (), Retry(details=rest))

    async def _hand_over(self, rest: str) -> None:
        case = self._ready("")
        rest = rest.removeprefix("to ").strip()
        if case is not None and self._needs(rest, "a person or a team"):
            self._ask_back(f"Hand over to {rest}?", lambda: self._send(case, (), HandOver(to=rest)))

    async def _snooze(self, rest: str) -> None:
        case = self._ready("")
        if case is None:
            return
        try:
            until = parse(rest, now())
        except NotATimeError as wrong:
            self._say(str(wrong))
            return
        self._ask_back(f"Until {said(until, now())}?", lambda: self._send(case, (), Snooze(until=until)))

    async def _answer(self, case: OpenCase, verdicts: tuple[Verdict, ...], gate: Gate | None = None) -> None:
        case.answer(verdicts)
        if case.open_ids():
            for line in told.actions(case):
                self._say(line)
            return
        every = tuple(case.verdicts[each] for each in case.review.proposal.to_decide())
        edited = any(isinstance(verdict, Edit) for verdict in every)
        if len(case.units) > 1 or edited or gate is not None or deciding.risky(case.review, every):
            await self._ask(case, every, gate)
        else:
            await self._send(case, every)

    async def _ask(self, case: OpenCase, verdicts: tuple[Verdict, ...], gate: Gate | None = None) -> None:
        for line in told.asked(deciding.effect(case.review, verdicts), gate):
            self._say(line)
        self._question = lambda: self._send(case, verdicts)
        case.verdicts.clear()

    def _ask_back(self, question: str, then: Callable[[], Awaitable[None]]) -> None:
        self._say(f"{question} Say confirm, or no.")
        self._question = then

    async def _send(
        self, case: OpenCase, verdicts: tuple[Verdict, ...], instead: Retry | HandOver | Snooze | None = None
    ) -> None:
        if case.lease is None:
            raise LeaseLost("Your claim on this case ran out.")
        took = int((self._clock() - case.opened_at) * 1000)
        made = deciding.decision(case, self._actor, took, verdicts=verdicts, instead=instead)
        outcome = await self._queue.decide(made, case.lease)
        self._edits, self._reply, self._case = {}, None, None
        left = max(0, round((outcome.undo_until - now()).total_seconds())) if outcome.undo_until else 0
        self._decided = (outcome.decision_id, outcome.effect) if left else None
        undo = f" Undo works for {left} seconds." if left else ""
        second = " A second person must approve it." if outcome.waits_for_second else ""
        self._say(f"Done: {outcome.effect}.{second}{undo}{f' {outcome.told}' if outcome.told else ''}")
        await self._next("")

    async def _undo(self, rest: str) -> None:
        if self._decided is None:
            self._say("There is nothing to take back.")
            return
        (decision_id, effect), self._decided = self._decided, None
        await self._queue.undo(decision_id, self._actor)
        self._say(f"Taken back: {effect}.")

    async def _conflict(self, error: Conflict) -> None:
        case = self._case
        if error.review is not None and case is not None:
            changed = ", ".join(deciding.changes(case.review, error.review)) or str(error)
            self._say(f"Not sent. It changed since you heard it: {changed}. This is what is there now.")
            self._show(error.review)
            return
        by = f" {error.decided_by} was first." if error.decided_by else ""
        self._say(f"Not sent. {error}{by}")

    # ── beside ───────────────────────────────────────────────────────────────

    async def _note(self, rest: str) -> None:
        case = self._the_case()
        if case is not None and self._needs(rest, "the note"):
            await self._queue.note(case.review.proposal.ticket.id, self._actor, rest)
            self._say("The note is kept.")

    async def _help(self, rest: str) -> None:
        for line in HELP.splitlines():
            self._say(line)

    async def _nothing_asked(self, rest: str) -> None:
        self._say("Nothing was asked.")
