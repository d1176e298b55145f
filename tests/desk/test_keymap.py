"""A user's keymap: every key can be another one, single keys can be off, and what is wrong is said with both names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.desk import keymap, keys
from app.desk.keys import KEYS, Key, Situation
from tests.desk import samples
from tests.desk.conftest import claimed, desk, main, on_screen, until, words
from tests.desk.fake_queue import FakeQueue
from tests.desk.test_desk import typed_dialog

CASE = Situation(rows=5, case=True, open=True, sources=3)


@pytest.fixture(autouse=True)
def the_default_table() -> Iterator[None]:
    yield
    keys.use(KEYS)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "keymap.toml"
    path.write_text(text, "utf-8")
    return path


def loaded(tmp_path: Path, text: str) -> tuple[Key, ...]:
    table, problems = keymap.load(written(tmp_path, text))
    assert problems == ()
    return table


def said(tmp_path: Path, text: str) -> list[str]:
    """Every problem without the folder: `keymap.toml:2: …`."""
    return [str(each).removeprefix(f"{tmp_path}/") for each in keymap.load(written(tmp_path, text))[1]]


def by_id(table: tuple[Key, ...], key_id: str) -> Key:
    return next(key for key in table if key.id == key_id)


def test_no_file_is_the_default_table(tmp_path: Path) -> None:
    assert keymap.load(tmp_path / "none.toml") == (KEYS, ())


def test_the_default_table_has_no_clash() -> None:
    assert list(keymap.clashes(KEYS)) == []


def test_every_key_of_the_table_is_one_that_a_person_can_write() -> None:
    for key in (each for action in KEYS for each in action.keys):
        assert keymap.canonical(keymap.written(key)) == key


@pytest.mark.parametrize(
    ("word", "key"),
    [("?", "question_mark"), ("/", "slash"), ("A", "A"), ("ctrl+P", "ctrl+p"), ("Ctrl+Shift+F5", "ctrl+shift+f5"),
     ("esc", "escape"), ("+", "plus"), ("ctrl++", "ctrl+plus"), ("shift+a", "A"), ("PgDn", "pagedown"), (" ", "space"),
     ("é", "é"), ("↓", "down"), ("", None), ("hyper+a", None), ("entre", None), ("ctrl+", None)],
)  # fmt: skip
def test_keys_are_written_as_people_write_them(word: str, key: str | None) -> None:
    assert keymap.canonical(word) == key


@pytest.mark.parametrize("key_id", [key.id for key in KEYS])
def test_every_action_can_have_another_key(tmp_path: Path, key_id: str) -> None:
    table = loaded(tmp_path, f'[keys]\n{key_id} = "ctrl+f9"\n')
    assert by_id(table, key_id).keys == ("ctrl+f9",)
    assert by_id(table, key_id).shown == "Ctrl+F9"


def test_a_key_can_be_switched_off_whatever_it_does(tmp_path: Path) -> None:
    table = loaded(tmp_path, 'off = ["j", "x"]\n')
    assert by_id(table, "down").keys == ("down",)
    assert by_id(table, "down").shown == "↓"
    assert by_id(table, "respond").keys == ()
    keys.use(table)
    assert "respond" in {key.id for key in keys.working(CASE)}, "the palette still has it"
    assert keys.pressed("x", CASE) is None
    assert all(title != "respond" for _, title in keys.footer(CASE, 300))


def test_two_actions_may_swap_their_keys(tmp_path: Path) -> None:
    table = loaded(tmp_path, '[keys]\napprove = "r"\nreject = "a"\n')
    keys.use(table)
    pressed = keys.pressed("r", CASE)
    assert pressed is not None
    assert pressed.id == "approve"


def test_a_clash_is_said_with_both_names_file_and_line(tmp_path: Path) -> None:
    assert said(tmp_path, '# mine\n[keys]\nsnooze = "r"\n') == [
        'keymap.toml:3: snooze: "r" is given to both "reject" and "snooze": give one another key'
    ]


def test_one_key_may_have_two_meanings_where_they_never_meet(tmp_path: Path) -> None:
    assert said(tmp_path, '[keys]\nconfirm = "j"\n') == []


@pytest.mark.parametrize("verdict", ["approve", "edit", "hand_over"])
def test_the_second_key_of_a_risky_decision_is_never_the_first(tmp_path: Path, verdict: str) -> None:
    (problem,) = said(tmp_path, f'[keys]\n{verdict} = "y"\n')
    assert '"confirm"' in problem
    assert f'"{verdict}"' in problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[keys]\naprove = "A"\n', 'keymap.toml:2: aprove: no such action; did you mean "approve"?'),
        ('[keys]\n\nnext = "entre"\n', 'keymap.toml:3: next: "entre" is no key; did you mean "enter"?'),
        ("[keys]\nnext = 5\n", 'keymap.toml:2: next: give a key like "a" or a list of keys like ["a", "ctrl+a"]'),
        ('of = ["x"]\n', 'keymap.toml:1: of: not known here; did you mean "off"?'),
        ('off = ["y"]\n', "keymap.toml:1: confirm: needs a key: without it the desk would be a dead end"),
        ('[keys]\nnext = "ctrl+q"\n', 'keymap.toml:2: next: "ctrl+q" always quits the desk: choose another'),
        ('keys = "a"\n', "keymap.toml:1: keys: is a table: write [keys]"),
    ],
)
def test_a_mistake_is_said_with_file_and_line(tmp_path: Path, text: str, problem: str) -> None:
    assert said(tmp_path, text) == [problem]


def test_a_file_that_is_no_toml_is_said(tmp_path: Path) -> None:
    (problem,) = said(tmp_path, "[keys\n")
    assert "cannot be read" in problem


def test_whether_two_actions_meet_is_found_by_what_they_ask() -> None:
    deep = replace(KEYS[0], id="deep", works=lambda now: now.narrow and now.rows > 1 and now.undo != "" and now.stale)
    never = replace(KEYS[0], id="never", works=lambda now: now.stale and not now.narrow)
    assert keymap.together(deep, replace(deep, id="same"))
    assert not keymap.together(deep, never)


async def test_footer_help_and_palette_show_the_remapped_keys(tmp_path: Path) -> None:
    table = loaded(tmp_path, 'off = ["x"]\n[keys]\napprove = "ctrl+a"\n')
    queue = FakeQueue([samples.low_risk(1), samples.low_risk(2)])
    async with desk(queue, table=table).run_test(size=(120, 36)) as pilot:
        await on_screen(pilot, "r1")
        assert "Ctrl+A approve" in words(pilot, "#keys")
        await pilot.press("question_mark")
        await typed_dialog(pilot)
        listed = str(pilot.app.screen.query_one("#help Static").visual)  # type: ignore[attr-defined]
        assert "Ctrl+A    approve" in listed
        assert "respond" not in listed
        await pilot.press("escape")
        offered = {each.title: each.help for each in pilot.app.get_system_commands(main(pilot))}
        assert offered["Approve"] == "Decide · key Ctrl+A"
        assert offered["Respond"] == "Decide · no key"
        await pilot.press("a")
        assert not queue.decisions
        await pilot.press("ctrl+a")
        await claimed(pilot, "r2")


async def test_the_palette_runs_what_it_offers() -> None:
    queue = FakeQueue([samples.low_risk(1), samples.low_risk(2)])
    async with desk(queue).run_test(size=(120, 36)) as pilot:
        await on_screen(pilot, "r1")
        await pilot.press("ctrl+p")
        await until(pilot, lambda: pilot.app.screen is not main(pilot), "the palette")
        await pilot.press(*"approve")
        await until(pilot, lambda: _hits(pilot) == 1, "one hit")
        await pilot.press("enter")
        await claimed(pilot, "r2")
        assert len(queue.decisions) == 1


def _hits(pilot: Any) -> int:
    from textual.command import CommandList

    return int(pilot.app.screen.query_one(CommandList).option_count)
