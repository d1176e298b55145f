"""One whole shift in a real terminal: forty cases, two desks, and what goes wrong on a normal day."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from app.desk.guard import REST_SECONDS
from store.contract import Customer, IncomingMessage, Review
from store.local import LocalQueue
from store.verifying import verify
from tests import tmux
from tests.desk import samples
from tests.desk.shift import opened
from tests.desk.test_real_queue import refund
from tests.terminal import Terminal
from tests.tmux import Tmux

CASES = 40
BULK = 20
REST = REST_SECONDS + 0.2
"""Seconds after a decision in which the key that made it is deaf, and some: an impatient press makes it rest anew."""
PATIENCE = 60.0
"""Seconds in which something must come on the busiest machine; nothing waits so long on purpose."""
FOUR = 4
"""Keys at most for a routine refund, from the list to the next case."""


class Agent:
    """A person at a desk: looks, types, looks again, and counts the keys."""

    def __init__(self, name: str, terminal: Tmux | Terminal) -> None:
        self.name = name
        self.terminal = terminal
        self.keys = 0

    def press(self, key: str, *shown: str) -> None:
        """One key, and what is to be on screen after it."""
        self.keys += 1
        self.terminal.type(key)
        if shown:
            self.sees(*shown)

    def sees(self, *words: str) -> None:
        self.terminal.wait_for(*words, seconds=PATIENCE)

    def press_until_heard(self, key: str, shown: str) -> None:
        """A key that may still rest from the last decision, or is not yet taken: again when it has rested."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.press(key)
            look_again = time.monotonic() + REST
            while time.monotonic() < look_again:
                if shown in self.screen():
                    return
                time.sleep(0.03)
        raise AssertionError(f"{key!r} never brought {shown!r}:\n{self.screen()}")

    def screen(self) -> str:
        if isinstance(self.terminal, Terminal):
            self.terminal.read(0.02)
        return self.terminal.screen()

    def on(self) -> str:
        """The ticket on screen."""
        found = re.search(r"[╮│]╭─ (T-\d+) |╭─ (T-\d+) ", self.screen())
        return (found.group(1) or found.group(2)) if found else ""

    def comes_to(self, *tickets: str) -> str:
        _until(lambda: self.on() in tickets, f"{self.name} on one of {tickets}", self)
        return self.on()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Forty refunds wait, each of another customer."""

    async def file(queue: LocalQueue) -> None:
        for n in range(1, CASES + 1):
            customer = Customer(id=f"c{n}", name=f"Customer {n}", identity="verified", how="e-mail")
            case = samples.review(n, actions=(refund(5_000 + n),), claims=(), alternatives=(), customer=customer)
            ticket = case.proposal.ticket.model_copy(update={"id": f"T-{n:03}"})
            await queue.submit(case.proposal.model_copy(update={"ticket": ticket}))

    _on(tmp_path, file)
    return tmp_path


@pytest.fixture
def agents(folder: Path) -> Iterator[tuple[Agent, Agent]]:
    def desk(name: str) -> Tmux | Terminal:
        command = [sys.executable, "-m", "tests.desk.shift", str(folder), name]
        return Tmux(command) if tmux.there() else Terminal(command)

    with desk("anna") as first, desk("bo") as second:
        yield Agent("anna", first), Agent("bo", second)


def test_a_shift(folder: Path, agents: tuple[Agent, Agent]) -> None:
    anna, bo = agents
    for agent in agents:
        agent.sees(f"{CASES} waiting", "T-001", "WHY")

    _a_routine_refund_and_its_undo(anna)
    _a_claim_that_is_lost(folder, anna, bo)
    _a_message_in_the_middle_of_an_edit(folder, anna)
    _several_at_once(anna)
    _the_rest(anna, bo)

    for agent in agents:
        agent.terminal.type("q")
        _left_clean(agent.terminal)
    _every_case_is_decided_once(folder)


def _a_routine_refund_and_its_undo(anna: Agent) -> None:
    before = anna.keys
    anna.press("\r", "a approve")
    anna.press("a", "This will happen:")
    anna.press("y", "39 waiting", "to undo: Refund")
    anna.comes_to("T-002")
    assert anna.keys - before <= FOUR
    anna.press("u", "40 waiting")
    anna.comes_to("T-001")


def _a_claim_that_is_lost(folder: Path, anna: Agent, bo: Agent) -> None:
    """Anna is asked for the second key; meanwhile her claim ends, and bo is faster."""
    anna.press("n")
    anna.comes_to("T-002")
    bo.press("j")
    bo.comes_to("T-002")
    bo.sees("anna has it open")
    anna.press_until_heard("a", "This will happen:")
    _run_out(folder, "T-002")
    bo.press("\r")
    _until(lambda: _claimed(folder, "T-002") == "bo", "bo's claim")
    anna.sees("bo has it open until")  # and what she was asked is gone
    anna.press("y")
    assert not _decided(folder)
    bo.press_until_heard("a", "This will happen:")
    bo.press("y", "39 waiting")
    anna.sees("39 waiting")
    assert _decided(folder) == {"T-002": "bo"}


def _a_message_in_the_middle_of_an_edit(folder: Path, anna: Agent) -> None:
    anna.press("n")
    ticket = anna.comes_to("T-003", "T-004")
    anna.press("e", "Minor", "Ctrl+S")
    _until(lambda: _claimed(folder, ticket) == "anna", "anna's claim")
    anna.terminal.type("\x1b[F\x7f9")  # the last digit becomes a 9
    _on(folder, lambda queue: queue.submit(IncomingMessage(message_id="late", thread=ticket, text="Stop, keep it!")))
    anna.terminal.type("\x13")
    anna.sees("Changed since you opened it", "38 waiting")
    assert ticket not in _decided(folder)


def _several_at_once(anna: Agent) -> None:
    """Taken back together, then decided for good."""
    _decide_tagged(anna)
    anna.press("u", "taken back", "38 waiting")
    _decide_tagged(anna)


def _decide_tagged(anna: Agent) -> None:
    """All from the top are tagged, among them the one that bo has open: it is left out, and named before and after."""
    anna.press("g", "Queue · 1 of")
    for n in range(1, BULK + 2):
        anna.press(" ", f"{n} tagged")
    anna.press("b", f"Decide {BULK} cases at once", "together", "T-003     bo has it open")
    for _ in range(BULK // 4):
        anna.terminal.type("\x1b[6~")  # they can charge: the list is read to its end before it is approved
    anna.press_until_heard("a", f"approves all {BULK}")
    anna.press("y", f"{BULK} decided, 1 left", "T-003     bo has it open")
    anna.press("\x1b", f"{38 - BULK} waiting", f"to undo: {BULK} cases")


def _the_rest(anna: Agent, bo: Agent) -> None:
    """Each goes on where the other is not, by what is on screen, until nothing waits."""
    left = {anna.name: anna, bo.name: bo}
    ready = dict.fromkeys(left, 0.0)
    end = time.monotonic() + 3 * PATIENCE
    for each in left.values():
        each.press("n")
    while left:
        assert time.monotonic() < end, f"{anna.screen()}\n{bo.screen()}"
        for name, agent in tuple(left.items()):
            screen = agent.screen()
            if "Nothing waits." in screen:
                del left[name]
            elif time.monotonic() >= ready[name]:
                ready[name] = time.monotonic() + _acted(agent, screen)
        time.sleep(0.03)


def _acted(agent: Agent, screen: str) -> float:
    """What a person presses who sees this; how long they look before they press again."""
    if "This will happen:" in screen:
        agent.press("y")
        return REST
    if "shows it" in screen:
        agent.press("\r")
        return 0.3
    if any(said in screen for said in ("has it open", "holds it", "It was decided", "has it now")):
        agent.press("n")
        return 0.3
    agent.press("a")
    return REST


def _every_case_is_decided_once(folder: Path) -> None:
    decided = _decided(folder)
    assert len(decided) == CASES - 1  # the one whose customer wrote goes to the workflow again
    assert set(decided.values()) == {"anna", "bo"}
    assert verify(folder / "queue.db").ok


def _left_clean(terminal: Tmux | Terminal) -> None:
    if isinstance(terminal, Tmux):
        terminal.wait_for("ended with 0", seconds=PATIENCE)
        assert terminal.left() == {
            "alternate_on": "0",
            "mouse_any_flag": "0",
            "mouse_standard_flag": "0",
            "cursor_flag": "1",
        }
    else:
        assert terminal.exit_code(PATIENCE) == 0
        assert terminal.output.rindex(b"\x1b[?1049l") > terminal.output.rindex(b"\x1b[?1049h")


def _decided(folder: Path) -> dict[str, str]:
    """Who decided each ticket, from the journal; what was taken back is not there, what was decided twice fails."""
    by: dict[str, str] = {}

    async def read(queue: LocalQueue) -> None:
        for n in range(1, CASES + 1):
            ticket = f"T-{n:03}"
            made = [each for each in (await queue.history(ticket)).events if each.kind.startswith("decision.")]
            standing = [each for each in made if each.kind == "decision.made"]
            undone = [each for each in made if each.kind == "decision.undone"]
            assert len(standing) - len(undone) in {0, 1}, ticket
            if len(standing) > len(undone):
                by[ticket] = standing[-1].actor

    _on(folder, read)
    return by


def _claimed(folder: Path, ticket: str) -> str | None:
    found: list[str | None] = []

    async def read(queue: LocalQueue) -> None:
        found.append((await _review(queue, ticket)).claimed_by)

    _on(folder, read)
    return found[0]


def _run_out(folder: Path, ticket: str) -> None:
    """Anna's claim ends: she takes the case at another of her terminals for a moment."""

    async def elsewhere(queue: LocalQueue) -> None:
        lease = await queue.claim("anna", (await _review(queue, ticket)).id)
        assert lease is not None
        await queue.release(lease)

    _on(folder, elsewhere)


async def _review(queue: LocalQueue, ticket: str) -> Review:
    return await queue.review((await queue.history(ticket)).reviews[-1].review_id)


def _on(folder: Path, do: Callable[[LocalQueue], Awaitable[object]]) -> None:
    async def run() -> None:
        queue = opened(folder)
        try:
            await do(queue)
        finally:
            await queue.close()

    asyncio.run(run())


def _until(true: Callable[[], bool], what: str, agent: Agent | None = None) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end:
            raise AssertionError(f"never: {what}\n" + (agent.screen() if agent else ""))
        time.sleep(0.03)
