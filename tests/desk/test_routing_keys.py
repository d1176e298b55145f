"""Which keys work when: the table alone, without an app."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.desk import keys
from app.desk.guard import REST_SECONDS, SETTLE_SECONDS, RepeatGuard
from app.desk.keys import Situation

CASE = Situation(rows=5, case=True, open=True, sources=3)
VERDICTS = {"approve", "edit", "reject", "respond", "retry", "hand_over", "snooze"}


def working(now: Situation) -> set[str]:
    return {key.id for key in keys.working(now)}


def test_a_case_can_be_decided_and_an_empty_queue_cannot() -> None:
    assert working(CASE) >= VERDICTS
    assert working(Situation()) == {
        *("help", "palette", "suspend", "quit", "search", "filter"),
        *("routes", "stats", "spots"),
    }


@pytest.mark.parametrize(
    "change",
    [{"read_only": True}, {"stale": True}, {"open": False}, {"mode": "busy"}, {"mode": "confirm"}, {"case": False}],
)
def test_no_verdict_works_when_it_must_not(change: dict[str, object]) -> None:
    assert not working(replace(CASE, **change)) & VERDICTS  # type: ignore[arg-type]


def test_only_the_two_answers_work_while_a_question_waits() -> None:
    assert working(replace(CASE, mode="confirm")) == {"confirm", "back_out"}
    assert working(replace(CASE, mode="busy")) == set()


def test_sources_work_as_far_as_there_are_some() -> None:
    assert {"source_1", "source_3"} <= working(CASE)
    assert "source_4" not in working(CASE)


def test_no_key_means_two_things_at_once() -> None:
    situations = [
        Situation(mode=mode, pane=pane, narrow=narrow, rows=5, case=True, open=True, mine=mine, stale=stale, items=3,
                  sources=9, source_shown=True, alternatives=1, undo="refund")
        for mode in ("look", "confirm", "busy")
        for pane in ("queue", "ticket", "live")
        for narrow in (False, True)
        for mine in (False, True)
        for stale in (False, True)
    ]  # fmt: skip
    for now in situations:
        pressed = [key for each in keys.working(now) for key in each.keys]
        assert len(pressed) == len(set(pressed)), now


def test_the_approving_key_is_not_the_confirming_key() -> None:
    by_id = {key.id: set(key.keys) for key in keys.KEYS}
    assert not by_id["approve"] & by_id["confirm"]


def test_the_footer_fits_and_always_offers_help() -> None:
    for cells in (30, 60, 78, 118, 198):
        shown = keys.footer(CASE, cells)
        assert shown[-1] == ("?", "keys")
        assert sum(len(key) + len(title) + 3 for key, title in shown) <= cells
    assert ("a", "approve") in keys.footer(CASE, 60)


def test_undo_names_its_effect() -> None:
    assert ("u", "undo") in keys.footer(replace(CASE, undo="refund €1.00"), 160)


def test_a_held_key_counts_once_however_long_it_is_held() -> None:
    guard = RepeatGuard()
    assert guard.allows("approve", 0.0)
    guard.decided({"approve"}, 0.0)
    at, counted = 0.5, 0
    while at < 30:
        counted += guard.allows("approve", at)
        at += 0.033
    assert counted == 0
    assert guard.allows("approve", at + REST_SECONDS)


def test_other_verdicts_wait_only_until_the_new_case_can_be_seen() -> None:
    guard = RepeatGuard()
    guard.decided({"approve"}, 0.0)
    assert not guard.allows("reject", SETTLE_SECONDS / 2)
    assert guard.allows("edit", SETTLE_SECONDS + 0.01)
