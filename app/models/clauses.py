"""Cuts a ticket into wishes, one clause each, without greetings, signatures, quotes and pasted logs."""

from __future__ import annotations

import re

_QUOTED = re.compile(r"^\s*(?:>|\|).*$", re.M)
_HISTORY = re.compile(
    r"^\s*(?:-{2,} ?(?:original message|forwarded message).*|on .{5,80} wrote:|from: .+@.+|_{8,}|sent from my .+)\s*$",
    re.I | re.M,
)
_ANSWERED = re.compile(r"\A[ \t]{0,9}(?:re|fwd?|aw|wg)[ ]?:[^\n]{0,300}\n", re.I)
"""The subject of an answer: words of the mail before, not of this customer now."""
_SIGNATURE = re.compile(
    r"^\s*-- ?$|^\s*(?:(?:best|kind|warm) regards|regards|sincerely|cheers|yours \w+|best),?\s*$", re.I | re.M
)
_LOG = re.compile(
    r"^\s*(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\[?\d\d:\d\d:\d\d|(?:ERROR|WARN|INFO|DEBUG|TRACE)\b|at [\w.$]+\(|Traceback"
    r"|File \"|[A-Za-z.]+(?:Error|Exception):|\{\"|</?\w+>|HTTP/\d|\w+=\S+ \w+=\S+).*$",
    re.M,
)
_GREETING = re.compile(
    r"^\s*(?:(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|greetings)\b[^,.!?\n]{0,30}[,.!]+"
    r"|(?:many )?thanks?(?: you)?(?: (?:so|very) much| a lot| in advance| for (?:your|any) (?:help|time))?[.!]+\s*$)",
    re.I,
)
_SENTENCE = re.compile(
    r"(?<=[.!?])(?<!\b[A-Z]\.)(?<!\be\.g\.)(?<!\bNo\.)\s+(?=[\"'(A-Z#0-9])|\n{2,}|\n(?=\s*(?:[-*•]|\d+[.)])\s)|(?<=\w)\n(?=[A-Z])"
)
_BULLET = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")
_WANT = (
    r"(?:i (?:also |then |would |just |really |still )*(?:want|need|like|wish|wanna|prefer)|i'd (?:also )?(?:like|love)|"
    r"i(?: am|'m) (?:also )?(?:looking|trying|hoping) to|please|pls|can (?:you|i|we)|could (?:you|i|we)|would you|kindly)"
)
_VERB = (
    r"(?:cancel|return|exchange|swap|replace|refund|change|modify|update|switch|adjust|undo|send|resend|close|delete|unlock|"
    r"reset|check|tell|trace|track|upgrade|downgrade|move|correct|fix)"
)
_CUT = re.compile(
    r"[;,]?\s+(?:and|but|then)?\s*,?\s*(?:also|additionally|besides|furthermore|lastly|finally|secondly|in addition"
    rf"|as well as)[, ]+(?={_WANT}|{_VERB}\b)"
    rf"|[;,]?\s+(?:and|then|but)\s+(?:then\s+)?(?={_WANT}\b)"
    rf"|;\s+(?:and\s+)?(?={_WANT}|{_VERB}\b|for\s+(?:order\s+)?#?\w*\d)"
    rf"|,?\s+and\s+(?:then\s+|also\s+)?(?={_VERB}\b(?! and)\s+(?:my|the|all|order|it|#|this|that|them))",
    re.I,
)


def clauses(text: str) -> list[str]:
    """The wishes and statements of a ticket in order, each a piece of the text. What carries no wish of its own, like the
    second item of a list, stays with the clause before it."""
    body = _body(tidy(text))
    return _pieces(body, greetings=False) or _pieces(body, greetings=True)


def _pieces(body: str, *, greetings: bool) -> list[str]:
    """The clauses without their greetings and plain thanks; with them where the text has nothing else."""
    pieces: list[str] = []
    for sentence in _SENTENCE.split(body):
        plain = _BULLET.sub("", sentence if greetings else _GREETING.sub("", sentence)).strip()
        pieces += [piece.strip(" ,;\n") for piece in _outside_braces(plain)]
    return [piece for piece in pieces if re.search(r"\w\w", piece)]


_ASKS = re.compile(
    rf"[?]|\b{_WANT}\b|(?:^|[,:;])\s{{0,3}}(?:(?:also|then|so|just|first|second|now) ){{0,2}}{_VERB}\b"
    r"|\b(?:where|when|how|what|why|which|please)\b",
    re.I,
)


def asks(clause: str) -> bool:
    """Whether a clause asks for something, by its form: a question, "please", "I want", a verb that orders. What it does
    not tell is whether a plain statement ("I was charged twice") is meant as a wish."""
    return bool(_ASKS.search(clause))


MOST = 20_000
"""Characters of a ticket that are read for wishes; what is longer is a log, a thread or an attack."""


def tidy(text: str) -> str:
    """The first part of a text with runs of empty lines and of spaces made short, so that no pattern works long on them."""
    lines = (re.sub(r"[ \t]{3,}", "  ", line.rstrip()) for line in text[:MOST].splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def _body(text: str) -> str:
    """The newest words of the customer: history, signature, quoted lines and pasted logs are left out."""
    for ending in (_HISTORY, _SIGNATURE):
        match = ending.search(text)
        if match and text[: match.start()].strip():
            text = text[: match.start()]
    without = _LOG.sub("", _QUOTED.sub("", _ANSWERED.sub("", text)))
    return without if re.search(r"\w\w", without) else text


def _outside_braces(sentence: str) -> list[str]:
    """The sentence cut where a new wish begins, never inside {…}, […], (…)."""
    cuts = []
    for match in _CUT.finditer(sentence):
        before = sentence[: match.start()]
        if all(before.count(opening) == before.count(closing) for opening, closing in ("{}", "[]", "()")):
            cuts.append((match.start(), match.end()))
    edges = [0, *(end for _, end in cuts)]
    ends = [*(start for start, _ in cuts), len(sentence)]
    return [sentence[start:end] for start, end in zip(edges, ends, strict=True)]
