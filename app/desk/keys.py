"""Which keys work when: one table that feeds bindings, footer, help, command palette and keymap. Pure data, tested without
an app."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Mode = Literal["look", "confirm", "busy", "history", "routes", "stats", "cases", "spots"]
"""From `history` on: another screen is shown, and none of the main screen's keys work."""
Pane = Literal["queue", "ticket", "live"]


@dataclass(frozen=True)
class Situation:
    """All that decides whether a key works now. `undo` names the effect that can be taken back; `here`: the case on screen
    is still in the list."""

    mode: Mode = "look"
    pane: Pane = "queue"
    narrow: bool = False
    rows: int = 0
    here: bool = True
    case: bool = False
    mine: bool = False
    open: bool = False
    read_only: bool = False
    stale: bool = False
    items: int = 1
    sources: int = 0
    source_shown: bool = False
    claims: int = 0
    alternatives: int = 0
    undo: str = ""
    filtered: bool = False
    earlier: int = 0
    tagged: int = 0
    lines: int = 0
    """Lines of the list on a screen of figures."""


Test = Callable[[Situation], bool]


@dataclass(frozen=True)
class Key:
    """One action: its id, the keys that call it, how they are written, what it does, and when. `rank` orders the footer
    (0: not there)."""

    id: str
    keys: tuple[str, ...]
    shown: str
    title: str
    group: str
    works: Test
    rank: int = 0


def _looking(now: Situation) -> bool:
    return now.mode == "look"


def _telling(now: Situation) -> bool:
    return now.mode == "history"


def _on(*modes: Mode) -> Test:
    """On one of these screens."""
    return lambda now: now.mode in modes


def _on_line(*modes: Mode) -> Test:
    """The same, where there is a line to act on."""
    return lambda now: now.mode in modes and now.lines > 0


def _can_switch(now: Situation) -> bool:
    return now.mode == "routes" and now.lines > 0 and not now.read_only


def _can_grade(now: Situation) -> bool:
    return now.mode == "spots" and now.lines > 0 and not now.read_only


FIGURES: tuple[Mode, ...] = ("routes", "stats", "cases", "spots")
"""The screens of figures share the keys that move."""


def _can_note(now: Situation) -> bool:
    return now.mode == "look" and now.case and not now.read_only


def _deciding(now: Situation) -> bool:
    return (
        now.mode == "look"
        and now.case
        and now.open
        and not now.read_only
        and not now.stale
        and (not now.narrow or now.pane == "ticket")
    )


def _listed(now: Situation) -> bool:
    return now.mode == "look" and now.rows > 0


def _can_open(now: Situation) -> bool:
    folded = now.narrow and now.pane != "ticket"
    return _listed(now) and not now.stale and ((now.open and not now.mine and not now.read_only) or folded)


def _can_bulk(now: Situation) -> bool:
    return now.mode == "look" and now.tagged > 0 and not now.read_only


