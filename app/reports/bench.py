"""Measures this installation on a queue and a shop of its own in a folder that is thrown away: medians and ratios."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.arrivals import Arrival
    from config.rules import Rules
    from store.case import Case, Ending

Figures = dict[str, dict[str, float]]


def measure(folder: Path, *, tickets: int, say: Callable[[str], None]) -> Figures:
    """Figures by subject; times in ms unless the name says otherwise. `folder` must be empty."""
    from app.arrivals import day
    from app.workflow.judge import RulesJudge
    from config.load import SHOP, load
    from store.local_work import LocalWork

    rules = load()
    arrivals = day(SHOP / "tickets.jsonl")
    say("start of the command")
    figures: Figures = {"start": _start()}
    say("the workflow, without a queue")
    endings, figures["workflow"] = _workflow(folder, rules, arrivals, tickets)
    say("the queue")
    judge = RulesJudge(rules)
    work = LocalWork(str(folder / "queue.sqlite"), judge)
    figures["queue"] = asyncio.run(_queue(folder, judge, work, endings))
    return figures


def render(figures: Figures) -> str:
    """Plain lines, one figure each."""
    return "\n".join(
        f"{subject:<10} {name:<34} {value:>10.3f}"
        for subject, values in figures.items()
        for name, value in values.items()
    )


def _start(runs: int = 7) -> dict[str, float]:
    """`lastclick --version` against a bare interpreter, in turn."""
    ours, bare = [], []
    for _ in range(runs):
        ours.append(_seconds([sys.executable, "-m", "app.cli", "--version"]))
        bare.append(_seconds([sys.executable, "-c", "pass"]))
    return {
        "--version": median(ours) * 1000,
        "python -c pass": median(bare) * 1000,
        "ratio": median(ours) / median(bare),
    }


def _seconds(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def _workflow(
    folder: Path, rules: Rules, arrivals: tuple[Arrival, ...], tickets: int
) -> tuple[list[Ending], dict[str, float]]:
    """The sample day round and round through every step, with embedded models and the sample shop."""
    from app.models import minilm, registry
    from app.sources.lookup import Lookup
    from app.sources.records import open_shop
    from app.workflow.services import Services
    from app.workflow.steps import handle_case

    models = registry.models(rules, folder / "models")
    embed = minilm.embed if minilm.available() is None else None
    services = Services(rules, models, Lookup(rules, open_shop(rules, folder / "shop.sqlite"), embed))
    cases = [_case(arrival, number) for number in range(tickets) for arrival in arrivals][:tickets]
    handle_case(cases[0], services)
    spent, endings = [], []
    for case in cases:
        begun = time.perf_counter()
        endings.append(handle_case(case, services))
        spent.append((time.perf_counter() - begun) * 1000)
    return endings, {**_spread("ticket", spent), "tickets a second": 1000 / (sum(spent) / len(spent))}


def _case(arrival: Arrival, number: int) -> Case:
    from store.case import Case
    from store.contract import Customer, Message, Ticket

    said = arrival.message
    message = Message(
        id=f"{said.message_id}-{number}",
        ticket_id=f"{said.thread}-{number}",
        direction="inbound",
        at=said.at,
        author=said.author,
        sender=said.sender,
        text=said.text,
    )
    ticket = Ticket(id=message.ticket_id, subject=said.subject, customer=Customer(name=said.author))
    return Case(ticket=ticket, messages=(message,), message=message)


async def _queue(folder: Path, judge: Any, work: Any, endings: list[Ending]) -> dict[str, float]:
    """File, list, claim and decide; every write is one synced transaction."""
    from store.contract import Decision, IncomingMessage, Reject
    from store.live import View
    from store.local import LocalQueue

    queue = LocalQueue(str(folder / "queue.sqlite"), judge)
    times: dict[str, list[float]] = {name: [] for name in ("file", "finish", "page of 50", "claim", "decide")}

    async def timed(name: str, call: Callable[[], Awaitable[Any]]) -> Any:
        begun = time.perf_counter()
        result = await call()
        times[name].append((time.perf_counter() - begun) * 1000)
        return result

    for number, ending in enumerate(endings):
        message = IncomingMessage(message_id=f"m{number}", thread=f"t{number}", text="?")
        await timed("file", partial(queue.submit, message))
        await timed("finish", partial(asyncio.to_thread, _finish, work, f"m{number}", ending))
    for _ in range(50):
        await timed("page of 50", partial(queue.page, View()))
    while lease := await timed("claim", partial(queue.claim, "bench", view=View())):
        review = await queue.review(lease.review_id)
        verdicts = tuple(Reject(action_id=each, code="other", message="bench") for each in review.proposal.to_decide())
        if not verdicts or len(times["decide"]) >= 100:
            break
        decision = Decision(
            id=uuid.uuid4().hex,
            review_id=review.id,
            fingerprint=review.fingerprint,
            watermark=review.proposal.watermark,
            actor="bench",
            verdicts=verdicts,
        )
        await timed("decide", partial(queue.decide, decision, lease))
    await queue.close()
    return {name: value for subject, spent in times.items() if spent for name, value in _spread(subject, spent).items()}


def _finish(work: Any, work_id: str, ending: Ending) -> None:
    """File the ending under this message, as the workflow would."""
    case = work.case(work_id)
    made = ending.proposal.model_copy(
        update={
            "request_id": work_id,
            "ticket": case.ticket,
            "watermark": ending.proposal.watermark.model_copy(
                update={"last_customer_message_id": case.message.id, "ticket_version": case.ticket.version}
            ),
        }
    )
    work.finish(work_id, ending.model_copy(update={"proposal": made}))


def _spread(name: str, spent: list[float]) -> dict[str, float]:
    p95 = quantiles(spent, n=20)[-1] if len(spent) > 1 else spent[0]
    return {f"{name} median": median(spent), f"{name} p95": p95}
