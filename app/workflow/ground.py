"""What a claim may stand on, and whether it does: sources are read only as far as a question needs.

Where a fact, a state or a word stands, some of its letters stand too. So only sentences that hold those letters are read,
the shortest first. The answer is the one that reading everything would give.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from app.workflow.letters import LOOKALIKES, as_id, lowered, reads_as, stands_alone
from app.workflow.reading import Fact, read, sentences, stands
from app.workflow.wording import (
    Wording,
    letters_of_promise,
    letters_of_state,
    letters_of_stem,
    stems_of,
    worded,
)

SAME_MATTER = 0.6
"""Share from which a source's sentence is taken as the one a claim restates, so that its turn must be the same."""
State = tuple[str, bool]
_ONE_FORM = frozenset({"id", "mail", "url"})
"""Facts whose letters stand wherever the fact does. A number may be meant by an id of digits alone."""


class Source:
    """One text, taken apart when it is first asked."""

    __slots__ = ("_lines", "_low", "_sentences", "_stems", "_sure", "_turns", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._low: str | None = None
        self._sure: str | None = None
        self._lines: str | None = None
        self._sentences: tuple[str, ...] | None = None
        self._stems: frozenset[str] | None = None
        self._turns = False

    @property
    def sentences(self) -> tuple[str, ...]:
        if self._sentences is None:
            self._sentences = sentences(self.text)
        return self._sentences

    def says(self, sentence: str) -> bool:
        """Whether one of its sentences is just this. Only one that was put together again at an abbreviation may not stand
        there letter by letter."""
        return (sentence in self.text or ". " in sentence) and sentence in self.sentences

    @property
    def low(self) -> str:
        """The text as letters are looked for in it."""
        if self._low is None:
            self._low = lowered(self.text)
        return self._low

    @property
    def sure(self) -> str:
        """The letters where they stand for themselves: what a dotless or dotted i was lowered to proves nothing."""
        if self._sure is None:
            certain = self.text.isascii() or not any(map(self.text.__contains__, LOOKALIKES))
            self._sure = self.low if certain else ""
        return self._sure

    @property
    def stems(self) -> frozenset[str]:
        if self._stems is None:
            self._stems, self._turns = stems_of(self.text, self.sentences)
        return self._stems

    @property
    def turns(self) -> bool:
        """Whether any sentence says no."""
        return bool(self.stems) and self._turns

    def holding(self, letters: Sequence[str]) -> Sequence[str]:
        """The sentences that hold any of the letters, the shortest first."""
        if not any(map(self.low.__contains__, letters)):
            return ()
        found = {at for each in letters for at in self.places(each)}
        return sorted([self.sentences[at] for at in found], key=len)

    def places(self, letters: str) -> Iterator[int]:
        """The places of the sentences that hold the letters, in order."""
        if self._lines is None:
            self._lines = lowered("\n".join(self.sentences))
        start = self._lines.find(letters)
        while start >= 0:
            yield self._lines.count("\n", 0, start)
            end = self._lines.find("\n", start)
            start = self._lines.find(letters, end + 1) if end >= 0 else -1

    def holding_stem(self, stem: str) -> set[int]:
        """The places of the sentences that hold the letters of a stem."""
        return {at for each in letters_of_stem(stem) for at in self.places(each)}


source = lru_cache(maxsize=4096)(Source)


class Ground:
    """Some texts, and questions about them."""

    def __init__(self, own: Iterable[str], ruled: Iterable[str] = ()) -> None:
        """Texts of records, messages and actions; and of the shop's rules, which say what may be, not what is."""
        self._own = tuple(map(source, own))[::-1]  # what is asked for first stands last: what the actions do
        self._all = (*map(source, ruled), *self._own)

    def quotes(self, sentence: str) -> bool:
        """Whether it stands there word for word."""
        return any(each.says(sentence) for each in self._all)

    def has_fact(self, fact: Fact, shown: str) -> bool:
        """Whether a fact stands there, whole, in whatever format. `shown`: as it was written."""
        if any(reads_as(fact, shown, text.sure) for text in self._all):
            return True
        one_form = fact[0] in _ONE_FORM and not fact[1].isdecimal()
        letters = (lowered(fact[1] if one_form else shown),)
        if any(stands(fact, read(each).forms) for text in self._all for each in text.holding(letters)):
            return True
        return not one_form and any(stands(fact, read(each).forms) for text in self._all for each in text.sentences)

    def plainly_names(self, ids: Iterable[str]) -> bool:
        """Whether every one of some ids certainly stands there. False says nothing."""
        return all(any(reads_as(as_id(each), each, text.sure) for text in self._all) for each in ids)

    def has_state(self, state: State) -> bool:
        """Whether a record, a message or an action says it."""
        letters = letters_of_state(state[0])
        return any(_says(worded(each), state) for text in self._own for each in text.holding(letters))

    def has_word(self, word: str) -> bool:
        """Whether the word, or the promise, stands there."""
        letters = (lowered(word), *letters_of_promise(word))
        return any(stands_alone(word, text.sure) for text in self._all) or any(
            word in read(each).words
            or word in worded(each).promises
            or any(word in each.split("-") for each in read(each).words if "-" in each)
            for text in self._all
            for each in text.holding(letters)
        )

    def said(self, word: str) -> bool:
        """Whether just this word stands there."""
        return any(word in read(each).words for text in self._all for each in text.holding((lowered(word),)))

    def rules(self, state: State, needed: frozenset[str]) -> bool:
        """Whether a sentence says the same of the same matter: of these stems."""
        letters = letters_of_state(state[0])
        among = (worded(each) for text in self._all for each in text.holding(letters))
        return any(_says(each, state) and len(needed & each.stems) >= SAME_MATTER * len(needed) for each in among)

    def holds(self, stems: frozenset[str], least: float) -> bool:
        """Whether at least so many of the stems stand there."""
        left = stems
        for text in self._all:
            left = left - text.stems
            if len(stems) - len(left) >= least:
                return True
        return False

    def denies(self, needed: frozenset[str], *, negated: bool) -> bool:
        """Whether the sentence that shares most of the stems, and enough to restate them, says no where the claim says
        yes, or yes where it says no."""
        ruled = self._all[: len(self._all) - len(self._own)]
        among = [each for each in (*self._own[::-1], *ruled) if len(needed & each.stems) / len(needed) >= SAME_MATTER]
        if not negated and not any(each.turns for each in among):
            return False
        closest, shared = None, SAME_MATTER
        for text in among:
            counts = Counter(at for each in needed & text.stems for at in text.holding_stem(each))
            for at in sorted(counts):
                if counts[at] / len(needed) < shared:
                    continue
                other = worded(text.sentences[at])
                share = len(needed & other.stems) / len(needed)
                if share >= shared and (share > shared or closest is None):
                    closest, shared = other, share
        return closest is not None and closest.negated != negated


def _says(wording: Wording, state: State) -> bool:
    return any(each == state for each, _ in wording.states)
