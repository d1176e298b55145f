"""The sample day arrives live, follow-ups wait for an answer, and ticket files are taken whole or not at all."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app import arrivals, ticket_files
from config.load import SHOP
from store.contract import IncomingMessage, Proposal
from store.live import Event
from store.queue import Conflict, Unavailable

DAY = SHOP / "tickets.jsonl"


class Journal:
    """A queue's door that keeps what is filed and tells the events it is given."""

    def __init__(self) -> None:
        self.filed: dict[str, IncomingMessage] = {}
        self.events: asyncio.Queue[Event | Exception] = asyncio.Queue()

    async def submit(self, item: IncomingMessage | Proposal) -> str:
        assert isinstance(item, IncomingMessage)
        known = self.filed.setdefault(item.message_id, item)
        if known.text != item.text:
            raise Conflict("other text", field="text")
        return item.thread

    async def follow(self, after: int | None = None) -> AsyncIterator[Event]:
        while True:
            event = await self.events.get()
            if isinstance(event, Exception):
                raise event
            yield event

    async def answer(self, ticket: str) -> None:
        at = next(iter(self.filed.values())).at
        await self.events.put(Event(seq=1, at=at, actor="system", kind="message.sent", subject=ticket))


async def at_once(seconds: float) -> None:
    await asyncio.sleep(0)


async def until(journal: Journal, count: int) -> None:
    for _ in range(2000):
        if len(journal.filed) >= count:
            return
        await asyncio.sleep(0.001)
    raise AssertionError(f"{len(journal.filed)} of {count} came")


async def test_the_first_ten_tickets_wait_when_the_day_begins_and_the_rest_come_one_by_one() -> None:
    journal, gaps = Journal(), []

    async def slept(seconds: float) -> None:
        gaps.append((len(journal.filed), seconds))
        await asyncio.sleep(0)

    day = [one for one in arrivals.day(DAY) if not one.after]
    assert await arrivals.play(journal, day, speed=2.0, sleep=slept) == len(day)
    assert gaps[0][0] == arrivals.AT_ONCE
    assert [count for count, _ in gaps] == list(range(arrivals.AT_ONCE, len(day)))
    assert all(1.0 <= seconds <= 4.0 for _, seconds in gaps)


async def test_a_follow_up_waits_until_its_ticket_was_answered() -> None:
    journal, day = Journal(), arrivals.day(DAY)
    first = sum(not one.after for one in day)
    playing = asyncio.create_task(arrivals.play(journal, day, sleep=at_once))
    await until(journal, first)
    await asyncio.sleep(0.02)
    assert len(journal.filed) == first, "nobody writes again before an answer"
    thread = next(one.message.thread for one in day if one.after)
    await journal.answer(thread)
    await until(journal, first + 1)
    again = [one for one in day if one.after and one.message.thread == thread]
    assert again[0].message.message_id in journal.filed
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing


async def test_a_queue_that_goes_away_ends_the_day_with_its_own_words() -> None:
    journal, day = Journal(), arrivals.day(DAY)
    await journal.events.put(Unavailable("the disk is full"))
    with pytest.raises(Unavailable, match="disk is full"):
        await arrivals.play(journal, day, sleep=at_once)


async def test_messages_are_dated_with_the_moment_they_come() -> None:
    journal, day = Journal(), arrivals.day(DAY)[:3]
    await arrivals.play(journal, day, sleep=at_once)
    assert all(abs((one.at - arrivals.now()).total_seconds()) < 60 for one in journal.filed.values())


GOOD = '{"message_id": "m1", "text": "Where is my order?", "sender": "mia@post.example", "at": "2026-06-15T09:00:00Z"}'


def test_a_ticket_file_is_read_with_its_thread_and_proven_sender() -> None:
    parsed = ticket_files.parse_text(GOOD, is_csv=False)
    (message,) = parsed.messages
    assert (message.thread, message.sender, message.at.isoformat()) == (
        "m1",
        "mia@post.example",
        "2026-06-15T09:00:00+00:00",
    )
    assert not parsed.problems


