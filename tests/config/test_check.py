"""The check finds what a lead cannot have meant, each with its file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.check import check
from config.load import DEFAULTS


def found(tmp_path: Path, name: str, before: str, after: str) -> list[str]:
    text = (DEFAULTS / f"{name}.toml").read_text("utf-8")
    assert before in text
    (tmp_path / f"{name}.toml").write_text(text.replace(before, after, 1), "utf-8")
    problems = check([tmp_path])
    assert all(each.file.endswith(".toml") and each.line > 0 for each in problems)
    return [each.text for each in problems]


def test_the_defaults_are_fine() -> None:
    assert check() == []


FIRST = '[[trigger]]\nname    = "switch_off"'
MISTAKES = [
    ("routes", 'route   = "messy"', 'route   = "mesy"', 'there is no route "mesy"; did you mean "messy"'),
    (
        "routes",
        'message = "out_of_scope"',
        'message = "out_of_skope"',
        'there is no message "out_of_skope"; did you mean "out_of_scope"',
    ),
    ("routes", 'model      = "cheap"', 'model      = "chep"', 'there is no model "chep"; did you mean "cheap"'),
    ("routes", 'instead    = "messy"', 'instead    = "routine"', "a route cannot stand in for itself"),
    ("routes", "{step} failed", "{stp} failed", '{stp} cannot be filled; did you mean "step"'),
    ("routes", 'then    = "ask"\nmessage = "identity_unknown"', 'then    = "ask"', 'then = "ask" needs a message'),
    (
        "routes",
        FIRST,
        f'[[trigger]]\nname = "all"\nif = {{ otherwise = true }}\nroute = "routine"\nreason = "x"\n{FIRST}',
        '"all" above it fits every ticket',
    ),
    ("routes", "intents_at_least = 2", "intents_at_least = 0", '"multiple_intents" above it fits every ticket'),
    ("routes", "confidence_below = 0.60", "confidence_below = 0.0", "no confidence is below 0"),
    ("routes", 'missing = ["order"]', 'missing = ["any"]', '"missing_order" above it fits whenever this one does'),
    ("routes", 'name    = "contradiction"', 'name    = "long_message"', 'the name "long_message" stands twice'),
    ("routes", "otherwise = true", "longer_than = 9999", "no trigger with otherwise = true"),
    (
        "review",
        'action = "change_email"',
        'action = "change_emial"',
        'there is no action "change_emial"; did you mean "change_email"',
    ),
    (
        "review",
        'action = "change_email"',
        'action = "change_email", amount_over = { EUR = "1" }',
        "this action has no amount",
    ),
    ("review", 'action = "change_email"', 'action = "trace_shipment", risk = "high"', "never of high risk"),
    ("review", 'action = "change_email"', 'action = "refund", policy_exception = true', "requires nothing"),
    ("review", 'action = "change_email"', 'action = "change_plan", irreversible = true', "always reversible"),
    ("review", 'intent = ["legal_threat"]', 'intent = ["legal_treat"]', 'did you mean "legal_threat"'),
    ("review", 'trigger = ["contradiction"]', 'trigger = ["contradicton"]', 'did you mean "contradiction"'),
    ("review", "over the {limit} limit", "over the {limt} limit", '{limt} cannot be filled; did you mean "limit"'),
    ("jobs", 'owner            = "billing lead"', 'owner            = " "', "nobody owns this job"),
    ("jobs", 'default = "cheap", messy', "messy", 'no model for the route "routine" and no default'),
    (
        "jobs",
        'messy = "strong", fallback',
        'mesy = "strong", fallback',
        'there is no route "mesy"; did you mean "messy"',
    ),
    (
        "jobs",
        '["record", "passage", "message"]',
        '["record", "pasage"]',
        'there is no source "pasage"; did you mean "passage"',
    ),
    ("jobs", 'owner            = "billing lead"', 'owner = "x"\nprompt = "drafft"', 'there is no prompt "drafft"'),
    ("jobs", "deadline_seconds = 20.0", "deadline_seconds = 0.0", "no time at all"),
    ("models", 'kind   = "embedded"\nwhich  = "cheap"', 'kind   = "openai"', 'needs "base_url"'),
    (
        "actions",
        'otherwise = "order_already_shipped"',
        'otherwise = "order_alredy_shipped"',
        'did you mean "order_already_shipped"',
    ),
    ("actions", 'record = "order", field', 'record = "ordr", field', 'there is no record "ordr"; did you mean "order"'),
    ("actions", "for order {order}", "for order {ordr}", '{ordr} cannot be filled; did you mean "order"'),
    (
        "actions",
        'risk          = "high"',
        'risk          = "high"\nconnector = "shopp"',
        'there is no connector "shopp"; did you mean "shop"',
    ),
    ("actions", 'args.amount         = { type = "money"', 'args.amount         = { type = "text"', 'of type "money"'),
    (
        "intents",
        'actions = ["cancel_order"]',
        'actions = ["cancel_ordr"]',
        'there is no action "cancel_ordr"; did you mean "cancel_order"',
    ),
    ("messages", "Please reply with the billing", "An error occurred. Please reply with the billing", "says nothing"),
    ("messages", "We could not match this invoice", "Something went wrong with this invoice", "says nothing"),
    ("messages", "We could not match", "The server could not match", "is for us, not for the customer"),
    ("messages", "Thank you, we are nearly there", "You forgot to prove who you are", "blames"),
    ("messages", "Please reply with the billing e-mail you used.", "Thank you.", "nothing is asked for"),
    (
        "messages",
        "Please reply with the billing",
        "Please tell us more. Please reply with the billing",
        "asks for 2 things",
    ),
    ("messages", "Thank you, we are nearly there.", "Thank you!", "shouts"),
    ("messages", "under the number {order}", "under {status}", "{status} is for us, not for the customer"),
    ("messages", "confidence {confidence}. Match", "confidence {confidense}. Match", 'did you mean "confidence"'),
]


@pytest.mark.parametrize(("name", "before", "after", "said"), MISTAKES, ids=[f"{m[0]}: {m[3][:40]}" for m in MISTAKES])
def test_every_kind_of_mistake_is_found(tmp_path: Path, name: str, before: str, after: str, said: str) -> None:
    assert any(said in text for text in found(tmp_path, name, before, after))


def test_what_does_not_load_is_reported_the_same_way(tmp_path: Path) -> None:
    assert any("not known here" in text for text in found(tmp_path, "review", "reason =", "reson ="))
