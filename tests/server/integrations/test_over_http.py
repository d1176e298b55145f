"""Another system's graph files its request over HTTP, a person decides, the server starts anew, and the graph goes on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from langgraph.types import Command
from standardwebhooks import Webhook

from app.server.application import Options
from config.rules import Windows
from store.contract import Approve, Decision, Edit
from store.remote import RemoteQueue
from tests.contract.honest_judge import HonestJudge
from tests.server.integrations.conftest import SECRET, Receiver
from tests.server.integrations.test_graph import done, graph, started
from tests.server.serving import Served


def served(path: Path) -> Served:
    options = Options(webhook_secret=SECRET, webhook_private=True)
    return Served(path, HonestJudge(Windows(undo_seconds=0.0)), options)


def filer(server: Served) -> httpx.Client:
    token = server.token("agentflow", "producer")
    return httpx.Client(base_url=f"{server.url}/v1", headers={"authorization": f"Bearer {token}"}, timeout=20)


def file(client: httpx.Client, shape: str, request: Any, number: str = "q1", **more: Any) -> httpx.Response:
    body = {"request_id": number, "thread_id": "th", "request": request} | more
    return client.post(f"/integrations/{shape}", json=body, headers={"idempotency-key": f"key-{number}-{shape}"})


async def decide(server: Served, review_id: str, *verdicts: Any) -> None:
    queue = await RemoteQueue.open(server.url, server.token("ana", "lead"))
    try:
        review = await queue.review(review_id)
        lease = await queue.claim("ana", review_id)
        assert lease is not None
        made = Decision(
            id="d1", review_id=review_id, fingerprint=review.fingerprint, watermark=review.proposal.watermark,
            actor="ana", verdicts=verdicts,
        )  # fmt: skip
        await queue.decide(made, lease)
    finally:
        await queue.close()


async def test_a_graph_goes_on_after_the_server_was_started_anew(tmp_path: Path, receiver: Receiver) -> None:
    done.clear()
    agent = graph()
    config, interrupts = started(agent)
    first = served(tmp_path / "queue.sqlite")
    try:
        with filer(first) as client:
            review_id = file(client, "langchain", interrupts[0].value).json()["id"]
            assert client.get(f"/proposals/{review_id}/answer").json()["decided"] is False
    finally:
        first.stop()
    second = served(tmp_path / "queue.sqlite")
    try:
        edited = Edit(action_id="c1", args={"order": "W1", "cents": 60})
        await decide(second, review_id, edited, Approve(action_id="c2"))
        with filer(second) as client:
            answered = client.get(f"/proposals/{review_id}/answer").json()
    finally:
        second.stop()
    assert (answered["decided"], answered["decided_by"], answered["thread_id"]) == (True, "ana", "th")
    agent.invoke(Command(resume=answered["answer"]), config)
    assert sorted(done) == [("W1", 60), ("close", "C1")]


async def test_a_callback_is_signed_and_carries_the_answer(tmp_path: Path, receiver: Receiver) -> None:
    server = served(tmp_path / "queue.sqlite")
    try:
        with filer(server) as client:
            call = {"run_id": "r", "call_id": "k1", "spec": {"fn": "refund", "kwargs": {"cents": 120}}}
            review_id = file(client, "humanlayer", call, callback_url=receiver.url).json()["id"]
        await decide(server, review_id, Approve(action_id="c1"))
        end = time.monotonic() + 20
        while not receiver.came:
            assert time.monotonic() < end, "no webhook came"
            time.sleep(0.05)  # noqa: ASYNC251 - the receiver is a thread
    finally:
        server.stop()
    headers, body = receiver.came[0]
    told: Any = Webhook(SECRET).verify(body, headers)
    assert told["type"] == "review.decided"
    assert told["data"]["answer"]["status"]["approved"] is True


@pytest.mark.parametrize(
    ("shape", "request_", "said"),
    [
        ("langchain", {"action_requests": []}, "at least one call"),
        ("agent-inbox", {"action_request": {}}, "action_request.action"),
        ("humanlayer", {"call_id": "k"}, "spec"),
    ],
)
def test_a_request_of_another_shape_is_refused_with_its_place(
    tmp_path: Path, shape: str, request_: Any, said: str
) -> None:
    server = served(tmp_path / "queue.sqlite")
    try:
        with filer(server) as client:
            answer = file(client, shape, request_)
            assert (answer.status_code, said in answer.json()["detail"]) == (422, True)
            other = file(client, "slack", {})
            assert other.status_code == 422
    finally:
        server.stop()
