"""A home folder with the sample shop and fitted models, workers on it that can be killed, and what became of it all."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from app.sources import records
from app.workflow.judge import RulesJudge
from config.load import DEFAULTS, SHOP, load
from config.rules import Rules
from config.settings import Settings, settings
from store.contract import REPLY, Approve, Decision, IncomingMessage, Reject, Review
from store.driver import driver
from store.live import View
from store.local import LocalQueue
from store.place import lock_file
from store.verifying import verify

sqlite3 = driver()

RUN = """
import sys
from pathlib import Path
from app.workflow import worker
from config.load import load
from config.settings import settings
where = settings(home=Path(sys.argv[1]))
worker.run(where, load(where.rules))
"""


class Shopfloor:
    """The rules are the defaults with no time to undo, so that approvals are carried out at once.

    The queue is a file of the home, or a PostgreSQL database.
    """

    def __init__(self, home: Path, models: Path, database: str | None = None) -> None:
        home.mkdir(parents=True)
        (home / "rules").mkdir()
        text = (DEFAULTS / "review.toml").read_text()
        assert "undo_seconds     = 10.0" in text
        (home / "rules" / "review.toml").write_text(text.replace("undo_seconds     = 10.0", "undo_seconds     = 0.0"))
        self.where: Settings = settings(home=home, queue=database)
        self.seen_by_workers = self.where.queue
        self.rules: Rules = load(self.where.rules)
        shutil.copytree(models, self.where.models)
        records.open_shop(self.rules, self.where.shop)
        self.workers: list[subprocess.Popen[bytes]] = []
        self.words: tuple[str, ...] = WORDS
        self.log = home / "worker.log"

    def queue(self) -> LocalQueue:
        return LocalQueue(self.where.queue, RulesJudge(self.rules))

    # ── workers ──────────────────────────────────────────────────────────────

    def worker(self) -> subprocess.Popen[bytes]:
        """Start one; returns when its models are ready."""
        ready = self._said("models ready")
        child = self.start(RUN)
        self.wait_until(lambda: self._said("models ready") > ready or child.poll() is not None, 60)
        assert child.poll() is None, self.log.read_text()[-2000:]
        return child

    def start(self, code: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Run Python code with the home as its first argument; returns at once."""
        with self.log.open("ab") as log:
            command = [sys.executable, "-c", code, str(self.where.home), *arguments]
            place = {} if self.where.is_file else {"LASTCLICK_DATABASE": self.seen_by_workers}
            self.workers.append(
                subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, env=os.environ | place)
            )
        return self.workers[-1]

    def kill(self, child: subprocess.Popen[bytes]) -> None:
        os.kill(child.pid, signal.SIGKILL)
        child.wait(30)

    def freeze(self, child: subprocess.Popen[bytes]) -> None:
        """Stop it at a moment when it holds no file's lock: one that does stops every process of the machine with it."""
        while True:
            os.kill(child.pid, signal.SIGSTOP)
            os.waitpid(child.pid, os.WUNTRACED)  # the signal takes a moment, and until then it may still take a lock
            files = (Path(self.where.queue), self.where.home / "engine.sqlite") if self.where.is_file else ()
            if all(_free(path) for path in (*files, self.where.shop)):
                return
            os.kill(child.pid, signal.SIGCONT)
            time.sleep(0.005)

    def end(self) -> None:
        for child in self.workers:
            if child.poll() is None:
                child.send_signal(signal.SIGCONT)
                self.kill(child)

    def killed_again_and_again(self, times: int, seed: int) -> None:
        """Kill a worker at random moments while it works, each time a new one."""
        chance = random.Random(seed)
        for _ in range(times):
            before = self.events()
            child = self.worker()
            self.wait_until(lambda before=before: self.events() > before + 2 or self.idle(), 30)
            time.sleep(chance.random() * 0.25)
            self.kill(child)

    def _said(self, words: str) -> int:
        return self.log.read_text().count(words) if self.log.exists() else 0

    # ── tickets and decisions ────────────────────────────────────────────────

    def file(self, count: int, start: int = 0) -> None:
        asyncio.run(self._file(range(start, start + count)))

    async def _file(self, numbers: Sequence[int]) -> None:
        queue = self.queue()
        try:
            for number in numbers:
                await queue.submit(message(number, self.orders(), self.words))
        finally:
            await queue.close()

    def orders(self) -> list[tuple[str, str, str]]:
        return sample_orders()

    def approve_all(self) -> int:
        return asyncio.run(self._approve_all())

    async def _approve_all(self) -> int:
        queue, count = self.queue(), 0
        try:
            while (lease := await queue.claim("ann", view=View(state="open"))) is not None:
                review = await queue.review(lease.review_id)
                await queue.decide(decision(review), lease)
                count += 1
        finally:
            await queue.close()
        return count

    # ── what became of it ────────────────────────────────────────────────────

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        if not self.where.is_file:
            with psycopg.connect(self.where.queue.replace("+psycopg", "")) as store:
                return store.execute(sql).fetchall()
        with sqlite3.connect(f"file:{self.where.queue}?mode=ro", uri=True, timeout=10) as store:
            return store.execute(sql).fetchall()

    def events(self) -> int:
        return int(str(self.ask("SELECT count(*) FROM journal")[0][0]))

    def idle(self) -> bool:
        waits = self.ask("SELECT count(*) FROM work WHERE state != 'done'")[0][0]
        runs = self.ask("SELECT count(*) FROM executions WHERE state IN ('queued', 'running')")[0][0]
        return waits == 0 and runs == 0

    def wait_until(self, holds: object, seconds: float) -> None:
        assert callable(holds)
        until = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < until, f"it did not happen in {seconds} s: {self.log.read_text()[-3000:]}"
            time.sleep(0.02)

    def check(self) -> Outcome:
        """Every ticket ended once, every effect happened once, the journal is whole."""
        assert self.idle()
        endings = self.ask("SELECT subject FROM journal WHERE kind IN (" + _ENDINGS + ")")
        assert len(endings) == self.ask("SELECT count(*) FROM work")[0][0], "a ticket ended twice or never"
        done = self.ask("SELECT kind, count(*) FROM executions WHERE state = 'done' GROUP BY kind")
        replies = sum(int(str(n)) for kind, n in done if kind == "send_reply")
        actions = sum(int(str(n)) for kind, n in done if kind != "send_reply")
        with sqlite3.connect(self.where.shop) as shop:
            applied = shop.execute("SELECT count(*), count(DISTINCT key) FROM applied").fetchone()
        mails = list(self.where.outbox.glob("*.eml"))
        assert applied == (actions, actions), "the shop has other effects than the store says"
        assert len(mails) == replies, "the outbox has other replies than the store says"
        assert len(self.ask("SELECT 1 FROM journal WHERE kind = 'message.sent'")) == replies
        verification = verify(self.where.queue)
        assert verification.ok, verification
        unknown = int(str(self.ask("SELECT count(*) FROM executions WHERE state = 'unknown'")[0][0]))
        return Outcome(len(endings), replies, actions, unknown)


