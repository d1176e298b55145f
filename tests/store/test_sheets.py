"""The keys that came to most are found without a look at those that came once, and are the right ones."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from store import sheets
from store.contract import now
from store.engine import open_database
from store.sheets import Sheet

NAME = "returned.reply"


def _came_back(session: Session, key: str, days: float) -> None:
    at, sheet = now() - timedelta(days=days), Sheet()
    sheets.mark_again(session, NAME, key, at)
    sheet.add("returned", at, {"reply": (key,)})
    sheet.write(session)


def _window(hours: int) -> tuple[int, int]:
    return sheets.start_of(now(), hours), int(now().timestamp()) + 1


@pytest.mark.parametrize("repaired", [False, True], ids=["kept", "marked anew"])
def test_the_replies_that_came_back_most(tmp_path: Path, repaired: bool) -> None:
    chance, database = random.Random(5), open_database(tmp_path / "queue.sqlite")
    happened = [(f"pattern {int(chance.paretovariate(0.5)) % 300:03}", 50 * chance.random() ** 3) for _ in range(600)]
    try:
        database.write(lambda session: [_came_back(session, *one) for one in happened], journaled=False)
        if repaired:
            database.write(lambda session: sheets.mark_all_again(session, NAME), journaled=False)
        for hours in (24, 168, 672):
            start, end = _window(hours)
            with database.reading() as session:
                found = sheets.top(session, NAME, start, end, 20)
                whole = Counter(sheets.sums(session, [NAME], start, end)[NAME])
            most = sorted((key for key, n in whole.items() if n > 1), key=lambda key: (-whole[key], key))
            assert len(most) > 3, hours
            assert found[: len(most)] == most[:20]
            assert len(found) == len(set(found)) == min(20, len(whole))
            assert set(found) <= whole.keys()
    finally:
        database.close()
