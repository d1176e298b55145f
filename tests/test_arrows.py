"""Imports run one way, and what must start fast does not import what is slow."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ("sqlalchemy", "sqlmodel", "alembic", "dbos", "httpx", "numpy", "onnxruntime", "tokenizers", "fastapi")


def loaded_after(statement: str) -> set[str]:
    """The top-level modules in a fresh interpreter after the statement."""
    code = f"{statement}\nimport sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


def test_the_arrows_between_the_rooms_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports"))], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize(
    ("statement", "also_absent"),
    [
        ("import app.desk.desk", ()),
        ("import store.contract, store.live, store.queue", ("textual", "rich")),
        (
            "import app.workflow.routing, app.workflow.gate, app.workflow.proof, app.workflow.retries",
            ("textual", "rich"),
        ),
        ("from app.cli import main; main(['--version'])", ("textual", "rich", "pydantic", "argparse", "platformdirs")),
        ("from app.cli import main; main(['--help'])", ("textual", "rich", "pydantic", "argparse", "platformdirs")),
    ],
)
def test_a_fast_start_imports_nothing_heavy(statement: str, also_absent: tuple[str, ...]) -> None:
    loaded = loaded_after(statement)
    assert loaded.isdisjoint({*HEAVY, *also_absent}), loaded & {*HEAVY, *also_absent}


def test_the_check_itself_notices_a_heavy_import() -> None:
    assert "sqlalchemy" in loaded_after("import sqlalchemy")
