"""Whether every sentence of a reply stands in its sources: amounts, dates, ids, states, deeds and promises alike.

A sentence is a courtesy, a question, or a claim that names its evidence. What does not stand there is marked in the claim.
The kind a model gives a sentence proves nothing: a courtesy or a question that carries a fact is judged as the claim it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache

from app.actions import effects
from app.workflow.courtesy import ASSERTING_QUESTION, SIGN_OFF, polite
from app.workflow.ground import Ground
from app.workflow.letters import as_id, ids_in, lowered, reads_as, runs, without_signs
from app.workflow.reading import read, sentences, shape
from app.workflow.wording import content, word_set, worded
from config.rules import ActionEntry, Rules
from store.case import Case, Reply
from store.contract import Action, Claim, Evidence, Proposal

LEAST_SHARED = 0.5
"""Share of a claim's content words that must stand in its source: a paraphrase passes, another statement does not."""
SHOWN = 60
"""Characters of a sentence shown in a problem."""


class Asking:
    """Who asks: the names a reply may call them by, in lower case, and what they wrote. Told as far as it is asked."""

    def __init__(self, names: Iterable[str], said: str) -> None:
        self._names, self._said = frozenset(names), said

    @cached_property
    def people(self) -> frozenset[str]:
        return _people(self._names)

    @cached_property
    def said(self) -> Ground:
        return _ground((self._said,))


def prove(reply: Reply, case: Case, rules: Rules) -> tuple[Claim, ...]:
    """The reply's claims, one for one, each with what is wrong with it, if anything."""
    facts = case.facts
    passages = (*facts.passages, *facts.conversations) if facts else ()
    known = {each.id: each for each in (*passages, *reply.evidence)}
    names = {case.ticket.customer.name, case.message.author, facts.customer.name if facts else ""}
    said = "\n".join([*[m.text for m in case.messages if m.direction == "inbound"], case.message.text])
    asking = Asking(names, said)
    return _proved(reply.sentences, known, Deeds(reply.actions, rules), asking, rules, ours=True)


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
    asking = Asking({proposal.ticket.customer.name}, proposal.message or "")
    return _proved(claims, known, Deeds(proposal.actions, rules), asking, rules, ours=False)


def leaks(text: str, case: Case, rules: Rules) -> tuple[str, ...]:
    """What customer text must never show: internal words, model and prompt names, confidence, what is another customer's."""
    facts = case.facts
    reply = case.reply
    evidence = (*(facts.passages if facts else ()), *(reply.evidence if reply else ()))
    own = [f"{m.text} {m.sender or ''}" for m in case.messages if m.direction == "inbound"]
    own += [case.message.text, case.message.sender or "", case.ticket.subject]
    own += [str(record.values) for record in (facts.records if facts else ())]
    return _leaks(text, Deeds(reply.actions if reply else (), rules), lambda: (*own, *_texts(evidence)), rules)


def leaks_in(proposal: Proposal, rules: Rules) -> tuple[str, ...]:
    """`leaks` of a proposal's reply, against its own evidence, actions and message."""
    if not proposal.customer_reply:
        return ()
    own = (proposal.message or "", proposal.ticket.subject, proposal.failure.customer_text if proposal.failure else "")
    return _leaks(
        proposal.customer_reply,
        Deeds(proposal.actions, rules),
        lambda: (*own, *_texts(proposal.evidence)),
        rules,
    )


# ── claims ───────────────────────────────────────────────────────────────────


