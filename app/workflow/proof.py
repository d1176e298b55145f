"""Whether every sentence of a reply stands in its sources: amounts, dates, ids, states, deeds and promises alike.

A sentence is a courtesy, a question, or a claim that names its evidence. What does not stand there is marked in the claim.
The kind a model gives a sentence proves nothing: a courtesy or a question that carries a fact is judged as the claim it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from app.workflow.reading import Fact, read, sentences, stands
from app.workflow.wording import ASSERTING_QUESTION, COURTESY, SIGN_OFF, content, worded
from config.rules import ActionEntry, Rules
from store.case import Case, Reply
from store.contract import Action, Claim, Evidence, Proposal

LEAST_SHARED = 0.5
"""Share of a claim's content words that must stand in its source: a paraphrase passes, another statement does not."""
SAME_MATTER = 0.6
"""Share from which a source's sentence is taken as the one a claim restates, so that its turn must be the same."""
SHOWN = 60
"""Characters of a sentence shown in a problem."""


class Ground:
    """What one claim may stand on: the evidence it names and the actions of its ticket. Read only as far as it is asked."""

    def __init__(self, own: tuple[str, ...], ruled: tuple[str, ...]) -> None:
        """Sentences of records, messages and actions; and those of the shop's rules."""
        self._own = own
        self.sentences = (*own, *ruled)

    @cached_property
    def facts(self) -> frozenset[Fact]:
        return frozenset().union(*(read(each).forms for each in self.sentences))

    @cached_property
    def states(self) -> frozenset[tuple[str, bool]]:
        """Of records, messages and actions. A rule of the shop says what may be, not what is."""
        return frozenset(state for each in self._own for state, _ in worded(each).states)

    @cached_property
    def stems(self) -> frozenset[str]:
        return frozenset().union(*(worded(each).stems for each in self.sentences))

    @cached_property
    def words(self) -> frozenset[str]:
        found: set[str] = set()
        for each in self.sentences:
            words = read(each).words
            found.update(words, worded(each).promises, *(word.split("-") for word in words if "-" in word))
        return frozenset(found)


@dataclass(frozen=True)
class Known:
    """Who asks: the names a reply may call them by, in lower case, and what they wrote."""

    people: frozenset[str]
    said: str


def prove(reply: Reply, case: Case, rules: Rules) -> tuple[Claim, ...]:
    """The reply's claims, one for one, each with what is wrong with it, if anything."""
    facts = case.facts
    passages = (*facts.passages, *facts.conversations) if facts else ()
    known = {each.id: each for each in (*passages, *reply.evidence)}
    names = {case.ticket.customer.name, case.message.author, facts.customer.name if facts else ""}
    said = "\n".join([*(m.text for m in case.messages if m.direction == "inbound"), case.message.text])
    return _proved(reply.sentences, known, reply.actions, Known(_people(names), said), rules)


def prove_text(text: str, proposal: Proposal, rules: Rules) -> tuple[Claim, ...]:
    """A reply that a person wrote or edited, paragraph by paragraph, against all evidence of the proposal.

    A paragraph that stood before keeps the evidence it named.
    """
    known = {each.id: each for each in proposal.evidence}
    before = {claim.text: claim.evidence_ids for claim in proposal.claims}
    claims = [
        Claim(text=part, evidence_ids=before.get(part, tuple(known)))
        for part in (each.strip() for each in text.split("\n\n"))
        if part
    ]
    asking = Known(_people({proposal.ticket.customer.name}), proposal.message or "")
    return _proved(claims, known, proposal.actions, asking, rules)


