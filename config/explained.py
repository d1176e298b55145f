"""What each value of the rules files means, in one line: written above the files that a team begins with."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

JOBS = {
    "owner": "who in the team answers for this work",
    "risk": "low or high; work of high risk ends before a person",
    "sources": "what it may trust: record, passage, message, external",
    "models": "which model does it on which route; `default` covers the rest",
    "deadline_seconds": "how long it may take in all, retries included",
    "prompt": "the prompt it uses with an endpoint, a file of prompts/",
    "trial": 'another prompt on a share of the tickets: { prompt = "drafting_short", share = 0.1 }',
    "share": "of the tickets, more than 0 and less than 1; the same ticket always gets the same prompt",
}
MODELS = {
    "kind": "embedded (needs nothing), openai or anthropic (an endpoint)",
    "which": "of the embedded pair: cheap (words) or strong (meaning)",
    "base_url": "where the endpoint is",
    "model": "the model's name there",
    "key_env": "the environment variable that holds its key",
    "key_keyring": "or the name under which the system's keyring holds it",
    "structured": "ways to ask for typed answers, tried in this order",
    "timeout_seconds": "how long one call may take",
    "price_in": "price of a million tokens read",
    "price_out": "price of a million tokens written",
    "currency": "of the prices, ISO 4217",
    "max_tokens": "the longest answer",
    "temperature": "0 answers the same each time",
    "remote": "false: on this machine, so personal data need not be replaced before a call",
}
INTENTS = {
    "examples": "what customers write when they want this; five are a start",
    "actions": "kinds of actions.toml that it can lead to",
    "systems": "what has to be looked at; many make a ticket messy",
    "needs": "without these nothing can be answered: identity, order, invoice",
    "implies": "wishes that it says already, so that one wish counts once",
    "like": "near synonyms, counted beside it only where both are clear",
    "aside": "true: a tone, a wish only where nothing else is wanted",
    "answer": "a passage that answers it",
}
ROUTES = {
    "model": "who drafts on this route",
    "not_chosen": "the other model, which checks actions that must be right",
    "sentence": "when this route is the right one, in a few words",
    "instead": "the route taken while this one is switched off; without it a person",
    "name": "how the trigger is called in lists and figures",
    "if": "the one condition: switch_off, step_failed, confidence_below, out_of_scope, missing, intents_at_least, "
    "contradiction, longer_than, systems_at_least, models_disagree, identity, otherwise",
    "route": "where it leads",
    "reason": "the sentence an agent reads; {slots} are filled from the ticket",
    "then": "go_on (draft), ask the customer once, retry once, review (a person)",
    "message": "what the customer is asked or told, a code of messages.toml",
}
REVIEW = {
    "undo_seconds": "how long a decision can be taken back before it runs",
    "lease_seconds": "how long a case stays yours without a key",
    "repeat_days": "a customer who writes again within these days came back",
    "due_hours": "when a case is due",
    "spot_check_share": "share of automatic replies that a person reads afterwards",
    "spot_check_shares": "another share for single routes: { messy = 0.2 }",
    "spot_check_twice": "share of the drawn replies that two people read, to see whether they agree",
    "confidence_floor": "below it nothing is answered",
    "sources_seen": "before high risk is let go its sources were: listed on screen, opened one by one, or off: no matter",
    "quick_notice": "who approves in under a second is told so, quietly and alone",
    "streak_notice": "and who approves so many in a row as proposed; 0: never",
    "planted_share": "beside so many of the cases that stop, one with a known fault is planted: never carried out",
    "planted_by_person": "true: a lead sees who found it and who did not; without it only that person does",
    "name": "how the rule is called in lists and figures",
    "if": "all conditions must hold: action, amount_over and per_day_over by currency, risk, policy_exception, words, "
    "identity, models_disagree, unproven_claim, hidden_characters, one_model_only, failure, irreversible, external, leak, "
    "intent, trigger, other_payment_method",
    "reason": "the sentence an agent reads; {slots} are filled from the proposal",
    "to": "who reviews",
    "risk": "high takes a second key",
    "needs": "one person, or two different ones",
    "role": "the role that one of them must have",
    "short": "the reason in a list, in a few words",
    "general": "true: many share it, so it is shown after the telling ones",
}
MESSAGES = {
    "class": "temporary, permanent, policy or unknown_outcome",
    "customer": "what the customer reads: warm, concrete, one thing to do",
    "internal": "what the team reads: what failed, after how many tries, where to look",
    "next": "the one next step: retry, ask_customer, review, send, hold",
    "escalate_after_hours": "when it becomes somebody's task",
}
ACTIONS = {
    "kind": "of a connector: shop (records here), http (your system), outbox (replies as files)",
    "method": "of the request",
    "url": "where the request goes; {slots} are filled from the action",
    "body": "what is sent",
    "headers": "sent with it",
    "secret_env": "the environment variable that holds the secret",
    "key_header": "the header that carries the idempotency key, so that nothing is done twice",
    "outcome_url": "where the outcome of a key can be asked for",
    "id_field": "where the answer holds the id",
    "state_field": "where the answer holds the state",
    "private": "true: the host may be inside your network",
    "timeout_seconds": "how long one request may take",
    "description": "what an agent approves; {slots} are filled from records",
    "args": "what it needs; the type says where a value comes from and how it is checked",
    "risk": "high never goes out by itself",
    "reversible": "whether it can be taken back",
    "must_be_right": "two different models propose it, and a difference is shown",
    "amount": "how its amount is computed",
    "target": "what it changes",
    "require": "facts that must hold when it is proposed and again when it runs",
    "only_when_said": "words, one of which the customer must say",
    "connector": "who carries it out",
    "customer": "the sentence a customer reads when it is done",
    "type": "order, items, variants, payment_method, address, email, money, choice, text, customer, shipment, invoice, "
    "plan or role",
    "required": "false: may be left out",
    "choices": "what may be chosen",
    "title": "its name in the form",
    "methods": "which payment methods may be chosen: paid, paid_or_gift_card, other, any",
    "said_as": "the customer's words for a choice, as beginnings of words",
    "default": "the choice when the customer says none; the action tells so",
}
SOURCES = {
    "records": "one kind of record each",
    "identity": "what proves who a customer is, first match wins",
    "knowledge": "texts that may be quoted",
    "passage_floor": "how near a passage must be to be trusted, 0 to 1",
    "day": "the day a sample's dates are written for; leave it out for real data",
    "folder": "set by the program",
    "file": "a JSON Lines or CSV file",
    "url": "or an address that is asked",
    "rows": "where the answer holds the rows",
    "headers": "sent with the question",
    "secret_env": "the environment variable that holds the secret",
    "private": "true: the host may be inside your network",
    "timeout_seconds": "how long one question may take",
    "currency": "of amounts that name none",
    "fields": "our field = your field; dots go into tables",
    "money": "fields in major units (12.50), kept as whole cents",
    "id_pattern": "how such an id looks in a customer's words",
    "public": "true: a catalogue that belongs to nobody",
    "match": "what must match one record: email, name, zip, phone, order, customer_id, sender",
    "level": "verified or weak",
    "how": "how it was proved, as an agent reads it",
    "path": "of a folder of Markdown, or of a field",
    "trust": "policy, faq or note",
    "list": "where a list of rows is",
    "map": "their word = our word",
    "value": "the same for every record",
}
EXPLAINED = {
    "jobs": JOBS,
    "models": MODELS,
    "intents": INTENTS,
    "routes": ROUTES,
    "review": REVIEW,
    "messages": MESSAGES,
    "actions": ACTIONS,
    "sources": SOURCES,
}
"""File to value to meaning."""


def header(file: str, text: str) -> str:
    """The lines that explain the values which this text of that file holds, and those it could hold."""
    used = set(re.findall(r"[A-Za-z_]+", re.sub(r'"[^"\n]*"', "", text)))
    lines = ["# What each value means"]
    lines += _lines({key: why for key, why in EXPLAINED[file].items() if key in used})
    rest = {key: why for key, why in EXPLAINED[file].items() if key not in used}
    if rest:
        lines += ["#", "# Values that are not used here and can be"]
        lines += _lines(rest)
    return "\n".join(lines) + "\n\n"


def _lines(values: dict[str, str]) -> Iterator[str]:
    for key, why in values.items():
        first, *more = textwrap.wrap(why, 96)
        yield f"#   {key:<20} {first}"
        yield from (f"#   {'':<20} {line}" for line in more)
