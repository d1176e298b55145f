"""Tries lies in a module against its tests: collected once, and each lie in a forked process of its own."""

from __future__ import annotations

import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import math
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType

import pytest
from hypothesis import is_hypothesis_test, settings

from tests.campaigns.mutants import Mutant, mutated

ROOT = Path(__file__).parents[2]
PATIENCE = 20
"""Seconds of a processor's time after which a mutant that does not end counts as noticed, however busy the machine."""
NOTICED, MISSED = 1, 0


def unnoticed(among: Sequence[Mutant], tests: Sequence[str], *, no_tests: bool = False) -> list[Mutant]:
    """Those that none of the tests noticed, with the module's code exchanged in place."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        with contextlib.suppress(BaseException):
            _quiet()
            _pytest(tests, _Trial(among, writer), no_tests=no_tests)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        missed = {int(line) for line in said if line.strip()}
    os.waitpid(child, 0)
    if -1 not in missed:
        return list(among)  # it did not come to its end: nothing was tried, so nothing was noticed
    return [each for number, each in enumerate(among) if number in missed]


def noticed_when_loaded(mutant: Mutant, tests: Sequence[str], *, no_tests: bool = False) -> bool:
    """Whether a test fails, or nothing works any more, when the module is loaded with this change.

    Tables are declared once in a process, so a module of the store that is loaded already stays as it is.
    """
    if mutant.number >= 0 and mutant.module in sys.modules:
        return False

    def tested() -> int:
        if mutant.number >= 0:
            path = _path(mutant.module)
            sys.meta_path.insert(
                0, _Changed(mutant.module, path, compile(mutated(path, mutant.number), str(path), "exec"))
            )
        return _pytest(tests, None, no_tests=no_tests)

    return _forked(tested) not in (0, int(pytest.ExitCode.NO_TESTS_COLLECTED))


def untouched(tests: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The modules whose tests fail without any change: they would notice everything."""
    first = {of_it: Mutant(name.replace("/", "."), 0, "", name, -1) for name, of_it in tests.items()}
    red = {of_it for of_it, as_it_is in first.items() if noticed_when_loaded(as_it_is, of_it)}
    return [name for name, of_it in tests.items() if of_it in red]


class _Trial:
    """A pytest plugin: instead of one run of the tests, one run for each mutant."""

    def __init__(self, among: Sequence[Mutant], writer: int) -> None:
        self._among, self._writer = among, writer
        self._teller: int | None = None

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Which tests the session holds is fixed by now; says the numbers of those that nobody noticed, then -1."""
        module = importlib.import_module(self._among[0].module)
        items = [(item, *_reached(item, module)) for item in session.items]
        items.sort(key=lambda each: each[2])  # the quickest first
        for number, mutant in enumerate(self._among):
            reader, writer = os.pipe()
            touching = [each for each in items if _generated(each[0]) or each[1] & mutant.lines]
            asked = [item for item, _, _ in touching]
            trial = partial(self._try, mutant, module, asked, writer)
            code = _forked(trial) if asked else MISSED
            os.close(writer)
            with os.fdopen(reader) as said:
                who = said.read()
            if who:
                items.remove(touching[int(who)])
                items.insert(0, touching[int(who)])
            if code == MISSED:
                os.write(self._writer, f"{number}\n".encode())
        os.write(self._writer, b"-1\n")
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self._teller is not None:
            os.write(self._teller, str(self._at).encode())
            os._exit(NOTICED)

    def _try(self, mutant: Mutant, module: ModuleType, items: Sequence[pytest.Item], writer: int) -> int:
        self._teller = writer
        if not _exchange(mutant, module):
            return MISSED
        for self._at, item in enumerate(items):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        return MISSED


def _generated(item: pytest.Item) -> bool:
    """Whether its examples are generated: they may be others, and reach other lines, with a mutant."""
    return is_hypothesis_test(getattr(item, "obj", None))


def _reached(item: pytest.Item, module: ModuleType) -> tuple[set[int], float]:
    """The lines of a module that a test runs when nothing is remembered yet, and how many seconds it takes to.

    One whose examples are generated is asked in any case, and last.
    """
    if _generated(item):
        return set(), math.inf

    def run() -> None:
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)

    return _traced(run, str(module.__file__))


def reached_when_loaded(module: str) -> set[int]:
    """The lines of a module that run while it is loaded."""
    return _traced(lambda: importlib.import_module(module), str(_path(module)))[0]


def _traced(work: Callable[[], object], path: str) -> tuple[set[int], float]:
    reader, writer = os.pipe()

    def traced() -> int:
        lines: set[int] = set()

        def trace(frame: FrameType, _event: str, _value: object) -> Callable[..., object] | None:
            if frame.f_code.co_filename != path:
                return None
            lines.add(frame.f_lineno)
            return trace

        begun = time.perf_counter()
        sys.settrace(trace)
        threading.settrace(trace)
        try:
            work()
        finally:
            sys.settrace(None)
            seconds = time.perf_counter() - begun
            os.write(writer, f"{seconds} {' '.join(map(str, lines))}".encode())
        return 0

    _forked(traced)
    os.close(writer)
    with os.fdopen(reader) as said:
        seconds, *lines = said.read().split() or ["0"]
    return set(map(int, lines)), float(seconds)


def _exchange(mutant: Mutant, module: ModuleType) -> bool:
    """Give the changed function its new code, so that whoever holds the function runs it; whether that could be done."""
    path = _path(mutant.module)
    changed = False
    for name, code in _codes(compile(mutated(path, mutant.number), str(path), "exec")):
        function = _function(module, name)
        if function is not None and function.__code__ != code:
            try:
                function.__code__ = code
            except ValueError:  # it holds other outer variables than before
                return False
            changed = True
    return changed


def _codes(code: CodeType) -> Iterator[tuple[str, CodeType]]:
    """The functions that stand in a module or in its classes; what stands in a function comes with it."""
    for each in code.co_consts:
        if isinstance(each, CodeType) and "<" not in each.co_qualname:
            yield each.co_qualname, each
            yield from _codes(each)


def _function(module: ModuleType, name: str) -> FunctionType | None:
    found: object = module
    for part in name.split("."):
        found = inspect.getattr_static(found, part, None)
    found = getattr(found, "fget", None) or getattr(found, "func", None) or getattr(found, "__func__", None) or found
    found = inspect.unwrap(found) if callable(found) else found
    return found if isinstance(found, FunctionType) else None


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


def _pytest(tests: Sequence[str], plugin: object | None, *, no_tests: bool) -> int:
    # Few generated examples, and the same each time: a lie is noticed or not, whatever the day.
    settings.register_profile("few", max_examples=10, deadline=None, derandomize=True, database=None)
    settings.load_profile("few")
    files = [f"{ROOT}/tests/{name}.py" for name in tests]
    # These tests need no fixture of ours, and rewriting asserts costs as much as the tests.
    options = ["--noconftest", "-x", "-q", "--assert=plain", "-p", "no:cacheprovider", f"--rootdir={ROOT}"]
    chosen = ["-k", "nothing_is_called_so"] if no_tests else []
    return int(pytest.main([*options, *chosen, *files], plugins=[plugin] if plugin else []))


def _forked(work: Callable[[], int]) -> int:
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            _quiet()
            resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE))
            os._exit(work())
        os._exit(3)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _quiet() -> None:
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)


def _path(module: str) -> Path:
    return ROOT / f"{module.replace('.', '/')}.py"