def leaks(text: str, case: Case, rules: Rules) -> tuple[str, ...]:
    """What customer text must never show: internal words, model and prompt names, confidence, what is another customer's."""
    facts = case.facts
    reply = case.reply
    evidence = (*(facts.passages if facts else ()), *(reply.evidence if reply else ()))
    own = [f"{m.text} {m.sender or ''}" for m in case.messages if m.direction == "inbound"]
    own += [case.message.text, case.message.sender or "", case.ticket.subject]
    own += [str(record.values) for record in (facts.records if facts else ())]
    return _leaks(text, (*own, *_texts(evidence), *_action_texts(reply.actions if reply else (), rules)), rules)


def leaks_in(proposal: Proposal, rules: Rules) -> tuple[str, ...]:
    """`leaks` of a proposal's reply, against its own evidence, actions and message."""
    if not proposal.customer_reply:
        return ()
    own = (proposal.message or "", proposal.ticket.subject, proposal.failure.customer_text if proposal.failure else "")
    return _leaks(
        proposal.customer_reply,
        (*own, *_texts(proposal.evidence), *_action_texts(proposal.actions, rules)),
        rules,
    )


# ── claims ───────────────────────────────────────────────────────────────────


def _proved(
    claims: Iterable[Claim],
    known: Mapping[str, Evidence],
    actions: Sequence[Action],
    asking: Known,
    rules: Rules,
) -> tuple[Claim, ...]:
    done = _action_texts(actions, rules)
    moved = frozenset(fact for text in done for fact in _facts(text)) if any(each.amount for each in actions) else None
    catalogue = _catalogue(rules)
    found = []
    for claim in claims:
        absent = [each for each in claim.evidence_ids if each not in known]
        named = [known[each] for each in claim.evidence_ids if each in known]
        ground = _ground(
            (*_texts(each for each in named if each.kind != "passage"), *done),
            _texts(each for each in named if each.kind == "passage"),
        )
        wrong = [f"source not found: {', '.join(absent)}"] if absent else []
        for sentence in sentences(claim.text):
            if not _from_catalogue(sentence, catalogue, asking.said):
                wrong += _problems(sentence, ground, asking, named=bool(named or done))
                wrong += _other_amounts(sentence, moved)
        problem = "; ".join(dict.fromkeys(wrong)) or None
        found.append(claim if problem == claim.problem else claim.model_copy(update={"problem": problem}))
    return tuple(found)


def _other_amounts(sentence: str, moved: frozenset[Fact] | None) -> list[str]:
    """Amounts that we say we moved, and that no action of this ticket moves: the record's own amount proves no deed."""
    if moved is None or not _WE_MOVE.search(sentence):
        return []
    amounts = [(fact, text) for fact, text in read(sentence).facts if fact[0] == "money"]
    return [f"not what the action does: {text}" for fact, text in amounts if not stands(fact, moved)]


def _problems(sentence: str, ground: Ground, asking: Known, *, named: bool) -> list[str]:
    """What of one sentence does not stand in its ground, each as a short sentence."""
    if sentence in ground.sentences:
        return []  # quoted word for word
    question = sentence.rstrip("\"'”’) ").endswith("?") and not ASSERTING_QUESTION.search(sentence)
    polite = COURTESY.match(sentence) is not None
    wrong = _loose(sentence, ground, asking.people, asked=asking.said if question or polite else "")
    if wrong or question or polite:
        return wrong
    if not named:
        return [f"claim names no source: {_short(sentence)}"]
    return _meaning(sentence, ground)


def _loose(sentence: str, ground: Ground, people: frozenset[str], *, asked: str) -> list[str]:
    """Facts, states, promises and names that do not stand there. What the customer wrote may be asked back."""
    reading, wording = read(sentence), worded(sentence)
    asked_facts, asked_words = (_facts(asked), _words(asked)) if asked and (reading.facts or reading.names) else _NONE
    wrong = [
        f"claim not in sources: {text}"
        for fact, text in reading.facts
        if not stands(fact, ground.facts) and not stands(fact, asked_facts)
    ]
    for state, text in wording.states:
        if state not in ground.states and (wording.personal or not _ruled(state, wording.stems, ground)):
            wrong.append(f"claim not in sources: {'not ' if state[1] else ''}{text.replace('-', ' ')}")
    for word in wording.promises:
        if word not in ground.words:
            wrong.append(f"promise not in sources: {word}")
    if not SIGN_OFF.search(sentence):
        for name in reading.names:
            low = name.casefold().removesuffix("'s").removesuffix("’s")
            if low not in people and low not in ground.words and low not in asked_words and low not in _NAMED_BY_ALL:
                wrong.append(f"name not in sources: {name}")
    return wrong


