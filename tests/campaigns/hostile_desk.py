"""The desk that hostile texts are tried on: a queue that brings them in every place where outside text can stand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from store.contract import Customer, Message, Note
from store.live import CaseLine, CasePage, Operation, Question, SpotCheck, SpotPage, Stats, StatsCell, TicketHistory
from tests.desk import figures_sample, samples
from tests.desk.fake_queue import FakeQueue

PER_CASE = 10
AT = "case"
"""The file beside the texts that says on which case the walk is: the screens of figures show its texts."""


def run(file: Path, pressed: Path | None, *, raw: bool) -> int:
    """A desk on cases made of the file's texts; `pressed` gets a line for each key that arrives. `raw`: both gates for
    outside text are open."""
    if raw:
        from store import plain

        plain.line = plain.body = plain.painted = lambda text, *_, **__: text  # type: ignore[assignment]
    from textual.events import Key

    from app.desk.desk import Desk
    from app.desk.desk import run as run_desk
    from store.queue import Queue

    class Watched(Desk):
        def get_line_filters(self) -> Sequence[Any]:
            return [] if raw else super().get_line_filters()

        async def on_event(self, event: Any) -> None:
            if isinstance(event, Key) and pressed is not None:
                with pressed.open("a") as out:
                    out.write(f"{event.key}\n")
            await super().on_event(event)

    texts = json.loads(file.read_text())
    queue = Hostile([texts[at : at + PER_CASE] for at in range(0, len(texts), PER_CASE)], file.with_name(AT), raw=raw)
    if pressed is not None:
        pressed.touch()

    async def opened() -> Queue:
        await asyncio.sleep(0)
        return queue

    return run_desk(Watched(opened, actor="anna", title="local", views=file.with_name("views.json")))


class Hostile(FakeQueue):
    """The case on screen, and figures, histories and checks made of the texts of the case that the walk has come to."""

    def __init__(self, cases: Sequence[Sequence[str]], place: Path, *, raw: bool) -> None:
        self._cases = [[*case, *(["-"] * (PER_CASE - len(case)))] for case in cases]
        self._place = place
        super().__init__([_case(number, case, raw=raw) for number, case in enumerate(self._cases)])

    @property
    def _texts(self) -> Sequence[str]:
        said = self._place.read_text() if self._place.exists() else ""
        return self._cases[int(said or 0) % len(self._cases)]

    async def history(self, ticket_id: str) -> TicketHistory:
        made = next(each for each in self.reviews.values() if each.proposal.ticket.id == ticket_id)
        texts = self._cases[int(made.id[1:])]
        return TicketHistory(
            ticket=made.proposal.ticket,
            messages=tuple(
                Message(id=f"m{n}", ticket_id=ticket_id, direction="inbound", at=samples.AT, author=text, text=text)
                for n, text in enumerate(texts)
            ),
            events=(),
            attempts=(),
            executions=(),
            reviews=(),
            notes=tuple(Note(at=samples.AT, actor=text, text=text) for text in texts),
        )

    async def operations(self, hours: int = 24) -> tuple[Operation, ...]:
        first = figures_sample.operations()[1]
        return tuple(
            first.model_copy(update={"name": "routine"} if n == 0 else {}).model_validate(
                first.model_dump() | {"name": text or "-", "remark": text, "versions": (text,)}
            )
            for n, text in enumerate(self._texts)
        )

    async def cases(self, asked: Any, after: str | None = None, limit: int = 50) -> CasePage:
        return CasePage(
            lines=tuple(
                CaseLine(at=samples.AT, ticket_id=f"T-{n:04d}", ref=f"e{n}", text=text, changed=(text,))
                for n, text in enumerate(self._texts)
            )
        )

    async def stats(self, question: Question, actor: str = "") -> Stats:
        told = figures_sample.stats(question)
        cells = tuple(StatsCell(key=text, repeats=told.repeats) for text in self._texts)
        return told.model_copy(update={"cells": cells, "reasons": cells, "messages": cells})

    async def spot_checks(self, actor: str, after: str | None = None, limit: int = 50) -> SpotPage:
        texts = self._texts
        check = SpotCheck(
            message_id="m1", ticket_id="T-0000", at=samples.AT, route=texts[0], prompt=texts[1], subject=texts[2],
            asked="\n".join(texts[3:5]), reply="\n".join(texts[5:7]), sources=tuple(texts[7:9]), did=(texts[9],),
        )  # fmt: skip
        return SpotPage(checks=(check,))


def _case(number: int, text: Sequence[str], *, raw: bool) -> Any:
    """A case with a text in every place where outside text can stand; what is typed is the same in all."""
    evidence = samples.EVIDENCE[0]
    made = samples.review(
        4183,
        subject=text[0],
        text="\n".join(text[1:4]),
        note="\n".join(text[4:6]),
        reply="\n".join(text[6:8]),
        claims=(),
        customer=Customer(id="c1", name=text[8], identity="verified", how="e-mail + zip"),
        evidence=(evidence.model_copy(update={"quote": text[9]}),),
    )
    other = made.proposal.alternatives[0].model_copy(update={"reply": "\n".join(text), "model": text[0]})
    ticket = made.proposal.ticket.model_copy(update={"id": f"T-{number:04d}"} | ({"subject": text[0]} if raw else {}))
    changes: dict[str, Any] = {"ticket": ticket, "alternatives": (other if raw else _again(other),)}
    if raw:
        changes["customer_reply"] = "\n".join(text[6:8])
    notes = tuple(Note(at=samples.AT, actor=each, text=each) for each in text)
    proposal = made.proposal.model_copy(update=changes)
    assignee = notes[1].actor.strip() or None
    return made.model_copy(update={"id": f"r{number}", "proposal": proposal, "notes": notes, "assignee": assignee})


def _again(value: Any) -> Any:
    """As it comes out of the store: through the gate of the contract."""
    return type(value).model_validate(value.model_dump())
