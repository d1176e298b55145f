"""When something leaves its own usual range, and the arithmetic of shares and times beneath it."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import measuring, noticing, sheets
from store.live import Share
from store.sheets import DAY, HOUR

USUAL = {"errors": Share(part=30, whole=1000), "repeats": Share(part=50, whole=1000)}


def test_a_rate_that_leaves_its_range_is_said_with_both_figures() -> None:
    recent = {"errors": Share(part=14, whole=96), "repeats": Share(part=5, whole=90)}
    assert noticing.remark(recent, USUAL, 24) == "failures 15% (14 of 96) in 24 h, usually 2.1% to 4.3%"


def test_two_that_leave_it_are_both_named_the_clearest_first() -> None:
    recent = {"errors": Share(part=40, whole=96), "repeats": Share(part=20, whole=90)}
    assert noticing.remark(recent, USUAL, 24).endswith("; also repeat contacts")


@pytest.mark.parametrize(
    ("part", "whole"),
    [(3, 96), (2, 4), (0, 0), (4, 110)],
    ids=["within", "two are chance", "nothing", "near"],
)
def test_what_is_as_usual_or_too_little_to_tell_is_not_said(part: int, whole: int) -> None:
    assert noticing.remark({"errors": Share(part=part, whole=whole)}, USUAL, 24) == ""


def test_without_a_usual_range_nothing_is_unusual() -> None:
    assert noticing.remark({"errors": Share(part=9, whole=10)}, {"errors": Share(part=0, whole=99)}, 24) == ""


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_rate_and_stays_a_share(counts: tuple[int, int]) -> None:
    one = Share(part=counts[0], whole=counts[1])
    low, high = one.interval
    assert 0.0 <= low <= one.rate + 1e-12
    assert one.rate - 1e-12 <= high <= 1.0


def test_the_interval_is_wilsons() -> None:
    """Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662; 0 of 20 gives 0 to 0.1611."""
    assert Share(part=81, whole=263).interval == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert Share(part=0, whole=20).interval == pytest.approx((0.0, 0.1611), abs=5e-5)


@given(st.lists(st.floats(2, 10**8), min_size=1, max_size=200))
def test_a_percentile_is_right_within_ten_percent(lengths: list[float]) -> None:
    counts: dict[int, int] = {}
    for ms in lengths:
        counts[sheets.bucket(ms)] = counts.get(sheets.bucket(ms), 0) + 1
    exact = sorted(lengths)[-(-len(lengths) // 2) - 1] / 1000
    assert sheets.spread(counts).p50 == pytest.approx(exact, rel=0.1)


@given(st.integers(0, 60 * DAY), st.integers(1, 40 * DAY))
def test_days_and_hours_cover_any_time_exactly_once(start: int, length: int) -> None:
    start, end = start // HOUR * HOUR, (start + length) // HOUR * HOUR
    covered = sorted((low, high) for _, low, high in sheets.spans(start, end) if low < high)
    assert sum(high - low for low, high in covered) == max(0, end - start)
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(covered))
    assert all(low % DAY == 0 and high % DAY == 0 for kind, low, high in sheets.spans(start, end) if kind)


def test_an_event_is_counted_in_its_hour_and_in_its_day() -> None:
    sheet = sheets.Sheet()
    at = datetime(2026, 3, 2, 14, 8, tzinfo=UTC)
    sheet.add("replies", at, {"route": ("messy",)})
    sheet.add("replies", at + timedelta(minutes=60), {"route": ("messy", "messy")})
    hours = [n for (name, *_), n in sheet.cells.items() if name == "replies.route"]
    days = [n for (name, *_), n in sheet.cells.items() if name == "replies.route/day"]
    assert (hours, days) == ([1, 1], [2])


def test_the_same_answer_to_two_customers_is_one_pattern() -> None:
    one = measuring.pattern("Hi Mia,\nyour order W1 of 3 March is on its way.")
    assert one == measuring.pattern("Hello Bo Berg, your order W22 of 14 March is on its way.")
    assert one != measuring.pattern("Hi Mia, your order W1 of 3 March was lost.")
