"""Tells messages that want no answer: machines talking, and a plain thank-you. Pure."""

from __future__ import annotations

import re

from store.case import Case

THANKS = frozenset({"thanks"})
MACHINES = frozenset({"out_of_office", "auto_reply"})
"""Intents that end a ticket without an answer when they stand alone."""

_SUBJECT = re.compile(
    r"^\s*(?:auto(?:matic)?[ -]?(?:reply|response)|autosvar|out of (?:the )?office|abwesenheits\w*|automatische antwort"
    r"|réponse automatique|respuesta automática|undeliver(?:ed|able)|delivery status notification|mail delivery)\b",
    re.IGNORECASE,
)
_SENDER = re.compile(r"^(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounce[sd]?)\b[^@]*@", re.IGNORECASE)


def machine(case: Case) -> str | None:
    """Why this message was written by a machine, judged by subject and sender alone; None when a person wrote."""
    if case.messages and case.message.id == case.messages[0].id and _SUBJECT.match(case.ticket.subject):
        return f"automatic reply: {case.ticket.subject}"
    if case.message.sender and _SENDER.match(case.message.sender):
        return f"sent by a machine: {case.message.sender}"
    return None


def no_answer_wanted(case: Case) -> str | None:
    """Why the classified message wants no answer; None when it does. A doubt, a question or a grey wish keeps it open."""
    found = case.classification
    if found is None or len(found.intents) != 1 or found.out_of_scope or found.agree is False:
        return None
    name = found.intents[0].name
    if name in MACHINES:
        return "automatic reply"
    if name in THANKS and not found.grey and "?" not in case.message.text:
        return "the customer says thank you"
    return None
