"""Print shell completion. For bash: `lastclick completion bash > ~/.local/share/bash-completion/completions/lastclick`."""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"))


def run(given: argparse.Namespace) -> int:
    import shtab

    from app.cli import COMMANDS, parser

    whole = argparse.ArgumentParser(prog="lastclick", description="People on the last click of an AI support workflow.")
    below = whole.add_subparsers()
    for name, text in COMMANDS.items():
        below.add_parser(name, parents=[parser(name, add_help=False)], help=text)
    print(shtab.complete(whole, given.shell))
    return 0
