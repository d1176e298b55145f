"""Outside text becomes harmless on a terminal, and honest text of any language stays as it is."""

from __future__ import annotations

import json
import os
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store import plain
from tests.multilingual import TEXTS

PAYLOADS = {
    "clipboard": "\x1b]52;c;ZWNobyBoaQ==\x07",
    "title": "\x1b]0;owned\x1b\\",
    "link": "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "device status, answered as keys": "\x1b[5n",
    "8-bit CSI": "\x9b2J",
    "leave the alternate screen": "\x1b[?1049l",
    "DCS": "\x1bP$q q\x1b\\",
    "backspace over": "safe\b\b\b\bevil",
    "overwrite the line": "refund €1\rrefund €1000",
    "bidi override": "moc.elpmaxe\u202e/evil",
    "tag characters": "hi" + "".join(chr(0xE0000 + ord(c)) for c in "approve"),
    "zero width": "re\u200bfund",
    "line separator": "one\u2028two",
    "lone surrogate": "a\ud800b",
    "private use": "\ue0b0",
    "unassigned": "\u0378",
    "noncharacter": "\uffff",
    "Hangul filler": "\u3164",
    "selector without an emoji": "a\ufe0fb",
}


def is_harmless(text: str) -> bool:
    """No control but a newline, no lone surrogate, and formats only where a script or an emoji needs them."""
    return all(
        char == "\n" or unicodedata.category(char) not in {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"} for char in text
    ) and not (set(text) & set("\u200b\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u3164"))


@pytest.mark.parametrize("raw", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_payload_is_shown_and_counted(raw: str) -> None:
    for shown in (plain.body(raw), plain.line(raw)):
        assert is_harmless(shown)
        assert shown != raw
    assert plain.hidden(raw) > 0


def test_controls_become_their_pictures() -> None:
    assert plain.line("\x00\x07\x1b[31m\x7f") == "␀␇␛[31m␡"
    assert plain.line("\x85\x9b\ud800") == "\ufffd" * 3
    assert plain.line("a\u202eb\U000e0041c") == "a◌b◌c"


def test_newlines_stay_in_bodies_and_become_spaces_on_a_line() -> None:
    assert plain.body("one\r\ntwo\n\tthree") == "one\ntwo\n    three"
    assert plain.line("one\r\ntwo\n\tthree") == "one two     three"
    assert plain.hidden("one\r\ntwo\n\tthree") == 0


def test_a_lone_carriage_return_cannot_overwrite_the_line() -> None:
    assert plain.line("ok\rno") == "ok␍no"


def test_a_tower_of_marks_is_cut_to_four_and_one_dot() -> None:
    assert plain.line("e" + "\u0301" * 300 + "x") == "e" + "\u0301" * 4 + "◌x"
    assert plain.hidden("e" + "\u0301" * 300) == 296


def test_a_mark_cannot_sit_on_what_the_desk_drew_before_it() -> None:
    assert plain.line("\u0338500") == "◌500"
    assert plain.body("a\n\u0338500") == "a\n◌500"


@pytest.mark.parametrize("text", TEXTS)
def test_honest_text_of_any_language_is_left_alone(text: str) -> None:
    assert plain.body(text) == text
    assert plain.hidden(text) == 0


def test_there_are_two_hundred_texts_in_many_scripts() -> None:
    assert len(set(TEXTS)) >= 200
    letters = {char for text in TEXTS for char in text if char.isalpha()}
    scripts = {unicodedata.name(char).split()[0] for char in letters}
    assert len(scripts) >= 25, scripts


HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\x1b\x07\x00\x7f\x9b\r\n\t\u200b\u200c\u200d\ufe0e\ufe0f\u202e\u2066\u0301\u0338\u20e3\u3164"),
        st.sampled_from("a1#❤👩🏽💻नकीम\u094d\u180b\u17b4ی\u1161\u115f◌\u061c\U000e0061\ud800"),
    )
)


@given(HOSTILE)
@settings(max_examples=1500, deadline=None)
def test_twice_is_once_and_nothing_harmful_survives(raw: str) -> None:
    once = plain.body(raw)
    assert plain.body(once) == once
    assert plain.line(plain.line(raw)) == plain.line(raw)
    assert is_harmless(once)
    assert "\n" not in plain.line(raw)
    assert (plain.hidden(raw) == 0) == (once == raw.replace("\r\n", "\n").replace("\t", "    "))
    assert plain.painted(plain.line(raw)) == plain.painted(raw) or plain.hidden(raw) > 0 or set(raw) & set("\n\t\r")


@given(HOSTILE)
@settings(max_examples=500, deadline=None)
def test_the_paint_gate_alone_lets_no_control_through(raw: str) -> None:
    painted = plain.painted(raw)
    assert not any(unicodedata.category(char) == "Cc" for char in painted)
    assert not set(painted) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def test_a_cap_says_how_much_is_left() -> None:
    assert plain.capped("short", 10) == "short"
    assert plain.capped("x" * 1500, 300) == "x" * 300 + "… 1,200 more"


def test_ten_kilobytes_take_a_tenth_of_a_millisecond() -> None:
    text = "Hello, where is my order #W2378156? I paid $120.00.\n" * 200
    plain.body(text)
    best = min(_seconds(text) for _ in range(20))
    assert best < 0.0005, f"{best * 1000:.2f} ms"


def _seconds(text: str) -> float:
    start = time.perf_counter()
    plain.body(text)
    return time.perf_counter() - start


@pytest.mark.data
def test_published_hostile_strings_and_terminal_payloads_are_harmless() -> None:
    folder = os.environ.get("LASTCLICK_DATA")
    if not folder:
        if os.environ.get("CI") == "true":
            pytest.fail("LASTCLICK_DATA is not set")
        pytest.skip("LASTCLICK_DATA is not set: the published hostile strings are not here")
    files = [Path(folder, "hostile", name) for name in ("naughty_strings.jsonl", "terminal_unicode_csv.jsonl")]
    texts = [json.loads(row)["text"] for file in files for row in file.read_text("utf-8").split("\n") if row.strip()]
    assert len(texts) > 100
    for text in texts:
        assert is_harmless(plain.body(text))
        assert is_harmless(plain.line(text))
        assert plain.body(plain.body(text)) == plain.body(text)
