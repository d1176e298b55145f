"""What is pasted presses no keys: escape characters in it are left out before Textual's parser, which would take them for
the end of the paste and what follows for keys. Most terminals leave them out themselves; tmux's own buffer does not."""

from __future__ import annotations

from collections.abc import Iterable

from textual._xterm_parser import XTermParser
from textual.message import Message

BEGIN, END, ESCAPE = "\x1b[200~", "\x1b[201~", "\x1b"


class Parser(XTermParser):
    """Textual's parser of what a terminal sends, behind the filter."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._pasted = Pasted()

    def feed(self, data: str) -> Iterable[Message]:
        """No data is the end of all input, so a part of which nothing is left is not handed on."""
        passed = self._pasted.passed(data)
        return super().feed(passed) if passed or not data else ()


class Pasted:
    """Keeps in mind whether a paste has begun, and what may be the first half of a mark. Pure but for that."""

    def __init__(self) -> None:
        self._inside = False
        self._half = ""

    def passed(self, data: str) -> str:
        """The next part of the input, without the escape characters between the marks of a paste."""
        out = []
        while data:
            part, data = self._within(data) if self._inside else self._outside(data)
            out.append(part)
        return "".join(out)

    def _outside(self, data: str) -> tuple[str, str]:
        """Passes at once, so that no key waits; the end of it is remembered, since a mark may come in two parts."""
        before = len(self._half)
        at = (self._half + data).find(BEGIN)
        if at < 0:
            self._half = (self._half + data)[-len(BEGIN) + 1 :]
            return data, ""
        cut = at + len(BEGIN) - before
        self._inside, self._half = True, ""
        return data[:cut], data[cut:]

    def _within(self, data: str) -> tuple[str, str]:
        """Up to the mark at the end of the paste; what may be its first half waits for the rest."""
        data, self._half = self._half + data, ""
        at = data.find(END)
        if at >= 0:
            self._inside = False
            return data[:at].replace(ESCAPE, "") + END, data[at + len(END) :]
        half = next((n for n in range(len(END) - 1, 0, -1) if data.endswith(END[:n])), 0)
        self._half = data[len(data) - half :]
        return data[: len(data) - half].replace(ESCAPE, ""), ""
