"""Outside text stands in a page of Markdown as itself: it marks nothing, links nothing and ends nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from app.reports.markdown import cell, quoted
from store import plain

HOSTILE = (
    "**now**",
    "[a](https://b)",
    "<b>x</b>",
    "`x`",
    "a | b",
    "# x",
    "- x",
    "1. x",
    "1) x",
    "===",
    "~~x~~",
    "_x_",
    "&lt;",
    "\\",
)


def texts(markdown: str) -> set[str]:
    """The kinds of what a reader of Markdown makes of it."""
    made = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)
    return {each.type for one in made for each in (one, *(one.children or ()))}


PROSE = {"paragraph_open", "paragraph_close", "inline", "text", "softbreak"}


@pytest.mark.parametrize("text", HOSTILE)
def test_a_sign_means_nothing(text: str) -> None:
    assert texts(cell(text)) <= PROSE
    assert texts(f"Before\n{cell(text)}") <= PROSE
    assert texts(quoted(text)) <= {*PROSE, "blockquote_open", "blockquote_close"}


def test_a_name_is_left_as_it_is_written() -> None:
    assert cell("money_moves and refund_over_limit: -$26.48") == "money_moves and refund_over_limit: -$26.48"


def test_a_text_stays_in_its_cell() -> None:
    made = MarkdownIt("commonmark").enable("table").parse(f"| a | b |\n|---|---|\n| {cell('x | y')} | z |")
    assert [each.type for each in made].count("td_open") == 2


@given(st.text(alphabet=st.sampled_from("ab1 \\`*_[]()<>|#~-+=.!\n&"), max_size=20))
def test_no_text_marks_anything(text: str) -> None:
    line = cell(text).strip()
    made = MarkdownIt("commonmark").enable("strikethrough").parse(f"x {line}")
    assert {each.type for one in made for each in (one, *(one.children or ()))} <= {*PROSE, "text_special"}
    assert made[1].children is not None
    assert "".join(each.content for each in made[1].children) == f"x {plain.line(text).strip()}".rstrip()
