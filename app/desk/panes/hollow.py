"""Containers that draw nothing but their border: one line between the borders stands for all of them.

Textual works out each line of a container anew whenever its title or its size changes, behind what covers it all.
"""

from __future__ import annotations

from collections.abc import Callable

from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.geometry import Region
from textual.strip import Strip


class Rows(Vertical):
    """One below the other."""

    def render_lines(self, crop: Region) -> list[Strip]:
        return _lines(crop, self.outer_size.height, super().render_lines)


class Columns(Horizontal):
    """One beside the other."""

    def render_lines(self, crop: Region) -> list[Strip]:
        return _lines(crop, self.outer_size.height, super().render_lines)


class Scroll(VerticalScroll):
    """One below the other, more than there is room for."""

    def render_lines(self, crop: Region) -> list[Strip]:
        return _lines(crop, self.outer_size.height, super().render_lines)


def _lines(crop: Region, height: int, render: Callable[[Region], list[Strip]]) -> list[Strip]:
    if crop.height == 1:
        return render(crop)
    known: dict[int, Strip] = {}
    strips = []
    for y in crop.line_range:
        alike = y if y in (0, height - 1) else 1
        if alike not in known:
            known[alike] = render(Region(crop.x, alike, crop.width, 1))[0]
        strips.append(known[alike])
    return strips
