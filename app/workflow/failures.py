"""What went wrong, in two texts and one next step; and which kind of wrong it was."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, Protocol

from config.rules import FailureMessage, Rules
from store.contract import Failure

Outcome = Literal["temporary", "permanent", "unclear"]

CUSTOMER_LIMIT, INTERNAL_LIMIT = 240, 200
"""Characters of the two texts, slots filled."""
SLOT_LIMIT = 60
"""Characters of one slot's value: a mistyped order number may be a whole paragraph."""
NOT_KNOWN = "(not known)"
WITHOUT_TEXT = "field_missing"
"""The message used when a code has no entry: it makes no promise and goes to a person."""

_SLOT = re.compile(r"\{(\w+)\}")
_TEMPORARY = frozenset({408, 409, 502, 503, 504, 529})
_PATIENCE = 60.0


class Error(Protocol):
    """What is known of an error: `app.models.port.ModelFailure`, or a connector's answer in the same words.

    phase: connect (nothing was sent), send, wait, read (the answer broke off), answer (it came and does not fit).
    """

    @property
    def code(self) -> str: ...
    @property
    def phase(self) -> str: ...
    @property
    def status(self) -> int | None: ...
    @property
    def retry_after(self) -> float | None: ...


def failure(code: str, step: str, rules: Rules, /, **slots: str) -> Failure:
    """The failure of messages.toml for a code, slots filled. Never raises for a code or slot that is missing there:
    a failure in telling a failure would hide both."""
    message = rules.messages.get(code)
    if message is None:
        slots = {**slots, "field": f"a message for {code}"}
        message = rules.messages.get(WITHOUT_TEXT) or _last_resort()
    known = {"step": step, "attempts": "1", **slots}
    customer = message.customer
    if any(slot not in known for slot in _SLOT.findall(customer)):
        customer = (rules.messages.get(WITHOUT_TEXT) or _last_resort()).customer
    return Failure(
        step=step,
        class_=message.class_,
        code=code,
        customer_text=_filled(customer, known, CUSTOMER_LIMIT),
        internal_note=_filled(message.internal, known, INTERNAL_LIMIT),
        next_step=message.next,
    )


def classify(error: Error, *, is_action: bool) -> tuple[Outcome, str]:
    """Whether trying again can help, and the message code that tells it.

    Permanent: 400-404, 413, 422 and every other refusal, quota, context window, an answer that does not fit. Unclear: 500,
    no answer in time, an answer that broke off. Temporary: nothing was sent, 429 with Retry-After of at most 60 s, 408, 409,
    502-504, 529.
    """
    said = error.code.casefold()
    if not is_action and "quota" in said:
        return "permanent", "model_quota"
    if not is_action and ("context" in said or error.status == 413):
        return "permanent", "message_too_long"
    if error.status is not None and error.status >= 400:
        return _by_status(error.status, error.retry_after, is_action)
    if error.phase == "connect":
        return "temporary", "connector_unreachable" if is_action else "model_unreachable"
    if error.phase == "answer":
        return "permanent", "connector_refused" if is_action else "model_answer_unfit"
    broke_off = error.phase == "read" and "timeout" not in said
    return "unclear", "connector_timeout" if is_action else "model_broke_off" if broke_off else "model_timeout"


def _by_status(status: int, retry_after: float | None, is_action: bool) -> tuple[Outcome, str]:
    refused = "connector_refused" if is_action else "model_refused"
    busy = "connector_unreachable" if is_action else "model_busy"
    if status == 429:
        if retry_after is None:
            return "unclear", busy  # nobody says when: once more, not three times
        return ("temporary" if retry_after <= _PATIENCE else "permanent"), busy
    if status in _TEMPORARY:
        return "temporary", busy
    if status == 500 or status > 504:
        return "unclear", "connector_timeout" if is_action else "model_broke_off"
    return "permanent", refused


def _filled(template: str, slots: Mapping[str, str], limit: int) -> str:
    text = _SLOT.sub(lambda slot: str(slots.get(slot[1], NOT_KNOWN))[:SLOT_LIMIT], template)
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


@lru_cache(maxsize=1)
def _last_resort() -> FailureMessage:
    """Used only when a team's messages.toml lacks even the message without a text."""
    return FailureMessage(
        class_="permanent",
        customer="Thank you for writing. A colleague is reading your message and will answer you here.",
        internal="{step} stopped and messages.toml has no text for it: {field}. Add one; handle this by hand.",
        next="review",
    )
