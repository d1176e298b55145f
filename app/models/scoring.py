"""How good the embedded pair is on texts it had not seen: the report of `intents fit` and `intents test`, as plain text."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.models.clauses import asks
from app.models.linear import softmax
from app.models.pair import OUT_OF_SCOPE, RESERVED, Pair, Reading, Thresholds, energies, reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from app.models.linear import Floats


@dataclass(frozen=True)
class Held:
    """Held-out answers of one half or both: calibrated scores of the single texts, 1-vs-rest scores of all texts (composed
    ones last), and the scores of the clauses of the composed ones and of their whole. Rows of NaN were not held out."""

    one: Floats
    many: Floats
    piece_one: Floats
    whole_one: Floats
    pieces: list[list[str]]


@dataclass(frozen=True)
class Score:
    """Shares of 0..1 over `n` in-scope texts. ece: expected calibration error over 15 bins. coverage: the share answered
    with 95 % right. oos: area under the curve for telling out-of-scope texts by energy, None without such texts."""

    n: int
    accuracy: float
    ece: float
    coverage: float
    oos: float | None = None


@dataclass(frozen=True)
class Report:
    """What `render` shows."""

    how: str
    scores: dict[str, Score]
    confusions: list[tuple[str, str, int, str]]
    """(intent, what was said instead, how often, one example)"""
    thresholds: Thresholds
    alone: str
    agree: float | None = None
    right_when_agreed: float | None = None
    several_f1: float | None = None
    several_exact: float | None = None
    several_named: float | None = None
    texts: int = 0
    intents: int = 0
    notes: list[str] = field(default_factory=list)


def report(
    labels: Sequence[str],
    held: Mapping[str, Held],
    singles: Sequence[Any],
    pairs: Sequence[Any],
    *,
    at: Thresholds,
    alone: str,
) -> Report:
    """From held-out answers of a fit. `singles` and `pairs` are `fitting.Sample`s."""
    gold = [next(iter(s.labels)) for s in singles]
    texts = [s.text for s in singles]
    known = sum(label not in RESERVED for label in labels)
    result = compare(
        labels, {w: h.one for w, h in held.items()}, texts, gold, at=at, alone=alone, how="cross-validation"
    )
    exact = named = hits = said = wanted = count = 0
    for number, found in composed(list(held.values())[-1], len(singles), labels):
        gold_set = pairs[number].labels
        sure = {labels[i] for i in found.counted(at.sure)}
        maybe = {labels[i] for i in range(known) if found.shares[i] >= at.grey}
        count += 1
        exact += sure == gold_set
        named += gold_set <= maybe
        hits, said, wanted = hits + len(sure & gold_set), said + len(sure), wanted + len(gold_set)
    if not count:
        return result
    several = {"several_f1": 2 * hits / (said + wanted), "several_exact": exact / count, "several_named": named / count}
    return Report(**{**vars(result), **several})


def composed(held: Held, singles: int, labels: Sequence[str]) -> Iterator[tuple[int, Reading]]:
    """The reading of each composed text that was held out, with its number."""
    import numpy as np

    offset = 0
    for number, pieces in enumerate(held.pieces):
        clause, many = held.piece_one[offset : offset + len(pieces)], held.many[singles + number]
        offset += len(pieces)
        if not np.isnan(clause).any() and not np.isnan(many).any():
            yield number, reading(clause, held.whole_one[number], many, [asks(piece) for piece in pieces], labels)


def test(pair: Pair, texts: Sequence[str], gold: Sequence[str]) -> Report:
    """The fitted pair on a test file: each text with its intent (`out_of_scope` where it is none of the shop's)."""
    halves = [half for half in (pair.cheap, pair.strong) if half is not None]
    scores: dict[str, Floats] = {half.which: half.one_scores(texts) for half in halves}
    if pair.strong is not None:
        scores["pair"] = sum(w * s for w, s in zip(pair.mix.one, scores.values(), strict=True))  # type: ignore[assignment]
    unknown = sorted(set(gold) - set(pair.labels) - {OUT_OF_SCOPE})
    result = compare(pair.labels, scores, texts, gold, at=pair.thresholds, alone=pair.alone, how="test file")
    if unknown:
        result.notes.append(f"Not in intents.toml, so never right: {', '.join(unknown)}.")
    return result


def compare(
    labels: Sequence[str],
    scores: Mapping[str, Floats],
    texts: Sequence[str],
    gold: Sequence[str],
    *,
    at: Thresholds,
    alone: str,
    how: str,
) -> Report:
    """Each half and both together against the given intents. Scores are calibrated, n x labels; NaN rows were not held."""
    import numpy as np

    known = sum(label not in RESERVED for label in labels)
    names = np.array([*labels, ""])
    place = np.array([labels.index(g) if g in labels else len(labels) for g in gold])
    outside = np.array([g == OUT_OF_SCOPE for g in gold])
    seen = ~np.isnan(next(iter(scores.values()))[:, 0])
    inside = seen & np.array([g not in RESERVED for g in gold])
    shares: dict[str, Floats] = {which: softmax(s) for which, s in scores.items()}
    energy: dict[str, Floats] = {which: energies(s, known) for which, s in scores.items()}
    table = {}
    for which, share in shares.items():
        best, confidence = share.argmax(axis=1), share.max(axis=1)
        right = best == place
        oos = area(energy[which][inside], energy[which][seen & outside]) if (seen & outside).any() else None
        table[which] = Score(
            int(inside.sum()),
            float(right[inside].mean()),
            calibration_error(confidence[inside], right[inside]),
            coverage(confidence[inside], right[inside]),
            oos,
        )
    last = list(shares)[-1]
    best = shares[last].argmax(axis=1)
    wrong = [int(i) for i in np.flatnonzero(inside) if best[i] != place[i]]
    pairs = Counter((gold[i], str(names[best[i]])) for i in wrong)
    example = {(gold[i], str(names[best[i]])): texts[i] for i in reversed(wrong)}
    agree = right_agreed = None
    if len(scores) > 1:
        one, other = (shares[which].argmax(axis=1)[inside] for which in ("cheap", "strong"))
        agree = float((one == other).mean())
        right_agreed = float((one == place[inside])[one == other].mean())
    confusions = [(a, b, n, example[a, b]) for (a, b), n in sorted(pairs.items(), key=lambda item: (-item[1], item[0]))]
    count = len({g for g in gold if g not in RESERVED})
    return Report(how, table, confusions, at, alone, agree, right_agreed, texts=int(seen.sum()), intents=count)


def calibration_error(confidence: Floats, right: Any, bins: int = 15) -> float:
    """Mean gap between confidence and share right over equal-width bins, weighted by their size (Guo et al. 2017)."""
    import numpy as np

    at = np.minimum((confidence * bins).astype(int), bins - 1)
    total = 0.0
    for number in range(bins):
        inside = at == number
        if inside.any():
            total += abs(float(confidence[inside].mean()) - float(right[inside].mean())) * float(inside.mean())
    return total


def coverage(confidence: Floats, right: Any, wanted: float = 0.95) -> float:
    """The largest share of texts, most confident first, of which `wanted` are right."""
    import numpy as np

    order = np.argsort(-confidence, kind="stable")
    precision = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(precision >= wanted)
    return float((good[-1] + 1) / len(order)) if len(good) else 0.0


def area(inside: Floats, outside: Floats) -> float:
    """The chance that an in-scope text has more energy than an out-of-scope one."""
    import numpy as np

    order = np.argsort(np.concatenate([outside, inside]), kind="stable")
    ranks = np.empty(len(order))
    ranks[order] = np.arange(1, len(order) + 1)
    total = ranks[len(outside) :].sum() - len(inside) * (len(inside) + 1) / 2
    return float(total / (len(inside) * len(outside)))


def render(found: Report, most: int = 12) -> str:
    """The report as plain text, for `lastclick intents fit` and `intents test`."""
    names = {"cheap": "cheap (words)", "strong": "strong (meaning)", "pair": "both together"}
    lines = [f"{found.texts} texts, {found.intents} intents; {found.how}", ""]
    lines.append(f"{'':18}{'right':>8}{'calibration error':>20}{'answered at 95 % right':>25}{'out of scope':>15}")
    for which, score in found.scores.items():
        oos = "-" if score.oos is None else f"{100 * score.oos:.1f} %"
        lines.append(
            f"{names[which]:18}{100 * score.accuracy:6.1f} %{100 * score.ece:18.1f} %{100 * score.coverage:23.1f} %{oos:>15}"
        )
    if found.alone:
        lines += ["", f"The cheap model runs alone. {found.alone}"]
    if found.agree is not None and found.right_when_agreed is not None:
        lines += ["", f"They agree on {100 * found.agree:.1f} %; then {100 * found.right_when_agreed:.1f} % are right."]
    if found.several_f1 is not None:
        lines.append(
            f"Two intents in one text: F1 {100 * found.several_f1:.1f} %, exactly both "
            f"{100 * (found.several_exact or 0):.1f} %, at least in doubt {100 * (found.several_named or 0):.1f} %."
        )
    at = found.thresholds
    lines += [
        "",
        f"Fitted: confidence floor {at.floor:.2f}, energy floor {at.energy:.2f}, doubt {at.grey:.2f} to {at.sure:.2f}",
    ]
    if found.confusions:
        lines += ["", "Taken for another:"]
        lines += [
            f"  {count:3}  {gold} -> {said}   {text[:70]!r}" for gold, said, count, text in found.confusions[:most]
        ]
    return "\n".join([*lines, *([""] if found.notes else []), *found.notes]) + "\n"
