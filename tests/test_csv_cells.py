"""No cell that leaves for a spreadsheet is a formula; every cell can be read back."""

from __future__ import annotations

import csv
import io

import pytest

from app.csv_cells import neutral, written
from tests.campaigns import data
from tests.campaigns.hostile import rows

FORMULAS = (
    "=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!D2", "@SUM(1+1)*cmd|' /C calc'!A0", "\t=1", "\r=1", "  =1", "\n=1",
    '"=1', "＝1+1", "−1+cmd", "=HYPERLINK(\"http://x\",\"y\")", "%0A=1", "a\t=1",
)  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_text(text: str) -> None:
    assert neutral(text).startswith("'")


@pytest.mark.parametrize("cell", ["12.50", "-12.50", -3, 0.5, "Mia Garcia", "refund of €3", "a=b", "", None])
def test_words_and_numbers_stay_as_they_are(cell: object) -> None:
    assert neutral(cell) == ("" if cell is None else str(cell))


def test_every_published_payload_is_neutral_and_comes_back_whole() -> None:
    texts = [row["text"] for row in rows(data.folder(), "hostile", "terminal_unicode_csv")]
    back = [row[0] for row in csv.reader(io.StringIO(written([text] for text in texts), newline=""))]
    assert [each.removeprefix("'") for each in back] == [each.removeprefix("'") for each in texts]
    assert not [each for each in back if each[:1] in "=+-@" and not each[1:2].isdigit() and each]
