"""Whether the tests notice small lies in the rules and in the envelope check: `python -m tests.campaigns.mutation [--long]`.

Each mutant is one changed expression in one function, tried against the few tests of that module that need no more than it.
The tests are collected once; each mutant is a forked process in which the function's code is exchanged, and the test that
noticed last is asked first, so that thousands take minutes. What no test noticed so is tried once more in a module that is
loaded changed, since a rule may run while it is loaded. (mutmut leaves out every decorated function, and cosmic-ray starts
a whole interpreter for each mutant.)

Short: the same sample each time, within a minute. Long: all of them. Ends with 1 under
90 % noticed, or when a module that was named for it is under. `--break no-tests` runs tests that assert nothing: it must
fail.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable, Sequence

from tests.campaigns.forked import ROOT, noticed_when_loaded, reached_when_loaded, unnoticed, untouched
from tests.campaigns.mutants import Mutant, mutants, sample
from tests.campaigns.survivors import EQUIVALENT
from tests.workflow import given

LEAST = 0.90
"""Share of the mutants that tests must notice, in all and of each module."""
SHORT, SHORT_SECONDS = 100, 40.0
"""Mutants of the short form, and the seconds after which it takes no new module."""

RULES: dict[str, tuple[str, ...]] = {
    "routing": ("test_routing",),
    "gate": ("test_gate",),
    "stops": ("test_stops", "test_gate"),
    "plans": ("test_stops", "test_gate"),
    "slots": ("test_slots",),
    "proof": ("test_proof", "test_proof_words", "test_leaks"),
    "ground": ("test_standing", "test_leaks"),
    "courtesy": ("test_courtesy",),
    "letters": ("test_letters", "test_leaks"),
    "reading": ("test_reading", "test_proof"),
    "wording": ("test_wording",),
    "failures": ("test_failures",),
    "retries": ("test_retries",),
    "repeats": ("test_repeats",),
    "matters": ("test_matters", "test_repeats"),
    "differences": ("test_differences",),
}
TESTS = {f"app/workflow/{name}": tuple(f"workflow/{each}" for each in tests) for name, tests in RULES.items()}
ENVELOPE: dict[str, tuple[str, ...]] = {
    "store/contract": ("canonical", "fingerprint", "action_hash"),
    "store/deciding": ("decide", "_same_again", "_body", "_still_the_same", "_gate", "_needs_two", "_digest"),
    "store/running": ("dispatch", "_not_yet", "_never", "_not_theirs", "_rules_changed"),
}
"""What stands between what was shown and what runs: of these modules only these functions."""
TESTS |= dict.fromkeys(ENVELOPE, ("store/test_envelope",))


def every(names: Iterable[str] = TESTS) -> list[Mutant]:
    return [each for name in names for each in mutants(ROOT / f"{name}.py", ROOT, ENVELOPE.get(name, ()))]


def run(among: Sequence[Mutant], *, seconds: float | None = None, no_tests: bool = False) -> dict[str, object]:
    """How many were tried and noticed, in all and of each module, and the names of those that were not."""
    begun = time.monotonic()
    tried: list[Mutant] = []
    survivors: list[Mutant] = []
    for module in dict.fromkeys(each.module for each in among):
        if seconds is not None and time.monotonic() - begun > seconds:
            print("out of time: the rest is not tried", file=sys.stderr, flush=True)
            break
        mine = [each for each in among if each.module == module]
        left = unnoticed(mine, TESTS[module.replace(".", "/")], no_tests=no_tests)
        early = reached_when_loaded(module) if left else set()
        left = [
            each
            for each in left
            if not each.lines & early
            or not noticed_when_loaded(each, TESTS[module.replace(".", "/")], no_tests=no_tests)
        ]
        tried, survivors = [*tried, *mine], [*survivors, *left]
        for each in left:
            print(f"{each.module}:{each.line} {_said(each)}: {each.name}", file=sys.stderr, flush=True)
        print(f"{module}: {len(mine) - len(left)} of {len(mine)} noticed", file=sys.stderr, flush=True)
    unexplained = [each.name for each in survivors if each.name not in EQUIVALENT]
    return {
        "campaign": "mutation",
        "mutants": len(tried),
        "killed": len(tried) - len(survivors),
        "equivalent": len(survivors) - len(unexplained),
        "share": _share(tried, survivors),
        "modules": {
            module: _share([e for e in tried if e.module == module], [e for e in survivors if e.module == module])
            for module in dict.fromkeys(each.module for each in tried)
        },
        "seconds": round(time.monotonic() - begun, 1),
        "survivors": unexplained,
    }


def _share(tried: Sequence[Mutant], survivors: Sequence[Mutant]) -> float:
    """Noticed ones among those that a test could notice."""
    equivalent = sum(each.name in EQUIVALENT for each in survivors)
    could = len(tried) - equivalent
    return round((len(tried) - len(survivors)) / could, 3) if could else 0.0


def _said(survivor: Mutant) -> str:
    return "means the same" if survivor.name in EQUIVALENT else "SURVIVED"


def main(words: Sequence[str] | None = None) -> int:
    """0 when enough is noticed."""
    os.environ.pop("PYTEST_ADDOPTS", None)  # a test that is run again notices nothing more
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.mutation", description=__doc__.splitlines()[0])
    parser.add_argument("--long", action="store_true", help="every mutant, without a limit of time")
    parser.add_argument("--count", type=int, default=SHORT, help="mutants of the short form")
    parser.add_argument("--only", nargs="+", metavar="MODULE", help="as --long, but only of these: gate, store/running")
    parser.add_argument("--break", dest="broken", choices=["no-tests"], help="a build that must fail")
    chosen = parser.parse_args(words)
    names = [name for name in TESTS if not chosen.only or name in chosen.only or name.rsplit("/", 1)[-1] in chosen.only]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    given.rules()  # read once, for all children
    whole = chosen.long or bool(chosen.only)
    among = every(names) if whole else sorted(sample(every(names), chosen.count), key=lambda each: each.module)
    asked = [name for name in names if any(each.module == name.replace("/", ".") for each in among)]
    if any(name in ENVELOPE for name in asked):
        from tests.store import house

        house.template()
    if red := untouched({name: TESTS[name] for name in asked}):
        print(json.dumps({"campaign": "mutation", "red": red}))
        return 2
    found = run(among, seconds=None if whole else SHORT_SECONDS, no_tests=chosen.broken == "no-tests")
    print(json.dumps(found))
    modules = found["modules"].values() if whole else ()  # type: ignore[attr-defined]
    return 0 if min(float(str(share)) for share in (found["share"], *modules)) >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
