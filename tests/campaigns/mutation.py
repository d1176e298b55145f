"""Whether the tests of the pure rules notice small lies in them: `python -m tests.campaigns.mutation [--long]`.

Each mutant is one changed expression in one module, tried against that module's own tests in a fresh child process.
mutmut leaves out every decorated function, and what reads and words a sentence here is cached by a decorator; cosmic-ray
changes files in place and starts a whole interpreter for each mutant. So the changes are made here, in memory.
Short: the same sample each time, within a minute. Long: all of them. Ends with 1 under 90 % noticed.
`--break no-tests` runs tests that assert nothing: it must fail.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import resource
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import CodeType, ModuleType

import pytest

from tests.campaigns.mutants import Mutant, mutants, mutated, sample
from tests.campaigns.survivors import EQUIVALENT
from tests.workflow import given

ROOT = Path(__file__).parents[2]
LEAST = 0.90
"""Share of the mutants that tests must notice."""
SHORT, SHORT_SECONDS = 60, 45.0
"""Mutants of the short form, and the seconds after which it takes no new one."""
PATIENCE = 20
"""Seconds of a processor's time after which a mutant that does not end counts as noticed, however busy the machine."""
TESTS: dict[str, tuple[str, ...]] = {
    "routing": ("test_routing",),
    "gate": ("test_gate",),
    "stops": ("test_gate",),
    "proof": ("test_proof", "test_gate", "test_judge"),
    "reading": ("test_reading", "test_proof"),
    "wording": ("test_wording", "test_proof"),
    "failures": ("test_failures",),
    "retries": ("test_retries",),
    "repeats": ("test_repeats",),
    "differences": ("test_differences",),
}


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Serves one module from a changed tree."""

    def __init__(self, name: str, path: Path, code: CodeType) -> None:
        self._name, self._path, self._code = name, path, code

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self._name:
            return None
        return importlib.util.spec_from_loader(name, self, origin=str(self._path))

    def exec_module(self, module: ModuleType) -> None:
        exec(self._code, module.__dict__)


def run(among: Sequence[Mutant], *, seconds: float | None = None, no_tests: bool = False) -> dict[str, object]:
    """How many were tried and noticed, and the names of those that were not."""
    begun = time.monotonic()
    survivors: list[str] = []
    tried = 0
    for each in among:
        if seconds is not None and time.monotonic() - begun > seconds:
            break
        tried += 1
        if not noticed(each, no_tests=no_tests):
            survivors.append(each.name)
            print(f"{each.module}:{each.line} survived: {each.name}", file=sys.stderr, flush=True)
    unexplained = [name for name in survivors if name not in EQUIVALENT]
    counted = tried - (len(survivors) - len(unexplained))
    return {
        "campaign": "mutation",
        "mutants": tried,
        "killed": tried - len(survivors),
        "share": round((counted - len(unexplained)) / counted, 3) if counted else 0.0,
        "seconds": round(time.monotonic() - begun, 1),
        "equivalent": len(survivors) - len(unexplained),
        "survivors": unexplained,
    }


def untouched(names: Iterable[str]) -> list[str]:
    """The modules whose tests fail without any change: they would notice everything."""
    return [name for name in names if noticed(Mutant(f"app.workflow.{name}", 0, "", name, -1))]


def noticed(mutant: Mutant, *, no_tests: bool = False) -> bool:
    """Whether a test fails, or nothing works any more, with this change."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            os._exit(_tested(mutant, no_tests=no_tests))
        os._exit(3)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) not in (0, int(pytest.ExitCode.NO_TESTS_COLLECTED))


def _tested(mutant: Mutant, *, no_tests: bool) -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE))
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    path = ROOT / f"{mutant.module.replace('.', '/')}.py"
    if mutant.number >= 0:
        code = compile(mutated(path, mutant.number), str(path), "exec")
        sys.meta_path.insert(0, _Changed(mutant.module, path, code))
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    files = [f"{ROOT}/tests/workflow/{name}.py" for name in TESTS[mutant.module.rsplit(".", 1)[-1]]]
    # Pure rules need no fixture of ours, and rewriting asserts costs as much as the tests.
    options = ["--noconftest", "-x", "-q", "--assert=plain", "-p", "no:cacheprovider", f"--rootdir={ROOT}"]
    chosen = ["-k", "nothing_is_called_so"] if no_tests else []
    return int(pytest.main([*options, *chosen, *files]))


def every() -> Iterator[Mutant]:
    for name in TESTS:
        yield from mutants(ROOT / "app" / "workflow" / f"{name}.py", ROOT)


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.mutation", description=__doc__.splitlines()[0])
    parser.add_argument("--long", action="store_true", help="every mutant, without a limit of time")
    parser.add_argument("--count", type=int, default=SHORT, help="mutants of the short form")
    parser.add_argument("--part", default="0/1", help="with --long: the share K/N of them, to run beside others")
    parser.add_argument("--break", dest="broken", choices=["no-tests"], help="a build that must fail")
    chosen = parser.parse_args(words)
    assert not [name for name in sys.modules if name.startswith("app.workflow.")], "a rule is loaded already"
    given.rules()  # read once, for all children
    if red := untouched(TESTS):
        print(json.dumps({"campaign": "mutation", "red": red}))
        return 2
    at, parts = map(int, chosen.part.split("/"))
    among = list(every())[at::parts] if chosen.long else sample(list(every()), chosen.count)
    seconds = None if chosen.long else SHORT_SECONDS
    found = run(among, seconds=seconds, no_tests=chosen.broken == "no-tests")
    print(json.dumps(found))
    return 0 if float(str(found["share"])) >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
