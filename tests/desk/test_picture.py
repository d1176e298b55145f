"""The first picture: what the queue would show, before the desk is loaded; nothing in it is obeyed, no way out unclean."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyte
import pytest

from app.desk import first, picture
from store import glance
from store.contract import Customer
from store.live import View
from store.local import LocalQueue
from tests.campaigns.hostile import OWN
from tests.contract.honest_judge import HonestJudge
from tests.desk import samples
from tests.desk.test_real_queue import refund
from tests.terminal import Terminal

OPENS = "The desk opens"
SIZE = (120, 36)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with three refunds that wait."""

    async def filed() -> None:
        queue = LocalQueue(tmp_path / "queue.sqlite", HonestJudge())
        for n in (1, 2, 3):
            customer = Customer(id=f"c{n}", name=f"Customer {n}", identity="verified", how="e-mail")
            case = samples.review(n, actions=(refund(12_000 + n),), claims=(), alternatives=(), customer=customer)
            ticket = case.proposal.ticket.model_copy(update={"id": f"T-{n:03}"})
            await queue.submit(case.proposal.model_copy(update={"ticket": ticket}))
        await queue.close()

    asyncio.run(filed())
    return tmp_path


def look(home: Path, wanted: str | None = None) -> glance.Glance:
    seen = glance.look(home / "queue.sqlite", 20, wanted, time.time())
    assert seen is not None
    return seen


def drawn(seen: glance.Glance, size: tuple[int, int] = SIZE, colours: int = 256) -> list[str]:
    screen = pyte.Screen(*size)
    pyte.Stream(screen).feed(picture.draw(seen, "anna", "local", size, colours))
    return screen.display


def test_it_shows_what_the_queue_would_show(home: Path) -> None:
    async def asked() -> None:
        queue = LocalQueue(home / "queue.sqlite", HonestJudge())
        rows = (await queue.page(View())).rows
        review = await queue.review(rows[0].review_id)
        await queue.close()
        seen = look(home)
        assert [line.review_id for line in seen.lines] == [row.review_id for row in rows]
        assert [line.reason for line in seen.lines] == [row.reason for row in rows]
        assert (seen.total, seen.shown) == (3, review.id)
        assert seen.proposal == json.loads(review.proposal.model_dump_json())
        assert look(home, rows[2].review_id).shown == rows[2].review_id
        assert look(home, "gone").shown == review.id

    asyncio.run(asked())
    screen = "\n".join(drawn(look(home)))
    for told in (
        "─ T-001 ",
        "WHY     Refund of €120.01 is over the limit",
        "amount €120.01   target order #W1   final",
    ):
        assert told in screen
    assert "Customer 1 · ✓ verified: e-mail" in screen


@pytest.mark.parametrize("size", [(100, 24), (120, 40), (169, 30), (200, 60)])
def test_every_line_is_as_wide_as_the_terminal(home: Path, size: tuple[int, int]) -> None:
    lines = drawn(look(home), size)
    assert lines[1].rstrip().endswith("╮")
    assert lines[-2].rstrip().endswith("╯")
    assert all(line.endswith("│") and len(line) == size[0] for line in lines[2:-2])


@pytest.mark.parametrize("text", OWN, ids=range(len(OWN)))
def test_a_hostile_text_is_drawn_and_not_obeyed(home: Path, text: str) -> None:
    seen = look(home)
    hostile = json.loads(json.dumps(dict(seen.proposal)))
    hostile["ticket"] |= {"subject": text, "customer": {"name": text, "identity": "verified", "how": text}}
    hostile |= {"customer_reply": text, "internal_note": text, "evidence": [{"title": text}]}
    lines = [replace(line, subject=text, reason=text, claimed_by=text) for line in seen.lines]
    raw = picture.draw(
        replace(seen, proposal=hostile, message=(text, text, 0.0), lines=lines), "anna", "local", SIZE, 256
    )
    assert not re.search("[\x00-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", raw)
    assert re.fullmatch(r"(?:[^\x1b]|\x1b\[[0-9;]*[Hm])*", raw)
    screen = pyte.Screen(*SIZE)
    pyte.Stream(screen).feed(raw)
    trusted = slice(2, 7)
    assert [line[34:96] for line in screen.display[trusted]] == [line[34:96] for line in drawn(seen)[trusted]]


