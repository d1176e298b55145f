"""The second gate for outside text: whatever a widget draws loses its control characters before it reaches the terminal."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from store import plain


class Inert(LineFilter):
    """Drops controls, bidi and tag characters from every painted line, also those of widgets that are not ours."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments, harmless; Textual's own control segments are not text and pass."""
        return [
            segment
            if segment.control or (text := plain.painted(segment.text)) is segment.text
            else Segment(text, segment.style)
            for segment in segments
        ]


class Colourless(LineFilter):
    """For NO_COLOR: bold, underline and reverse stay, every colour is the terminal's own. Textual would paint greys."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment if segment.control or segment.style is None else Segment(segment.text, segment.style.without_color)
            for segment in segments
        ]
