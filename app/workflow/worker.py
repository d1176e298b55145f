"""A worker: a process of its own that takes messages from the inbox and approved actions when they are due.

Any number may run on one queue. What a dead one held, a live one takes over. SIGTERM stops taking work; what is not
finished then goes on in another worker or after a restart.
"""

from __future__ import annotations

import importlib.metadata
import logging
import os
import random
import signal
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from app.workflow import facing, failures, opening, presence
from app.workflow.carry_out import CarryingOut, carry_out
from app.workflow.engine import Engine, Stopping
from app.workflow.handle import Handling, gave_up, handle
from app.workflow.log import log_to_stderr
from app.workflow.opening import Where
from app.workflow.services import Services
from app.workflow.steadiness import Steadiness
from app.workflow.traces import Off, Traces
from config.rules import Rules
from store.contract import Execution
from store.queue import QueueError, Unavailable
from store.work import Refused, Work

log = logging.getLogger("lastclick.worker")

SLOTS = 4
"""Tickets and actions at a time. Waiting for a remote model needs more, computing one here gains nothing from it."""
REMOTE_SLOTS = 16
POLL_SECONDS = 0.05
QUIET_SECONDS = 0.3
"""How late something is taken that only time brought: an undo window that ended, a pause after a refusal."""
BUSY_SECONDS = 0.005
"""How often a worker with no free slot looks for one."""
BEAT_SECONDS = 1.0
LEASE_SECONDS = 5.0
"""Without a heartbeat that long a worker sends nothing: another may already hold its work."""
DEAD_SECONDS = 8.0
"""A worker silent for so long is dead: longer than the lease, so that it stopped sending before."""
GONE_SECONDS = 1.5
"""Silence after which a worker of this machine is looked up by its process id, and is dead at once when that is gone."""
FACTS_SECONDS = 1.0
"""How soon after a person took a case its facts are read again."""
STOP_SECONDS = 3.0
CHECKPOINTS = "1"
"""Grows when the durable functions change their steps: an older run's checkpoints are then not resumed."""


def run(where: Where, rules: Rules, traces: Traces | None = None) -> None:
    """Work until SIGTERM or SIGINT. Waits for a store that cannot be opened yet, and says so once."""
    log_to_stderr()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    work = opening.opened(where, rules, stop)
    if work is None:
        return
    worker = Worker(where, rules, work, stop, traces)
    worker.serve()
    if traces is not None:
        traces.close()
    logging.shutdown()
    if worker.busy():
        # A thread still waits for a model or a peer. Its step is resumable; waiting for it would be a hang.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


