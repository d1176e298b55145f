"""The mutation campaign changes what it says, one thing at a time, and fails where tests notice nothing."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.campaigns import mutation
from tests.campaigns.mutants import mutants, mutated, sample

SOURCE = '''"""A module."""
LIMIT = 3

def kept(amount: int, names: list[str]) -> bool:
    """Says."""
    if amount > LIMIT and not names:
        return True
    return amount + 1 == 2
'''


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "kept.py"
    path.write_text(SOURCE, encoding="utf-8")
    return path


def test_each_kind_of_expression_is_changed_and_nothing_else(module: Path) -> None:
    found = {each.what for each in mutants(module, module.parent)}
    assert found == {
        "Gt → GtE",
        "And → Or",
        "no not",
        "if → if not",
        "True → False",
        "returns None",
        "Add → Sub",
        "Eq → NotEq",
        "1 + 1",
        "2 + 1",
    }


def test_a_mutant_differs_in_one_place(module: Path) -> None:
    before = ast.unparse(ast.parse(SOURCE))
    for each in mutants(module, module.parent):
        after = ast.unparse(mutated(module, each.number))
        assert sum(a != b for a, b in zip(before.splitlines(), after.splitlines(), strict=True)) == 1, each


def test_the_sample_stays_the_same_when_lines_move(module: Path) -> None:
    before = {each.name for each in sample(mutants(module, module.parent), 4)}
    module.write_text(SOURCE.replace("LIMIT = 3", "LIMIT = 3\n\n\nOTHER = 4"), encoding="utf-8")
    assert {each.name for each in sample(mutants(module, module.parent), 4)} == before


@pytest.mark.parametrize(("broken", "code"), [([], 0), (["--break", "no-tests"], 1)])
def test_tests_that_assert_nothing_fail_the_campaign(broken: list[str], code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.campaigns.mutation", "--only", "retries", *broken],
        cwd=mutation.ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    told = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == code, (told, done.stderr)
    assert told["mutants"] > 20
    assert told["modules"] == {"app.workflow.retries": 0.0 if broken else 1.0}
