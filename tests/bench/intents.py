"""Measures the embedded pair on public intent sets: `python -m tests.bench.intents DATA_FOLDER/intents [banking77 …]`.

Fits with the product's own code; one line of JSON a set. Sets of one intent a text: banking77, clinc150, hint3_*. Sets of
several: bitext27, hint3_curekart+, hint3_sofmattress+ (texts composed of real utterances, and single ones beside them),
airline, finance, media, insurance, software (real customers' turns of a chat, joined as one ticket).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from app.models import fitting, scoring
from app.models.linear import softmax
from app.models.pair import NO_REQUEST, OUT_OF_SCOPE, Pair
from store.case import Classification

REVIEWED = 0.15
MOST_EXAMPLES = 30
"""An intent's examples for the sets of several: what a lead writes, not what a laboratory has."""
NOTHING_WANTED = {"contentonly", "openinggreeting", "closinggreeting", "confirmation", "rejection", "thankyou"}
DOMAINS = ("airline", "finance", "media", "insurance", "software")
COMPOSED = {"bitext27": "bitext27", "hint3_curekart+": "hint3-curekart", "hint3_sofmattress+": "hint3-sofmattress"}


def main(folder: Path, sets: list[str]) -> None:
    for name in sets:
        begun = time.perf_counter()
        if name in COMPOSED:
            found = composed(folder, name)
        elif name in DOMAINS:
            found = chats(folder, name)
        else:
            found = single(folder, name)
        print(json.dumps({"set": name, "seconds": round(time.perf_counter() - begun, 1), **found}), flush=True)


def single(folder: Path, name: str) -> dict[str, Any]:
    """One intent a text: accuracy, calibration and how well out-of-scope texts are told, by half and for both."""
    pair, _ = fitting.fit(grouped(texts(folder / f"{name}_train.jsonl")))
    test = texts(folder / f"{name}_test_dev.jsonl")
    if name == "clinc150":
        rows = read(folder / "oos.jsonl")
        test += [(row["text"], OUT_OF_SCOPE) for row in rows if row["source"].startswith("clinc") and row["text"]]
    asked, gold = [text for text, _ in test], [intent for _, intent in test]
    halves = [half for half in (pair.cheap, pair.strong) if half is not None]
    shares: dict[str, Any] = {half.which: half.one_scores(asked) for half in halves}
    if len(halves) == 2:
        shares["pair"] = sum(w * each for w, each in zip(pair.mix.one, shares.values(), strict=True))
    found = scoring.compare(pair.labels, shares, asked, gold, at=pair.thresholds, alone=pair.alone, how="test file")
    scores = {which: vars(score) for which, score in found.scores.items()}
    buys = bought(pair.labels, shares, gold) if len(halves) == 2 else {}
    return {**scores, "agree": found.agree, "right_when_agreed": found.right_when_agreed, **buys}


def bought(labels: Sequence[str], scores: Mapping[str, Any], gold: Sequence[str]) -> dict[str, Any]:
    """What a second opinion is worth: how many of the first one's errors it notices, how often they differ on texts out of
    scope, and how many are right when `REVIEWED` of the texts go to a person: the least sure ones, or first those on which
    the two differ."""
    import numpy as np

    place = np.array([labels.index(each) if each in labels else len(labels) for each in gold])
    outside = np.array([each == OUT_OF_SCOPE for each in gold])
    best = {which: each.argmax(axis=1) for which, each in scores.items()}
    sure = {which: softmax(each).max(axis=1) for which, each in scores.items()}
    differ = best["cheap"] != best["strong"]
    wrong = (best["cheap"] != place) & ~outside
    ranks = {"cheap": sure["cheap"], "pair": sure["pair"] - differ}
    right = {}
    for which, rank in ranks.items():
        order = np.argsort(-rank[~outside], kind="stable")
        kept = order[: round(len(order) * (1 - REVIEWED))]
        right[which] = float((best[which] == place)[~outside][kept].mean())
    return {
        "errors_of_cheap_noticed": float(differ[wrong].mean()) if wrong.any() else None,
        "differ_out_of_scope": float(differ[outside].mean()) if outside.any() else None,
        f"right_with_{REVIEWED:.0%}_reviewed": right,
    }


