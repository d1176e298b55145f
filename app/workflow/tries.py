"""Tries one step until it answers or may not be tried again: every attempt is a row, and nothing is retried unseen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from app.models.port import ModelFailure
from app.sources.port import SourceFailure
from app.workflow import failures, retries
from app.workflow.services import Services
from store.contract import Attempt, Failure

T = TypeVar("T")


@dataclass(frozen=True)
class Step:
    """What is tried: a step's name, the model that does it, the route it is on, and how long it may take in all."""

    name: str
    ticket_id: str
    deadline_seconds: float
    model: str = ""
    prompt: str = ""
    route: str = ""


@dataclass(frozen=True)
class Tried(Generic[T]):
    """What came of it: a value, or the failure that both readers can understand."""

    value: T | None
    attempts: tuple[Attempt, ...]
    failure: Failure | None = None


def tried(step: Step, call: Callable[[float], tuple[T, Attempt]], services: Services) -> Tried[T]:
    """Call with the seconds left, again only as `retries` allows. Switches are read before each call.

    A failed attempt is recorded at once, so that a retry shows while it happens; a good one goes with the ending.
    """
    begun = services.clock()
    attempts: list[Attempt] = []
    while True:
        if (off := _switched_off(step, services)) is not None:
            return Tried(None, tuple(attempts), _failure("switched_off", step, attempts, services, switch=off))
        left = step.deadline_seconds - (services.clock() - begun)
        at = services.clock()
        try:
            value, attempt = call(left)
        except (ModelFailure, SourceFailure) as error:
            outcome, code = failures.classify(error, is_action=False)
            if isinstance(error, SourceFailure):
                code = error.code
            attempt = getattr(error, "attempt", None) or _row(step, services, at)
            retry_after, detail = error.retry_after, str(error)
        except (OSError, ValueError, LookupError, RuntimeError, ArithmeticError, TypeError) as error:
            # A source or an adapter broke: the ticket goes to a person, and the attempt's row says what it was.
            outcome, code = (
                ("temporary", "records_down") if step.name == "lookup" else ("permanent", "model_answer_unfit")
            )
            attempt = _row(step, services, at)
            retry_after, detail = None, f"{type(error).__name__}: {error}"
        else:
            attempts.append(_placed(attempt, step, len(attempts) + 1))
            services.told(step.ticket_id, attempts[-1])
            return Tried(value, tuple(attempts))
        number = len(attempts) + 1
        attempts.append(
            _placed(attempt, step, number).model_copy(update={"outcome": outcome, "code": code, "detail": detail[:500]})
        )
        services.record(step.ticket_id, (attempts[-1],))
        services.told(step.ticket_id, attempts[-1])
        left = step.deadline_seconds - (services.clock() - begun)
        wait = retries.next_try(
            number, outcome, is_action=False, left=left, retry_after=retry_after, jitter=services.jitter()
        )
        if wait is None:
            return Tried(None, tuple(attempts), _failure(code, step, attempts, services))
        services.sleep(wait)


def first_of(result: Tried[T], other: Tried[T]) -> Tried[T]:
    """The first result; the attempts of the other came before its own."""
    return replace(result, attempts=(*other.attempts, *result.attempts))


def _switched_off(step: Step, services: Services) -> str | None:
    off = services.off()
    for kind, name in (("model", step.model), ("prompt", step.prompt), ("route", step.route)):
        if name and (kind, name) in off:
            return f"{kind} {name}"
    return None


def _row(step: Step, services: Services, began: float) -> Attempt:
    return Attempt(step=step.name, model=step.model, ms=(services.clock() - began) * 1000)


def _placed(attempt: Attempt, step: Step, number: int) -> Attempt:
    return attempt.model_copy(
        update={
            "step": step.name,
            "number": number,
            "model": attempt.model or step.model,
            "prompt": attempt.prompt or step.prompt,
            "route": step.route,
        }
    )


def _failure(code: str, step: Step, attempts: list[Attempt], services: Services, **slots: str) -> Failure:
    status = attempts[-1].detail if attempts else ""
    return failures.failure(
        code,
        step.name,
        services.rules,
        **{"attempts": str(len(attempts)), "model": step.model, "step": step.name, "status": status[:80], **slots},
    )
