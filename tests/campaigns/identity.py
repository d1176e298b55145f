"""Who has proved who they are, as a bank's own rule states it: `python -m tests.campaigns.identity DATA_FOLDER`.

The cases of `abcd/identity_cases` are moments at which a clerk asked the bank's system for something, each with what the
customer had supplied by then. The bank's rule ("AccountNumber+FullName+PIN, or …") is written as identity rules of
sources.toml; its fields stand on those that a rule of ours may name. The customer's record holds every supplied value, and
beside it stand strangers who each hold one of them, so that a value alone finds several people. Every case must be judged
as the rule says, a changed value never proves anybody, and the gate must stop exactly the unproven.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.sources.identity import identify
from app.workflow.gate import gate
from config.sources import IdentityRule
from store.case import Clues, Record
from store.contract import Customer, Ticket, now
from tests.campaigns.hostile import rows
from tests.workflow.given import action, proposal, rules

FIELDS = {
    "AccountNumber": "customer_id", "FullName": "name", "PIN": "zip", "DateOfBirth": "phone",
    "SecurityAnswer1": "email", "SecurityAnswer2": "order",
}  # fmt: skip
"""The bank's fields on those an identity rule may name: what they are called does not matter to the rule."""
CLUES = {
    "customer_id": "customer_ids", "name": "names", "zip": "zips", "phone": "phones", "email": "emails", "order": "order_ids"
}  # fmt: skip
OURS = "asker"


@dataclass(frozen=True)
class Bank:
    """Customers in memory, as records are held: the values of each by field."""

    customers: Mapping[str, Mapping[str, str]]

    def holders(self, field: str, value: str) -> set[str]:
        return {one for one, values in self.customers.items() if values.get(field) == value}

    def get(self, kind: str, record_id: str) -> Record | None:
        return Record(kind=kind, id=record_id, values=dict(self.customers[record_id]), read_at=now())

    def owned(self, kind: str, customer_id: str) -> list[Record]:
        return []

    def all_of(self, kind: str) -> list[Record]:
        return []


def main(arguments: Sequence[str] | None = None) -> int:
    given = _options(arguments)
    cases = rows(given.data, "abcd", "identity_cases")
    if not cases:
        print("There are no identity cases: name the folder that holds abcd/.", file=sys.stderr)
        return 2
    wrong: list[str] = []
    proved = otherwise = guessed = 0
    for case in cases:
        supplied = {FIELDS[name]: str(value) for name, value in dict(case["given"]).items() if name in FIELDS}
        lawful = any(set(group) <= set(supplied) for group in _groups(case["rule_of_the_source"]))
        proved += lawful
        otherwise += lawful != (case["outcome"] == "accepted")
        bank, stated = _bank(supplied), _rules(case["rule_of_the_source"], given.break_)
        found = identify(stated, _clues(supplied), None, "", bank)
        stops = _stopped(found, given.break_)
        if (found.identity == "verified") != lawful or stops == lawful:
            wrong.append(f"{case['id']}: {found.identity}, the gate {'stops' if stops else 'lets it go'}")
        for near in _one_changed(supplied) if lawful else ():
            still = any(set(group) <= {name for name in supplied if near[name] == supplied[name]} for group in
                        _groups(case["rule_of_the_source"]))  # fmt: skip
            guessed += 1
            if (identify(stated, _clues(near), None, "", bank).identity == "verified") != still:
                wrong.append(f"{case['id']}: a changed value changes nothing")
    for line in wrong[:10]:
        print(line, file=sys.stderr)
    report = {
        "campaign": "identity",
        "cases": len(cases),
        "proved_by_the_rule": proved,
        "with_one_value_changed": guessed,
        "judged_otherwise_than_the_rule": len(wrong),
        "source_decided_otherwise_than_its_rule": otherwise,
    }
    print(json.dumps(report))
    return 1 if wrong else 0


def _groups(stated: str) -> list[tuple[str, ...]]:
    """The ways to prove oneself that a rule in words names: fields with + between them, ways with ", or " between them."""
    return [tuple(FIELDS[name.strip()] for name in way.split("+")) for way in stated.split(", or ")]


def _rules(stated: str, break_: str | None) -> list[IdentityRule]:
    if break_ == "name_alone":
        return [_rule(("name",), "verified")]
    weak = [_rule((name,), "weak") for name in ("customer_id", "name", "email")]
    return [*(_rule(way, "verified") for way in _groups(stated)), *weak]


def _rule(match: tuple[str, ...], level: str) -> IdentityRule:
    return IdentityRule.model_validate({"match": match, "level": level, "how": " + ".join(match)})


def _bank(supplied: Mapping[str, str]) -> Bank:
    full = {field: supplied.get(field, f"never said {field}") for field in FIELDS.values()}
    strangers = {
        f"stranger {field}": {other: f"strange {other}" for other in full} | {field: value}
        for field, value in full.items()
    }
    return Bank({OURS: full, **strangers})


def _clues(supplied: Mapping[str, str]) -> Clues:
    return Clues.model_validate({CLUES[field]: (value,) for field, value in supplied.items()})


def _one_changed(supplied: Mapping[str, str]) -> Iterator[dict[str, str]]:
    for field in supplied:
        yield {**supplied, field: f"not {supplied[field]}"}


def _stopped(customer: Customer, break_: str | None) -> bool:
    """Whether the default rules stop a routine action of that customer for who they are."""
    if break_ == "gate":
        customer = customer.model_copy(update={"identity": "verified"})
    asked = proposal(action("resend_invoice", None), ticket=Ticket(id="t1", customer=customer))
    return any(reason.code in {"weak_identity", "unproven_identity"} for reason in gate(asked, rules(), {}).reasons)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.identity", description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", metavar="DATA_FOLDER", help="the folder that holds abcd/")
    parser.add_argument("--long", action="store_true", help="the same: all cases take a second")
    parser.add_argument(
        "--break", dest="break_", choices=["name_alone", "gate"], help="positive control: the run must fail"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