KEYS: tuple[Key, ...] = (
    Key("confirm", ("y",), "y", "do it", "decide", lambda now: now.mode == "confirm", 1),
    Key("back_out", ("escape",), "Esc", "not yet", "decide", lambda now: now.mode == "confirm", 2),
    Key(
        "renew", ("enter",), "Enter", "show what is there now", "move", lambda now: now.mode == "look" and now.stale, 3
    ),
    Key("open", ("enter",), "Enter", "open", "move", _can_open, 3),
    Key("approve", ("a",), "a", "approve", "decide", _deciding, 4),
    Key("edit", ("e",), "e", "edit", "decide", _deciding, 5),
    Key("reject", ("r",), "r", "reject", "decide", _deciding, 6),
    Key("respond", ("x",), "x", "respond", "decide", _deciding, 9),
    Key("retry", ("t",), "t", "retry with details", "decide", _deciding, 8),
    Key("hand_over", ("o",), "o", "hand over", "decide", _deciding, 10),
    Key("snooze", ("s",), "s", "snooze", "decide", _deciding, 11),
    Key("undo", ("u",), "u", "undo", "decide", lambda now: _looking(now) and bool(now.undo), 7),
    Key("next", ("n",), "n", "next", "move", lambda now: _listed(now) and (now.rows > 1 or not now.here), 12),
    Key("down", ("j", "down"), "j ↓", "next in the list", "move", _listed),
    Key("up", ("k", "up"), "k ↑", "previous in the list", "move", _listed),
    Key(
        "page_down",
        ("pagedown", "ctrl+d"),
        "PgDn",
        "scroll the message",
        "move",
        lambda now: _looking(now) and now.case,
    ),
    Key("page_up", ("pageup", "ctrl+u"), "PgUp", "scroll it back", "move", lambda now: _looking(now) and now.case),
    Key("top", ("home", "g"), "g", "top of the list", "move", _listed),
    Key(
        "item_next",
        ("right_square_bracket", "right"),
        "]",
        "next action",
        "read",
        lambda now: _deciding(now) and now.items > 1,
        13,
    ),
    Key(
        "item_before",
        ("left_square_bracket", "left"),
        "[",
        "action before",
        "read",
        lambda now: _deciding(now) and now.items > 1,
    ),
    *(
        Key(
            f"source_{n}",
            (str(n),),
            str(n),
            f"source {n}",
            "read",
            lambda now, n=n: _looking(now) and now.sources >= n,  # type: ignore[misc]
        )
        for n in range(1, 10)
    ),
    Key(
        "claim_next",
        ("full_stop",),
        ".",
        "next sentence, with its source",
        "read",
        lambda now: _looking(now) and now.claims > 0,
    ),
    Key(
        "claim_before",
        ("comma",),
        ",",
        "sentence before, with its source",
        "read",
        lambda now: _looking(now) and now.claims > 0,
    ),
    Key("messages", ("m",), "m", "all messages", "read", lambda now: _looking(now) and now.case, 14),
    Key("other", ("v",), "v", "other model's proposal", "read", lambda now: _looking(now) and now.alternatives > 0, 13),
    Key(
        "close_source",
        ("escape",),
        "Esc",
        "back to the message",
        "read",
        lambda now: _looking(now) and now.source_shown,
        2,
    ),
    Key("tag", ("space",), "Space", "tag for one decision about several", "move", _listed),
    Key("tag_alike", ("T",), "T", "tag all that stop for the same reasons", "move", _listed),
    Key("untag", ("backspace",), "⌫", "take all tags away", "move", lambda now: _looking(now) and now.tagged > 0),
    Key("bulk", ("b",), "b", "decide the tagged", "decide", _can_bulk, 4),
    Key("search", ("slash",), "/", "search", "move", _looking, 15),
    Key("filter", ("f",), "f", "filter and sort", "move", _looking, 16),
    Key(
        "everything",
        ("escape",),
        "Esc",
        "show all that waits",
        "move",
        lambda now: _looking(now) and now.filtered and not now.source_shown,
        2,
    ),
    Key("zoom", ("z",), "z", "the ticket alone, and back", "read", lambda now: _looking(now) and now.case),
    Key("fold", ("tab",), "Tab", "panes", "move", lambda now: _looking(now) and now.narrow, 7),
    Key("history", ("h",), "h", "history of the ticket", "read", lambda now: _looking(now) and now.case, 15),
    Key("note", ("N",), "N", "add a note", "read", _can_note),
    Key("copy", ("c",), "c", "copy the reply or the open source", "read", lambda now: _looking(now) and now.case),
    Key("copy_id", ("C",), "C", "copy the ticket's number", "read", lambda now: _looking(now) and now.case),
    Key("history_down", ("j", "down"), "j ↓", "line down", "move", _telling),
    Key("history_up", ("k", "up"), "k ↑", "line up", "move", _telling),
    Key("history_page_down", ("pagedown", "space", "ctrl+d"), "PgDn", "page down", "move", _telling, 21),
    Key("history_page_up", ("pageup", "ctrl+u"), "PgUp", "page up", "move", _telling),
    Key("history_top", ("home", "g"), "g", "to the oldest", "move", _telling, 22),
    Key("history_end", ("end", "G"), "G", "to the newest", "move", _telling, 23),
    Key("history_note", ("N",), "N", "add a note", "read", lambda now: _telling(now) and not now.read_only, 20),
    Key(
        "history_earlier",
        ("e",),
        "e",
        "earlier conversations",
        "read",
        lambda now: _telling(now) and now.earlier > 0,
        19,
    ),
    Key("history_back", ("escape", "h", "q"), "Esc", "back", "move", _telling, 18),
    Key("routes", ("R",), "R", "routes and switches", "desk", _looking, 17),
    Key("stats", ("S",), "S", "figures", "desk", _looking, 18),
    Key("spots", ("W",), "W", "spot checks", "desk", _looking, 19),
    Key("switch", ("space",), "Space", "switch it off or on", "decide", _can_switch, 30),
    Key("failures", ("enter",), "Enter", "its failures", "read", _on_line("routes"), 31),
    Key("came_back", ("enter",), "Enter", "who came back", "read", _on_line("stats"), 30),
    Key("changed", ("c",), "c", "what people changed", "read", _on_line("stats"), 31),
    Key("by_next", ("tab", "right"), "Tab", "by something else", "read", _on("stats"), 32),
    Key("by_before", ("shift+tab", "left"), "⇧Tab", "by what was before", "read", _on("stats")),
    Key("span", ("w",), "w", "longer, shorter", "read", _on("stats", "routes"), 33),
    Key("export", ("x",), "x", "write it to a file", "desk", _on("stats"), 34),
    Key("ticket", ("enter",), "Enter", "history of the ticket", "read", _on_line("cases"), 30),
    Key("good", ("g",), "g", "good", "decide", _can_grade, 30),
    Key("wrong", ("w",), "w", "wrong", "decide", _can_grade, 31),
    Key("wrong_reopen", ("o",), "o", "wrong, ask a person", "decide", _can_grade, 32),
    Key("unclear", ("u",), "u", "unclear", "decide", _can_grade, 33),
    Key("check_ticket", ("h",), "h", "history of the ticket", "read", _on_line("spots"), 34),
    Key("line_down", ("j", "down"), "j ↓", "next", "move", _on_line(*FIGURES), 35),
    Key("line_up", ("k", "up"), "k ↑", "before", "move", _on_line(*FIGURES)),
    Key("figures_down", ("pagedown", "ctrl+d"), "PgDn", "scroll down", "move", _on(*FIGURES), 36),
    Key("figures_up", ("pageup", "ctrl+u"), "PgUp", "scroll up", "move", _on(*FIGURES)),
    Key("figures_back", ("escape", "q"), "Esc", "back", "move", _on(*FIGURES), 29),
    Key("palette", ("ctrl+p",), "Ctrl+P", "find an action by its name", "desk", _looking),
    Key("suspend", ("ctrl+z",), "Ctrl+Z", "back to the shell until fg", "desk", _looking),
    Key("help", ("question_mark",), "?", "keys", "desk", lambda now: now.mode not in ("confirm", "busy"), 90),
    Key("quit", ("q",), "q", "quit", "desk", _looking, 91),
)

