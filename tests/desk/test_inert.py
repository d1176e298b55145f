"""Outside text does nothing on the desk: not as markup, not as control characters, not in a widget of others."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.color import Color
from textual.widgets import DataTable, Input, OptionList, Static, TextArea

from app.desk.desk import Desk
from app.desk.paint import Inert
from store.contract import GateReason
from tests.desk import samples
from tests.desk.conftest import desk, on_screen, words
from tests.desk.fake_queue import FakeQueue
from tests.test_plain import PAYLOADS

DESK = Path(__file__).parents[2] / "app" / "desk"

DRAWS_STR_AS_MARKUP = {
    "Static", "Label", "Button", "Checkbox", "RadioButton", "Collapsible", "Option", "Selection", "Markdown", "Digits",
    "notify", "add_row", "add_column", "add_columns", "add_option", "add_leaf", "Tab", "TabPane", "Link", "from_markup",
    "RichLog", "write",
}  # fmt: skip
NO_WIDGETS = {"os", "file", "crash"}
"""What is written to through these is a file, not a widget."""
TITLES = {"border_title", "border_subtitle", "title", "sub_title", "tooltip"}
MAKES_CONTENT = {"Content", "words", "line", "lines", "listing", "_side", "figures"}


def problems(source: str) -> list[str]:
    """Every place where a widget, a notice or a title could be given text that Textual reads as markup."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if any(word.arg == "markup" and not _is(word.value, False) for word in node.keywords):
                found.append(f"line {node.lineno}: markup=True")
            file = name == "write" and ast.unparse(node.func).split(".")[0] in NO_WIDGETS
            if name in DRAWS_STR_AS_MARKUP and not file and not all(_is_safe(arg) for arg in node.args[:1]):
                found.append(f"line {node.lineno}: {name}({ast.unparse(node.args[0])})")
            if name == "update" and isinstance(node.func, ast.Attribute) and "query" in ast.unparse(node.func.value):
                found += [f"line {node.lineno}: update({ast.unparse(arg)})" for arg in node.args if not _is_safe(arg)]
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Attribute) and target.attr in TITLES and not _is_safe(node.value):
                    found.append(f"line {node.lineno}: {target.attr} = {ast.unparse(node.value)}")
    return found


def _is(node: ast.expr, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def _is_safe(node: ast.expr) -> bool:
    """A literal without a bracket, a call that makes Content, a name whose annotation mypy knows to be Content."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and "[" not in node.value
    if isinstance(node, ast.Starred | ast.GeneratorExp):
        return True
    if isinstance(node, ast.IfExp):
        return _is_safe(node.body) and _is_safe(node.orelse)
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return name in MAKES_CONTENT or name in {"_title", "_message_title"}
    return isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) in {
        "NOTHING", "self._title", "self._hint", "text", "content", "_ENTER",
    }  # fmt: skip


@pytest.mark.parametrize("file", sorted(DESK.rglob("*.py")), ids=lambda file: str(file.relative_to(DESK)))
def test_no_widget_is_given_text_as_markup(file: Path) -> None:
    assert problems(file.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "bad",
    [
        "Static(review.subject)",
        "Static(f'Hello {name}')",
        "Static('a', markup=True)",
        "self.notify(error_text)",
        "self.border_title = ticket.subject",
        "table.add_row(row.subject)",
        "log.write(row.subject)",
        "Option(str(name))",
        "self.query_one('#x').update(row.subject)",
        "Content.from_markup(text_of(x))",
        "Static('[b]x[/b]')",
    ],
)
def test_the_check_itself_notices(bad: str) -> None:
    assert problems(bad)


def hostile(payload: str):  # type: ignore[no-untyped-def]
    """A review that carries the payload wherever outside text can stand."""
    bad = f"x{payload}y [@click=app.quit]z[/] [/x] [bold"
    return samples.review(
        4183,
        subject=bad,
        text=bad,
        note=bad,
        reply=bad,
        claims=(),
        reasons=(GateReason(code="x", text=bad),),
        customer=samples.Customer(name=bad, how=bad),
        evidence=(samples.EVIDENCE[0].model_copy(update={"title": "t"}),),
    )


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
async def test_a_hostile_ticket_is_drawn_and_obeyed_nowhere(payload: str) -> None:
    async with desk(FakeQueue([hostile(payload)])).run_test(size=(120, 36)) as pilot:
        await on_screen(pilot)
        assert "[@click=app.quit]" in words(pilot, "#message-text")
        drawn = "".join(
            segment.text
            for strip in pilot.app.screen._compositor.render_strips()
            for segment in strip
            if not segment.control
        )
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", drawn)
        assert not pilot.app._exit


def test_the_paint_gate_drops_controls_from_any_segment() -> None:
    segments = [Segment("ok\x1b]52;c;x\x07\u202e"), Segment("fine")]
    painted = Inert().apply(segments, Color(0, 0, 0))
    assert [segment.text for segment in painted] == ["ok]52;c;x", "fine"]


class Foreign(App[None]):
    """Widgets that are not ours, given raw payloads, with or without the desk's gate."""

    def __init__(self, text: str, gate: bool) -> None:
        super().__init__()
        self._text, self._gate = text, gate

    def get_line_filters(self):  # type: ignore[no-untyped-def]
        return [Inert(), *super().get_line_filters()] if self._gate else super().get_line_filters()

    def compose(self) -> ComposeResult:
        yield Static(self._text, markup=False)
        yield Input(self._text)
        yield TextArea(self._text)
        yield OptionList()
        yield DataTable()


@pytest.mark.parametrize("gate", [True, False])
async def test_the_gate_also_covers_widgets_of_others(gate: bool) -> None:
    app = Foreign("a\x9b2Jb\x1b[5nc", gate)
    async with app.run_test(size=(60, 30)) as pilot:
        await pilot.pause()
        raw = "".join(segment.text for strip in app.screen._compositor.render_strips() for segment in strip)
        assert bool({"\x1b", "\x9b"} & set(raw)) is not gate


def test_the_desk_paints_through_the_gate_first() -> None:
    async def never():  # type: ignore[no-untyped-def]
        raise AssertionError

    assert isinstance(Desk(never, actor="anna").get_line_filters()[0], Inert)
