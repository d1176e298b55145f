"""The one door for outside text: makes every control, invisible or re-ordering character visible. Never parses sequences.

It looks at code points alone, so there is no sequence it could misread. Applying it twice gives the same text.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

DOT = "◌"
"""Stands for an invisible character. Its width is one cell in every terminal (East Asian width: neutral)."""
REPLACEMENT = "\ufffd"
TAB = "    "
MARKS_ON_A_BASE = 4

ZWNJ, ZWJ = "\u200c", "\u200d"
_PRESENTATION = "\ufe0e\ufe0f"
_KEYCAP = "\u20e3"
# Letters that draw nothing (Hangul fillers), and vowels and finals of Hangul, which have no width of their own.
_FILLERS = "\u115f\u1160\u3164\uffa0"
_JAMO = "\u1161-\u11ff\ud7b0-\ud7fb"

# Assigned, drawn, and no marks: signs of Latin-1, general and CJK punctuation, currencies, symbols, full width forms.
_FINE = (
    "\u00a1-\u00ac\u00ae-\u00bf\u00d7\u00f7\u0964\u0965\u2010-\u2027\u2030-\u205e\u20a0-\u20c0\u2190-\u2426\u2460-\u2b73"
    "\u3000-\u3029\u3030-\u303e\uff01-\uff9f"
)

_ASCII = re.compile(r"[^\x20-\x7e\n]")
_SUSPECTS = re.compile(rf"(?:[^\w\x20-\x7e\n{_FINE}]|[{_FILLERS}{_JAMO}])+")
_PAINT = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e0fff]"
)

# Scripts in which ZWJ and ZWNJ choose the shape of a letter: Arabic and its kin, N'Ko, the Indic ones, Myanmar, Khmer,
# Mongolian, Arabic presentation forms.
_JOINING = ((0x0600, 0x08FF), (0x0900, 0x0DFF), (0x1000, 0x109F), (0x1780, 0x18AF), (0xA8E0, 0xA8FF), (0xFB50, 0xFEFC))
# Format characters that are drawn: the signs that stand before Arabic, Syriac and Kaithi numbers.
_DRAWN_FORMATS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
# Marks that draw nothing: the grapheme joiner, Khmer inherent vowels, Mongolian selectors.
_EMPTY_MARKS = frozenset("\u034f\u17b4\u17b5\u180b\u180c\u180d\u180f")


def body(text: str) -> str:
    """Outside text of several lines: newlines stay, a tab becomes four spaces, everything unseen becomes visible."""
    if text.isascii() and text.isprintable():
        return text
    return _made_plain(text)[0]


def line(text: str) -> str:
    """Outside text on one line: `body` with a space for each newline."""
    if text.isascii() and text.isprintable():
        return text
    return _made_plain(text)[0].replace("\n", " ")


def hidden(text: str) -> int:
    """How many characters of the raw text are not what a reader would see; 0 for honest text in any language."""
    return _made_plain(text)[1]


def capped(text: str, limit: int) -> str:
    """At most `limit` characters, then how many more there are. For drawing only: what is hashed is never cut."""
    if len(text) <= limit:
        return text
    kept = text[:limit].rstrip(ZWJ + ZWNJ)
    return f"{kept}… {len(text) - len(kept):,} more"


def painted(text: str) -> str:
    """The last gate before the terminal: drops every control, bidi and tag character that came past the first."""
    return text if text.isascii() and text.isprintable() else _PAINT.sub("", text)


def _made_plain(text: str) -> tuple[str, int]:
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if "\t" in text:
        text = text.replace("\t", TAB)
    if text.isascii():
        if text.isprintable():
            return text, 0
        return _ASCII.subn(lambda found: _picture(found[0]), text)
    count = 0

    def visible(found: re.Match[str]) -> str:
        nonlocal count
        shown, hid = _run(found)
        count += hid
        return shown

    return _SUSPECTS.sub(visible, text), count


def _run(found: re.Match[str]) -> tuple[str, int]:
    """One run of characters that need a look, made plain, and how many of them a reader would not have seen."""
    text, start, end = found.string, found.start(), found.end()
    before = text[start - 1] if start else "\n"
    if end == start + 1 and before != "\n" and _class(text[start]) in {"keep", "mark"}:
        return text[start], 0
    out: list[str] = []
    marks = hid = 0
    cut = False
    for at in range(start, end):
        char = text[at]
        after = text[at + 1] if at + 1 < len(text) else "\n"
        shown = _shown(char, before, after, marks)
        hid += shown != char
        if _class(char) == "mark":
            if shown == DOT and cut:
                continue  # one dot stands for all marks that are too many
            cut = shown == DOT and before != "\n"
            marks += shown == char
        elif shown != char or _class(char) == "keep":
            marks, cut = 0, False
        out.append(shown)
        before = shown
    return "".join(out), hid


def _shown(char: str, before: str, after: str, marks: int) -> str:
    what = _class(char)
    if what == "keep":
        return char
    if what == "mark":
        # A mark without a base would sit on whatever the desk drew before it.
        return char if marks < MARKS_ON_A_BASE and before != "\n" else DOT
    if what == "joiner":
        return char if _joins(char, before, after, marks) else DOT
    if what == "presentation":
        return char if _presents(before, after) else DOT
    return what


def _picture(char: str) -> str:
    code = ord(char)
    return "\u2421" if code == 0x7F else chr(0x2400 + code)


@cache
def _class(char: str) -> str:
    """`keep`, `mark`, `joiner`, `presentation`, or what is shown instead."""
    code, category = ord(char), unicodedata.category(char)
    what = "keep"
    if category in {"Cc", "Cs"}:
        what = _picture(char) if code < 0x80 else REPLACEMENT
    elif char in {ZWJ, ZWNJ}:
        what = "joiner"
    elif char in _PRESENTATION:
        what = "presentation"
    elif _unseen(char, category):
        what = DOT
    elif category in {"Mn", "Me"} or 0x1161 <= code <= 0x11FF or 0xD7B0 <= code <= 0xD7FB:
        what = "mark"
    return what


def _unseen(char: str, category: str) -> bool:
    if char in _DRAWN_FORMATS:
        return False
    selector = "\ufe00" <= char <= "\ufe0d" or "\U000e0000" <= char <= "\U000e0fff"
    return category in {"Cf", "Cn", "Co", "Zl", "Zp"} or selector or char in _FILLERS or char in _EMPTY_MARKS


def _joins(joiner: str, before: str, after: str, marks: int) -> bool:
    if joiner == ZWJ and _emoji(after) and (_emoji(before) or before == _PRESENTATION[1] or _skin(before)):
        return True
    if not _joining(before):
        return False
    if unicodedata.combining(before) == 9:  # a virama asks for the joiner, whatever follows
        return True
    return _joining(after) and (_class(after) != "mark" or marks < MARKS_ON_A_BASE)


def _presents(before: str, after: str) -> bool:
    if before in "0123456789#*":
        return after == _KEYCAP
    return _emoji(before) or _skin(before)


@cache
def _joining(char: str) -> bool:
    letter = _class(char) in {"keep", "mark"} and unicodedata.category(char)[0] in "LM"
    return letter and any(low <= ord(char) <= high for low, high in _JOINING)


@cache
def _emoji(char: str) -> bool:
    """A pictograph: a symbol from the arrows upwards, or one of the few signs below that have an emoji form."""
    return char in "©®‼⁉™ℹ" or (ord(char) >= 0x2190 and char != DOT and unicodedata.category(char) in {"So", "Sm"})


def _skin(char: str) -> bool:
    return "\U0001f3fb" <= char <= "\U0001f3ff"
