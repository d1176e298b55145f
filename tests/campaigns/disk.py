"""Every way a disk can fail under the queue: `python -m tests.campaigns.disk [DATA_FOLDER] [--long]`.

Each fault is brought about where it really happens, in a process of its own, while tickets come in and a review is decided:

- quota: a file may not grow any more (RLIMIT_FSIZE; needs nothing), at many sizes
- full: a disk of a few hundred kB fills up (a tmpfs; needs root and mount)
- eio: a write or an fsync fails with EIO, once or from then on, at the nth call (needs gcc: a few lines put before libc)
- read_only: the file and its folder may not be written (as root: as user nobody)
- corrupt: pages of the file are overwritten; newer: another schema number; foreign: another program's file
- network: the mount table says NFS; locked: another program holds an exclusive transaction; gone: the folder was removed
- desk: the same faults under the real desk in a terminal, while it opens and while it decides (`failing_desk.py`)

What must hold after each: the error is `Unavailable` and its sentence names the file and the way out (`unnamed` 0); nothing
was acknowledged that is not there (`lost` 0); what was not acknowledged is there whole or not at all, and the journal
verifies (`torn` 0); once the fault is gone the queue works again (`stuck` 0). `skipped` names forms this machine cannot do.
DATA_FOLDER is not needed. `--break sync` acknowledges before the commit, or in spite of it: the run must fail. `--ci` tries
fewer points.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import text

from store.engine import open_database
from store.queue import Unavailable
from store.verifying import verify
from tests.campaigns import failing_desk
from tests.campaigns.failing_calls import failing_calls

WORK = """
import asyncio, os, resource, sys
from pathlib import Path
from store import place
from store.local import LocalQueue
from store.local_work import LocalWork
from store.queue import QueueError, Unavailable
from tests.contract import shop
from tests.contract.honest_judge import HonestJudge

path, how, amount, broken, tries = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5])
place.PATIENCE = 0.3

def say(*words):
    os.write(1, (" ".join(words) + "\\n").encode())

async def main():
    judge = HonestJudge()
    if how == "network":
        place._mounts = lambda: [("/", "nfs4")]
    try:
        queue, work = LocalQueue(path, judge), LocalWork(path, judge)
    except Unavailable as error:
        say("refused", str(error)); return
    if how == "quota":
        import signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (amount, amount))
    if how == "eio":
        Path(os.environ["EIO_SWITCH"]).touch()
    failed = 0
    for n in range(tries):
        try:
            if broken == "sync":
                say("ack", f"m{n}")
            await queue.submit(shop.message(f"m{n}", f"t{n}", "x" * 3000))
            if broken != "sync":
                say("ack", f"m{n}")
            shop.handle(work, judge, f"m{n}", shop.refund(12_000))
            review = await queue.review((await queue.history(f"t{n}")).reviews[-1].review_id)
            await queue.decide(shop.decision(review, number=f"d{n}"), await shop.held(queue, review))
            say("ack", f"d{n}")
        except Unavailable as error:
            say("refused", str(error)); failed += 1
            if failed >= 6: break
        except QueueError as error:
            pass
        except BaseException as error:
            say("crash", type(error).__name__, str(error)[:200]); break