def composed(folder: Path, name: str) -> dict[str, Any]:
    """Two or three intents in a text, and single texts that were not learnt from."""
    stem = name.rstrip("+")
    examples = grouped(texts(folder / f"{stem}_train.jsonl"), MOST_EXAMPLES)
    learnt = {text for each in examples.values() for text in each}
    parts = {part for row in read(folder / "multi_intent_composed.jsonl") for part in row["parts"]}
    examples = {label: [text for text in each if text not in parts] for label, each in examples.items()}
    pair, _ = fitting.fit(examples)
    rows = [row for row in read(folder / "multi_intent_composed.jsonl") if row["source"] == COMPOSED[name]]
    several = [(row["text"], frozenset(row["intents"])) for row in rows]
    one = [
        (text, frozenset({intent}))
        for text, intent in texts(folder / f"{stem}_train.jsonl")
        if text not in learnt and intent in pair.labels
    ][:400]
    return {"several": by_half(pair, several), "one": counted(pair.classify, one)}


def chats(folder: Path, name: str) -> dict[str, Any]:
    """Half of the chats teach by their turns, the others are read as one text each."""
    rows = [row for row in read(folder / "multi_intent_chats.jsonl") if row["id"].startswith(f"multidogo-{name}-")]
    cut = len(rows) // 2
    turns = [(turn["text"], _label(turn["intent"])) for row in rows[:cut] for turn in row["turns"]]
    single_turns = [
        (row["text"], _label(row["intent"]))
        for row in read(folder / "multidogo_intents.jsonl")
        if row["source"] == f"multidogo-{name}" and row["conversation"] not in {each["id"][-36:] for each in rows[cut:]}
    ]
    pair, _ = fitting.fit(grouped([*turns, *single_turns], MOST_EXAMPLES))
    test = [
        (". ".join(turn["text"].capitalize() for turn in row["turns"]), frozenset(row["intents"])) for row in rows[cut:]
    ]
    return {"several": by_half(pair, test), "intents": len(pair.in_scope)}


def by_half(pair: Pair, rows: Sequence[tuple[str, frozenset[str]]]) -> dict[str, Any]:
    """The pair's figures, and the F1 of each half by itself; the strong one has the pair's thresholds."""
    found: dict[str, Any] = counted(pair.classify, rows)
    found["cheap_f1"] = counted(lambda text: pair.classify(text, "cheap"), rows)["f1"]
    if (strong := pair.strong) is not None:
        alone = counted(lambda text: pair._answer(pair.read(text, (strong,)), pair.thresholds, "strong", None), rows)
        found["strong_f1"] = alone["f1"]
    return found


def counted(classify: Callable[[str], Classification], rows: Iterable[tuple[str, frozenset[str]]]) -> dict[str, float]:
    """Shares of 0..1: micro-F1 and exact sets; `as_many`: the right count of one or of several."""
    hits = said = wanted = exact = as_many = n = 0
    for text, gold in rows:
        found = {intent.name for intent in classify(text).intents}
        hits, said, wanted, n = hits + len(found & gold), said + len(found), wanted + len(gold), n + 1
        exact += found == gold
        as_many += (len(found) > 1) == (len(gold) > 1)
    shares = {"f1": 2 * hits / max(1, said + wanted), "exact": exact / max(1, n), "as_many": as_many / max(1, n)}
    return {"n": n, **{key: round(value, 3) for key, value in shares.items()}}


def _label(intent: str) -> str:
    return NO_REQUEST if intent in NOTHING_WANTED else OUT_OF_SCOPE if intent == "outofdomain" else intent


def grouped(rows: Iterable[tuple[str, str]], most: int | None = None) -> dict[str, list[str]]:
    """Intent to texts, the first `most` different ones of each."""
    found: dict[str, dict[str, None]] = {}
    for text, intent in rows:
        kept = found.setdefault(intent, {})
        if most is None or len(kept) < most:
            kept[text] = None
    return {intent: list(kept) for intent, kept in found.items()}


def texts(file: Path) -> list[tuple[str, str]]:
    """(text, intent) of a JSON Lines file; what HINT3 marks as no intent is out of scope."""
    rows = [(row["text"], row["intent"]) for row in read(file)]
    return [(text, OUT_OF_SCOPE if intent == "NO_NODES_DETECTED" else intent) for text, intent in rows]


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    every = ["hint3_curekart", "hint3_sofmattress", "hint3_powerplay11", *COMPOSED, *DOMAINS, "banking77", "clinc150"]
    main(Path(sys.argv[1]), sys.argv[2:] or every)