def test_there_is_no_look_at_what_is_no_queue_of_ours(home: Path, tmp_path: Path) -> None:
    now = time.time()
    assert glance.look(tmp_path / "none", 5, None, now) is None
    (tmp_path / "text").write_text("not a database" * 100)
    assert glance.look(tmp_path / "text", 5, None, now) is None
    raw = glance.driver().connect(home / "queue.sqlite")
    with raw:
        raw.execute("UPDATE alembic_version SET version_num = '0000'")
    raw.close()
    assert glance.look(home / "queue.sqlite", 5, None, now) is None


def test_another_list_than_all_that_waits_is_not_drawn(tmp_path: Path) -> None:
    session = tmp_path / "session.json"
    assert first._wanted(session) == ""
    session.write_text('{"review_id":"r1","pane":"ticket"}')
    assert first._wanted(session) == "r1"
    for left in ('{"words":"refund"}', '{"view":{"sort":"newest"}}', "not json"):
        session.write_text(left)
        assert first._wanted(session) is None


# ── in a terminal ────────────────────────────────────────────────────────────


def opened(home: Path) -> Terminal:
    command = [sys.executable, "-m", "app.cli", "desk", "--no-worker", "--home", str(home)]
    return Terminal(command, columns=SIZE[0], rows=SIZE[1])


def until(terminal: Terminal, what: Callable[[str], bool]) -> str:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        terminal.read()
        if what(terminal.screen()):
            return terminal.screen()
    raise AssertionError(terminal.screen())


def test_the_desk_takes_its_place_and_hears_what_was_typed_before(home: Path) -> None:
    with opened(home) as terminal:
        terminal.wait_for(OPENS, "T-001", "WHY", seconds=60)
        terminal.type("j")
        shown: list[str] = []
        until(terminal, lambda screen: bool(shown.append(screen)) or OPENS not in screen)
        assert all("T-001" in screen and "WHY" in screen for screen in shown)  # no blank screen between
        terminal.wait_for("Queue · 2 of 3", "a approve", seconds=60)
        assert terminal.output.count(b"\x1b[?1049h") == 1
        terminal.type("q")
        assert terminal.exit_code() == 0
        assert terminal.output.count(b"\x1b[?1049l") == 1


def test_no_verdict_is_taken_from_the_first_picture(home: Path) -> None:
    with opened(home) as terminal:
        terminal.wait_for(OPENS, "T-001", "WHY", seconds=60)
        terminal.type("jay")
        terminal.wait_for("Queue · 2 of 3", "a not heard: the desk was still opening", seconds=60)
        terminal.wait_for("T-002", "a approve", seconds=60)
        terminal.type("q")
        assert terminal.exit_code() == 0


def test_a_kill_while_it_stands_leaves_the_terminal_clean(home: Path) -> None:
    with opened(home) as terminal:
        terminal.wait_for(OPENS, seconds=60)
        terminal.signal(signal.SIGTERM)
        assert terminal.exit_code(30) == 128 + signal.SIGTERM
        assert terminal.output.count(b"\x1b[?1049l") == 1
        assert b"\x1b[?25h" in terminal.output


def test_a_keymap_that_cannot_be_used_is_told_on_a_clean_terminal(home: Path) -> None:
    (home / "keymap.toml").write_text('[keys]\nnosuchkey = ["j"]\n')
    with opened(home) as terminal:
        assert terminal.exit_code(60) == 2
        told = bytes(terminal.output)
        assert told.index(b"\x1b[?1049l") < told.index(b"The desk does not open")


def test_a_desk_on_a_server_does_not_begin_with_the_file_beside_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.commands import desk
    from config.settings import settings

    began: list[object] = []

    def begin(*given: object, plain: bool) -> int:
        began.append(given[-1])
        return 0

    monkeypatch.setattr(desk, "_open", begin)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(first, "_drawn", lambda *_: pytest.fail("the local queue was looked at"))
    assert desk.open_desk(replace(settings(home), server="https://desk.example"), "desk.example", ()) == 0
    assert began == [None]
