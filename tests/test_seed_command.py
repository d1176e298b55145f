"""`lastclick seed` by a lead on a real queue: what is planted, what became of it, what cannot be planted."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.cli import main
from config.rules import Windows
from config.settings import settings
from store.contract import Outcome, Reject
from store.live import Question, View
from store.local import LocalQueue
from store.local_work import LocalWork
from store.planted_told import Planted, PlantedFigures
from tests.contract import shop
from tests.contract.honest_judge import HonestJudge

JUDGE = HonestJudge(Windows(undo_seconds=0.0, spot_check_share=0.0))


def said(capsys: pytest.CaptureFixture[str], home: Path, *words: str, code: int = 0) -> str:
    assert main(["seed", "--home", str(home), "--actor", "lea", *words]) == code
    out, err = capsys.readouterr()
    return out if code == 0 else err


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two cases that ana let go as they were proposed."""

    async def fill() -> None:
        path = settings(tmp_path).queue
        queue, work = LocalQueue(path, JUDGE), LocalWork(path, JUDGE)
        for n in range(2):
            review = await shop.waiting(queue, work, JUDGE, f"m{n}", f"t{n}")
            await queue.decide(shop.decision(review, number=f"d{n}"), await shop.held(queue, review))
        await queue.close()
        work.close()

    asyncio.run(fill())
    return tmp_path


def answer(home: Path, *, found: bool) -> Outcome:
    """What ana says to the case that waits longest."""

    async def decided() -> Outcome:
        queue = LocalQueue(settings(home).queue, JUDGE)
        row = (await queue.page(View())).rows[0]
        review = await queue.review(row.review_id)
        no = [Reject(action_id=one, code="wrong_facts") for one in review.proposal.to_decide()] if found else []
        decision = shop.decision(review, "ana", *no, number=f"on-{row.review_id}")
        outcome = await queue.decide(decision, await shop.held(queue, review))
        await queue.close()
        return outcome

    return asyncio.run(decided())


def test_a_lead_plants_sees_what_waits_and_later_what_was_found(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, line = said(capsys, home, "plant", "--fault", "amount").splitlines()
    assert first == "One case planted."
    assert line.endswith("amount  Refund €120.00: the sources say €120.00, the proposal €210.00.")
    listed = said(capsys, home, "list").splitlines()
    assert listed[0] == "Planted cases, last 28 days: none answered · 1 waits"
    assert [one.split()[0] for one in listed[1:5]] == ["amount", "order", "claim", "value"]
    assert listed[5].split()[1:3] == ["waiting", line.split()[0]]
    assert answer(home, found=False).told.startswith("That case was planted: no customer")
    assert said(capsys, home, "plant", "--fault", "claim").startswith("One case planted.")
    assert "you found it" in answer(home, found=True).told
    listed = said(capsys, home, "list").splitlines()
    assert listed[0] == "Planted cases, last 28 days: 1 of 2 50% found · 0 wait"
    assert [one.split()[1] for one in listed[5:7]] == ["caught", "missed"]
    assert "ana" not in "\n".join(listed)
    assert "planted_by_person = true" in listed[-1]
    told = PlantedFigures.model_validate_json(said(capsys, home, "list", "--json"))
    assert (told.kinds["amount"].part, told.kinds["claim"].part, told.kinds["order"].whole) == (0, 1, 0)


def test_nothing_is_planted_that_cannot_be_and_what_waits_is_taken_back(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "Only 2 of 3 can be planted" in said(capsys, home, "plant", "--count", "3", "--fault", "amount", code=1)
    assert "there is no 'mood'" in said(capsys, home, "plant", "--fault", "mood", code=1)
    assert "1 to 50, not 0" in said(capsys, home, "plant", "--count", "0", code=1)
    assert "1 waits" not in said(capsys, home, "list")
    made = Planted.model_validate_json(said(capsys, home, "plant", "--count", "2", "--json"))
    assert len(made.cases) == 2
    assert said(capsys, home, "withdraw").splitlines()[0] == "2 taken back."
    assert "0 wait" in said(capsys, home, "list")

    async def waiting() -> int:
        queue = LocalQueue(settings(home).queue, JUDGE)
        stats = await queue.stats(Question(), "lea")
        await queue.close()
        return stats.waiting.count

    assert asyncio.run(waiting()) == 0
