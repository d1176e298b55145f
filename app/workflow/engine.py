"""Durable execution behind three calls of our own: start, sweep, launch and stop. Only this module knows DBOS.

The engine keeps checkpoints in a database of its own. On SQLite that is WAL with `synchronous=NORMAL`: a power cut may
lose its last commits, which is harmless here, because every intent and effect is a row of the store (FULL) and a lost
checkpoint only repeats a step that is at-least-once anyway; a lost workflow is found again in the store's inbox.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from dbos import DBOS, SetWorkflowID
from dbos._serialization import DBOSPortableJSON  # the JSON serializer has no public name

from store.driver import driver
from store.faults import named
from store.place import is_postgres

T = TypeVar("T")
Durable = Callable[..., Any]

NAME = "lastclick"
RECOVERIES = 8
"""A workflow whose worker died this often while it ran is given up: it is likely what kills them."""
POOL = 24
_HELD = ("PENDING", "ENQUEUED")


class Stopping(BaseException):
    """Ends a durable function at its next step; it stays resumable. No `Exception`, so that nothing records it."""


class Engine:
    """One process's part in durable execution. There is one per process: DBOS keeps its state in the module."""

    def __init__(self, where: str | Path, *, worker: str, version: str, functions: dict[str, Durable]) -> None:
        """`where`: a file, or a `postgresql://` URL. `worker` names this process's run; no two runs share a name.

        `version` pins what may resume a checkpoint: another version starts the work over from the store instead.
        `functions` are the durable ones by name: JSON values in, JSON value out.
        """
        self._worker, self._version = worker, version
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._active: dict[str, float] = {}
        self._finished: dict[str, float] = {}
        self._left = False
        _quiet()
        self._place = "The durable engine's database" if is_postgres(where) else str(where)
        self._own = _postgres(str(where)) if is_postgres(where) else _sqlite(where)
        self._url = str(where) if is_postgres(where) else f"sqlite:///{Path(where)}"
        self._given = functions
        self._functions = self._registered()

    def launch(self) -> None:
        """Open the engine's database (made when missing) and begin to serve resumed work. Raises `Unavailable`.

        A launch that failed can be tried again: DBOS takes itself for launched from its first try on, so it is made anew.
        """
        try:
            with named(self._place):
                DBOS.launch()
        except BaseException:
            DBOS.destroy(destroy_registry=True)
            self._functions = self._registered()
            raise

    def _registered(self) -> dict[str, Durable]:
        DBOS(
            config={
                "name": NAME,
                "system_database_url": self._url,
                "system_database_engine": self._own,
                "sys_db_pool_size": POOL,
                "executor_id": self._worker,
                "application_version": self._version,
                "serializer": DBOSPortableJSON,
                "enable_otlp": False,
                "log_level": "WARNING",
                "use_listen_notify": False,
                "notification_listener_polling_interval_sec": 0.2,
                "scheduler_polling_interval_sec": 3600.0,
            }
        )
        return {
            name: DBOS.workflow(name=name, max_recovery_attempts=RECOVERIES)(self._tracked(name, function))
            for name, function in self._given.items()
        }

    def stop(self, seconds: float = 3.0) -> bool:
        """Let running functions end at their next step; true when all ended for good. What did not stays resumable."""
        self._stopping.set()
        until = time.monotonic() + seconds
        while self.active() and time.monotonic() < until:
            time.sleep(0.01)
        ended = not self.active() and not self._left
        DBOS.destroy(destroy_registry=True)
        self._own.dispose()
        return ended

    def start(self, name: str, work_id: str, args: dict[str, Any]) -> bool:
        """Run a function for a piece of work. The id is derived from both, so starting twice starts once.

        False when this work is already started, here or in another worker.
        """
        workflow_id = f"{name}:{work_id}"
        with self._lock:
            if workflow_id in self._active:
                return False
            self._active[workflow_id] = time.monotonic()
        started = False
        try:
            with named(self._place), SetWorkflowID(workflow_id):
                handle = DBOS.start_workflow(self._functions[name], args)
            started = isinstance(getattr(handle, "future", None), Future)
        finally:
            if not started:
                with self._lock:
                    self._active.pop(workflow_id, None)
        return started

    def sweep(self, dead: str) -> list[str]:
        """Make what a dead worker held resumable by any live one of this version; returns the workflow ids.

        Checkpoints of another version are dropped instead, and the store hands the work out anew.
        """
        held = DBOS.list_workflows(executor_id=dead, status=list(_HELD), load_input=False, load_output=False)
        _delete(row.workflow_id for row in held if row.app_version != self._version)
        DBOS._recover_pending_workflows([dead])
        return [row.workflow_id for row in held if row.app_version == self._version]

    def given_up(self) -> list[tuple[str, str]]:
        """Function name and work id of workflows that were resumed too often. Each is returned until `forget`."""
        rows = DBOS.list_workflows(
            status="MAX_RECOVERY_ATTEMPTS_EXCEEDED", load_input=False, load_output=False, limit=20
        )
        return [(row.name, row.workflow_id.removeprefix(f"{row.name}:")) for row in rows]

    def forget(self, name: str, work_id: str) -> None:
        """Drop the checkpoints of one piece of work."""
        _delete([f"{name}:{work_id}"])

    def tidy(self, older_than: float = 60.0) -> int:
        """Delete what ended here more than so many seconds ago; DBOS itself keeps it for ever (4 kB each).

        The delay keeps a worker that read the inbox a moment ago from starting it once more.
        """
        before = time.monotonic() - older_than
        with self._lock:
            old = [work_id for work_id, at in self._finished.items() if at <= before]
            for work_id in old:
                del self._finished[work_id]
        _delete(old)
        return len(old)

    def tidy_left(self, ended: float = 600.0, failed: float = 30.0) -> int:
        """Delete what ended in workers that are gone and so could not tidy up; and, sooner, what failed: the store still
        has that work, and starts it anew as soon as its row is gone."""
        rows = [*_ended(["SUCCESS", "CANCELLED"], ended), *_ended(["ERROR"], failed)]
        _delete(rows)
        return len(rows)

    def active(self) -> int:
        """How many functions run in this process now."""
        with self._lock:
            return len(self._active)

    def holds(self, name: str, work_id: str) -> bool:
        """Whether a workflow of this work is known, here or in another worker, ended or not."""
        return DBOS.get_workflow_status(f"{name}:{work_id}") is not None

    def stopping(self) -> bool:
        """True once `stop` was called: durable functions begin no new step."""
        return self._stopping.is_set()

    def once(self, name: str, step: Callable[[], T]) -> T:
        """Run a step of a durable function and checkpoint its JSON result; on resume the result is read back.

        Outside a durable function the step just runs. Raises `Stopping` when the process is to end.
        """
        if self._stopping.is_set():
            raise Stopping
        if DBOS.workflow_id is None:
            return step()
        return DBOS.run_step({"name": name}, step)

    def _tracked(self, name: str, function: Durable) -> Durable:
        def run(args: dict[str, Any]) -> Any:
            workflow_id = str(DBOS.workflow_id)
            with self._lock:
                self._active[workflow_id] = time.monotonic()
            try:
                result = function(**args)
                with self._lock:
                    self._finished[workflow_id] = time.monotonic()
                return result
            except Stopping:
                self._left = True
                raise
            finally:
                with self._lock:
                    self._active.pop(workflow_id, None)

        run.__name__ = run.__qualname__ = name
        return run


