"""A decision goes back to who filed: signed, once it cannot be undone, tried again, never to an inside host unasked."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from app.server.integrations import langchain
from app.server.integrations.asked import Envelope, proposal
from app.server.integrations.posting import Posting
from config.rules import Windows
from store.contract import Approve, Decision, HandOver, Reject, Review, now
from store.engine import Database, open_database
from store.local import LocalQueue
from store.tables import WebhookRow, table
from tests.contract.honest_judge import HonestJudge
from tests.server.integrations.conftest import SECRET, Receiver

REQUEST: dict[str, Any] = {"action_requests": [{"name": "refund", "args": {"cents": 120}}], "review_configs": []}


@pytest.fixture
async def queue(tmp_path: Path) -> AsyncIterator[LocalQueue]:
    made = LocalQueue(tmp_path / "queue.sqlite", HonestJudge(Windows(undo_seconds=0.0)))
    yield made
    await made.close()


@pytest.fixture
def database(queue: LocalQueue, tmp_path: Path) -> Iterator[Database]:
    made = open_database(tmp_path / "queue.sqlite")
    yield made
    made.close()


async def filed(queue: LocalQueue, url: str, number: str = "q1") -> Review:
    envelope = Envelope(request_id=number, thread_id="th", callback_url=url, state={"mine": [1, None]})
    return await queue.review(await queue.submit(proposal(langchain.read(REQUEST), envelope, REQUEST)))


async def decide(queue: LocalQueue, review: Review, *verdicts: Any, number: str = "d1", **more: Any) -> str:
    lease = await queue.claim("ana", review.id)
    assert lease is not None
    made = Decision(
        id=number, review_id=review.id, fingerprint=review.fingerprint, watermark=review.proposal.watermark, actor="ana",
        verdicts=verdicts, **more,
    )  # fmt: skip
    return (await queue.decide(made, lease)).decision_id


def later(database: Database) -> None:
    """Time passes until the next try is due."""
    with database.writing(journaled=False) as session:
        session.execute(update(table(WebhookRow)).values(due_at=now() - timedelta(seconds=1)))


async def test_the_filer_gets_who_decided_what_in_its_own_words_once(
    queue: LocalQueue, database: Database, receiver: Receiver
) -> None:
    review = await filed(queue, receiver.url)
    posting = Posting(database, SECRET, private=True)
    assert posting.once() == 0
    await decide(queue, review, Approve(action_id="c1"))
    assert posting.once() == 1
    assert posting.once() == 0
    (body,) = receiver.bodies()
    assert (body["type"], body["data"]["decided_by"], body["data"]["thread_id"]) == ("review.decided", "ana", "th")
    assert body["data"]["answer"] == {"decisions": [{"type": "approve"}]}
    assert body["data"]["state"] == {"mine": [1, None]}


async def test_what_can_still_be_undone_is_not_told_and_what_was_undone_never(
    tmp_path: Path, database: Database, receiver: Receiver
) -> None:
    queue = LocalQueue(tmp_path / "queue.sqlite", HonestJudge(Windows(undo_seconds=60.0)))
    review = await filed(queue, receiver.url)
    decision = await decide(queue, review, Approve(action_id="c1"))
    posting = Posting(database, SECRET, private=True)
    assert posting.once() == 0
    await queue.undo(decision, "ana")
    later(database)
    assert posting.once() == 0
    await queue.close()


async def test_a_hand_over_is_no_answer_and_a_newer_proposal_tells_that_the_old_one_is_over(
    queue: LocalQueue, database: Database, receiver: Receiver
) -> None:
    review = await filed(queue, receiver.url)
    await decide(queue, review, instead=HandOver(to="lead"))
    posting = Posting(database, SECRET, private=True)
    assert posting.once() == 0
    await filed(queue, receiver.url, "q2")
    assert posting.once() == 1
    assert [(body["type"], body["data"]["request_id"]) for body in receiver.bodies()] == [("review.superseded", "q1")]


async def test_a_receiver_that_is_down_gets_it_later_under_the_same_id(
    queue: LocalQueue, database: Database, receiver: Receiver
) -> None:
    receiver.statuses = [503, 500]
    await decide(queue, await filed(queue, receiver.url), Reject(action_id="c1", code="no"))
    posting = Posting(database, SECRET, private=True)
    assert [posting.once(), posting.once()] == [0, 0]
    later(database)
    assert posting.once() == 0
    later(database)
    assert posting.once() == 1
    assert len({headers["webhook-id"] for headers, _ in receiver.came}) == 1
    assert len(receiver.came) == 3


async def test_a_receiver_that_wants_no_more_and_one_inside_the_network_are_not_asked_again(
    queue: LocalQueue, database: Database, receiver: Receiver
) -> None:
    receiver.statuses = [410]
    await decide(queue, await filed(queue, receiver.url), Approve(action_id="c1"))
    assert Posting(database, SECRET, private=True).once() == 0
    await decide(queue, await filed(queue, receiver.url, "q2"), Approve(action_id="c1"), number="d2")
    assert Posting(database, SECRET).once() == 0
    later(database)
    assert Posting(database, SECRET, private=True).once() == 0
    assert len(receiver.came) == 1
    with database.reading() as session:
        rows = session.execute(table(WebhookRow).select()).all()
    assert {row.state for row in rows} == {"failed"}


async def test_two_senders_send_it_once(queue: LocalQueue, database: Database, receiver: Receiver) -> None:
    await decide(queue, await filed(queue, receiver.url), Approve(action_id="c1"))
    posts = [Posting(database, SECRET, private=True) for _ in range(4)]
    threads = [threading.Thread(target=each.once) for each in posts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receiver.came) == 1
    assert json.loads(receiver.came[0][1])["data"]["review_id"]
