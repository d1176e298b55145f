"""The status line above and the line of keys below."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from textual.content import Content

from app.desk import keys
from app.desk.figures import age, clock
from app.desk.panes.ticket import Drawn
from app.desk.words import line, press, short, words
from store.live import Counters, Switch


class StatusBar(Drawn):
    """Name, place, who, what waits; a switch that is off, or trouble with the store, on the right."""

    def show(
        self, actor: str, title: str, counters: Counters | None, switches: tuple[Switch, ...], trouble: str
    ) -> None:
        self.draw(status(actor, title, counters, switches, trouble=trouble, width=self.app.size.width))


class KeyBar(Drawn):
    """The keys that work now, and on the right what just happened or can be undone."""

    _shown: tuple[object, ...] = ()

    def show(self, working: tuple[tuple[str, str], ...], said: tuple[str, str]) -> None:
        """It is asked after each message that could change something, and is mostly what it was."""
        width = self.app.size.width
        if self._shown == (working, said, width):
            return
        self._shown = working, said, width
        text, style = said
        text = short(text, max(0, width // 2))
        shown = key_line(working)
        room = width - 2 - shown.cell_length - len(text)
        self.draw(line((" ", ""), shown, (" " * max(1, room), ""), (text, style)))


def key_line(working: Iterable[tuple[str, str]]) -> Content:
    """Keys and their titles, each to be clicked as well."""
    return Content("  ").join(
        press(keys.called(key, title), (key, "bold $primary"), (f" {title}", "")) for key, title in working
    )


def status(
    actor: str, title: str, counters: Counters | None, switches: tuple[Switch, ...], *, trouble: str, width: int
) -> Content:
    """The whole line, so many cells wide. Trouble wins over a switch, a switch over nothing."""
    name = (" lastclick", "bold $primary")
    left = line(name, (f"  {short(title, 20)} · {short(actor, 20)}", "$quiet"), *_waiting(counters, trouble))
    right = _alarm(counters, switches, trouble, width)
    if left.cell_length + right.cell_length + 2 > width and counters is not None:
        left = line(name, *_waiting(counters, trouble)[:2])  # what is wrong matters more than where we are
    right = right.truncate(max(0, width - left.cell_length - 3), ellipsis=True)
    gap = max(1, width - left.cell_length - right.cell_length - 1)
    return line(left, (" " * gap, ""), right)


def _waiting(counters: Counters | None, trouble: str) -> list[tuple[str, str]]:
    if counters is None:
        return [(" · not open" if trouble else " · opening the queue …", "$quiet")]
    parts: list[tuple[str, str]] = [
        (" · ", "$quiet"),
        (f"{counters.waiting} waiting", "bold" if counters.waiting else "$quiet"),
    ]
    if counters.oldest_at is not None and counters.waiting:
        parts += [(" · ", "$quiet"), (f"oldest {age(counters.oldest_at, counters.at)}", "")]
    if counters.due:
        parts += [(" · ", "$quiet"), (f"due {counters.due}", "bold $warning")]
    if counters.held:
        parts += [(" · ", "$quiet"), (f"{counters.held} held", "$warning")]
    return parts


def _alarm(counters: Counters | None, switches: tuple[Switch, ...], trouble: str, cells: int) -> Content:
    if trouble:
        return words(short(f"✗ {trouble}", cells), "bold $error")
    off = [switch for switch in switches if not switch.on]
    if off:
        text = " · ".join(_off(switch) for switch in off[:1]) + (
            f" · and {len(off) - 1} more off" if len(off) > 1 else ""
        )
        return words(short(f"⚠ {text}", cells), "bold $warning")
    if counters is not None and counters.models_down:
        again = keys.shown("retry")
        told = f"⚠ no answer from {', '.join(counters.models_down)}" + (f": {again} tries one again" if again else "")
        return words(short(told, cells), "bold $warning")
    if counters is not None and not counters.workers:
        return words(short("⚠ no worker runs: new tickets are not answered", cells), "bold $warning")
    return Content("")


def _off(switch: Switch) -> str:
    kind = "" if switch.kind == "route" else f"{switch.kind} "
    when = f" {clock(switch.since)}" if isinstance(switch.since, datetime) else ""
    why = f": {switch.why}" if switch.why else ""
    held = f" ({switch.held} held)" if switch.held else ""
    return f"{kind}{switch.name} OFF{when} {switch.who}{why}{held}"