def _ruled(state: tuple[str, bool], stems: frozenset[str], ground: Ground) -> bool:
    """Whether a sentence of the source says the same of the same matter."""
    needed = content(stems)
    others = map(worded, ground.sentences)
    return any(
        state in {each for each, _ in other.states} and len(needed & other.stems) >= SAME_MATTER * len(needed)
        for other in others
    )


def _meaning(sentence: str, ground: Ground) -> list[str]:
    """Whether the statement itself stands there: its words, its bounds, and whether it says yes or no."""
    wording = worded(sentence)
    needed = content(wording.stems)
    if needed and len(needed & ground.stems) < LEAST_SHARED * len(needed):
        return [f"claim not in sources: {_short(sentence)}"]
    if unknown := wording.limits - ground.words:
        return [f"claim not in sources: {', '.join(sorted(unknown))}"]
    closest, shared = None, SAME_MATTER
    for each in ground.sentences:
        other = worded(each)
        share = len(needed & other.stems) / len(needed) if needed else 0.0
        if share >= shared and (share > shared or closest is None):
            closest, shared = other, share
    if closest is not None and closest.negated != wording.negated:
        return [f"says the opposite of its source: {_short(sentence)}"]
    return []


@lru_cache(maxsize=1024)
def _ground(texts: tuple[str, ...], rules_of_shop: tuple[str, ...] = ()) -> Ground:
    return Ground(
        tuple(sentence for text in texts for sentence in sentences(text)),
        tuple(sentence for text in rules_of_shop for sentence in sentences(text)),
    )


@lru_cache(maxsize=1024)
def _facts(text: str) -> frozenset[Fact]:
    return frozenset(fact for sentence in sentences(text) for fact in read(sentence).forms)


@lru_cache(maxsize=1024)
def _words(text: str) -> frozenset[str]:
    return frozenset(word for sentence in sentences(text) for word in read(sentence).words)


def _texts(evidence: Iterable[Evidence]) -> tuple[str, ...]:
    return tuple(f"{each.title}\n{each.quote}" for each in evidence)


def _action_texts(actions: Iterable[Action], rules: Rules) -> tuple[str, ...]:
    """What the actions of this ticket do, in words: a deed stands only on one of these."""
    return tuple(_done(action, rules.actions.get(action.kind)) for action in actions)


def _done(action: Action, entry: ActionEntry | None) -> str:
    parts = [action.description, f"{action.target} {action.amount or ''}"]
    parts += [f"{each.field.replace('.', ' ').replace('_', ' ')} {_shown(each.after)}" for each in action.diff]
    parts += [_shown(value) for value in action.args.values()]
    if entry is not None:
        parts.append(_SLOT.sub("", entry.customer))
    return "\n".join(parts)


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return " ".join(map(_shown, value.values()))
    return " ".join(map(_shown, value)) if isinstance(value, list | tuple) else str(value)


