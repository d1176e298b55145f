"""One whole shift in a real terminal: forty cases, two desks, and what goes wrong on a normal day."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from store.contract import Customer, IncomingMessage
from store.local import LocalQueue
from store.verifying import verify
from tests import tmux
from tests.desk import samples
from tests.desk.shift import LEASE, opened
from tests.desk.test_real_queue import refund
from tests.terminal import Terminal
from tests.tmux import Tmux

CASES = 40
BULK = 12
REST = 1.4
"""Seconds after a decision in which the key that made it is deaf, and some: an impatient press makes it rest anew."""
FOUR = 4
"""Keys at most for a routine refund, from the list to the next case."""


class Agent:
    """A person at a desk: types, looks, and counts the keys."""

    def __init__(self, name: str, terminal: Tmux | Terminal) -> None:
        self.name = name
        self.terminal = terminal
        self.keys = 0
        self.ready_at = 0.0

    def press(self, key: str, *shown: str) -> str:
        """One key, and what is to be on screen after it."""
        self.keys += 1
        self.terminal.type(key)
        return self.terminal.wait_for(*shown) if shown else ""

    def approve(self, *shown: str) -> None:
        """A refund of the open case: it can charge, so it takes two keys."""
        self.ask()
        self.press("y", *shown)
        self.ready_at = time.monotonic() + REST

    def ask(self) -> None:
        """The first of the two keys, once it has rested."""
        time.sleep(max(0.0, self.ready_at - time.monotonic()))
        self.press("a", "This will happen:")

    def on(self) -> str:
        """The ticket on screen."""
        if isinstance(self.terminal, Terminal):
            self.terminal.read(0.05)
        found = re.search(r"[╮│]╭─ (T-\d+) |╭─ (T-\d+) ", self.terminal.screen())
        return (found.group(1) or found.group(2)) if found else ""


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
        agent.terminal.wait_for(f"{CASES} waiting", "T-001", "WHY")

    _a_routine_refund_and_its_undo(anna)
    _a_lease_that_is_lost(folder, anna, bo)
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
    anna.approve("39 waiting", "T-002", "to undo: Refund")
    assert anna.keys - before <= FOUR
    anna.press("u", "taken back: Refund", "40 waiting")
    _until(lambda: anna.on() == "T-001", "the case that was taken back", anna)


def _a_lease_that_is_lost(folder: Path, anna: Agent, bo: Agent) -> None:
    (folder / LEASE).write_text("1.0", "utf-8")
    anna.press("n")
    _until(lambda: anna.on() == "T-002", "the next case", anna)
    bo.press("g")
    _until(lambda: bo.on() == "T-001", "the top of the list", bo)
    bo.press("j")
    _until(lambda: bo.on() == "T-002", "the same case", bo)
    bo.terminal.wait_for("anna has it open")
    anna.ask()
    (folder / LEASE).unlink()
    time.sleep(1.0)  # anna looks away for longer than her claim lasts
    bo.press("\r")
    _until(lambda: _claimed(folder, "T-002") == "bo", "bo's claim")
    anna.press("y", "Not sent.")
    assert not _decided(folder)
    bo.approve("39 waiting")
    anna.terminal.wait_for("39 waiting")
    assert _decided(folder) == {"T-002": "bo"}


def _a_message_in_the_middle_of_an_edit(folder: Path, anna: Agent) -> None:
    anna.press("n")
    _until(lambda: anna.on() not in {"", "T-002"}, "another case", anna)
    ticket = anna.on()
    anna.press("e", "Minor", "Ctrl+S")
    _until(lambda: _claimed(folder, ticket) == "anna", "anna's claim")
    anna.terminal.type("\x1b[F\x7f9")  # the last digit becomes a 9
    _on(folder, lambda queue: queue.submit(IncomingMessage(message_id="late", thread=ticket, text="Stop, keep it!")))
    anna.terminal.type("\x13")
    anna.terminal.wait_for("Changed since you opened it")
    assert ticket not in _decided(folder)
    anna.terminal.wait_for("38 waiting")


def _several_at_once(anna: Agent) -> None:
    """Taken back together, then decided for good."""
    _decide_tagged(anna)
    anna.press("u", "taken back", "38 waiting")
    _decide_tagged(anna)


def _decide_tagged(anna: Agent) -> None:
    """Thirteen are tagged, among them the one that bo has open: it is left out, and named before and after."""
    anna.press("g")
    for n in range(1, BULK + 2):
        anna.press(" ", f"{n} tagged")
    anna.press("b", f"Decide {BULK} cases at once", "together", "T-003     bo has it open")
    time.sleep(0.4)  # what was pressed before it was there does not count
    anna.press("a", f"approves all {BULK}")
    anna.press("y", f"{BULK} decided, 1 left", "T-003     bo has it open")
    anna.press("\x1b", f"{38 - BULK} waiting", f"to undo: {BULK} cases")
    anna.ready_at = time.monotonic() + REST


def _the_rest(anna: Agent, bo: Agent) -> None:
    """Each goes on where the other is not, until nothing waits."""
    end = time.monotonic() + 60
    left = {anna.name: anna, bo.name: bo}
    for each in left.values():
        each.press("n")
    while left:
        assert time.monotonic() < end, anna.terminal.screen() + bo.terminal.screen()
        for agent in tuple(left.values()):
            if isinstance(agent.terminal, Terminal):
                agent.terminal.read(0.05)
            screen = agent.terminal.screen()
            if "Nothing waits." in screen:
                del left[agent.name]
            elif "This will happen:" in screen:
                agent.press("y")
                agent.ready_at = time.monotonic() + REST
            elif any(said in screen for said in ("has it open", "holds it", "Changed since", "It was decided")):
                agent.press("n")
                time.sleep(0.15)
            elif time.monotonic() >= agent.ready_at:
                agent.press("a")
                agent.ready_at = time.monotonic() + REST
        time.sleep(0.03)


def _every_case_is_decided_once(folder: Path) -> None:
    decided = _decided(folder)
    assert len(decided) == CASES - 1  # the one whose customer wrote goes to the workflow again
    assert set(decided.values()) == {"anna", "bo"}
    assert verify(folder / "queue.db").ok


def _left_clean(terminal: Tmux | Terminal) -> None:
    if isinstance(terminal, Tmux):
        terminal.wait_for("ended with 0")
        assert terminal.left() == {
            "alternate_on": "0",
            "mouse_any_flag": "0",
            "mouse_standard_flag": "0",
            "cursor_flag": "1",
        }
    else:
        assert terminal.exit_code() == 0
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
        row = (await queue.history(ticket)).reviews[-1]
        found.append((await queue.review(row.review_id)).claimed_by)

    _on(folder, read)
    return found[0]


def _on(folder: Path, do: Callable[[LocalQueue], Awaitable[object]]) -> None:
    async def run() -> None:
        queue = opened(folder)
        try:
            await do(queue)
        finally:
            await queue.close()

    asyncio.run(run())


def _until(true: Callable[[], bool], what: str, agent: Agent | None = None) -> None:
    end = time.monotonic() + 10
    while not true():
        if time.monotonic() > end:
            raise AssertionError(f"never: {what}\n" + (agent.terminal.screen() if agent else ""))
        time.sleep(0.05)
