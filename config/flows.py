"""Narrow flows to begin with: the smallest rules for refunds, billing, account or bugs, cut from the defaults.

What belongs to no wish of the flow is out of scope: it is recognised as none of the flow's business, and a person answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from config.explained import header
from config.load import DEFAULTS, FILES
from config.rules import Rules
from config.told import TOLD_BY_THE_STEPS

ALWAYS = ("speak_to_human", "complaint", "legal_threat", "thanks", "out_of_office", "out_of_scope", "no_request")
"""Wishes and tones that every flow must know."""
OTHER_EXAMPLES = 6
"""Examples of each wish outside the flow that go to `out_of_scope`."""


@dataclass(frozen=True)
class Flow:
    """One narrow beginning."""

    title: str
    intents: tuple[str, ...]
    actions: tuple[str, ...]


FLOWS = {
    "refunds": Flow(
        "refunds and returns",
        ("refund_request", "duplicate_charge", "return_items", "damaged_item", "missing_item", "refund_status",
         "policy_question"),
        ("refund", "return_items"),
    ),
    "billing": Flow(
        "invoices, charges and plans",
        ("invoice_copy", "duplicate_charge", "refund_status", "account_balance", "change_plan", "policy_question"),
        ("resend_invoice", "refund", "change_plan"),
    ),
    "account": Flow(
        "accounts: access, addresses, roles, closing",
        ("locked_account", "password_reset", "change_email", "change_address", "change_role", "close_account",
         "data_request"),
        ("unlock_account", "change_email", "change_address", "change_role", "close_account"),
    ),
    "bugs": Flow("bug reports and product questions", ("bug_report", "password_reset", "product_question"), ()),
}  # fmt: skip

_TABLE = re.compile(r"^\[{1,2}([^\]\n]+)\]{1,2}", re.M)
_NAME = re.compile(r'^name\s*=\s*"([^"]+)"', re.M)


def files(flow: str, rules: Rules) -> dict[str, str]:
    """File name to text. `rules`: the defaults, from which the flow is cut."""
    wanted = FLOWS[flow]
    made = {name: (DEFAULTS / f"{name}.toml").read_text(encoding="utf-8") for name in FILES}
    made["intents"] = _intents(made["intents"], wanted, rules)
    made["actions"] = _kept(
        made["actions"], lambda table: not table.startswith("action.") or _second(table) in wanted.actions
    )
    made["review"] = _reviews(made["review"], wanted)
    made["routes"] = _triggers(made["routes"], wanted, rules)
    made["messages"] = _messages(made["messages"], made["routes"], wanted, rules)
    made["sources"] = made["sources"].replace('"../shop/', '"shop/')
    return {name: f"# The flow: {wanted.title}.\n#\n{header(name, text)}{text.lstrip()}" for name, text in made.items()}


# ── cutting a file into its tables ───────────────────────────────────────────


def _parts(text: str) -> tuple[str, list[tuple[str, str]]]:
    """What stands before the first table, and each table's name and text; comment lines belong to the table below."""
    starts = [match.start() for match in _TABLE.finditer(text)]
    cuts = [_above(text, start) for start in starts]
    parts = []
    for at, (cut, start) in enumerate(zip(cuts, starts, strict=True)):
        end = cuts[at + 1] if at + 1 < len(cuts) else len(text)
        found = _TABLE.match(text, start)
        assert found is not None
        parts.append((found[1].strip(), text[cut:end]))
    return text[: cuts[0]] if cuts else text, parts


def _above(text: str, start: int) -> int:
    """Where the comment lines directly above a table begin."""
    while start > 0:
        before = text.rfind("\n", 0, start - 1) + 1
        if not text[before:start].startswith("#"):
            break
        start = before
    return start


def _kept(text: str, keep: Callable[[str], bool]) -> str:
    head, parts = _parts(text)
    return head + "".join(part for table, part in parts if keep(table))


def _second(table: str) -> str:
    return table.split(".")[1].strip('"') if "." in table else table


# ── one file each ────────────────────────────────────────────────────────────


def _intents(text: str, flow: Flow, rules: Rules) -> str:
    kept = {*flow.intents, *ALWAYS}
    head, parts = _parts(text)
    found = [head]
    for name, part in parts:
        if name not in kept:
            continue
        own = _trimmed(part, "actions", set(flow.actions))
        own = _trimmed(_trimmed(own, "implies", kept), "like", kept)
        if name == "out_of_scope":
            own = _with_others(own, [each for each in rules.intents if each not in kept], rules)
        found.append(_without_rulers(own))
    return "".join(found)


def _without_rulers(part: str) -> str:
    return "".join(line for line in part.splitlines(keepends=True) if not line.startswith("# ──"))


def _with_others(part: str, others: list[str], rules: Rules) -> str:
    """The other wishes of a shop's customers: known, and left to people."""
    rows = [
        f"  {_quoted(example)},"
        for name in others
        for example in rules.intents[name].examples[:OTHER_EXAMPLES]
    ]  # fmt: skip
    lines = ["  # wishes outside this flow: a person answers", *rows, "]"]
    head, _, tail = part.rpartition("]")
    return head + "\n".join(lines) + tail


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _trimmed(part: str, key: str, kept: set[str]) -> str:
    """A list of names, without those that the flow does not have."""

    def trim(match: re.Match[str]) -> str:
        names = [name for name in re.findall(r'"([^"]+)"', match[2]) if name in kept]
        return f"{match[1]}[{', '.join(map(_quoted, names))}]" if names else ""

    return re.sub(rf"^({key}\s*=\s*)\[([^\]]*)\]\n?", lambda m: (trim(m) + "\n") if trim(m) else "", part, flags=re.M)


def _reviews(text: str, flow: Flow) -> str:
    """Rules of actions and wishes that the flow has; lists of actions without the others."""
    head, parts = _parts(text)
    return head + "".join(_review(part, flow) if table == "review" else part for table, part in parts)


def _review(part: str, flow: Flow) -> str:
    """One rule as the flow has it; empty when it speaks of nothing in it."""
    named = re.search(r'\baction = (\[[^\]]*\]|"[^"]+")', part)
    wish = re.search(r"\bintent = (\[[^\]]*\])", part)
    if wish is not None and not set(re.findall(r'"([^"]+)"', wish[1])) & {*flow.intents, *ALWAYS}:
        return ""
    if not flow.actions and re.search(r"\b(one_model_only|irreversible|policy_exception)\b = true", part):
        return ""
    if named is None:
        return part
    names = [name for name in re.findall(r'"([^"]+)"', named[1]) if name in flow.actions]
    return part.replace(named[1], f"[{', '.join(map(_quoted, names))}]", 1) if names else ""


def _triggers(text: str, flow: Flow, rules: Rules) -> str:
    """A question for what no wish of the flow needs is left out."""
    needs = {need for name in flow.intents for need in rules.intents[name].needs}
    head, parts = _parts(text)
    found = [head]
    for table, part in parts:
        asked = re.search(r'missing = \["(\w+)"\]', part) if table == "trigger" else None
        if asked is None or asked[1] == "any" or asked[1] in needs:
            found.append(part)
    return "".join(found)


def _messages(text: str, routes: str, flow: Flow, rules: Rules) -> str:
    """What the triggers, the requirements of the flow's actions and the steps can tell."""
    told = set(re.findall(r'^message\s*=\s*"(\w+)"', routes, re.M)) | TOLD_BY_THE_STEPS
    told |= {need.otherwise for kind in flow.actions for need in rules.actions[kind].require}
    return _kept(text, lambda table: table in told)
