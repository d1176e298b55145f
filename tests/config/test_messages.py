"""Every failure that the code can tell has its own two texts: a code without an entry would be told in another's words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.load import load

ROOT = Path(__file__).parents[2]
TELLING = {"failure", "_failure", "SourceFailure"}
"""Calls whose first argument is a code."""
READING = {"classify", "_by_status"}
"""Functions of failures.py that return one."""
NO_MESSAGE = {"wish_not_met", "repeat_contact", "switch_off"}
"""Gate reasons and a trigger: each says everything itself."""
CODE = re.compile(r"[a-z]+(?:_[a-z]+)+")


def told(source: str, name: str) -> Iterator[str]:
    """The message codes that one module names."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in TELLING and node.args:
                yield from _strings(node.args[0])
            if called in {"Result", "Routing"}:
                yield from (
                    code for each in node.keywords if each.arg in {"code", "message"} for code in _strings(each)
                )
        if isinstance(node, ast.Assign) and "code" in _names(node):
            yield from _strings(node.value)
        if isinstance(node, ast.FunctionDef) and node.name in READING and name == "failures.py":
            yield from (
                code for each in ast.walk(node) if isinstance(each, ast.Return | ast.Assign) for code in _strings(each)
            )


def _names(node: ast.Assign) -> set[str]:
    return {each.id for target in node.targets for each in ast.walk(target) if isinstance(each, ast.Name)}


def _strings(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and CODE.fullmatch(each.value):
            yield each.value


def codes() -> dict[str, str]:
    """Every code to the file that names it."""
    found: dict[str, str] = {}
    for folder in ("app/workflow", "app/connectors", "app/sources", "store"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for code in told(path.read_text(encoding="utf-8"), path.name):
                found.setdefault(code, str(path.relative_to(ROOT)))
    return found


def test_the_codes_in_the_code_are_found() -> None:
    found = codes()
    assert {"step_broke", "approval_void", "action_failed", "action_unknown", "records_down", "no_passage"} <= set(
        found
    )
    assert {"model_timeout", "connector_timeout", "stale_facts", "undelivered_reply", "switched_off"} <= set(found)


@pytest.mark.parametrize(("code", "file"), sorted((code, file) for code, file in codes().items()))
def test_a_code_that_is_told_has_its_two_texts(code: str, file: str) -> None:
    assert code in load().messages or code in NO_MESSAGE, f"{file} tells {code}, which messages.toml does not have"


def test_rules_tell_only_what_messages_has() -> None:
    rules = load()
    named = {trigger.message for trigger in rules.triggers if trigger.message}
    named |= {need.otherwise for action in rules.actions.values() for need in action.require}
    assert named <= set(rules.messages)


def test_a_plan_and_a_role_are_chosen_among_those_the_shop_has() -> None:
    actions = load().actions
    assert actions["change_plan"].args["plan"].choices == ("free", "fern_plus", "fern_business")
    assert actions["change_role"].args["role"].choices == ("member", "buyer", "owner")