asyncio.run(main())
"""

OUT = (
    "try again",
    "update lastclick",
    "restore the last good one",
    "give the right file",
    "stop",
    "end that process",
    "put the queue on a local disk",
)


class Run:
    """What a process told, and what its file held afterwards."""

    def __init__(self) -> None:
        self.figures = Counter[str]()
        self.said: dict[str, str] = {}
        self.skipped: dict[str, str] = {}

    def judge(self, name: str, told: str, path: Path, *, usable: bool = True) -> None:
        self.figures["runs"] += 1
        lines = [line.split(" ", 1) for line in told.splitlines() if " " in line]
        refusals = [line[1] for line in lines if line[0] == "refused"]
        acknowledged = {line[1] for line in lines if line[0] == "ack"}
        self.figures["refusals"] += len(refusals)
        self.figures["acknowledged"] += len(acknowledged)
        self.figures["crashes"] += sum(line[0] == "crash" for line in lines)
        for line in lines:
            if line[0] == "crash":
                self.note(name, line[1])
        for one in refusals:
            self.said.setdefault(name, one)
            if str(path) not in one or not any(way in one.lower() for way in OUT):
                self.figures["unnamed"] += 1
                self.note(name, one)
        if usable:
            self.after(name, path, acknowledged)

    def after(self, name: str, path: Path, acknowledged: set[str]) -> None:
        """The fault is gone: all that was acknowledged is there, nothing is half there, and it works."""
        try:
            verified = verify(path)
            database = open_database(path)
            with database.reading() as session:
                found = {
                    str(row[0])
                    for row in session.execute(text("SELECT id FROM messages UNION SELECT id FROM decisions"))
                }
                whole = "(SELECT count(*) FROM executions WHERE decision_id = d.id)"
                half = session.execute(text(f"SELECT count(*) FROM decisions d WHERE {whole} != 2")).scalar_one()
                sound = session.connection().exec_driver_sql("PRAGMA integrity_check(1)").scalar() == "ok"
            database.close()
        except Unavailable as error:
            self.figures["stuck"] += 1
            self.note(name, str(error))
            return
        missing = acknowledged - found
        self.figures["lost"] += len(missing)
        self.figures["torn"] += int(not verified.ok) + int(half > 0) + int(not sound)
        if missing or half or not verified.ok:
            self.note(name, f"missing {sorted(missing)[:3]} half {half} {verified.problem}")

    def seen(self, name: str, seen: failing_desk.Seen) -> None:
        """One desk on a failing disk."""
        self.figures["runs"] += 1
        self.figures["refusals"] += not seen.acknowledged
        self.said[name] = seen.said[:200]
        named = failing_desk.FILE in seen.said and any(way in seen.said.lower() for way in OUT)
        self.figures["unnamed"] += not (named or seen.acknowledged)
        self.figures["lost"] += seen.acknowledged
        self.figures["torn"] += seen.changed
        self.figures["stuck"] += seen.stuck
        if not named or seen.acknowledged or seen.changed or seen.stuck:
            self.note(name, str(seen))

    def note(self, name: str, what: str) -> None:
        print(f"{name}: {what}", file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when nothing was lost, torn, stuck, unnamed or crashed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", help="not needed")
    parser.add_argument("--long", action="store_true", help="at 40 points of each fault instead of 4")
    parser.add_argument("--ci", action="store_true", help="at one point of some: what fits beside the other tests")
    parser.add_argument("--forms", help="only these, with commas between them")
    parser.add_argument("--break", dest="break_", choices=("sync",))
    given = parser.parse_args(arguments)
    began, run = time.monotonic(), Run()
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        template = folder / "template.sqlite"
        open_database(template).close()
        for form, act in FORMS.items():
            if form in (given.forms.split(",") if given.forms else CI if given.ci else FORMS):
                print(form, file=sys.stderr)
                act(run, Bench(folder, template, given.break_ or "", 40 if given.long else 1 if given.ci else 4))
    found = {name: run.figures[name] for name in ("runs", "refusals", "acknowledged", *LIMITS)}
    found |= {
        "said": run.said,
        "skipped": run.skipped,
        "break": given.break_,
        "seconds": round(time.monotonic() - began, 1),
    }
    print(json.dumps(found))
    return int(any(found[name] for name in LIMITS))


LIMITS = ("lost", "torn", "stuck", "unnamed", "crashes")


class Bench:
    """Fresh copies of an empty queue, and the process that works on one."""

    def __init__(self, folder: Path, template: Path, broken: str, points: int) -> None:
        self.folder, self.template, self.broken, self.points = folder, template, broken, points

    def fresh(self, folder: Path | None = None) -> Path:
        path = Path(tempfile.mkdtemp(dir=folder or self.folder)) / "queue.sqlite"
        path.parent.chmod(0o755)
        shutil.copy(self.template, path)
        return path

    def work(self, path: Path, how: str = "", amount: int = 0, *, tries: int = 12, **environment: str) -> str:
        command = [sys.executable, "-c", WORK, str(path), how, str(amount), self.broken, str(tries)]
        ran = subprocess.run(
            command, capture_output=True, text=True, timeout=120, check=False, env=os.environ | environment
        )
        return ran.stdout + (f"crash {ran.stderr.splitlines()[-1]}\n" if ran.returncode and ran.stderr else "")


# ── the faults ───────────────────────────────────────────────────────────────


def quota(run: Run, bench: Bench) -> None:
    for point in range(bench.points):
        path = bench.fresh()
        amount = path.stat().st_size + 40_000 + point * 37_111
        run.judge("quota", bench.work(path, "quota", amount, tries=40), path)


def full(run: Run, bench: Bench) -> None:
    with failing_desk.small_disk(bench.folder / "small") as disk:
        if disk is None:
            run.skipped["full"] = "needs root and mount"
            return
        for point in range(bench.points):
            path = bench.fresh(disk)
            room = shutil.disk_usage(disk).free - 150_000 - point * 13_000
            ballast = disk / "ballast"
            ballast.write_bytes(b"x" * max(room, 0))
            told = bench.work(path, tries=40)
            ballast.unlink()
            run.judge("full", told, path)
            shutil.rmtree(path.parent)


def eio(run: Run, bench: Bench) -> None:
    library = failing_calls(bench.folder)
    if library is None:
        run.skipped["eio"] = "needs a C compiler"
        return
    for point in range(bench.points):
        for once in ("1", "0"):
            path = bench.fresh()
            switch = path.parent / "armed"
            told = bench.work(
                path, "eio", LD_PRELOAD=str(library), EIO_SWITCH=str(switch), EIO_AT=str(1 + point * 7), EIO_ONCE=once
            )
            run.judge(f"eio {'once' if once == '1' else 'lasting'}", told, path)


def read_only(run: Run, bench: Bench) -> None:
    path = bench.fresh()
    bench.work(path, tries=1)
    for one in (*path.parent.iterdir(), path.parent):
        one.chmod(0o555 if one.is_dir() else 0o444)
    code = (
        "import os, sys\n"
        "import store.engine, store.queue, store.driver, store.migrations\n"
        "store.driver.driver()\n"
        "if os.getuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "try: store.engine.open_database(sys.argv[1])\n"
        "except store.queue.Unavailable as error: print('refused', error)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    for one in (path.parent, *path.parent.iterdir()):
        one.chmod(0o755 if one.is_dir() else 0o600)
    run.judge("read_only", ran.stdout or "crash " + ran.stderr[-200:].replace("\n", " "), path)


def corrupt(run: Run, bench: Bench) -> None:
    for point in range(bench.points):
        path = bench.fresh()
        bench.work(path, tries=2)
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.seek(4096 * (1 + point % 8) if point % 2 else size // 2)
            file.write(os.urandom(8192))
        before = path.read_bytes()
        run.judge("corrupt", bench.work(path, tries=1), path, usable=False)
        run.figures["torn"] += int(path.read_bytes() != before)


def newer(run: Run, bench: Bench) -> None:
    path = bench.fresh()
    database = open_database(path)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    run.judge("newer", bench.work(path), path, usable=False)


def foreign(run: Run, bench: Bench) -> None:
    path = bench.fresh()
    path.write_bytes(b"Dear diary, " * 999)
    run.judge("foreign", bench.work(path), path, usable=False)
    run.figures["torn"] += int(path.read_bytes() != b"Dear diary, " * 999)


def network(run: Run, bench: Bench) -> None:
    path = bench.fresh()
    run.judge("network", bench.work(path, "network"), path)


def locked(run: Run, bench: Bench) -> None:
    path = bench.fresh()
    code = (
        "import sys; from store.driver import driver\n"
        "c = driver().connect(sys.argv[1], isolation_level=None); c.execute('BEGIN IMMEDIATE'); print('held', flush=True)\n"
        "sys.stdin.readline()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    other.stdout.readline()
    told = bench.work(path, tries=1)
    other.communicate("\n", timeout=30)
    run.judge("locked", told, path)


def gone(run: Run, bench: Bench) -> None:
    path = bench.folder / "no-such-file-as-folder" / "queue.sqlite"
    path.parent.write_text("a file where the folder should be")
    run.judge("gone", bench.work(path), path, usable=False)


def desk(run: Run, bench: Bench) -> None:
    """What the screen says is judged as what a process tells: each fault in turn, at one point."""
    with failing_desk.small_disk(bench.folder / "desk-disk") as disk:
        homes = bench.folder / "desks"
        homes.mkdir()
        desks = failing_desk.Desks(homes, bench.broken, failing_calls(bench.folder), disk)
        for name, act in list(failing_desk.FORMS.items())[: 3 if bench.points == 1 else None]:
            seen = act(desks)
            if seen is None:
                run.skipped[f"desk {name}"] = "needs root and mount, or a C compiler"
                continue
            run.seen(f"desk {name}", seen)


FORMS: dict[str, Callable[[Run, Bench], None]] = {
    "quota": quota,
    "full": full,
    "eio": eio,
    "read_only": read_only,
    "corrupt": corrupt,
    "newer": newer,
    "foreign": foreign,
    "network": network,
    "locked": locked,
    "gone": gone,
    "desk": desk,
}
CI = ("quota", "eio", "read_only", "corrupt", "newer", "network", "desk")

if __name__ == "__main__":
    sys.exit(main())
