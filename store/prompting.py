"""Which prompts the workers run: told by each when it begins, and compared by who wants to know."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlmodel import Session

from store import journal
from store.contract import now
from store.counting import WORKER_ALIVE
from store.live import PromptUse, PromptVersion
from store.tables import PromptVersionRow, WorkerPromptRow, WorkerRow, table

_versions, _running, _workers = table(PromptVersionRow), table(WorkerPromptRow), table(WorkerRow)


def begun(session: Session, worker: str, prompts: Sequence[PromptVersion]) -> None:
    """The worker says what it runs; the same again changes nothing."""
    known = set(session.execute(select(_running.c.version).where(_running.c.worker == worker)).scalars())
    fresh = [each for each in prompts if each.version not in known]
    for each in fresh:
        if session.get(PromptVersionRow, each.version) is None:
            row = PromptVersionRow(
                version=each.version, name=each.name, model=each.model, first_at=now(), body=each.model_dump_json()
            )
            session.add(row)
        session.add(WorkerPromptRow(worker=worker, version=each.version))
    session.flush()
    if fresh:
        versions = {f"{each.name} for {each.model}": each.version for each in fresh}
        journal.append(session, "worker.prompts", worker, prompts=versions)


def everything(session: Session) -> tuple[PromptUse, ...]:
    """Every version that was ever run, by name and model, the newest first."""
    alive = (
        select(_running.c.version, _running.c.worker)
        .join(_workers, _workers.c.id == _running.c.worker)
        .where(_workers.c.buried.is_(False), _workers.c.beat_at > now() - WORKER_ALIVE)
        .order_by(_running.c.worker)
    )
    workers: dict[str, list[str]] = {}
    for row in session.execute(alive):
        workers.setdefault(row.version, []).append(row.worker)
    rows = session.execute(select(_versions).order_by(_versions.c.name, _versions.c.model, _versions.c.first_at.desc()))
    return tuple(
        PromptUse(
            prompt=PromptVersion.model_validate_json(row.body),
            first_at=row.first_at,
            workers=tuple(workers.get(row.version, ())),
        )
        for row in rows
    )