class Worker:
    """One process's worker. `serve` blocks; setting `stop` ends it."""

    def __init__(
        self, where: Where, rules: Rules, work: Work, stop: threading.Event, traces: Traces | None = None
    ) -> None:
        self._rules, self._work, self._stop, self._traces = rules, work, stop, traces or Off()
        self.name = presence.own_name()
        self._incarnation = uuid.uuid4().hex
        self._beaten = 0.0
        self._back = float("-inf")
        self._cooling: dict[str, float] = {}
        self._due: list[str] = []
        self._waiting: list[str] = []
        self._looked = 0.0
        self._handling: Handling | None = None
        self._engine = Engine(
            where.engine,
            worker=self.name,
            version=version(rules),
            functions={"handle": self._handle, "carry_out": self._carry_out},
        )
        self._connectors = opening.connectors_of(rules, where)
        self._out = CarryingOut(
            engine=self._engine,
            work=work,
            rules=rules,
            connectors=self._connectors,
            incarnation=self._incarnation,
            may_dispatch=self.alive,
            jitter=random.random,
            traces=self._traces,
        )
        self._steady = Steadiness(rules.windows.undo_seconds)
        self._where = where
        self._file = opening.file_of(where.queue)
        self._ready = threading.Event()
        remote = any(entry.kind != "embedded" for entry in rules.models.values())
        self._slots = where.slots or (REMOTE_SLOTS if remote else SLOTS)
        # Of a shared database a worker is offered what no other one is: no more than it can begin.
        self._listed = self._slots * (8 if where.is_file else 1)

    def serve(self) -> bool:
        """Work until stopped; true when everything begun was also ended."""
        threading.Thread(target=self._beat, name="beat", daemon=True).start()
        threading.Thread(target=self._load, name="models", daemon=True).start()
        self._launch()
        threading.Thread(target=self._care, name="care", daemon=True).start()
        threading.Thread(target=self._read_again, name="facts", daemon=True).start()
        log.info("worker %s serves", self.name)
        while not self._stop.is_set():
            try:
                began = self._take()
            except Unavailable as gone:
                self._say_once(gone)
                began = False
                self._stop.wait(0.5)
            if not began:
                self._stop.wait(POLL_SECONDS if self._engine.active() < self._slots else BUSY_SECONDS)
        ended = self._engine.stop(STOP_SECONDS)
        if ended:
            # Only who left nothing may bury itself: the others look for what a silent worker held, not a buried one.
            self._quietly(lambda: self._work.bury(self.name))
        log.info("worker %s stopped%s", self.name, "" if ended else "; what it held is resumable")
        return ended

    def _launch(self) -> None:
        while not self._stop.is_set():
            try:
                self._engine.launch()
            except Unavailable as gone:
                self._say_once(gone)
                self._stop.wait(1.0)
            else:
                return

    def alive(self) -> bool:
        """Whether this worker has proved within its lease that it reaches the store."""
        return time.monotonic() - self._beaten < LEASE_SECONDS

    def busy(self) -> bool:
        """Whether a thread of this worker is still inside a step."""
        return self._engine.active() > 0

    # ── taking work ──────────────────────────────────────────────────────────

    def _take(self) -> bool:
        """Begin what there are slots for; the lists are read anew when somebody committed, and now and then for time."""
        free = self._slots - self._engine.active()
        if free <= 0 or not self.alive():
            return False
        quiet = time.monotonic() - self._looked
        used_up = not (self._due or self._waiting)
        if quiet > QUIET_SECONDS or ((used_up or quiet > POLL_SECONDS) and self._work.stirred()):
            self._looked = time.monotonic()
            self._due = self._warm(self._work.due(self._slots * 4))
            self._waiting = self._warm(self._work.offer(self._listed)) if self._ready.is_set() else []
        began = 0
        while self._due and began < free and self._steady.holds():
            began += self._begin(self._due.pop(0))
        while self._waiting and began < free:
            work_id = self._waiting.pop(0)
            began += self._start("handle", work_id, {"work_id": work_id})
        return began > 0

    def _begin(self, execution_id: str) -> bool:
        try:
            execution = self._work.dispatch(execution_id, self.name)
        except Refused as refused:
            log.info("execution %s may not run: %s", execution_id, refused)
            self._cooling[execution_id] = time.monotonic() + 1.0
            return False
        return self._carry(execution)

    def _carry(self, execution: Execution) -> bool:
        approved = execution.model_dump(mode="json", by_alias=True)
        return self._start("carry_out", execution.id, {"execution": approved, "incarnation": self._incarnation})

    def _start(self, name: str, work_id: str, args: dict[str, Any]) -> bool:
        # Begun here or held by another worker: the next lists may still name it for a moment.
        self._cooling[work_id] = time.monotonic() + 2.0
        return self._engine.start(name, work_id, args)

    def _warm(self, ids: list[str]) -> list[str]:
        now = time.monotonic()
        if len(self._cooling) > 1000:
            self._cooling = {each: until for each, until in self._cooling.items() if until > now}
        return [each for each in ids if self._cooling.get(each, 0.0) <= now]

    # ── the durable functions, bound to this process ─────────────────────────

    def _handle(self, work_id: str) -> dict[str, Any]:
        while not self._ready.wait(0.2):
            if self._engine.stopping():
                raise Stopping
        assert self._handling is not None
        return handle(work_id, self._handling)

    def _carry_out(self, execution: dict[str, Any], incarnation: str) -> dict[str, Any]:
        return carry_out(execution, incarnation, self._out)

    def _load(self) -> None:
        """Models take a second to load; beats, and actions that are due, do not wait for them."""
        from app.models import registry
        from app.sources.lookup import Lookup

        began = time.monotonic()
        try:
            models = registry.models(self._rules, self._where.models)
            embed = opening.warmed(models, self._rules)
            services = Services(self._rules, models, Lookup(self._rules, self._where.shop, embed))
        except Exception:
            log.exception("the models cannot be loaded; only approved actions are carried out")
            return
        self._handling = Handling(self._engine, self._work, services, self._traces)
        if told := registry.versions(self._rules, models):
            self._quietly(lambda: self._work.runs(self.name, told))
        self._ready.set()
        log.info("models ready after %.1f s", time.monotonic() - began)

    # ── care for the others and for time ─────────────────────────────────────

    def _beat(self) -> None:
        host, pid = socket.gethostname(), os.getpid()
        while not self._stop.is_set():
            began = time.monotonic()
            if self._file != opening.file_of(self._where.queue):
                # The open one is on no disk any more: what is written into it is lost, and nobody reads it.
                log.error("the queue's file %s was removed or replaced; this worker ends", self._where.queue)
                self._beaten = 0.0
                self._stop.set()
                return
            if self._quietly(lambda: self._work.beat(self.name, host, pid)):
                if self._beaten and not self.alive():
                    self._back = began
                self._beaten = began
            self._stop.wait(BEAT_SECONDS)

    def _care(self) -> None:
        """Each second: time passes in the store, the dead are taken over. Now and then: what is left over."""
        turn = 0
        while not self._stop.wait(0.2 if turn == 0 else 1.0):
            if not self.alive():
                continue
            self._quietly(self._work.tick)
            self._quietly(self._take_over)
            if turn % 10 == 0:
                self._quietly(self._tidy)
            turn += 1

    def _read_again(self) -> None:
        """Apart from the rest: a slow source holds up nothing else."""
        while not self._stop.wait(FACTS_SECONDS):
            if self.alive():
                self._quietly(lambda: facing.read_again(self._work, self._connectors, self._rules))

    def _take_over(self) -> None:
        silent = self._work.dead(GONE_SECONDS)
        if not silent:
            return
        dead = {name for name in silent if presence.process_gone(name)}
        if time.monotonic() - self._back > DEAD_SECONDS:
            # Who was itself cut off a moment ago must not take the others for dead: they were cut off with it.
            dead |= set(self._work.dead(DEAD_SECONDS))
        for name in sorted(dead - {self.name}):
            held = self._engine.sweep(name)
            executions = self._work.running(name)
            # Buried first: only then does the store let another worker go on with what it was carrying out.
            self._work.bury(name)
            for execution in executions:
                self._begin(execution.id)
            log.warning("worker %s is dead; took over %d of its tasks", name, len(held) + len(executions))

    def _tidy(self) -> None:
        self._engine.tidy()
        self._engine.tidy_left()
        for name, work_id in self._engine.given_up():
            self._give_up(name, work_id)
            self._engine.forget(name, work_id)
        for execution in self._work.running():
            # Running, yet no workflow carries it: the engine's file lost it. The store says whether its worker lives.
            if not self._engine.holds("carry_out", execution.id):
                self._begin(execution.id)

    def _give_up(self, name: str, work_id: str) -> None:
        """It was resumed again and again and never ended, so a person takes it before it kills another worker."""
        log.error("%s %s was resumed too often and goes to a person", name, work_id)
        if name == "carry_out":
            failure = failures.failure("action_unknown", "action", self._rules, action=work_id, connector="the peer")
            self._work.settle(work_id, "unknown", failure=failure)
        elif self._handling is not None:
            ending = gave_up(self._work.case(work_id), self._handling.services)
            made = ending.proposal.model_copy(update={"request_id": work_id})
            self._work.finish(work_id, ending.model_copy(update={"proposal": made}))

    def _quietly(self, call: Callable[[], object]) -> bool:
        """Call the store or the engine; a failure is told and comes round again by itself."""
        try:
            call()
        except (QueueError, Refused, OSError) as refused:
            self._say_once(refused)
            return False
        except Exception:
            log.exception("a worker's own task failed; it is tried again")
            return False
        return True

    _said = 0.0

    def _say_once(self, error: Exception) -> None:
        if time.monotonic() - self._said > 10.0:
            self._said = time.monotonic()
            log.warning("the store refuses, waiting: %s", error)


def version(rules: Rules) -> str:
    """What may resume a checkpoint: the same rules, the same program, the same steps."""
    return f"{rules.version[:16]}-{importlib.metadata.version('lastclick')}-{CHECKPOINTS}"
