"""A time in words, as an agent says it: "tomorrow 9", "in 2 hours", "friday 14:30". Pure: the clock is handed in.

Strict and small by choice. The libraries for this guess what they do not know ("9" becomes a day of the month, "mai" a
typo), and a case that sleeps until a wrong day is a case lost. Here every word must be understood, or the whole is refused.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

EXAMPLES = "in 2 hours · tomorrow 9 · friday 14:30 · monday · 24 dec 8:00 · 2026-12-24 08:00"
MORNING = time(9)
"""What a day without a time of day means."""
SPANS = "30 min · 2 hours · 1 h 30 min · 3 days"
LONGEST_DAYS = 366
SHORTEST_MINUTES = 1

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
           "december")  # fmt: skip
_PARTS = {"morning": time(9), "noon": time(12), "afternoon": time(14), "evening": time(18), "tonight": time(20)}
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "half": 0.5}
_UNITS = {
    "minute": 1, "min": 1, "m": 1, "hour": 60, "h": 60, "hr": 60, "day": 1440, "d": 1440, "week": 10080, "w": 10080,
}  # fmt: skip
_CLOCK = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?\s*(am|pm)?")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")


class NotATimeError(ValueError):
    """The words are no time that lies ahead; the text says which and what works."""


def parse(words: str, at: datetime) -> datetime:
    """The time the words mean, seen from `at`, in the local time zone. Raises `NotATimeError`.

    A day without a time is 9:00; a time without a day is the next time the clock shows it; a week day is the next one,
    never today. A clock that jumps (summer time) is asked for the day itself, not for so many hours from now.
    """
    local = at.astimezone().replace(tzinfo=None, second=0, microsecond=0)
    text = " ".join(words.lower().replace(",", " ").split())
    if not text:
        raise NotATimeError(f"Say when: {EXAMPLES}")
    for read in (_span, _moment):
        found = read(text, local)
        if found is not None:
            return _checked(found, at)
    raise NotATimeError(f"“{words.strip()[:40]}” is no time I know. Say for example: {EXAMPLES}")


def said(until: datetime, at: datetime) -> str:
    """The time back in words, to be read before it is set: `Tue 24 Nov 2026, 09:00 · in 11 h 2 min`."""
    minutes = max(0, round((until - at).total_seconds() / 60))
    days, rest = divmod(minutes, 1440)
    hours, left = divmod(rest, 60)
    parts = [f"{days} d" if days else "", f"{hours} h" if hours else "", f"{left} min" if left and not days else ""]
    return f"{until.astimezone():%a %d %b %Y, %H:%M} · in {' '.join(part for part in parts if part) or 'a moment'}"


def usual(at: datetime) -> list[tuple[str, datetime]]:
    """The times that are chosen most, each as the words that mean it."""
    return [
        (words, parse(words, at)) for words in ("in 30 minutes", "in 1 hour", "in 4 hours", "tomorrow 9", "monday 9")
    ]


def _checked(found: datetime, at: datetime) -> datetime:
    until = found.astimezone()  # local rules of that very day
    if until - at < timedelta(minutes=SHORTEST_MINUTES):
        raise NotATimeError(f"{until:%a %d %b %Y, %H:%M} has passed. Say a time that lies ahead.")
    if until - at > timedelta(days=LONGEST_DAYS):
        raise NotATimeError(f"{until:%d %b %Y} is more than a year away. Say an earlier time.")
    return until


def span(words: str) -> int:
    """So many minutes as the words say: `90 min`, `2h`, `1 h 30 min`, `3 days`. Raises `NotATimeError`."""
    minutes = _minutes(" ".join(words.lower().replace(",", " ").removeprefix("older than").split()))
    if minutes is None or not 1 <= round(minutes) <= 1440 * LONGEST_DAYS:
        raise NotATimeError(f"“{words.strip()[:40]}” is no length of time I know. Say for example: {SPANS}")
    return round(minutes)


def _span(text: str, local: datetime) -> datetime | None:
    """`in 2 hours`, `in a week` from now. Days and weeks keep the time of day."""
    minutes = _minutes(text.removeprefix("in "))
    if minutes is None:
        return None
    if minutes % 1440 == 0:
        return local + timedelta(minutes=minutes)
    # Hours are real hours: across a jump of the clock they are counted, not read off.
    return (local.astimezone() + timedelta(minutes=minutes)).astimezone().replace(tzinfo=None)


def _minutes(text: str) -> float | None:
    """`2 hours`, `2h`, `1 h 30 min`, `half an hour`, `a week`."""
    words = text.replace("half an hour", "30 min").replace("half a day", "12 h").replace(" and ", " ")
    tokens = [str(_NUMBERS.get(word, word)) for word in words.split()]
    rest, minutes = " ".join(tokens), 0.0
    while found := _SPAN.match(rest):
        unit = _UNITS.get(found[2]) or _UNITS.get(found[2].removesuffix("s"))
        if unit is None:
            return None
        minutes += float(found[1]) * unit
        rest = rest[found.end() :].lstrip()
    if rest or not minutes or minutes > 1440 * LONGEST_DAYS * 2:
        return None
    return minutes


def _moment(text: str, local: datetime) -> datetime | None:
    """A day and a time of day, in either order, each at most once; every word must belong to one of them."""
    tokens = re.sub(r"\b(at|on|next|this|the)\b ?", "", text).split()
    found: set[datetime] = set()
    for n in range(len(tokens) + 1):
        first, last = " ".join(tokens[:n]), " ".join(tokens[n:])
        for day_words, clock_words in ((first, last), (last, first)):
            day, clock = _day(day_words, local.date()), _clock(clock_words)
            if (day_words and day is None) or (clock_words and clock is None) or not (day or clock):
                continue
            found.add(
                _ahead(clock, local) if day is None and clock else datetime.combine(day or local, clock or MORNING)
            )
    return found.pop() if len(found) == 1 else None


def _ahead(clock: time, local: datetime) -> datetime:
    today = datetime.combine(local.date(), clock)
    return today if today > local else today + timedelta(days=1)


def _day(words: str, today: date) -> date | None:
    if words in {"today", "tomorrow", "day after tomorrow"}:
        return today + timedelta(days=("today", "tomorrow", "day after tomorrow").index(words))
    if len(words) >= 3 and (week := [n for n, name in enumerate(_DAYS) if name.startswith(words)]):
        return today + timedelta(days=(week[0] - today.weekday() - 1) % 7 + 1)
    if words == "week":
        return today + timedelta(days=7)
    return _date(words, today)


def _date(words: str, today: date) -> date | None:
    """`2026-12-24`, `24.12.`, `24.12.2026`, `24 dec`, `dec 24`: without a year the next such day."""
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", words):
            return date.fromisoformat(words)
        if found := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})?", words):
            return _next(int(found[1]), int(found[2]), today, int(found[3]) if found[3] else None)
        for pattern in (r"(?P<d>\d{1,2})\.? (?P<m>[a-z]{3,})", r"(?P<m>[a-z]{3,}) (?P<d>\d{1,2})"):
            if found := re.fullmatch(pattern, words):
                month = [n for n, name in enumerate(_MONTHS, 1) if name.startswith(found["m"])]
                return _next(int(found["d"]), month[0], today, None) if month else None
    except ValueError:
        return None
    return None


def _next(day: int, month: int, today: date, year: int | None) -> date:
    if year is not None:
        return date(year, month, day)
    this = date(today.year, month, day)
    return this if this >= today else date(today.year + 1, month, day)


def _clock(words: str) -> time | None:
    if words in _PARTS:
        return _PARTS[words]
    found = _CLOCK.fullmatch(words)
    if found is None:
        return None
    hour, minute = int(found[1]), int(found[2] or 0)
    if found[3]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found[3] == "pm" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None
