"""The registry of keys on a screen: its bindings, the command palette, and the actions that belong to no pane."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from textual.app import SystemCommand
from textual.binding import Binding
from textual.command import CommandPalette
from textual.screen import Screen

from app.desk import beside, keys, seeking, tagging

if TYPE_CHECKING:
    from app.desk.screens.main import MainScreen

IN_PALETTE_NOT = ("source_", "confirm", "back_out", "palette")
"""A source is a number, and a question is answered where it stands."""


@runtime_checkable
class Commanded(Protocol):
    """A screen whose actions stand in the registry."""

    def situation(self) -> keys.Situation: ...
    def action_do(self, key_id: str) -> None: ...


def bind(screen: Screen[Any]) -> None:
    """Bind every key of the table in use, before what Textual binds: `do('<action>')`. The situation says which of several
    actions on one key runs."""
    bound = screen._bindings.key_to_bindings
    ours: dict[str, list[Binding]] = {}
    for each in keys.table():
        for key in each.keys:
            ours.setdefault(key, []).append(Binding(key, f"do('{each.id}')", each.title, show=False))
    for key, bindings in ours.items():
        bound[key] = [*bindings, *bound.get(key, [])]


def offered(screen: Screen[Any]) -> Iterator[SystemCommand]:
    """What the palette lists: each action that works now, with its keys."""
    if not isinstance(screen, Commanded):
        return
    for each in keys.working(screen.situation()):
        if not each.id.startswith(IN_PALETTE_NOT):
            how = f"key {each.shown}" if each.shown else "no key"
            title = each.title[:1].upper() + each.title[1:]
            yield SystemCommand(title, f"{keys.GROUPS[each.group]} · {how}", partial(screen.action_do, each.id))


def _palette(screen: MainScreen) -> None:
    if not CommandPalette.is_open(screen.app):
        screen.app.push_screen(CommandPalette(id="--command-palette"))


def _suspend(screen: MainScreen) -> None:
    screen.app.action_suspend_process()


ALSO: Mapping[str, Callable[[MainScreen], None]] = {
    "search": seeking.search,
    "filter": seeking.choose,
    "everything": seeking.everything,
    "palette": _palette,
    "suspend": _suspend,
    **beside.ALSO,
    **tagging.ALSO,
}
"""What the main screen does beyond its panes, by action."""