def _ended(states: list[str], seconds: float) -> list[str]:
    before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - seconds))
    rows = DBOS.list_workflows(status=states, completed_before=before, load_input=False, load_output=False, limit=500)
    return [row.workflow_id for row in rows]


def _delete(workflow_ids: Iterable[str]) -> None:
    if ids := list(workflow_ids):
        DBOS.delete_workflows(ids)


def _sqlite(where: str | Path) -> sa.Engine:
    """DBOS's own default has no WAL and a small pool, which costs it nine tenths of its speed."""
    path = Path(where)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    engine = sa.create_engine(
        f"sqlite:///{path}",
        module=driver(),
        poolclass=sa.QueuePool,
        pool_size=POOL,
        max_overflow=POOL,
        connect_args={"check_same_thread": False, "timeout": 30.0},
    )

    @sa.event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = "IMMEDIATE"  # DBOS relies on it: a write takes the lock before it reads
        for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def _postgres(url: str) -> sa.Engine:
    """A pool of its own beside the store's: DBOS stalls on a shared or a small one. What a rush opened is closed after it.

    A checkpoint need not wait for the disk: it is written in order with the effects it tells of, and one that a crash of
    the server takes is done anew, as a step is at-least-once anyway.
    """
    from store.reaching import connect_arguments, parsed

    return sa.create_engine(
        parsed(url), pool_size=POOL // 3, max_overflow=POOL, pool_pre_ping=True, connect_args=connect_arguments()
    )


def _quiet() -> None:
    """DBOS's logger goes where ours goes; it must not add a handler of its own, nor talk below warnings."""
    log = logging.getLogger("dbos")
    log.handlers = [logging.NullHandler()]
    log.propagate = True
    log.setLevel(logging.WARNING)
