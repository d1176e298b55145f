"""Several cases decided at once: only those that stop for the same reasons and propose the same kind of action, each with
a claim, a fingerprint and a decision of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from app.desk import deciding
from app.desk.deciding import OpenCase
from app.desk.words import short
from store.contract import Lease, Outcome, Review, Verdict
from store.queue import Conflict, NotFound, Queue, QueueError

MOST = 50
"""Cases one decision may take in: more than that nobody reads."""


class Tags:
    """The cases that were tagged, in the order they were."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}

    def __contains__(self, review_id: object) -> bool:
        return review_id in self._ids

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._ids)

    def turn(self, review_id: str) -> bool:
        """Tag it, or take its tag away. False: there are as many as there may be."""
        if review_id in self._ids:
            del self._ids[review_id]
        elif len(self._ids) >= MOST:
            return False
        else:
            self._ids[review_id] = None
        return True

    def add(self, review_ids: Iterable[str]) -> None:
        """Tag these as well, as far as there is room."""
        for each in review_ids:
            if len(self._ids) < MOST:
                self._ids.setdefault(each, None)

    def clear(self) -> None:
        self._ids.clear()


@dataclass(frozen=True)
class Batch:
    """What can be decided together, as it was read, and what was tagged and cannot be, each with the reason."""

    reviews: tuple[Review, ...]
    left_out: tuple[tuple[str, str], ...]


SOURCES_CELLS = 92


def stands_on(review: Review) -> str:
    """Who it is and what the proposal stands on, in one line."""
    customer, evidence = review.proposal.ticket.customer, review.proposal.evidence
    sources = " · ".join(each.title for each in evidence) or "no source"
    return short(f"{customer.name or 'no name'}, {customer.identity} · {sources}", SOURCES_CELLS)


def _listed(review: Review) -> list[str]:
    """The sources that stood in that line in full: one that was cut off was not on screen."""
    shown = stands_on(review)
    return [each.id for each in review.proposal.evidence if each.title in shown]


@dataclass(frozen=True)
class Done:
    """What became of a batch: one outcome for each decision, and a sentence for each case that was left."""

    outcomes: tuple[Outcome, ...]
    refused: tuple[tuple[str, str], ...]


def template(review: Review) -> tuple[object, ...]:
    """What has to be the same for two cases to be one decision: why they stopped, what is proposed, how it is decided."""
    proposal = review.proposal
    return (
        tuple(sorted(reason.code for reason in review.gate.reasons)),
        review.gate.risk,
        review.gate.needs,
        tuple((action.kind, tuple(sorted(action.args)), action.reversible) for action in proposal.actions),
        proposal.customer_reply is not None,
    )


async def gather(queue: Queue, review_ids: Sequence[str], actor: str) -> Batch:
    """Read every tagged case as it is now. The first that can be decided says what the others must be like."""
    reviews: list[Review] = []
    left_out: list[tuple[str, str]] = []
    for review_id in review_ids[:MOST]:
        try:
            review = await queue.review(review_id)
        except NotFound:
            left_out.append((review_id, "it is not there any more"))
            continue
        name = review.proposal.ticket.id
        if review.state != "open":
            left_out.append((name, deciding.settled(review, None, None, "")))
        elif review.claimed_by not in {None, actor}:
            left_out.append((name, f"{review.claimed_by} has it open"))
        elif deciding.empty(review.proposal):
            left_out.append((name, "nothing is proposed"))
        elif reviews and template(review) != template(reviews[0]):
            left_out.append((name, "it stops for other reasons or proposes something else"))
        else:
            reviews.append(review)
    return Batch(tuple(reviews), tuple(left_out))


async def decide(
    queue: Queue, actor: str, batch: Batch, answer: Callable[[Review], tuple[Verdict, ...]], took_ms: int
) -> Done:
    """Claim and decide them one after the other, each bound to what was listed. A case that changed, was claimed or was
    decided meanwhile stays as it is. `took_ms`: how long the list was read."""
    outcomes: list[Outcome] = []
    refused: list[tuple[str, str]] = []
    for review in batch.reviews:
        lease: Lease | None = None
        try:
            lease = await queue.claim(actor, review.id)
            if lease is None:
                raise Conflict("nobody can claim it now")
            case = OpenCase(review, 0.0, lease, sources_listed=_listed(review))
            each = took_ms // len(batch.reviews)
            outcomes.append(await queue.decide(deciding.decision(case, actor, each, verdicts=answer(review)), lease))
        except QueueError as error:
            refused.append((review.proposal.ticket.id, str(error)))
            if lease is not None:
                await _let_go(queue, lease)
    return Done(tuple(outcomes), tuple(refused))


async def _let_go(queue: Queue, lease: Lease) -> None:
    """A claim that cannot be given back now ends by itself."""
    try:
        await queue.release(lease)
    except QueueError:
        return


def approve(review: Review) -> tuple[Verdict, ...]:
    return deciding.approvals(review.proposal.to_decide())


def reject(review: Review, code: str, message: str) -> tuple[Verdict, ...]:
    return deciding.rejections(review.proposal.to_decide(), code, message)