@dataclass(frozen=True)
class Outcome:
    tickets: int
    replies: int
    actions: int
    unknown: int


_ENDINGS = ", ".join(f"'proposal.{how}'" for how in ("send", "ask", "review", "hold", "close", "outdated"))

WORDS: tuple[str, ...] = (
    "Where is my order {order}?",
    "I want to cancel my order {order}, no longer needed",
    "What is your return policy?",
    "Please send me the invoice for {order} again",
    "I want to return everything of order {order}, please refund to the original payment method",
    "Thanks, that solved it",
    "My parcel for {order} has not moved for a week, can you trace it",
    "Please change my account e-mail to {name}.new@example.com",
)


def _free(path: Path) -> bool:
    with sqlite3.connect(path, timeout=0.0, isolation_level=None) as file:
        try:
            file.execute("BEGIN IMMEDIATE")
            file.execute("ROLLBACK")
        except sqlite3.OperationalError:
            return False
    with lock_file(path).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def message(number: int, orders: Sequence[tuple[str, str, str]], words: Sequence[str]) -> IncomingMessage:
    order, email, name = orders[number % len(orders)]
    return IncomingMessage(
        message_id=f"m{number}",
        thread=f"t{number}",
        author=name,
        sender=email,
        text=words[number % len(words)].format(order=order, name=name.lower()),
    )


def decision(review: Review) -> Decision:
    """Approve every action and the reply; one that is already about something else is rejected."""
    verdicts = tuple(
        Reject(action_id=each, code="other", message="answered by hand")
        if each == REPLY and not review.proposal.actions
        else Approve(action_id=each)
        for each in review.proposal.to_decide()
    )
    return Decision(
        id=f"d-{review.id}",
        review_id=review.id,
        fingerprint=review.fingerprint,
        watermark=review.proposal.watermark,
        evidence_shown=tuple(each.id for each in review.proposal.evidence),
        actor="ann",
        verdicts=verdicts,
    )


def sample_orders() -> list[tuple[str, str, str]]:
    """(order id, customer's e-mail, first name), as the files of the sample shop say."""
    people = {each["id"]: each for each in map(json.loads, (SHOP / "customers.jsonl").read_text().splitlines())}
    orders = map(json.loads, (SHOP / "orders.jsonl").read_text().splitlines())
    return [(each["id"], (who := people[each["customer_id"]])["email"], who["first_name"]) for each in orders]
