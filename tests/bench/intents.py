"""Measures the embedded pair on public intent sets: `python -m tests.bench.intents DATA_FOLDER/intents [banking77 …]`.

Fits each half with the product's own code; one line of JSON a set.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from app.models import fitting, scoring


def main(folder: Path, sets: list[str]) -> None:
    for name in sets:
        examples: dict[str, list[str]] = {}
        for text, intent in rows(folder / f"{name}_train.jsonl"):
            examples.setdefault(intent, []).append(text)
        test = rows(folder / f"{name}_test_dev.jsonl")
        begun = time.perf_counter()
        pair, _ = fitting.fit(examples)
        fitted = time.perf_counter() - begun
        outside: list[tuple[str, str]] = []
        if name == "clinc150":
            outside = [(text, "out_of_scope") for text, _ in rows(folder / "oos.jsonl") if text][:1200]
        found = scoring.test(pair, [t for t, _ in [*test, *outside]], [i for _, i in [*test, *outside]])
        scores = {which: vars(score) for which, score in found.scores.items()}
        agreed = {"agree": found.agree, "right_when_agreed": found.right_when_agreed}
        print(json.dumps({"set": name, "fit_seconds": round(fitted, 1), **scores, **agreed}), flush=True)


def rows(file: Path) -> list[tuple[str, str]]:
    """(text, intent) of a JSON Lines file."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [(row["text"], row["intent"]) for row in map(json.loads, lines)]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or ["banking77", "clinc150"])