class Deeds:
    """What the actions of this ticket do, in words: a deed stands only on one of these. Told as far as it is asked."""

    def __init__(self, actions: Sequence[Action], rules: Rules) -> None:
        self._actions, self._rules = actions, rules

    @cached_property
    def texts(self) -> tuple[str, ...]:
        return tuple([_done(action, self._rules.actions.get(action.kind)) for action in self._actions])

    @cached_property
    def moved(self) -> Ground | None:
        """What says which amounts are moved; None where none is."""
        return _ground(self.texts) if any(each.amount for each in self._actions) else None

    def unnamed(self, ids: Iterable[str]) -> list[str]:
        """Those of the ids that the actions do not plainly name: they may do so in another way."""
        low = lowered("\n".join([part for each in self._actions for part in (each.target, each.description)]))
        return [each for each in ids if not reads_as(as_id(each), each, low)] if low else list(ids)

    @cached_property
    def told(self) -> frozenset[str]:
        """The sentences in which a lead lets a customer be told of each action, with what it does in their slots."""
        found: set[str] = set()
        for action in self._actions:
            if (entry := self._rules.actions.get(action.kind)) is not None:
                found.update(sentences(effects.told(entry, action)))
        return frozenset(found)


def _proved(
    claims: Iterable[Claim], known: Mapping[str, Evidence], deeds: Deeds, asking: Asking, rules: Rules, *, ours: bool
) -> tuple[Claim, ...]:
    """`ours`: the actions were made here, of typed records, so that what they are told in is true of them."""
    catalogue = _catalogue(rules)
    found = []
    for claim in claims:
        absent = [each for each in claim.evidence_ids if each not in known]
        wrong = [f"source not found: {', '.join(absent)}"] if absent else []
        for sentence in sentences(claim.text):
            if (ours and sentence in deeds.told) or _says_nothing(sentence, asking):
                continue
            if not _from_catalogue(sentence, catalogue, asking.said):
                named = [known[each] for each in claim.evidence_ids if each in known]
                ground = _ground(
                    (*_texts(each for each in named if each.kind != "passage"), *deeds.texts),
                    _texts(each for each in named if each.kind == "passage"),
                )
                wrong += _problems(sentence, ground, asking, named=bool(named or deeds.texts))
                wrong += _other_amounts(sentence, deeds.moved)
        problem = "; ".join(dict.fromkeys(wrong)) or None
        found.append(claim if problem == claim.problem else claim.model_copy(update={"problem": problem}))
    return tuple(found)


def _says_nothing(sentence: str, asking: Asking) -> bool:
    """Whether it is a courtesy or a question without a fact, a state, a promise or a strange name."""
    names = _named_in_courtesy(shape(sentence))
    return names is not None and all(each in asking.people or each in _NAMED_BY_ALL for each in names)


@lru_cache(maxsize=4096)
def _named_in_courtesy(sentence: str) -> tuple[str, ...] | None:
    if not (polite(sentence) or _asks(sentence)):
        return None
    heard, reading = worded(sentence), read(sentence)
    if heard.states or heard.promises or reading.facts:
        return None
    return () if SIGN_OFF.search(sentence) else tuple(map(_bare, reading.names))


def _asks(sentence: str) -> bool:
    return sentence.rstrip("\"'”’) ").endswith("?") and not ASSERTING_QUESTION.search(sentence)


def _bare(name: str) -> str:
    return name.casefold().removesuffix("'s").removesuffix("’s")


def _other_amounts(sentence: str, moved: Ground | None) -> list[str]:
    """Amounts that we say we moved, and that no action of this ticket moves: the record's own amount proves no deed."""
    if moved is None:
        return []
    amounts = [(fact, text) for fact, text in read(sentence).facts if fact[0] == "money"]
    if not amounts or not _WE_MOVE.search(sentence):
        return []
    return [f"not what the action does: {text}" for fact, text in amounts if not moved.has_fact(fact, text)]


def _problems(sentence: str, ground: Ground, asking: Asking, *, named: bool) -> list[str]:
    """What of one sentence does not stand in its ground, each as a short sentence."""
    if ground.quotes(sentence):
        return []  # quoted word for word
    only_asks = _asks(sentence) or polite(sentence)
    wrong = _loose(sentence, ground, asking.people, asked=asking.said if only_asks else None)
    if wrong or only_asks:
        return wrong
    if not named:
        return [f"claim names no source: {_short(sentence)}"]
    return _meaning(sentence, ground)


