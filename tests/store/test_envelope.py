"""What was shown is what is decided, and what was approved is what runs: every way to slip something else in is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from store import claims, counting, switching, team
from store.contract import (
    Approve,
    Edit,
    Execution,
    Gate,
    GateReason,
    Money,
    Proposal,
    Reject,
    Review,
    Source,
    Watermark,
    action_hash,
    canonical,
    fingerprint,
    now,
)
from store.live import Switch
from store.people_tables import UserRow
from store.queue import Conflict, Forbidden, Invalid, LeaseLost, NotFound
from store.tables import ApprovalRow, DecisionRow, ExecutionRow, ProposalRow, TicketRow, WorkerRow
from tests.contract import shop
from tests.store.house import House, house

BIG = shop.refund(60_000)
"""More than one person may let go."""
EDITED = Edit(action_id="a1", args={"order": "W2378156", "minor": 55_000, "currency": "EUR"})
YES = Approve(action_id="reply")


@pytest.fixture
def at() -> Iterator[House]:
    with house() as opened:
        yield opened


def refused(at: House, review: Review, actor: str = "ana", *verdicts: object, **more: object) -> Conflict:
    """The conflict a decision runs into; nothing is let go by it."""
    before = len(at.executions())
    with pytest.raises(Conflict) as caught:
        at.decide(review, actor, *verdicts, **more)  # type: ignore[arg-type]
    assert len(at.executions()) == before
    return caught.value


# ── what is hashed ───────────────────────────────────────────────────────────


def test_the_same_values_have_the_same_bytes_whatever_their_order() -> None:
    assert canonical({"b": 1, "a": {"d": None, "c": "é"}}) == '{"a":{"c":"é","d":null},"b":1}'.encode()
    assert canonical({"lone": "\ud800"}) == b'{"lone":"\xed\xa0\x80"}'
    with pytest.raises(ValueError, match="Out of range float"):
        canonical({"n": float("nan")})


def test_values_of_the_contract_are_hashed_as_they_are_on_the_wire() -> None:
    assert canonical(YES) == canonical({"action_id": "reply", "type": "approve"})


@pytest.mark.parametrize("field", ["customer_reply", "internal_note", "intents", "evidence", "request_id", "actions"])
def test_every_part_of_a_proposal_is_in_its_fingerprint(at: House, field: str) -> None:
    shown = at.waiting()
    other = {"customer_reply": "x", "internal_note": "x", "intents": ("x",), "evidence": (), "request_id": "x"}
    changed = shown.proposal.model_copy(update={field: other.get(field, ())})
    assert fingerprint(changed, shown.gate) != shown.fingerprint == fingerprint(shown.proposal, shown.gate)
    assert len(shown.fingerprint) == 64


def test_the_gate_is_in_the_fingerprint(at: House) -> None:
    shown = at.waiting()
    assert fingerprint(shown.proposal, Gate()) != shown.fingerprint
    assert fingerprint(shown.proposal, shown.gate.model_copy(update={"needs": "two"})) != shown.fingerprint


def test_every_part_of_an_action_is_in_its_hash() -> None:
    action = shop.refund()
    changes = {"args": {}, "target": "x", "kind": "x", "amount": None, "description": "x", "idempotency_key": "x"}
    hashes = {action_hash(action.model_copy(update={name: value})) for name, value in changes.items()}
    assert len(hashes | {action_hash(action)}) == len(changes) + 1
    assert len(action_hash(action)) == 64


# ── what was shown is what is decided ────────────────────────────────────────


def test_what_was_shown_is_let_go_in_its_order(at: House) -> None:
    outcome = at.decide(at.waiting())
    assert [row.kind for row in at.executions()] == ["refund", "send_reply"]
    assert outcome.execution_ids == tuple(row.id for row in at.executions())
    (made,) = at.told("decision.made")
    assert len(str(made["body"])) == 64
    assert [len(digest or "") for digest in at.ran("decision.made")] == [64]


def test_what_the_journal_keeps_of_a_decision_is_the_digest_of_its_body(at: House) -> None:
    shown = at.waiting()
    lease = at.lease(shown)
    with at.session.begin_nested() as first:
        at.decide(shown, lease=lease, at=now(), took_ms=1)
        (one,) = at.told("decision.made")
        first.rollback()
    at.session.expire_all()
    at.decide(shown, "ana", Reject(action_id="a1", code="no"), YES, lease=lease)
    (other,) = at.told("decision.made")
    assert one["body"] != other["body"]


def test_another_watermark_is_refused(at: House) -> None:
    shown = at.waiting()
    stale = Watermark(last_customer_message_id="m0", ticket_version=0)
    conflict = refused(at, shown, watermark=stale)
    assert (conflict.field, conflict.review) == ("watermark", at.review(shown.id))


def test_a_message_that_came_since_refuses_what_was_shown_before_it(at: House) -> None:
    shown = at.waiting()
    lease = at.lease(shown)
    at.session.get_one(TicketRow, at.row(shown).ticket_id).newest_message_id = "m2"
    at.session.flush()
    assert refused(at, shown, lease=lease).field == "watermark"


def test_another_fingerprint_is_refused(at: House) -> None:
    shown = at.waiting()
    conflict = refused(at, shown, fingerprint="0" * 64)
    assert (conflict.field, conflict.review) == ("fingerprint", at.review(shown.id))


def test_a_proposal_that_was_changed_behind_its_fingerprint_is_refused(at: House) -> None:
    shown = at.waiting()
    lease = at.lease(shown)
    kept = at.session.get_one(ProposalRow, shown.proposal.request_id)
    other = Proposal.model_validate_json(kept.body).model_copy(update={"customer_reply": "We refund you €900."})
    kept.body = other.model_dump_json()
    at.session.flush()
    assert refused(at, shown, lease=lease).field == "fingerprint"


def test_a_gate_that_was_changed_behind_the_fingerprint_is_refused(at: House) -> None:
    shown = at.waiting(BIG)
    lease = at.lease(shown)
    at.row(shown).gate = Gate().model_dump_json()
    at.session.flush()
    assert refused(at, shown, lease=lease).field == "fingerprint"


def test_what_another_decided_says_who_and_when(at: House) -> None:
    shown = at.waiting()
    at.decide(shown)
    lease = at.lease(at.waiting(number="m9"), "bo").model_copy(update={"review_id": shown.id})
    conflict = refused(at, shown, "bo", number="d2", lease=lease)
    assert str(conflict) == "ana decided this first."
    assert (conflict.decided_by, conflict.review) == ("ana", at.review(shown.id))
    assert conflict.decided_at == at.session.get_one(DecisionRow, "d1").at


def test_of_several_who_decided_the_last_that_stands_is_named(at: House) -> None:
    shown = at.waiting(BIG)
    at.decide(shown)
    at.decide(shown, "bo", number="d2")
    at.session.get_one(DecisionRow, "d1").at = now() - timedelta(minutes=5)
    at.session.flush()
    lease = at.lease(at.waiting(number="m9"), "cy").model_copy(update={"review_id": shown.id})
    assert refused(at, shown, "cy", number="d3", lease=lease).decided_by == "bo"
    at.session.get_one(DecisionRow, "d2").state = "undone"
    at.session.flush()
    assert refused(at, shown, "cy", number="d3", lease=lease).decided_by == "ana"
    at.session.get_one(DecisionRow, "d1").state = "undone"
    at.session.flush()
    conflict = refused(at, shown, "cy", number="d3", lease=lease)
    assert (conflict.decided_by, conflict.decided_at) == ("someone", None)


@pytest.mark.parametrize("state", ["held", "superseded"])
def test_what_waits_no_longer_cannot_be_decided(at: House, state: str) -> None:
    shown = at.waiting()
    lease = at.lease(shown)
    at.row(shown).state = state
    at.session.flush()
    conflict = refused(at, shown, lease=lease)
    assert state in str(conflict)
    assert conflict.review == at.review(shown.id)


def test_a_snoozed_review_can_be_decided(at: House) -> None:
    shown = at.waiting()
    lease = at.lease(shown)
    at.row(shown).state = "snoozed"
    at.session.flush()
    assert at.decide(shown, lease=lease).execution_ids


def test_only_the_claim_of_who_decides_on_this_review_counts(at: House) -> None:
    shown, other = at.waiting(), at.waiting(number="m9", thread="other")
    lease = at.lease(shown)
    for wrong in ({"actor": "bo"}, {"review_id": other.id}):
        with pytest.raises(Invalid, match=r"^The claim is not the decider.s claim on this review\.$"):
            at.decide(shown, lease=lease.model_copy(update=wrong))
    with pytest.raises(LeaseLost):
        at.decide(shown, lease=lease.model_copy(update={"fence": lease.fence - 1}))
    assert not at.executions()


def test_a_review_that_is_not_there_is_named(at: House) -> None:
    shown = at.waiting()
    with pytest.raises(NotFound):
        at.decide(shown.model_copy(update={"id": "nowhere"}), lease=at.lease(shown))


# ── the same decision again ──────────────────────────────────────────────────


def test_the_same_decision_again_is_answered_and_not_done_again(at: House) -> None:
    shown = at.waiting()
    lease = at.lease(shown)
    first = at.decide(shown, lease=lease)
    again = {"at": now() + timedelta(seconds=3), "took_ms": 9, "evidence_opened": ("e1",)}
    assert at.decide(shown, lease=lease, **again) == first
    assert len(at.executions()) == 2


@pytest.mark.parametrize(
    ("changed", "field"), [({"actor": "bo"}, "actor"), ({"fingerprint": "0" * 64}, "fingerprint"), ({}, "verdicts")]
)
def test_the_same_id_with_anything_else_in_it_is_a_conflict(at: House, changed: dict[str, str], field: str) -> None:
    shown = at.waiting()
    lease = at.lease(shown)
    at.decide(shown, lease=lease)
    given = {"actor": "ana"} | changed
    verdicts = () if changed else (Reject(action_id="a1", code="no"), YES)
    conflict = refused(at, shown, given.pop("actor"), *verdicts, lease=lease, **given)
    assert (conflict.field, conflict.decided_by) == (field, "ana")
    assert field in str(conflict)
    assert conflict.decided_at == at.session.get_one(DecisionRow, "d1").at


# ── two people ───────────────────────────────────────────────────────────────


def test_what_needs_two_waits_for_another_person(at: House) -> None:
    shown = at.waiting(BIG)
    first = at.decide(shown)
    assert first.waits_for_second
    assert not at.executions()
    second = at.decide(shown, "bo", number="d3")
    assert not second.waits_for_second
    assert len(at.executions()) == 2


def test_one_person_is_never_two(at: House) -> None:
    shown = at.waiting(BIG)
    at.decide(shown)
    conflict = refused(at, shown, number="d2")
    assert str(conflict) == "You approved this already; it needs another person."
    assert conflict.review == at.review(shown.id)


def test_who_filed_it_is_not_the_second_person(at: House) -> None:
    shown = at.waiting(BIG, source=Source(system="ana"))
    lease = at.lease(shown)
    conflict = refused(at, shown, lease=lease)
    assert str(conflict) == "Who filed a proposal cannot approve it."
    assert conflict.review == at.review(shown.id)
    claims.release(at.session, lease)
    assert at.decide(shown, "bo").waits_for_second


def test_who_filed_it_may_reject_it_and_decide_what_needs_one(at: House) -> None:
    no = (Reject(action_id="a1", code="no"), Reject(action_id="reply", code="no"))
    assert at.decide(at.waiting(BIG, source=Source(system="ana")), "ana", *no).effect == "rejected"
    small = at.waiting(number="m2", source=Source(system="ana"))
    assert at.decide(small, number="d2").execution_ids


def test_an_edit_of_the_second_is_read_by_a_third(at: House) -> None:
    shown = at.waiting(BIG)
    at.decide(shown)
    assert at.decide(shown, "bo", EDITED, YES, number="d2").waits_for_second
    assert not at.executions()
    edited = at.review(shown.id)
    assert edited.proposal.actions[0].args["minor"] == 55_000
    assert at.decide(edited, "cy", number="d3").execution_ids


def test_an_edit_over_the_limit_of_one_needs_two(at: House) -> None:
    assert at.decide(at.waiting(shop.refund(6_000)), "ana", EDITED, YES).waits_for_second


def test_an_edit_under_the_limit_of_two_still_needs_the_two_that_were_asked_for(at: House) -> None:
    less = Edit(action_id="a1", args={"order": "W2378156", "minor": 100, "currency": "EUR"})
    assert at.decide(at.waiting(BIG), "ana", less, YES).waits_for_second


def test_an_edit_counts_what_was_refunded_that_day(at: House) -> None:
    for number in ("m1", "m2"):
        at.decide(at.waiting(shop.refund(40_000), number=number), number=number)
    small = Edit(action_id="a1", args={"order": "W2378156", "minor": 100, "currency": "EUR"})
    third = at.waiting(shop.refund(6_000), number="m3")
    assert at.decide(third, "ana", small, YES, number="d3").execution_ids


def test_only_what_is_not_approved_as_it_was_counts_as_overridden(at: House) -> None:
    def overridden() -> int:
        return sum(route.overrides for route in counting.counters(at.session, 24).routes)

    at.decide(at.waiting())
    assert overridden() == 0
    at.decide(at.waiting(shop.refund(6_000, order="W2"), number="m2"), "ana", EDITED, YES, number="d2")
    assert overridden() == 1


# ── what was approved is what runs ───────────────────────────────────────────


def let_go(at: House, *actions: object, **more: object) -> list[ExecutionRow]:
    at.decide(at.waiting(*actions, **more))  # type: ignore[arg-type]
    return at.executions()


def test_what_was_let_go_runs_and_the_journal_says_what_ran(at: House) -> None:
    action, _ = let_go(at)
    ran = at.dispatch(action)
    assert isinstance(ran, Execution)
    assert (ran.state, ran.attempt, action.worker) == ("running", 1, "w1")
    (told,) = at.told("execution.running")
    assert at.ran("execution.running") == [action.envelope_hash]
    assert (told["worker"], told["attempt"], told["rules"]) == ("w1", 1, "rules-1")


def test_an_action_changed_since_is_refused_and_comes_before_a_person(at: House) -> None:
    action, reply = let_go(at)
    action.action = action.action.replace("12000", "92000")
    at.session.flush()
    assert at.refusal(action) == ("envelope", "refund is not what was let go.")
    assert (action.state, reply.state) == ("void", "void")
    shown = at.review(at.newest())
    assert shown.gate.reasons[0].code == "approval_void"
    assert "action=refund" in shown.gate.reasons[0].text
    assert "not what was let go" in shown.gate.reasons[0].text


def test_another_key_than_was_let_go_is_refused(at: House) -> None:
    action, _ = let_go(at)
    action.idempotency_key = "another"
    at.session.flush()
    assert at.refusal(action)[0] == "envelope"


def test_nothing_runs_after_the_customer_wrote_and_nobody_is_asked_about_it(at: House) -> None:
    action, _ = let_go(at)
    at.session.get_one(TicketRow, action.ticket_id).newest_message_id = "m2"
    at.session.flush()
    before = at.newest()
    assert at.refusal(action) == ("stale", "The customer has written since.")
    assert action.state == "void"
    assert at.newest() == before


@pytest.mark.parametrize("what", ["undone", "fingerprint", "reopened"])
def test_an_approval_that_does_not_stand_lets_nothing_run(at: House, what: str) -> None:
    action, _ = let_go(at)
    decision = at.session.get_one(DecisionRow, "d1")
    if what == "undone":
        decision.state = "undone"
    elif what == "fingerprint":
        decision.fingerprint = "0" * 64
    else:
        at.row(at.review(decision.review_id)).state = "open"
    at.session.flush()
    assert at.refusal(action) == ("approvals", "The approval does not stand any more.")


def test_without_its_approvals_nothing_runs(at: House) -> None:
    shown = at.waiting(BIG)
    at.decide(shown)
    at.decide(shown, "bo", number="d2")
    action, _ = at.executions()
    one = at.session.get_one(ApprovalRow, (shown.id, "ana"))
    one.fingerprint = "0" * 64
    at.session.flush()
    assert at.refusal(action) == ("approvals", "An approval is missing.")


def test_one_approval_is_enough_where_one_is_asked_for_and_none_never_is(at: House) -> None:
    first, reply = let_go(at)
    assert isinstance(at.dispatch(first), Execution)
    first.state = "done"
    at.session.delete(at.session.get_one(ApprovalRow, (first.review_id, "ana")))
    at.session.flush()
    assert at.refusal(reply) == ("approvals", "An approval is missing.")


def test_two_approvals_let_it_run(at: House) -> None:
    shown = at.waiting(BIG)
    at.decide(shown)
    at.decide(shown, "bo", number="d2")
    assert isinstance(at.dispatch(at.executions()[0]), Execution)


def may(at: House, name: str, minor: int, role: str = "agent") -> UserRow:
    """A person of the team who lets so much go alone."""
    limits = team.limits_text([Money(minor=minor, currency="EUR")])
    person = UserRow(name=name, role=role, limits=limits, created_at=now(), created_by="cy")
    at.session.add(person)
    at.session.flush()
    return person


def test_who_may_not_decide_or_let_so_much_go_decides_nothing(at: House) -> None:
    may(at, "ana", 11_999)
    may(at, "dee", 99_999, role="auditor")
    shown = at.waiting(shop.refund(12_000))
    for actor in ("dee", "ana"):
        lease = at.lease(shown, actor)
        with pytest.raises(Forbidden):
            at.decide(shown, actor, lease=lease)
        claims.release(at.session, lease)
    assert not at.executions()
    assert at.row(shown).state == "open"


def test_who_said_yes_must_still_be_one_who_may(at: House) -> None:
    person = may(at, "ana", 12_000)
    action, reply = let_go(at, shop.refund(12_000))
    assert isinstance(at.dispatch(action), Execution)
    action.state, person.limits = "queued", team.limits_text([Money(minor=11_999, currency="EUR")])
    at.session.flush()
    code, text = at.refusal(action)
    assert code == "approvals"
    assert text
    assert (action.state, reply.state) == ("void", "void")


# ── when it runs ─────────────────────────────────────────────────────────────


def test_nothing_runs_while_it_can_be_undone() -> None:
    with house(undo_seconds=60) as at:
        action, _ = let_go(at)
        code, text = at.refusal(action)
        assert (code, text) == ("not_due", f"refund can still be undone until {action.due_at:%H:%M:%S}.")
        assert action.state == "queued"


def test_the_next_waits_for_the_one_before_it(at: House) -> None:
    first, second, reply = let_go(at, shop.refund(action_id="a1"), shop.refund(6_000, "a2", "W2"))
    assert at.refusal(reply) == ("not_due", "send_reply waits for refund.")
    assert isinstance(at.dispatch(first), Execution)
    assert at.refusal(second)[0] == "not_due"
    first.state = "done"
    at.session.flush()
    assert isinstance(at.dispatch(second), Execution)


@pytest.mark.parametrize(
    ("kind", "name"), [("route", "messy"), ("model", "strong"), ("prompt", "draft"), ("action", "refund")]
)
def test_what_is_switched_off_waits(at: House, kind: str, name: str) -> None:
    action, _ = let_go(at)
    off = Switch.model_validate({"kind": kind, "name": name, "on": False, "why": "loops", "who": "bo"})
    switching.throw(at.session, off)
    code, text = at.refusal(action)
    assert code == "switch"
    assert name in text
    assert text.endswith("is switched off.")
    assert action.state == "queued"


def test_a_running_one_goes_on_under_its_worker_or_a_living_one_after_a_dead_one(at: House) -> None:
    action, _ = let_go(at)
    at.dispatch(action)
    at.session.add(WorkerRow(id="w1", host="here", pid=1, since=now(), beat_at=now()))
    at.session.flush()
    assert at.refusal(action, "w2") == ("taken", "refund is being carried out by w1.")
    again = at.dispatch(action)
    assert isinstance(again, Execution)
    assert (again.attempt, action.worker) == (2, "w1")
    at.session.get_one(WorkerRow, "w1").buried = True
    at.session.flush()
    taken = at.dispatch(action, "w2")
    assert isinstance(taken, Execution)
    assert (taken.attempt, action.worker) == (3, "w2")


@pytest.mark.parametrize("state", ["done", "failed", "unknown", "void"])
def test_what_has_ended_does_not_run_again(at: House, state: str) -> None:
    action, _ = let_go(at)
    action.state = state
    at.session.flush()
    assert at.refusal(action) == ("superseded", f"refund is {state} already.")


# ── rules that changed since ─────────────────────────────────────────────────


CHANGED = {
    "nothing": ({}, None),
    "a reason": ({"day": 10_000}, "The rules changed: Refunds of this day are over the limit."),
    "a second person": ({"two": 10_000}, "The rules changed: it needs a second person now."),
}


@pytest.mark.parametrize("changed", CHANGED)
def test_under_other_rules_only_what_they_would_have_shown_no_more_of_runs(at: House, changed: str) -> None:
    action, _ = let_go(at)
    limits, said = CHANGED[changed]
    at.judge.limits |= limits
    assert isinstance(at.dispatch(action), Execution), "the rules' version is the same"
    action.state, at.judge.rules_version = "queued", "rules-2"
    at.session.flush()
    if said is None:
        assert isinstance(at.dispatch(action), Execution)
        assert action.rules_version == "rules-2"
    else:
        assert at.refusal(action) == ("rules", said)


def test_two_who_said_yes_are_enough_for_rules_that_ask_for_two_since(at: House) -> None:
    shown = at.waiting(BIG)
    at.decide(shown)
    at.decide(shown, "bo", number="d2")
    at.judge.rules_version = "rules-2"
    assert isinstance(at.dispatch(at.executions()[0]), Execution)


@pytest.mark.parametrize(("now_asked", "said"), [("role", "it needs security now"), ("risk", "its risk is high now")])
def test_a_role_or_a_risk_that_nobody_was_shown_is_refused(
    at: House, monkeypatch: pytest.MonkeyPatch, now_asked: str, said: str
) -> None:
    action, _ = let_go(at, shop.refund(4_000)) if now_asked == "risk" else let_go(at)
    shown = at.review(str(action.review_id)).gate
    asked = shown.model_copy(update={"role": "security"} if now_asked == "role" else {"risk": "high"})
    monkeypatch.setattr(at.judge, "gate", lambda _proposal, _today: asked)
    at.judge.rules_version = "rules-2"
    assert at.refusal(action) == ("rules", f"The rules changed: {said}.")


def test_a_role_and_a_risk_that_were_shown_are_not_asked_for_again(at: House) -> None:
    closing = shop.refund().model_copy(update={"kind": "close_account", "amount": None})
    action, _ = let_go(at, closing)
    at.judge.rules_version = "rules-2"
    assert isinstance(at.dispatch(action), Execution)


def test_what_went_by_itself_is_refused_when_the_rules_of_now_would_show_it(at: House) -> None:
    at.handled(shop.refund(2_000))
    action, _ = at.executions()
    at.judge.rules_version, at.judge.limits = "rules-2", at.judge.limits | {"one": 1_000}
    code, text = at.refusal(action)
    assert (code, text) == ("rules", "The rules changed: Refund of €20.00 is over the limit.")


def test_what_is_judged_anew_is_not_counted_against_itself(at: House) -> None:
    action, _ = let_go(at, shop.refund(45_000))
    at.judge.rules_version = "rules-2"
    assert isinstance(at.dispatch(action), Execution)


def test_what_the_gate_names_now_is_said_first(at: House, monkeypatch: pytest.MonkeyPatch) -> None:
    action, _ = let_go(at)
    old = at.review(str(action.review_id)).gate.reasons
    fresh = GateReason(code="fresh", text="Somebody must look")
    gate = Gate(reasons=(*old, fresh), needs="two", risk="high", role="lead")
    monkeypatch.setattr(at.judge, "gate", lambda _proposal, _today: gate)
    at.judge.rules_version = "rules-2"
    assert at.refusal(action) == ("rules", "The rules changed: Somebody must look.")
