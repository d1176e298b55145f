"""Who may do what on the queue itself, over HTTP or not: limits, two people, and ends that count at once."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from store.contract import Approve, Edit, Money, Review
from store.engine import open_database
from store.people import People
from store.queue import Conflict, Forbidden, Invalid, NotFound, NotSignedIn
from store.roles import Role
from store.work import Refused
from tests.contract import shop
from tests.contract.conftest import House
from tests.contract.conftest import sqlite as sqlite_queue
from tests.contract.honest_judge import HonestJudge

EUR_200 = (Money(minor=20_000, currency="EUR"),)


@pytest.fixture
def people(tmp_path: Path) -> People:
    return People(open_database(tmp_path / "queue.sqlite"))


@pytest.fixture
async def house(tmp_path: Path, people: People) -> House:
    judge = HonestJudge()
    return House(*sqlite_queue(tmp_path, judge), judge)


async def decides(house: House, review: Review, who: str, *verdicts: object, number: str = "d1") -> object:
    lease = await shop.held(house.queue, review, who)
    try:
        return await house.queue.decide(shop.decision(review, who, *verdicts, number=number), lease)  # type: ignore[arg-type]
    finally:
        await house.queue.release(lease)


# ── limits ───────────────────────────────────────────────────────────────────


async def test_an_agent_lets_go_up_to_their_limit_and_a_lead_above_it(house: House, people: People) -> None:
    people.add("ana", "agent", EUR_200, by="test")
    people.add("lea", "lead", by="test")
    small = await house.waiting("m1", "t1", shop.refund(20_000))
    await decides(house, small, "ana")
    large = await house.waiting("m2", "t2", shop.refund(20_001))
    with pytest.raises(Forbidden, match=r"€200.01 is over ana's limit of €200.00"):
        await decides(house, large, "ana", number="d2")
    assert (await house.queue.review(large.id)).state == "open"
    await decides(house, large, "lea", number="d3")


async def test_several_actions_count_together(house: House, people: People) -> None:
    people.add("ana", "agent", EUR_200, by="test")
    review = await house.waiting("m1", "t1", shop.refund(15_000, "a1"), shop.refund(15_000, "a2", "W2"))
    with pytest.raises(Forbidden, match="300"):
        await decides(house, review, "ana")


async def test_a_currency_without_a_limit_is_not_theirs(house: House, people: People) -> None:
    people.add("ana", "agent", (Money(minor=20_000, currency="USD"),), by="test")
    with pytest.raises(Forbidden, match=r"limit of €0\.00"):
        await decides(house, await house.waiting(), "ana")


async def test_an_edit_that_raises_the_amount_asks_again(house: House, people: People) -> None:
    """Over one's own limit it is refused; over the rules' limit for one it waits for a second person, who may not edit."""
    people.add("ana", "agent", EUR_200, by="test")
    people.add("lea", "lead", by="test")
    people.add("lou", "lead", by="test")
    review = await house.waiting()
    raised = Edit(action_id="a1", args={"order": "W2378156", "minor": 60_000, "currency": "EUR"})
    with pytest.raises(Forbidden):
        await decides(house, review, "ana", raised, Approve(action_id="reply"))
    first = await decides(house, review, "lea", raised, Approve(action_id="reply"), number="d2")
    assert first.waits_for_second  # type: ignore[attr-defined]
    shown = await house.queue.review(review.id)
    higher = Edit(action_id="a1", args={"order": "W2378156", "minor": 70_000, "currency": "EUR"})
    second = await decides(house, shown, "lou", higher, Approve(action_id="reply"), number="d3")
    assert second.waits_for_second, "another amount than the first one said yes to"  # type: ignore[attr-defined]


async def test_to_reject_or_to_hand_over_needs_no_limit(house: House, people: People) -> None:
    people.add("ana", "agent", (Money(minor=0, currency="EUR"),), by="test")
    review = await house.waiting()
    lease = await shop.held(house.queue, review)
    outcome = await house.queue.decide(shop.decision(review, instead={"type": "hand_over", "to": "lea"}), lease)
    assert outcome.effect == "handed over to lea"


@pytest.mark.parametrize("role", ["producer", "worker", "auditor"])
async def test_other_roles_decide_nothing_also_on_the_file_itself(house: House, people: People, role: Role) -> None:
    people.add("pat", role, by="test")
    with pytest.raises(Forbidden, match="decides nothing"):
        await decides(house, await house.waiting(), "pat")


async def test_a_stranger_decides_nothing_once_there_is_a_team(house: House, people: People) -> None:
    review = await house.waiting()
    await decides(house, review, "whoever")
    people.add("ana", "agent", by="test")
    with pytest.raises(Forbidden, match="not on the team"):
        await decides(house, await house.waiting("m2", "t2"), "whoever", number="d2")


async def test_who_may_not_any_more_when_it_is_due_has_not_approved(house: House, people: People) -> None:
    """Roles and limits count as at the decision and as at the dispatch."""
    people.add("ana", "agent", by="test")
    review = await house.waiting()
    outcome = await decides(house, review, "ana")
    people.revoke("ana", by="lea")
    with pytest.raises(Refused) as refused:
        house.work.dispatch(outcome.execution_ids[0], "w1")  # type: ignore[attr-defined]
    assert refused.value.code == "approvals"
    assert house.work.due() == []


# ── users, codes, tokens ─────────────────────────────────────────────────────


def test_neither_code_nor_token_can_be_read_back_from_the_file(people: People, tmp_path: Path) -> None:
    code = people.add("ana", "agent", by="test")
    token, _ = people.enrol(code)
    people.close()
    raw = b"".join(one.read_bytes() for one in tmp_path.iterdir() if one.is_file())
    assert token.encode() not in raw
    assert token.rsplit("_", 1)[1].encode() not in raw
    assert code.encode() not in raw
    assert code.replace("-", "").encode() not in raw


def test_a_code_is_used_up_runs_out_and_is_replaced(people: People, tmp_path: Path) -> None:
    first = people.add("ana", "agent", by="test")
    second = people.code("ana", by="test")
    with pytest.raises(NotSignedIn):
        people.enrol(first)
    people.enrol(second)
    with pytest.raises(NotSignedIn):
        people.enrol(second)
    late = people.code("ana", by="test")
    with sqlite3.connect(tmp_path / "queue.sqlite") as file:
        file.execute("UPDATE enrolments SET expires_at = 1 WHERE used_at IS NULL")
    with pytest.raises(NotSignedIn):
        people.enrol(late)


def test_a_token_runs_out(people: People, tmp_path: Path) -> None:
    token, bearer = people.enrol(people.add("ana", "agent", by="test"))
    assert people.bearer(token) == bearer
    with sqlite3.connect(tmp_path / "queue.sqlite") as file:
        file.execute("UPDATE tokens SET expires_at = 1")
    with pytest.raises(NotSignedIn, match="ran out"):
        people.bearer(token)


@pytest.mark.parametrize("cut", [0, 3, 5, 21, 22, 40, -1])
def test_a_part_of_a_token_is_none(people: People, cut: int) -> None:
    token, _ = people.enrol(people.add("ana", "agent", by="test"))
    for wrong in (token[:cut], token + "x", token.swapcase(), token[:-1] + ("A" if token[-1] != "A" else "B")):
        with pytest.raises(NotSignedIn):
            people.bearer(wrong)


def test_whoever_is_revoked_stays_known_and_comes_back_only_under_another_name(people: People) -> None:
    token, _ = people.enrol(people.add("ana", "agent", by="test"))
    people.revoke("ana", by="lea")
    with pytest.raises(NotSignedIn, match="revoked"):
        people.bearer(token)
    with pytest.raises(Conflict):
        people.add("ana", "agent", by="test")
    with pytest.raises(Conflict):
        people.code("ana", by="test")
    with pytest.raises(NotFound):
        people.revoke("bo", by="lea")


@pytest.mark.parametrize("name", ["", " ", "lastclick", "Worker-1", "a b", "a/b", "ana\n", "\x1b[31m", "x" * 65, "-x"])
def test_a_name_that_could_be_mistaken_is_refused(people: People, name: str) -> None:
    with pytest.raises(Invalid):
        people.add(name, "agent", by="test")


def test_what_happens_to_users_is_in_the_journal_and_the_chain_holds(people: People, tmp_path: Path) -> None:
    from store.journal import events
    from store.verifying import verify

    token, bearer = people.enrol(people.add("ana", "agent", EUR_200, by="lea"))
    people.revoke_token(bearer.token_id, by="lea")
    people.revoke("ana", by="lea")
    with open_database(tmp_path / "queue.sqlite").reading() as session:
        told = events(session, 0)
    assert [event.kind for event in told] == ["user.added", "token.made", "token.revoked", "user.revoked"]
    assert token not in str(told)
    assert verify(tmp_path / "queue.sqlite").ok
