"""The `lastclick` command: finds the subcommand and hands over. Imports only what the chosen subcommand needs."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # not from `typing`, whose import takes as long as all that `--version` does besides
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

COMMANDS = {
    "desk": "open the desk on your queue (the same as no command)",
    "demo": "open the desk on a sample shop with tickets arriving live",
    "init": "start your team on one narrow flow",
    "import": "file tickets from a JSON Lines or CSV file",
    "worker": "run the workflow that answers tickets",
    "serve": "serve the queue over HTTP to a team's desks",
    "web": "serve the desk in a browser",
    "user": "add, list and revoke the team's users",
    "login": "sign in to a team's queue with your one-time code",
    "logout": "sign out, back to your own queue",
    "token": "list, rotate and revoke tokens",
    "show": "print the queue, or one ticket with everything on it",
    "stats": "print the figures: repeat contacts, what people changed, times, costs",
    "seed": "plant cases with a known fault, to see whether review still looks",
    "route": "list what can be switched, throw a switch",
    "shop": "load the shop's records that the workflow looks things up in",
    "rules": "check the rules files",
    "replay": "run old tickets through the AI path, beside what people did",
    "what-if": "which past cases other rules would have sent another way",
    "trust": "what people never change, and what they keep changing",
    "map": "draw the way of a ticket from the live rules",
    "prompts": "which prompt versions run, and what people made of their drafts",
    "intents": "fit and test the embedded models on your intents",
    "journal": "verify the journal",
    "doctor": "print paths, versions, database and worker state",
    "bench": "measure this installation",
    "completion": "print shell completion",
}

MODULES = {"import": "import_", "what-if": "what_if"}
"""Commands whose module cannot bear their name."""

USAGE = """\
Lastclick puts people on the last click of an AI support workflow.

usage: lastclick [COMMAND] [OPTIONS]

{commands}

options (each command has its own: lastclick COMMAND --help)
  --home DIR     the folder of queue, records and outbox   [LASTCLICK_HOME]
  --rules DIR    rules files laid over the defaults        [LASTCLICK_RULES]
  --database URL a team's PostgreSQL instead of a file     [LASTCLICK_DATABASE]
  --actor NAME   who decides                               [LASTCLICK_ACTOR, else the login name]
  --version      print the version
  --help         print this

New here? `lastclick demo` needs no keys, no network and no services.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit code: 0 done, 1 something is wrong, 2 the command line is wrong."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] in (["--version"], ["-V"]):
        from app import __version__

        print(f"lastclick {__version__}")
        return 0
    if words[:1] in (["--help"], ["-h"], ["help"]):
        print(USAGE.format(commands="\n".join(f"  {name:<12} {text}" for name, text in COMMANDS.items())), end="")
        return 0
    name = words.pop(0) if words and not words[0].startswith("-") else "desk"
    if name not in COMMANDS:
        return _unknown(name)
    return _run(name, words)


def _run(name: str, words: list[str]) -> int:
    from importlib import import_module

    command = import_module(f"app.commands.{MODULES.get(name, name)}")
    arguments = parser(name).parse_args(words)
    if arguments.database:
        # Every command finds it where it finds all places, and what the desk starts beside itself has it in no argv.
        os.environ["LASTCLICK_DATABASE"] = arguments.database
    try:
        return int(command.run(arguments))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader went away (`| head`): that is no failure of ours
        return 0
    except Exception as problem:
        if not _is_ours(problem):
            raise
        from store import plain

        print(f"lastclick {name}: {plain.body(str(problem))}", file=sys.stderr)
        return 1


def _is_ours(problem: Exception) -> bool:
    """True for refusals written for a person; anything else is a defect and keeps its traceback."""
    from config.load import RulesError
    from store.queue import QueueError

    return isinstance(problem, QueueError | RulesError)


def parser(name: str, *, add_help: bool = True) -> argparse.ArgumentParser:
    """The argument parser of one command, with the options all commands share."""
    import argparse
    from importlib import import_module
    from pathlib import Path

    command = import_module(f"app.commands.{MODULES.get(name, name)}")
    made = argparse.ArgumentParser(
        prog=f"lastclick {name}",
        description=command.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=add_help,
    )
    made.add_argument("--home", type=Path, metavar="DIR", help="the folder of queue, records and outbox")
    made.add_argument("--rules", type=Path, metavar="DIR", help="rules files laid over the defaults")
    made.add_argument("--database", metavar="URL", help="postgresql+psycopg://user@host/name instead of a file")
    made.add_argument("--actor", metavar="NAME", help="who decides")
    command.arguments(made)
    return made


def _unknown(name: str) -> int:
    from difflib import get_close_matches

    near = get_close_matches(name, COMMANDS, n=1)
    hint = f" Did you mean `{near[0]}`?" if near else " See `lastclick --help`."
    print(f"lastclick: there is no command {name!r}.{hint}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
