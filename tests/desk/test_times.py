"""Times in words: what agents say is understood, and what is not understood is refused, never guessed."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.desk import times

# A Sunday evening in Berlin.
AT = datetime.fromisoformat("2026-11-22T21:58:30+01:00")


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()


def when(words: str, at: datetime = AT) -> str:
    return times.parse(words, at).isoformat(timespec="minutes")


@pytest.mark.parametrize(
    ("words", "means"),
    [
        ("tomorrow 9", "2026-11-23T09:00+01:00"),
        ("tomorrow", "2026-11-23T09:00+01:00"),
        ("Tomorrow at 14:30", "2026-11-23T14:30+01:00"),
        ("9 tomorrow", "2026-11-23T09:00+01:00"),
        ("in 2 hours", "2026-11-22T23:58+01:00"),
        ("2h", "2026-11-22T23:58+01:00"),
        ("1 hour and 30 minutes", "2026-11-22T23:28+01:00"),
        ("half an hour", "2026-11-22T22:28+01:00"),
        ("in a week", "2026-11-29T21:58+01:00"),
        ("in 2 days", "2026-11-24T21:58+01:00"),
        ("friday 14:30", "2026-11-27T14:30+01:00"),
        ("next fri 2pm", "2026-11-27T14:00+01:00"),
        ("sunday", "2026-11-29T09:00+01:00"),
        ("monday morning", "2026-11-23T09:00+01:00"),
        ("next week", "2026-11-29T09:00+01:00"),
        ("9", "2026-11-23T09:00+01:00"),
        ("23:15", "2026-11-22T23:15+01:00"),
        ("12 am", "2026-11-23T00:00+01:00"),
        ("tonight", "2026-11-23T20:00+01:00"),
        ("24 dec 8:00", "2026-12-24T08:00+01:00"),
        ("dec 24", "2026-12-24T09:00+01:00"),
        ("24.12. 8.30", "2026-12-24T08:30+01:00"),
        ("1 march", "2027-03-01T09:00+01:00"),
        ("2026-12-24 08:00", "2026-12-24T08:00+01:00"),
        ("day after tomorrow noon", "2026-11-24T12:00+01:00"),
    ],
)
def test_what_agents_say(words: str, means: str) -> None:
    assert when(words) == means


@pytest.mark.parametrize(
    "words",
    ["", "soon", "tomorrow 25:00", "tomorrow 9 or so", "in 2", "in hours", "31 february", "friday friday", "9 10", "13pm",
     "in 2 fortnights", "-3 hours", "tomorrow tomorrow", "0 minutes", "2026-13-01", "m", "me"],
)  # fmt: skip
def test_what_is_not_understood_is_refused_with_an_example(words: str) -> None:
    with pytest.raises(times.NotATimeError, match="tomorrow 9"):
        times.parse(words, AT)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("today 9", "has passed"),
        ("2026-11-22 08:00", "has passed"),
        ("2029-01-01", "a year"),
        ("in 400 days", "a year"),
    ],
)
def test_a_time_that_cannot_be_meant_is_said_back(words: str, why: str) -> None:
    with pytest.raises(times.NotATimeError, match=why):
        times.parse(words, AT)


def test_a_day_is_a_day_when_the_clock_jumps_and_an_hour_is_an_hour() -> None:
    before = datetime.fromisoformat("2026-03-28T20:00:00+01:00")
    assert when("tomorrow 9", before) == "2026-03-29T09:00+02:00"
    assert when("in 1 day", before) == "2026-03-29T20:00+02:00"
    assert times.parse("in 8 hours", before) - before == timedelta(hours=8)


def test_it_is_said_back() -> None:
    assert times.said(times.parse("tomorrow 9", AT), AT) == "Mon 23 Nov 2026, 09:00 · in 11 h 2 min"
    assert times.said(times.parse("friday", AT), AT) == "Fri 27 Nov 2026, 09:00 · in 4 d 11 h"


@given(st.text(alphabet="abdehimnorstuwy 0123456789:.-", max_size=24))
def test_any_words_are_a_time_ahead_or_a_refusal(words: str) -> None:
    try:
        until = times.parse(words, AT)
    except times.NotATimeError:
        return
    assert timedelta(minutes=1) <= until - AT <= timedelta(days=366)