def _loose(sentence: str, ground: Ground, people: frozenset[str], *, asked: Ground | None) -> list[str]:
    """Facts, states, promises and names that do not stand there. What the customer wrote may be asked back."""
    reading, heard = read(sentence), worded(sentence)
    wrong = [
        f"claim not in sources: {text}"
        for fact, text in reading.facts
        if not ground.has_fact(fact, text) and not (asked and asked.has_fact(fact, text))
    ]
    for state, text in heard.states:
        if not ground.has_state(state) and (heard.personal or not ground.rules(state, content(heard.stems))):
            wrong.append(f"claim not in sources: {'not ' if state[1] else ''}{text.replace('-', ' ')}")
    for word in heard.promises:
        if not ground.has_word(word):
            wrong.append(f"promise not in sources: {word}")
    if reading.names and not SIGN_OFF.search(sentence):
        for name in reading.names:
            low = _bare(name)
            if low in people or low in _NAMED_BY_ALL or ground.has_word(low) or (asked and asked.said(low)):
                continue
            wrong.append(f"name not in sources: {name}")
    return wrong


def _meaning(sentence: str, ground: Ground) -> list[str]:
    """Whether the statement itself stands there: its words, its bounds, and whether it says yes or no."""
    heard = worded(sentence)
    needed = content(heard.stems)
    if needed and not ground.holds(needed, LEAST_SHARED * len(needed)):
        return [f"claim not in sources: {_short(sentence)}"]
    if unknown := [word for word in heard.limits if not ground.has_word(word)]:
        return [f"claim not in sources: {', '.join(sorted(unknown))}"]
    if needed and ground.denies(needed, negated=heard.negated):
        return [f"says the opposite of its source: {_short(sentence)}"]
    return []


@lru_cache(maxsize=1024)
def _ground(texts: tuple[str, ...], rules_of_shop: tuple[str, ...] = ()) -> Ground:
    return Ground(texts, rules_of_shop)


def _texts(evidence: Iterable[Evidence]) -> tuple[str, ...]:
    return tuple(f"{each.title}\n{each.quote}" for each in evidence)


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
def _people(names: frozenset[str]) -> frozenset[str]:
    return frozenset([part.casefold() for name in names for part in _PART_OF_NAME.findall(name)])


_PART_OF_NAME = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


def _short(sentence: str) -> str:
    return sentence if len(sentence) <= SHOWN else sentence[: SHOWN - 1].rstrip() + "…"


# ── sentences a lead wrote ───────────────────────────────────────────────────

_SLOT = re.compile(r"\{[\w.]+\}")
Catalogue = dict[str, list[tuple[str, str, re.Pattern[str]]]]
_kept: list[tuple[object, Catalogue]] = []


def _catalogue(rules: Rules) -> Catalogue:
    """Every sentence of messages.toml by its first word: how it begins and ends, and its pattern. Made once for the rules
    in use."""
    if _kept and _kept[0][0] is rules.messages:
        return _kept[0][1]
    found: Catalogue = {}
    for message in rules.messages.values():
        for sentence in sentences(message.customer):
            fixed = _SLOT.split(sentence)
            pattern = re.compile("(.{1,80}?)".join(map(re.escape, fixed)))
            found.setdefault(_first(sentence), []).append((fixed[0], fixed[-1], pattern))
    _kept[:] = [(rules.messages, found)]
    return found


def _from_catalogue(sentence: str, catalogue: Catalogue, said: Ground) -> bool:
    """Whether a lead wrote it, slots filled with nothing but what the customer wrote."""
    for begins, ends, pattern in (*catalogue.get(_first(sentence), ()), *catalogue.get("", ())):
        if not (sentence.startswith(begins) and sentence.endswith(ends)):
            continue
        if found := pattern.fullmatch(sentence):
            return all(said.has_fact(fact, shown) for slot in found.groups() for fact, shown in read(slot).facts)
    return False