GROUPS = {"decide": "Decide", "move": "Move", "read": "Read", "desk": "Desk"}


_table: tuple[Key, ...] = KEYS


def use(table: Sequence[Key]) -> None:
    """From now on this table is asked: the default one, or one with a keymap over it. A process shows one desk."""
    global _table  # noqa: PLW0603
    _table = tuple(table)


def table() -> tuple[Key, ...]:
    """The keys in use."""
    return _table


def shown(key_id: str) -> str:
    """How the keys of an action are written, for sentences that name them; empty when it has none."""
    return next((key.shown for key in _table if key.id == key_id), "")


def called(shown: str, title: str) -> str:
    """The action that is written so in the footer; empty when there is none."""
    return next((key.id for key in _table if (key.shown, key.title) == (shown, title)), "")


def works(key_id: str, now: Situation) -> bool:
    """Whether that action may run now."""
    return any(key.id == key_id and key.works(now) for key in _table)


def working(now: Situation) -> tuple[Key, ...]:
    """The actions that work here, in the table's order: what the palette offers, also those whose key is switched off."""
    return tuple(key for key in _table if key.works(now))


def pressed(key: str, now: Situation) -> Key | None:
    """The action that this key calls here: None when it calls none."""
    return next((each for each in _table if key in each.keys and each.works(now)), None)


def footer(now: Situation, cells: int) -> tuple[tuple[str, str], ...]:
    """Key and title of the most useful keys that fit; `?` always does."""
    ranked = sorted((key for key in working(now) if key.rank and key.keys), key=lambda key: key.rank)
    chosen: list[tuple[str, str]] = []
    last = [(key.shown, key.title) for key in ranked if key.id == "help"]
    left = cells - sum(len(shown) + len(title) + 3 for shown, title in last)
    for key in ranked:
        if key.id == "help":
            continue
        title = key.title
        need = len(key.shown) + len(title) + 3
        if need > left:
            break
        chosen.append((key.shown, title))
        left -= need
    return (*chosen, *last)
