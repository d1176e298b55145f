"""Fits the embedded pair to a shop's examples: cross-validated temperatures and thresholds, kept in the user's folder."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.models import hashed, minilm
from app.models.clauses import clauses
from app.models.linear import Head, blend, fit_head, softmax, temperature
from app.models.pair import (
    MOST_CLAUSES,
    NO_REQUEST,
    RESERVED,
    Half,
    Mix,
    Pair,
    Reading,
    Thresholds,
    Which,
    bars_of,
    energies,
    reading,
    rows_of,
)
from app.models.scoring import Held, Report, composed, report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.models.linear import Floats, Loss

FOLDS = 5
MOST_CROSSED = 3000
"""Texts up to which five folds are fitted; above, a fifth is held out once."""
PENALTIES: dict[Which, tuple[float, ...]] = {"cheap": (1e-5, 1e-4), "strong": (1e-5, 1e-4, 1e-3)}
MANY_PENALTY: dict[Which, float] = {"cheap": 1e-4, "strong": 1e-4}
"""l2 of a mean loss. The first is chosen by cross-validation."""
JOINS = (". ", " and ", ". Also, ", ", also ", "\n\n", ". ")
SEED = 7
MOST_COMPOSED = 300
"""Texts that each kind of composed text is made of."""


class NothingToFit(ValueError):
    """Fewer than two intents with two examples each."""


@dataclass(frozen=True)
class Sample:
    """A text with the in-scope labels it holds. `fold` is held out together."""

    text: str
    labels: frozenset[str]
    fold: int


def fit(examples: Mapping[str, Sequence[str]], reviewed: Sequence[tuple[str, str]] = ()) -> tuple[Pair, Report]:
    """The fitted pair and what it got right on held-out texts. The same input gives the same pair.

    examples: intent to texts, as in intents.toml, with the reserved `out_of_scope` and `no_request` where given.
    reviewed: (text, intent) of tickets that people reviewed. Raises `NothingToFit`.
    """
    labels, singles = _singles(examples, reviewed)
    pairs = _composed(singles)
    why = minilm.available()
    learners: list[_Learner] = [_Learner("cheap", labels, singles, pairs)]
    if why is None:
        learners.append(_Learner("strong", labels, singles, pairs))
    halves = [learner.half() for learner in learners]
    held: dict[str, Held] = {learner.which: learner.held() for learner in learners}
    mix = Mix()
    if why is None:
        held["pair"], mix = _mixed(held["cheap"], held["strong"], learners[0])
    alone = thresholds(held["cheap"], labels, singles, pairs)
    both = thresholds(held["pair"], labels, singles, pairs) if why is None else alone
    pair = Pair(labels, halves[0], halves[1] if why is None else None, why or "", mix, both, alone)
    return pair, report(pair.labels, held, singles, pairs, at=both, alone=why or "")


def _mixed(cheap: Held, strong: Held, learner: _Learner) -> tuple[Held, Mix]:
    """Both halves together on what was held out, and what each counts."""
    import numpy as np

    seen, seen_many = ~np.isnan(cheap.one[:, 0]), ~np.isnan(cheap.many[:, 0])
    goals = learner.targets[: len(cheap.one)][seen]
    one = blend(cheap.one[seen], strong.one[seen], goals)
    goals = learner.targets[seen_many][:, : learner.known]
    many = blend(cheap.many[seen_many], strong.many[seen_many], goals, "sigmoid")
    mix = Mix(one, many)
    first, several = mix.mixed([cheap.one, strong.one], [cheap.many, strong.many])
    pieces, _ = mix.mixed([cheap.piece_one, strong.piece_one], [cheap.many, strong.many])
    wholes, _ = mix.mixed([cheap.whole_one, strong.whole_one], [cheap.many, strong.many])
    return Held(first, several, pieces, wholes, cheap.pieces), mix


def _singles(
    examples: Mapping[str, Sequence[str]], reviewed: Sequence[tuple[str, str]]
) -> tuple[tuple[str, ...], list[Sample]]:
    """Labels (in scope first, sorted) and one sample a distinct text; folds go round within each label."""
    by_label: dict[str, dict[str, None]] = {label: dict.fromkeys(texts) for label, texts in examples.items()}
    for text, label in reviewed:
        if label in by_label:
            by_label[label][text] = None
    kept = {label: list(texts) for label, texts in by_label.items() if len(texts) >= 2}
    known = sorted(label for label in kept if label not in RESERVED)
    if len(known) < 2:
        raise NothingToFit("Two intents with two examples each are the least that can be fitted.")
    labels = (*known, *(label for label in RESERVED if label in kept))
    samples = [
        Sample(text, frozenset({label}), i % FOLDS) for label in labels for i, text in enumerate(sorted(kept[label]))
    ]
    return labels, samples


def _composed(singles: Sequence[Sample]) -> list[Sample]:
    """What tickets look like, put together from texts of the same fold: two intents, and one intent with a sentence beside
    it that asks for nothing."""
    dice = random.Random(SEED)
    made = []
    for fold in range(FOLDS):
        inside = [s for s in singles if s.fold == fold]
        known = [s for s in inside if not s.labels & set(RESERVED)]
        beside = [s for s in inside if NO_REQUEST in s.labels]
        most = MOST_COMPOSED // FOLDS
        for first in dice.sample(known, most) if len(known) > most else known:
            others = [s for s in known if s.labels != first.labels]
            if others:
                second = dice.choice(others)
                made.append(Sample(_joined(first, second, dice), first.labels | second.labels, fold))
            if beside:
                story = dice.choice(beside)
                order = (story, first) if dice.random() < 0.5 else (first, story)
                made.append(Sample(_joined(*order, dice), first.labels, fold))
    return made


def _joined(first: Sample, second: Sample, dice: random.Random) -> str:
    return first.text.rstrip(".!? ") + dice.choice(JOINS) + second.text


class _Learner:
    """One half while it is fitted: features of all texts once, then a head for each fold and one for all."""

    def __init__(self, which: Which, labels: tuple[str, ...], singles: list[Sample], pairs: list[Sample]) -> None:
        import numpy as np

        self.which, self.labels, self.singles, self.pairs = which, labels, singles, pairs
        self.known = sum(label not in RESERVED for label in labels)
        self.pieces = [clauses(pair.text)[:MOST_CLAUSES] or [pair.text] for pair in pairs]
        texts = [s.text for s in singles] + [p.text for p in pairs] + [t for piece in self.pieces for t in piece]
        self.rows = rows_of(which, texts)
        self.large = len(singles) > MOST_CROSSED
        self.table = hashed.similarity_table(self.rows) if which == "cheap" and not self.large else None
        place = {label: i for i, label in enumerate(labels)}
        self.targets = np.zeros((len(singles) + len(pairs), len(labels)))
        for row, sample in enumerate([*singles, *pairs]):
            for label in sample.labels:
                self.targets[row, place[label]] = 1.0
        self.folds = np.array([s.fold for s in [*singles, *pairs]])
        self.rows_owner = np.r_[
            self.folds[len(singles) :], np.repeat(self.folds[len(singles) :], [len(p) for p in self.pieces])
        ]
        self.penalty = PENALTIES[which][0]
        self._cross()

    def half(self) -> Half:
        """The half fitted on everything."""
        n = len(self.singles)
        one = self._final(list(range(n)), self.targets[:n], "softmax", self.penalty)
        many = self._final(
            list(range(len(self.targets))), self.targets[:, : self.known], "sigmoid", MANY_PENALTY[self.which]
        )
        return Half(self.which, one, many, self.one_factor, self.many_factor)

    def held(self) -> Held:
        """Calibrated scores of every text by a head that had not seen its fold."""
        one, many = self.one * self.one_factor, self.many * self.many_factor
        return Held(one, many, self.piece_one, self.whole_one, self.pieces)

    def _cross(self) -> None:
        """Choose the penalty, then hold out each fold once; fit the temperatures on what was held out."""
        import numpy as np

        n, every = len(self.singles), len(self.targets)
        folds = range(1) if self.large else range(FOLDS)
        costs = {}
        scores = {}
        for penalty in PENALTIES[self.which][:1] if self.large else PENALTIES[self.which]:
            one = np.full((n, len(self.labels)), np.nan)
            others = np.full((len(self.rows_owner), len(self.labels)), np.nan)
            for fold in folds:
                train = np.flatnonzero(self.folds[:n] != fold)
                test = np.flatnonzero(self.folds[:n] == fold)
                inside = np.flatnonzero(self.rows_owner == fold)
                out = self._score(train, self.targets[:n], "softmax", penalty, np.r_[test, n + inside])
                one[test], others[inside] = out[: len(test)], out[len(test) :]
            seen = ~np.isnan(one[:, 0])
            factor = temperature(one[seen], self.targets[:n][seen])
            share = (softmax(one[seen] * factor) * self.targets[:n][seen]).sum(axis=1)
            costs[penalty] = float(-np.log(np.clip(share, 1e-12, 1)).mean())
            scores[penalty] = (one, others * factor, factor)
        self.penalty = min(costs, key=lambda p: costs[p])
        self.one, others, self.one_factor = scores[self.penalty]
        self.whole_one, self.piece_one = others[: every - n], others[every - n :]
        self.many = np.full((every, self.known), np.nan)
        for fold in folds:
            train, test = np.flatnonzero(self.folds != fold), np.flatnonzero(self.folds == fold)
            goal = self.targets[:, : self.known]
            self.many[test] = self._score(train, goal, "sigmoid", MANY_PENALTY[self.which], test)
        seen = ~np.isnan(self.many[:, 0])
        self.many_factor = temperature(self.many[seen], self.targets[seen][:, : self.known], "sigmoid")

    def _score(self, train: Any, targets: Floats, loss: Loss, l2: float, test: Any) -> Floats:
        if self.table is not None:
            table = self.table[train[:, None], train]
            shares, bias = hashed.fit_in_span(table, targets[train], loss=loss, l2=l2)
            result: Floats = self.table[test[:, None], train] @ shares + bias
            return result
        head = self._final(train, targets[train], loss, l2)
        scores: Floats = head.scores(_pick(self.rows, test))
        return scores

    def _final(self, rows: Any, targets: Floats, loss: Loss, l2: float) -> Any:
        picked = _pick(self.rows, rows)
        if self.which == "cheap":
            return hashed.Packed.of(hashed.fit_hashed(picked, targets, loss=loss, l2=l2))
        head = fit_head(picked.astype("float64"), targets, loss=loss, l2=l2)
        return Head(head.weights.astype("float32"), head.bias)


def _pick(rows: Any, wanted: Any) -> Any:
    """Some rows of either kind of features, in order."""
    import numpy as np

    wanted = np.asarray(wanted)
    if not isinstance(rows, hashed.Sparse):
        return rows[wanted]
    starts = np.searchsorted(rows.rows, wanted)
    ends = np.searchsorted(rows.rows, wanted, side="right")
    index = np.concatenate([np.arange(a, b) for a, b in zip(starts, ends, strict=True)]) if len(wanted) else wanted
    row = np.repeat(np.arange(len(wanted)), ends - starts)
    return hashed.Sparse(row, rows.buckets[index], rows.values[index], (len(wanted), rows.shape[1]))


def thresholds(held: Held, labels: Sequence[str], singles: Sequence[Sample], pairs: Sequence[Sample]) -> Thresholds:
    """Fitted on held-out answers; see `Thresholds` for what each means."""
    import numpy as np

    known = sum(label not in RESERVED for label in labels)
    n = len(singles)
    one = softmax(held.one)
    seen = ~np.isnan(one[:, 0])
    gold = np.array([labels.index(next(iter(s.labels))) for s in singles])
    inside = seen & (gold < known)
    right = one[:, :known].argmax(axis=1) == gold
    floor = _floor(one[inside][:, :known].max(axis=1), right[inside])
    energy = energies(held.one, known)
    lowest = float(np.quantile(energy[inside & right], 0.02)) if (inside & right).any() else -np.inf
    found = [(each, pairs[number].labels) for number, each in composed(held, n, labels)]
    for row in np.flatnonzero(inside):
        alone = reading(held.one[row : row + 1], held.one[row], held.many[row], [True], labels)
        found.append((alone, frozenset({labels[gold[row]]})))
    for row in np.flatnonzero(seen & (gold >= known)):  # nothing is wanted here
        alone = reading(held.one[row : row + 1], held.one[row], held.many[row], [True], labels)
        found.append((alone, frozenset()))
    sure, grey = _band(found, labels[:known])
    return Thresholds(round(floor, 3), round(lowest, 3), sure, grey)


def _floor(confidence: Floats, right: Any, wanted: float = 0.95) -> float:
    """The lowest confidence from which on the share of right answers is `wanted`; 1.0 when none is."""
    import numpy as np

    order = np.argsort(-confidence, kind="stable")
    precision = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(precision >= wanted)
    return float(confidence[order][good[-1]]) if len(good) else 1.0


def _band(found: Sequence[tuple[Reading, frozenset[str]]], known: Sequence[str]) -> tuple[float, float]:
    """`sure` has the best F1 over all held-out texts; `grey` is where 97 % of the wanted labels have been seen."""
    import numpy as np

    shares = np.array([each.shares for each, _ in found])
    goals = np.array([[label in wanted for label in known] for _, wanted in found])
    best, sure = -1.0, 0.5
    for at in np.arange(0.1, 0.9, 0.02):
        said = shares >= np.array([bars_of(each, float(at)) for each, _ in found])
        f1 = 2 * float((said & goals).sum()) / max(1.0, float(said.sum() + goals.sum()))
        if f1 > best:
            best, sure = f1, float(at)
    grey = float(np.quantile(shares[goals], 0.03)) if goals.any() else sure
    return round(sure, 3), round(min(max(grey, 0.05), sure), 3)