def _first(sentence: str) -> str:
    """Its first word; nothing where that is a slot, which may be filled with any."""
    word = sentence.split(" ", 1)[0]
    return "" if "{" in word else word


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
_INTERNAL_WORDS = word_set(
    """
    internal confidence system developer prompt language llm model ai chatgpt claude gemini openai anthropic llama mistral
    minilm classifier classification gate fallback kill evidence idempotency watermark json traceback stack stacktrace
    exception null undefined http code token instructions ignore customer_id api apikey
    """
)
_INTERNAL_LETTERS = ("gpt", "smollm", "evidence_")
"""The words, and the letters, without any of which nothing internal stands there."""
_ODD = re.compile(r"[^\x00-\u00b1\u00b4-\u00b8\u00ba-\u017e€•–—…‘’“”]")
"""Characters some of which count as digits and are none: ², ①."""
_WE_MOVE = re.compile(
    r"\bwe\b.{0,40}\b(?:refund|credit|pa(?:y|id)|charg|sent|send|transfer)\w*", re.IGNORECASE | re.DOTALL
)
_PLACEHOLDER = re.compile(r"\{\w[\w.]*\}|\[\[|\]\]|<\|")
_PRIVATE = frozenset({"mail", "id"})
_named: list[tuple[object, frozenset[str]]] = []
_NAMED_BY_ALL = frozenset({"paypal", "english", "gift", "i", "ok", "faq", "vat", "usa", "eu", "uk"})


def _leaks(text: str, deeds: Deeds, own: Callable[[], tuple[str, ...]], rules: Rules) -> tuple[str, ...]:
    """`own` gives what the customer may read of themselves beside what is done for them; asked for only where the text
    names something private that no deed does."""
    found = dict.fromkeys(_leaked(text, _names(rules)))
    if "@" not in text and not _odd(text):
        ids = set(ids_in(text))
        if not ids or not (unnamed := deeds.unnamed(ids)) or _ground(own()).plainly_names(unnamed):
            return tuple(found)
    private = [(fact, shown) for part in sentences(text) for fact, shown in read(part).facts if fact[0] in _PRIVATE]
    done = _ground(deeds.texts) if private else None
    for fact, shown in private:
        if done and (done.has_fact(fact, shown) or shown == "1-to-1"):
            continue
        if not _ground(own()).has_fact(fact, shown):
            found[shown] = None
    return tuple(found)


def _odd(text: str) -> bool:
    """Whether a character that counts as a digit and is none may hide an id."""
    rest = without_signs(text)
    return not rest.isascii() and _ODD.search(rest) is not None


@lru_cache(maxsize=512)
def _leaked(text: str, names: frozenset[str]) -> tuple[str, ...]:
    low, words = lowered(text), runs(text)
    found: list[str] = []
    if not _INTERNAL_WORDS.isdisjoint(words) or any(map(low.__contains__, _INTERNAL_LETTERS)):
        found += [" ".join(each[0].split()) for each in _INTERNAL.finditer(text)]
    if "{" in text or "[" in text or "]" in text or "<" in text:
        found += [each[0] for each in _PLACEHOLDER.finditer(text)]
    if any(map(low.__contains__, _lowered(names))):
        found += sorted(names & set(re.findall(r"[\w-]+", text.casefold())))
    return tuple(found)


@lru_cache(maxsize=16)
def _lowered(names: frozenset[str]) -> tuple[str, ...]:
    return tuple(map(lowered, names))


def _names(rules: Rules) -> frozenset[str]:
    """What the models are called: made once for the rules in use."""
    if not _named or _named[0][0] is not rules.models:
        names = frozenset(
            name.casefold() for entry in rules.models.values() for name in (entry.model or "",) if len(name) > 3
        ) | frozenset(name.casefold() for name in rules.models if not name.isalpha() or len(name) > 8)
        _named[:] = [(rules.models, names)]
    return _named[0][1]
