"""Check your rules files, or start your own from the defaults.

check  typos, unknown names, rules that can never fire, missing slots, the tone of messages
copy   copies the default files and the sample shop into your rules folder, for you to change
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from config.settings import settings


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("check", "copy"))
    parser.add_argument("folder", nargs="?", type=Path, help="the rules folder (default: yours)")


def run(given: argparse.Namespace) -> int:
    """0 when it is fine or copied; 1 with one line a problem otherwise."""
    return _check(given) if given.what == "check" else _copy(given)


def _check(given: argparse.Namespace) -> int:
    from config.check import check
    from config.load import DEFAULTS
    from store import plain

    folders = (given.folder,) if given.folder else settings(given.home, rules=given.rules).rules
    problems = check(folders)
    for problem in problems:
        print(plain.line(str(problem)))
    where = ", ".join(map(str, folders)) or str(DEFAULTS)
    print(f"{len(problems)} problems in {where}" if problems else f"The rules in {where} are fine.")
    return 1 if problems else 0


def _copy(given: argparse.Namespace) -> int:
    import shutil

    from config.explained import header
    from config.load import DEFAULTS, FILES, PROMPTS, SHOP

    target = given.folder or settings(given.home, rules=given.rules).rules_folder
    if target.exists() and any(target.iterdir()):
        print(f"{target} is not empty. Nothing was copied.", file=sys.stderr)
        return 1
    shutil.copytree(DEFAULTS, target, dirs_exist_ok=True)
    for folder in (PROMPTS, SHOP):
        shutil.copytree(folder, target / folder.name)
    for path in (target / f"{name}.toml" for name in FILES):
        text = path.read_text(encoding="utf-8")
        path.write_text(header(path.stem, text) + text, encoding="utf-8")
    # The defaults lie beside the sample shop, a team's rules above it.
    sources = target / "sources.toml"
    sources.write_text(sources.read_text(encoding="utf-8").replace('"../shop/', '"shop/'), encoding="utf-8")
    print(f"Copied to {target}. Change what you like, then: lastclick rules check")
    return 0