@lru_cache(maxsize=1024)
def _people_of(names: frozenset[str]) -> frozenset[str]:
    return frozenset(part.casefold() for name in names for part in re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", name))


def _people(names: Iterable[str]) -> frozenset[str]:
    return _people_of(frozenset(names))


def _short(sentence: str) -> str:
    return sentence if len(sentence) <= SHOWN else sentence[: SHOWN - 1].rstrip() + "…"


# ── sentences a lead wrote ───────────────────────────────────────────────────

_SLOT = re.compile(r"\{[\w.]+\}")
Catalogue = dict[str, list[re.Pattern[str]]]
_kept: list[tuple[object, Catalogue]] = []


def _catalogue(rules: Rules) -> Catalogue:
    """Every sentence of messages.toml by its first word; made once for the rules in use."""
    if _kept and _kept[0][0] is rules.messages:
        return _kept[0][1]
    found: Catalogue = {}
    for message in rules.messages.values():
        for sentence in sentences(message.customer):
            pattern = re.compile("(.{1,80}?)".join(map(re.escape, _SLOT.split(sentence))))
            found.setdefault(_first(sentence), []).append(pattern)
    _kept[:] = [(rules.messages, found)]
    return found


def _from_catalogue(sentence: str, catalogue: Catalogue, said: str) -> bool:
    """Whether a lead wrote it, slots filled with nothing but what the customer wrote."""
    for pattern in catalogue.get(_first(sentence), ()):
        if found := pattern.fullmatch(sentence):
            return all(stands(fact, _facts(said)) for slot in found.groups() for fact in read(slot).forms)
    return False


def _first(sentence: str) -> str:
    return sentence.split(" ", 1)[0]


# ── leaks ────────────────────────────────────────────────────────────────────

_INTERNAL = re.compile(
    r"""\b(?:
      internal\s+note | confidence(?=\W+(?:score|of|is|was|\d)) | (?:system|developer)\s+(?:prompt|message) | our\s+prompt
    | (?:large\s+)?language\s+model | LLM
    | (?:ai|embedded|cheap|strong)\s+model | as\s+an\s+ai | chatgpt | gpt-?\d\w* | claude
    | gemini | openai | anthropic | llama | mistral | smollm\w* | minilm
    | classifier | intent\s+classification | gate\s+reason\w* | fallback\s+route | kill\s+switch | evidence[_\s]+ids?
    | idempotency | watermark | json | traceback | stack\s*trace | exception\s+in
    | null | undefined | http\s+\d{3} | status\s+code
    | token\s+(?:limit|count) | instructions\s+above | ignore\s+(?:all\s+)?previous | customer_id | api\s*key
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_WE_MOVE = re.compile(
    r"\bwe\b.{0,40}\b(?:refund|credit|pa(?:y|id)|charg|sent|send|transfer)\w*", re.IGNORECASE | re.DOTALL
)
_PLACEHOLDER = re.compile(r"\{\w[\w.]*\}|\[\[|\]\]|<\|")
_PRIVATE = frozenset({"mail", "id"})
_NONE: tuple[frozenset[Fact], frozenset[str]] = (frozenset(), frozenset())
_NAMED_BY_ALL = frozenset({"paypal", "english", "gift", "i", "ok", "faq", "vat", "usa", "eu", "uk"})


@lru_cache(maxsize=512)
def _leaked(text: str, names: frozenset[str]) -> tuple[str, ...]:
    found = [" ".join(each[0].split()) for each in _INTERNAL.finditer(text)]
    found += [each[0] for each in _PLACEHOLDER.finditer(text)]
    words = set(re.findall(r"[\w-]+", text.casefold()))
    return (*found, *sorted(names & words))


def _leaks(text: str, own: Sequence[str], rules: Rules) -> tuple[str, ...]:
    names = frozenset(
        name.casefold() for entry in rules.models.values() for name in (entry.model or "",) if len(name) > 3
    ) | frozenset(name.casefold() for name in rules.models if not name.isalpha() or len(name) > 8)
    found = dict.fromkeys(_leaked(text, names))
    private = [(fact, shown) for part in sentences(text) for fact, shown in read(part).facts if fact[0] in _PRIVATE]
    if private:
        ours = _ground(tuple(own)).facts
        for fact, shown in private:
            if not stands(fact, ours) and shown not in {"1-to-1", "24/7"}:
                found[shown] = None
    return tuple(found)