@pytest.mark.parametrize(
    ("line", "field", "words"),
    [
        ('{"message_id": "m2"}', "text", "is missing"),
        ('{"text": "hello"}', "message_id", "is missing"),
        ('{"message_id": "m2", "text": 5}', "text", "is not text"),
        ('{"message_id": "m2", "text": "x", "at": "2026-06-15T09:00"}', "at", "with a zone"),
        ('{"message_id": "m2", "text": "\\ud800"}', "text", "surrogate"),
        ('{"message_id": "m1", "text": "something else"}', "message_id", "with other contents"),
        ('{"message_id": " \\u2003", "text": "x"}', "message_id", "nothing but blanks"),
        ('{"message_id": "m2", "thread": "  ", "text": "x"}', "thread", "nothing but blanks"),
        ('{"message_id": "m2", "text": "x", "at": "0001-01-01T00:00:00+14:00"}', "at", "with a zone"),
        ('{"message_id": "m2", "text": "x", "at": "9999-12-31T23:59:59-14:00"}', "at", "with a zone"),
        ('{"message_id": "m2", "text": "x", "text": "y"}', "line", "'text' stands twice"),
        ('{"message_id": "m2", "text": ' + "1" * 5_000 + "}", "line", "is no JSON"),
        ("[" * 100_000, "line", "nested too deep"),
        ('{"message_id": "m2", "text": "' + "x" * 10_000_000 + '"}', "text", "longer than 200,000"),
        ("[1, 2]", "line", "no JSON object"),
        ("{broken", "line", "is no JSON"),
        ('{"message_id": "m2", "text": "' + "x" * 200_001 + '"}', "text", "longer than 200,000"),
    ],
)
def test_each_bad_line_is_named_with_its_line_and_field(line: str, field: str, words: str) -> None:
    (problem,) = ticket_files.parse_text(f"{GOOD}\n\n{line}\n", is_csv=False).problems
    assert (problem.line, problem.field) == (3, field)
    assert words in problem.text


def test_a_csv_may_hold_line_breaks_and_columns_of_its_own() -> None:
    text = 'message_id,text,sendr\nm1,"first line\nsecond, line",a@b.example\nm2,ok,\n'
    parsed = ticket_files.parse_text(text, is_csv=True)
    assert [message.text for message in parsed.messages] == ["first line\nsecond, line", "ok"]
    assert parsed.ignored == ("sendr (did you mean sender?)",)
    assert all(message.sender is None for message in parsed.messages)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("message_id;text", "separated by ';'"),
        ("message_id\ttext", "separated by '\\\\t'"),
        ("m1,hello", "no column message_id and no column text"),
        ("mesage_id,text", "did you mean message_id?"),
        ("message_id,text,text", "'text' stands twice"),
        ('message_id,"text', "is no CSV"),
    ],
)
def test_a_header_that_no_line_can_be_read_by_is_named_once(header: str, words: str) -> None:
    parsed = ticket_files.parse_text(f"{header}\nm1,one,two\nm2,three,four\n", is_csv=True)
    (problem,) = parsed.problems
    assert (problem.line, problem.field, parsed.messages) == (1, "header", ())
    assert re.search(words.replace("?", "[?]"), problem.text), problem.text


@pytest.mark.parametrize(
    "begins",
    [b"PK\x03\x04", gzip.compress(b"0" * 1_000_000), b"BZh9", b"\xfd7zXZ\x00"],
    ids=["zip", "gzip", "bzip2", "xz"],
)
def test_what_is_compressed_under_another_name_is_not_opened(tmp_path: Path, begins: bytes) -> None:
    (tmp_path / "day.jsonl").write_bytes(begins)
    with pytest.raises(
        ticket_files.BadFile, match=r"day\.jsonl is compressed, whatever its name says: unpack it first"
    ):
        ticket_files.parse(tmp_path / "day.jsonl")


def test_a_csv_line_with_too_many_cells_is_named() -> None:
    (problem,) = ticket_files.parse_text("message_id,text\nm1,a,b\n", is_csv=True).problems
    assert problem.line == 2


def test_a_csv_cell_of_ten_megabytes_is_named_and_the_lines_before_it_are_read() -> None:
    parsed = ticket_files.parse_text(f"message_id,text\nm1,fine\nm2,{'x' * 10_000_000}\nm3,lost\n", is_csv=True)
    (problem,) = parsed.problems
    assert (problem.line, [message.message_id for message in parsed.messages]) == (3, ["m1"])
    assert "what follows it is not read" in problem.text


async def test_nothing_is_filed_while_a_line_is_bad_unless_the_good_ones_are_asked_for() -> None:
    journal = Journal()
    parsed = ticket_files.parse_text(f"{GOOD}\n{{}}", is_csv=False)
    with pytest.raises(ticket_files.BadFile, match="nothing was filed"):
        await arrivals.file(journal, parsed)
    assert not journal.filed
    assert (await arrivals.file(journal, parsed, skip_bad=True)).messages == 1
    assert list(journal.filed) == ["m1"]


async def test_filing_the_same_file_again_changes_nothing_and_other_contents_are_told() -> None:
    journal = Journal()
    parsed = ticket_files.parse_text(GOOD, is_csv=False)
    await arrivals.file(journal, parsed)
    assert (await arrivals.file(journal, parsed)).messages == 1
    changed = ticket_files.parse_text(GOOD.replace("Where", "When"), is_csv=False)
    assert (await arrivals.file(journal, changed)).conflicts == ("m1",)
    assert journal.filed["m1"].text == "Where is my order?"


def test_other_kinds_of_files_are_refused_by_name(tmp_path: Path) -> None:
    for name, content in (("tickets.xlsx", b"PK"), ("tickets.jsonl", b"\xff\xfe{}")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ticket_files.BadFile, match=name):
            ticket_files.parse(tmp_path / name)
