"""A real graph of the published packages waits for a person here, and goes on with what that person decided."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from app.server.integrations import langchain
from app.server.integrations.asked import Envelope, proposal
from store.contract import Approve, Decision, Edit, Reject, Respond, Verdict
from store.local import LocalQueue
from store.queue import Invalid
from tests.contract.honest_judge import HonestJudge

done: list[tuple[str, Any]] = []


@tool
def refund(order: str, cents: int) -> str:
    """Refund an order."""
    done.append((order, cents))
    return f"refunded {cents}"


@tool
def close_account(customer: str) -> str:
    """Close an account."""
    done.append(("close", customer))
    return "closed"


class Model(GenericFakeChatModel):
    """An embedded fake model: says what it was given, one message a turn."""

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self


@pytest.fixture(autouse=True)
def nothing_done() -> None:
    done.clear()


def graph(mode: str = "batched") -> Any:
    calls = [
        {"name": "refund", "args": {"order": "W1", "cents": 12_000}, "id": "t1", "type": "tool_call"},
        {"name": "close_account", "args": {"customer": "C1"}, "id": "t2", "type": "tool_call"},
    ]
    said = iter([AIMessage(content="", tool_calls=calls), AIMessage(content="done")])
    gate = HumanInTheLoopMiddleware(
        interrupt_on={"refund": True, "close_account": {"allowed_decisions": ["approve", "reject", "respond"]}},
        interrupt_mode=mode,
    )
    return create_agent(
        Model(messages=said), tools=[refund, close_account], middleware=[gate], checkpointer=InMemorySaver()
    )


async def decided(path: Path, request: Any, number: str, *verdicts: Verdict) -> Any:
    """The request filed, decided and answered through a real queue, which is closed and opened again in between."""
    judge = HonestJudge()
    queue = LocalQueue(path, judge)
    review_id = await queue.submit(
        proposal(langchain.read(request), Envelope(request_id=number, thread_id=f"thread-{number}"), request)
    )
    await queue.close()
    queue = LocalQueue(path, judge)
    try:
        review = await queue.review(review_id)
        lease = await queue.claim("ana", review_id)
        assert lease is not None
        decision = Decision(
            id=f"d-{number}",
            review_id=review_id,
            fingerprint=review.fingerprint,
            watermark=review.proposal.watermark,
            actor="ana",
            verdicts=verdicts,
        )
        await queue.decide(decision, lease)
        kept = review.proposal.source.state["request"]
        return langchain.answer(kept, langchain.read(kept), verdicts)
    finally:
        await queue.close()


def started(agent: Any) -> Any:
    config = {"configurable": {"thread_id": "1"}}
    stopped = agent.invoke({"messages": [("user", "My order came twice")]}, config)
    return config, stopped["__interrupt__"]


def results(state: Any) -> dict[str, str]:
    return {each.tool_call_id: str(each.content) for each in state["messages"] if isinstance(each, ToolMessage)}


@pytest.mark.parametrize(
    ("first", "second", "ran", "says"),
    [
        (Approve(action_id="c1"), Approve(action_id="c2"), [("W1", 12_000), ("close", "C1")], "refunded 12000"),
        (Edit(action_id="c1", args={"order": "W1", "cents": 60}), Approve(action_id="c2"),
         [("W1", 60), ("close", "C1")], "refunded 60"),
        (Reject(action_id="c1", code="x", message="paid once"), Approve(action_id="c2"), [("close", "C1")], "paid once"),
        (Respond(action_id="c1", message="Ask for a receipt."), Reject(action_id="c2", code="x"), [], "Ask for a receipt"),
    ],
    ids=["approve", "edit", "reject", "respond"],
)  # fmt: skip
async def test_two_calls_at_once_go_on_as_they_were_decided(
    tmp_path: Path, first: Verdict, second: Verdict, ran: list[Any], says: str
) -> None:
    agent = graph()
    config, interrupts = started(agent)
    told = await decided(tmp_path / "queue.sqlite", interrupts[0].value, "q1", first, second)
    state = agent.invoke(Command(resume=told), config)
    assert sorted(done) == sorted(ran)
    assert says in results(state)["t1"]


async def test_a_call_at_a_time_goes_on_as_it_was_decided(tmp_path: Path) -> None:
    agent = graph("per_call")
    config, interrupts = started(agent)
    answers: dict[str, Any] = {}
    verdicts: list[Callable[[], Verdict]] = [lambda: Approve(action_id="c1"), lambda: Reject(action_id="c1", code="no")]
    by_name = {each.value["name"]: each for each in interrupts}
    for number, (name, verdict) in enumerate(zip(("refund", "close_account"), verdicts, strict=True)):
        each = by_name[name]
        answers[each.id] = await decided(tmp_path / "queue.sqlite", each.value, f"q{number}", verdict())
    agent.invoke(Command(resume=answers), config)
    assert done == [("W1", 12_000)]


async def test_a_decision_that_the_sender_does_not_take_is_refused_and_nothing_is_decided(tmp_path: Path) -> None:
    _, interrupts = started(graph())
    edit = Edit(action_id="c2", args={"customer": "C2"})
    with pytest.raises(Invalid, match="takes no edit"):
        await decided(tmp_path / "queue.sqlite", interrupts[0].value, "q1", Approve(action_id="c1"), edit)
