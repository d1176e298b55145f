"""Text of any length costs a moment: every reader of a ticket over a million of one character, with a hard cap."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

PIECES = [
    "\n",
    " ",
    "\t",
    "7",
    "@",
    '"',
    "[",
    "{",
    "(",
    "<",
    "a",
    ".",
    ",",
    "-",
    "a@",
    "a.",
    "and ",
    "to ",
    "1 ",
    "\n ",
    "$1",
]
SECONDS, CAP = 2.0, 150.0
"""A regex that explodes cannot be interrupted, so the readers run in a process of their own that can be ended."""

READ = """
import json, sys, time
from app.models import clauses, extraction, hashed, mentions, options, pair, said, wishes
from app.workflow import matters, repeats
from config.load import load
rules, names = load(), ["Ridge tent", "Cycling Helmet"]
whole = {  # what is given a ticket as it came
    "clauses": clauses.clauses,
    "extract": lambda text: extraction.extract(text, rules),
    "plain_words": hashed.plain_words,
    "features": lambda text: hashed.features([text]),
    "cut": pair.cut,
    "confused": repeats.confused,
    "matter": lambda text: (matters.said(text), matters.opens(text), matters.goes_on(text), matters.to_us(text)),
}
clause = {  # what is given a clause, which is a piece of the first `clauses.MOST` characters
    "asks": clauses.asks,
    "joined": mentions.joined,
    "mentions": lambda text: mentions.mentions(text, names),
    "everything": mentions.everything,
    "exceptions": mentions.exceptions,
    "written_out": options.written_out,
    "without_written": options.without_written,
    "last_word": options.last_word,
    "two_sides": options.two_sides,
    "said": lambda text: options.said(text, {"size": ["S", "M"]}),
    "wish words": lambda text: wishes.plain_words(text, "HF-[0-9]{5}"),
}
for piece in json.loads(sys.argv[1]):
    for readers, most in ((whole, 1_000_000), (clause, clauses.MOST)):
        text = (piece * most)[:most]
        for name, read in readers.items():
            begun = time.process_time()
            read(text)
            print(json.dumps([name, piece, time.process_time() - begun]), flush=True)
"""


def test_no_reader_of_a_ticket_takes_long_over_a_million_characters() -> None:
    command = [sys.executable, "-c", READ, json.dumps(PIECES)]
    begun = time.monotonic()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=CAP, check=False)
    except subprocess.TimeoutExpired as late:
        last = (late.stdout or b"").decode().strip().splitlines()[-1:]
        pytest.fail(f"still reading after {CAP:.0f} s; the last that was done: {last}")
    assert done.returncode == 0, done.stderr[-2000:]
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    slow = [(name, piece, round(seconds, 1)) for name, piece, seconds in rows if seconds > SECONDS]
    assert not slow
    assert len(rows) == len(PIECES) * 18
    assert time.monotonic() - begun < CAP
