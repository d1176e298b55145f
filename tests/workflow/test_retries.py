"""Permanent: none. Unclear: one, none for an action. Clearly temporary: at most three within the deadline."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflow.retries import next_try

LONG = 1000.0


@pytest.mark.parametrize(
    ("outcome", "is_action", "allowed"),
    [
        ("permanent", False, 0),
        ("permanent", True, 0),
        ("unclear", False, 1),
        ("unclear", True, 0),
        ("temporary", False, 3),
        ("temporary", True, 3),
        ("ok", False, 0),
    ],
)
def test_how_often_a_step_is_tried_again(outcome: str, is_action: bool, allowed: int) -> None:
    waits = [next_try(made, outcome, is_action=is_action, left=LONG) for made in range(1, 7)]  # type: ignore[arg-type]
    assert [wait is not None for wait in waits] == [True] * allowed + [False] * (6 - allowed)


def test_each_wait_doubles_up_to_the_longest() -> None:
    waits = [next_try(made, "temporary", is_action=False, left=LONG, jitter=0.5) for made in (1, 2, 3)]
    assert waits == [0.5, 1.0, 2.0]


def test_jitter_spreads_a_wait_by_half_in_both_directions() -> None:
    waits = [next_try(1, "temporary", is_action=False, left=LONG, jitter=jitter) for jitter in (0.0, 0.5, 1.0)]
    assert waits == [0.25, 0.5, 0.75]


@pytest.mark.parametrize(("asked", "waits"), [(0.0, True), (5.0, True), (60.0, True), (60.1, False), (3600.0, False)])
def test_a_peer_that_asks_for_more_than_a_minute_is_not_waited_for(asked: float, waits: bool) -> None:
    wait = next_try(1, "temporary", is_action=False, left=LONG, retry_after=asked)
    assert (wait is not None) is waits
    assert wait is None or wait == asked


def test_jitter_comes_on_top_of_what_a_peer_asked_for() -> None:
    """A crowd that was sent away together does not come back together, and none of it too early."""
    waits = [
        next_try(1, "temporary", is_action=False, left=LONG, retry_after=5.0, jitter=jitter) for jitter in (0.0, 1.0)
    ]
    assert waits == [5.0, 5.5]


def test_a_wait_that_would_end_after_the_deadline_is_not_begun() -> None:
    assert next_try(1, "temporary", is_action=False, left=5.0, retry_after=5.0) is None
    assert next_try(1, "temporary", is_action=False, left=5.1, retry_after=5.0) == 5.0


@given(
    made=st.integers(1, 9),
    left=st.floats(0, 120),
    asked=st.none() | st.floats(0, 200),
    jitter=st.floats(0, 1),
    outcome=st.sampled_from(["temporary", "unclear", "permanent"]),
    is_action=st.booleans(),
)
def test_a_wait_is_never_negative_past_the_deadline_or_before_the_peer_said(
    *, made: int, left: float, asked: float | None, jitter: float, outcome: str, is_action: bool
) -> None:
    wait = next_try(made, outcome, is_action=is_action, left=left, retry_after=asked, jitter=jitter)  # type: ignore[arg-type]
    if wait is not None:
        assert 0 <= wait < left
        assert asked is None or asked <= wait
        assert made <= 3
        assert not (is_action and outcome == "unclear")
