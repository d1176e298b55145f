"""Carrying out at a real HTTP peer that fails: an approved intent runs once, or is unknown and goes to a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from app.connectors.registry import connectors
from app.workflow.carry_out import CarryingOut, carry_out, honours_keys
from app.workflow.engine import Engine, Stopping
from config.load import load
from config.rules import Rules
from store.contract import Action, Attempt, Execution, Failure
from store.live import Switch
from store.work import Work
from tests.workflow.peer import Peer


class NoEngine:
    """Runs each step at once; `crash_after` makes the process 'die' when that step is done but not yet remembered."""

    def __init__(self) -> None:
        self.crash_after: str | None = None

    def once(self, name: str, step: Callable[[], Any]) -> Any:
        result = step()
        if self.crash_after == name:
            self.crash_after = None
            raise Stopping
        return result

    def stopping(self) -> bool:
        return False


class Settled:
    """The store as far as carrying out goes: what was settled, tried and switched."""

    def __init__(self) -> None:
        self.ended: list[tuple[str, str, Failure | None]] = []
        self.attempts: list[Attempt] = []
        self.off: tuple[Switch, ...] = ()

    def settle(
        self, execution_id: str, state: str, *, external_id: str | None = None, failure: Failure | None = None
    ) -> None:
        self.ended.append((execution_id, state, failure))

    def record(self, _ticket: str, attempts: tuple[Attempt, ...]) -> None:
        self.attempts += attempts

    def switches(self) -> tuple[Switch, ...]:
        return self.off


class Desk:
    """One peer, and the worker that carries refunds out there. `restart` is the same worker after a crash."""

    def __init__(self, peer: Peer, folder: Path) -> None:
        self.peer, self.folder = peer, folder
        self.rules = _rules_with(peer)
        self.engine, self.store = NoEngine(), Settled()
        self.restart("first run")

    def restart(self, incarnation: str) -> None:
        self.out = CarryingOut(
            engine=cast("Engine", self.engine),
            work=cast("Work", self.store),
            rules=self.rules,
            connectors=connectors(self.rules, self.folder / "shop.sqlite", self.folder / "outbox"),
            incarnation=incarnation,
            may_dispatch=lambda: True,
            jitter=lambda: 0.0,
        )

    def carry_out(self, number: int = 1, **more: Any) -> None:
        approved = execution(number).model_copy(update=more)
        carry_out(approved.model_dump(mode="json"), "first run", self.out)

    def state(self) -> str:
        return self.store.ended[-1][1]


def _rules_with(peer: Peer) -> Rules:
    rules = load()
    refund = rules.actions["refund"].model_copy(update={"connector": "payments"})
    return rules.model_copy(
        update={
            "connectors": {**rules.connectors, "payments": peer.entry()},
            "actions": {**rules.actions, "refund": refund},
        }
    )


def execution(number: int = 1) -> Execution:
    action = Action(
        action_id="a1", kind="refund", target="W100", description="Refund", idempotency_key=f"key-{number:04d}"
    )
    return Execution(
        id=f"x{number}", ticket_id="t1", action=action, envelope_hash="", attempt=1, due_at=datetime.now(UTC)
    )


@pytest.fixture
def desk_of(tmp_path: Path) -> Iterator[Callable[[Peer], Desk]]:
    peers: list[Peer] = []

    def make(peer: Peer) -> Desk:
        peers.append(peer)
        return Desk(peer, tmp_path)

    yield make
    for peer in peers:
        peer.close()


def test_an_approved_refund_runs_once(desk_of: Callable[[Peer], Desk]) -> None:
    desk = desk_of(Peer())
    desk.carry_out()
    assert desk.state() == "done"
    assert desk.peer.effects == {"key-0001": 1}


@pytest.mark.parametrize("keyed", [True, False])
def test_a_crash_between_sending_and_recording_is_settled_by_asking_the_peer(
    desk_of: Callable[[Peer], Desk], keyed: bool
) -> None:
    desk = desk_of(Peer(keyed=keyed))
    if not keyed:
        desk.peer.effects.clear()
    desk.engine.crash_after = "perform"
    with pytest.raises(Stopping):
        desk.carry_out()
    assert desk.peer.requests == 1
    desk.restart("second run")
    desk.carry_out()
    assert desk.peer.requests == 1, "it was sent again"
    assert desk.state() == ("done" if keyed else "unknown")


def test_a_crash_before_sending_sends_after_the_restart_when_the_peer_honours_keys(
    desk_of: Callable[[Peer], Desk],
) -> None:
    desk = desk_of(Peer())
    desk.restart("second run")
    desk.carry_out()
    assert desk.state() == "done"
    assert desk.peer.effects == {"key-0001": 1}


def test_a_crash_of_unknown_place_is_never_resent_to_a_peer_without_keys(desk_of: Callable[[Peer], Desk]) -> None:
    desk = desk_of(Peer(keyed=False, tells=False))
    desk.restart("second run")
    desk.carry_out()
    assert desk.state() == "unknown"
    assert desk.peer.requests == 0
    failure = desk.store.ended[-1][2]
    assert failure is not None
    assert failure.class_ == "unknown_outcome"
    assert failure.next_step == "review"


def test_a_peer_that_dies_after_acting_is_asked_by_key(desk_of: Callable[[Peer], Desk]) -> None:
    desk = desk_of(Peer())
    desk.peer.script = ["dies_after"]
    desk.carry_out()
    assert desk.state() == "done"
    assert (desk.peer.requests, desk.peer.effects) == (1, {"key-0001": 1})


def test_a_peer_that_dies_before_acting_is_sent_the_same_key_once_more(desk_of: Callable[[Peer], Desk]) -> None:
    desk = desk_of(Peer())
    desk.peer.script = ["dies_before"]
    desk.carry_out()
    assert desk.state() == "done"
    assert (desk.peer.requests, desk.peer.effects) == (2, {"key-0001": 1})


@pytest.mark.parametrize("mood", ["dies_before", "dies_after"])
def test_a_peer_without_keys_that_dies_is_never_sent_it_again(desk_of: Callable[[Peer], Desk], mood: str) -> None:
    desk = desk_of(Peer(keyed=False, tells=False))
    desk.peer.script = [mood]
    desk.carry_out()
    assert desk.state() == "unknown"
    assert desk.peer.requests == 1
    assert sum(desk.peer.effects.values()) <= 1


def test_a_peer_that_cannot_be_reached_is_tried_again_and_every_try_is_a_row(desk_of: Callable[[Peer], Desk]) -> None:
    desk = desk_of(Peer())
    desk.peer.script = ["busy", "busy"]
    desk.carry_out()
    assert desk.state() == "done"
    assert desk.peer.effects == {"key-0001": 1}
    assert [(row.step, row.number, row.outcome) for row in desk.store.attempts] == [
        ("action", 1, "temporary"),
        ("action", 2, "temporary"),
    ]


def test_a_peer_that_stays_busy_fails_after_three_retries(desk_of: Callable[[Peer], Desk]) -> None:
    desk = desk_of(Peer())
    desk.peer.script = ["busy"] * 9
    desk.carry_out()
    assert desk.state() == "failed"
    assert desk.peer.requests == 4
    assert not desk.peer.effects


def test_a_refusal_is_final(desk_of: Callable[[Peer], Desk]) -> None:
    desk = desk_of(Peer())
    desk.peer.script = ["refuses"]
    desk.carry_out()
    assert desk.state() == "failed"
    assert desk.peer.requests == 1
    failure = desk.store.ended[-1][2]
    assert failure is not None
    assert "422" in failure.internal_note


def test_a_switch_thrown_off_after_dispatch_still_stops_it(desk_of: Callable[[Peer], Desk]) -> None:
    desk = desk_of(Peer())
    desk.store.off = (Switch(kind="action", name="refund", on=False, why="double refunds"),)
    desk.carry_out()
    assert desk.state() == "failed"
    assert desk.peer.requests == 0


def unknown_at_first(desk: Desk, mood: str) -> None:
    """Sent once under key-0001; nobody learned how it ended, and its follow-up is a new execution of the same key."""
    desk.peer.script, tells = [mood], desk.peer.tells
    desk.peer.tells = False
    desk.carry_out()
    desk.peer.tells, desk.peer.script = tells, []


@pytest.mark.parametrize("mood", ["dies_before", "dies_after"])
@pytest.mark.parametrize("tells", [True, False])
def test_let_go_again_by_a_person_a_peer_that_honours_keys_sees_it_once(
    desk_of: Callable[[Peer], Desk], mood: str, tells: bool
) -> None:
    desk = desk_of(Peer(tells=tells))
    unknown_at_first(desk, mood)
    assert desk.state() == "unknown"
    desk.carry_out(id="x2", sent_before=True, key_since=datetime.now(UTC))
    assert desk.state() == "done"
    assert desk.peer.effects == {"key-0001": 1}


def test_let_go_again_by_a_person_a_peer_without_keys_is_asked_first_when_it_can_tell(
    desk_of: Callable[[Peer], Desk],
) -> None:
    desk = desk_of(Peer(keyed=False))
    desk.peer.effects["key-0001"] = 1  # what became known there since
    desk.carry_out(id="x2", sent_before=True, key_since=datetime.now(UTC))
    assert (desk.state(), desk.peer.requests) == ("done", 0)


def test_let_go_again_by_a_person_a_peer_that_cannot_tell_gets_it_on_their_word_alone(
    desk_of: Callable[[Peer], Desk],
) -> None:
    desk = desk_of(Peer(keyed=False, tells=False))
    unknown_at_first(desk, "dies_before")
    assert (desk.state(), desk.peer.requests) == ("unknown", 1)
    desk.carry_out(id="x2", sent_before=True, key_since=datetime.now(UTC))
    assert (desk.state(), desk.peer.requests, sum(desk.peer.effects.values())) == ("done", 2, 1)


@pytest.mark.parametrize("age", [timedelta(hours=24), timedelta(days=-400)])
def test_a_key_that_the_peer_may_have_forgotten_is_not_used_again(
    desk_of: Callable[[Peer], Desk], age: timedelta
) -> None:
    """Nor one whose age the clock cannot tell, since it went back."""
    desk = desk_of(Peer(tells=False))
    desk.carry_out(id="x2", sent_before=True, key_since=datetime.now(UTC) - age)
    assert (desk.state(), desk.peer.requests) == ("failed", 0)
    failure = desk.store.ended[-1][2]
    assert failure is not None
    assert failure.code == "key_too_old"
    assert "reject it here" in failure.internal_note


def test_what_a_switch_held_for_days_is_sent_for_the_first_time(desk_of: Callable[[Peer], Desk]) -> None:
    desk = desk_of(Peer())
    now = datetime.now(UTC)
    desk.carry_out(due_at=now - timedelta(days=3), key_since=now)
    assert desk.state() == "done"


def test_http_honours_keys_only_when_it_is_told_them(desk_of: Callable[[Peer], Desk]) -> None:
    desk = desk_of(Peer(keyed=False))
    assert not honours_keys("payments", desk.rules)
    assert honours_keys("shop", desk.rules)
    assert honours_keys("outbox", desk.rules)
