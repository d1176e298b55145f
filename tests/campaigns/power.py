"""Cuts the power at random moments: `python -m tests.campaigns.power [DATA_FOLDER] [--long]`.

Messages come in and reviews are decided in a process whose every write, truncation and fsync of the queue's files is
recorded in order, with what was acknowledged in between (a few lines of C put before libc: needs gcc). Then, again and
again, the files are made anew as a disk may hold them after a cut at a random point of that record: what was synced is
there; of what was written since, all, nothing or anything in between, in any order, also half of one write. The queue is
opened on it. The last line is one of JSON:

- cuts: how many; dropped: writes that were lost in them; acknowledged: what people had been told before the cuts
- lost: acknowledged messages and decisions that are not there. Limit 0
- torn: decisions without what they let go, journals that do not verify, damaged files. Limit 0
- stuck: files that could not be opened again, or not written. Limit 0

DATA_FOLDER is not needed. `--break normal` runs SQLite with synchronous=NORMAL: the run must fail.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from store.engine import open_database
from store.journal import append
from store.queue import Unavailable
from store.verifying import verify

SHORT, LONG = 60, 1_000
CASES = 60
SECTOR = 512
LIMITS = ("lost", "torn", "stuck")

WORK = """
import asyncio, os, sys
from pathlib import Path
import store.engine as engine
from store.local import LocalQueue
from store.local_work import LocalWork
from tests.contract import shop
from tests.contract.honest_judge import HonestJudge

if sys.argv[2] == "normal":
    honest = engine._connect
    def _connect(path):
        connection = honest(path)
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection
    engine._connect = _connect

async def main():
    judge = HonestJudge()
    queue, work = LocalQueue(Path(sys.argv[1]), judge), LocalWork(Path(sys.argv[1]), judge)
    for n in range(int(sys.argv[3])):
        await queue.submit(shop.message(f"m{n}", f"t{n}", "x" * 2000))
        os.write(1, f"m{n}\\n".encode())
        shop.handle(work, judge, f"m{n}", shop.refund(6_000))
        review = await queue.review((await queue.history(f"t{n}")).reviews[-1].review_id)
        await queue.decide(shop.decision(review, number=f"d{n}"), await shop.held(queue, review))
        os.write(1, f"d{n}\\n".encode())

asyncio.run(main())
os._exit(0)
"""

RECORD = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/types.h>
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static int out = -2;
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_truncate)(int, off_t);
static void begin(void) {
    if (out != -2) return;
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_write = dlsym(RTLD_NEXT, "write");
    real_truncate = dlsym(RTLD_NEXT, "ftruncate64");
    const char *log = getenv("POWER_LOG");
    out = log ? open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
}
static const char *ours(int fd) {
    static __thread char path[4096];
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0) return NULL;
    path[n] = 0;
    char *name = strrchr(path, '/');
    if (!name) return NULL;
    name++;
    return !strcmp(name, "queue.sqlite") || !strcmp(name, "queue.sqlite-wal") || !strcmp(name, "queue.sqlite-journal")
        ? name : NULL;
}
static void told(char what, const char *name, long long at, const void *data, size_t n) {
    char head[256];
    int length = snprintf(head, sizeof head, "%c %s %lld %zu\n", what, name, at, n);
    if (real_write(out, head, length) != length || (n && real_write(out, data, n) != (ssize_t)n)) abort();
}
ssize_t pwrite64(int fd, const void *b, size_t n, off_t o) {
    begin();
    const char *name = out >= 0 ? ours(fd) : NULL;
    if (!name) return real_pwrite(fd, b, n, o);
    pthread_mutex_lock(&turn);
    told('W', name, o, b, n);
    ssize_t done = real_pwrite(fd, b, n, o);
    pthread_mutex_unlock(&turn);
    return done;
}
ssize_t pwrite(int fd, const void *b, size_t n, off_t o) { return pwrite64(fd, b, n, o); }
ssize_t write(int fd, const void *b, size_t n) {
    begin();
    if (out >= 0 && fd == 1) {
        pthread_mutex_lock(&turn);
        told('A', "-", 0, b, n);
        pthread_mutex_unlock(&turn);
    } else if (out >= 0 && ours(fd)) abort();
    return real_write(fd, b, n);
}
int ftruncate64(int fd, off_t size) {
    begin();
    const char *name = out >= 0 ? ours(fd) : NULL;
    if (!name) return real_truncate(fd, size);
    pthread_mutex_lock(&turn);
    told('T', name, size, NULL, 0);
    int done = real_truncate(fd, size);
    pthread_mutex_unlock(&turn);
    return done;
}
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }
static int synced(int fd) {
    begin();
    const char *name = out >= 0 ? ours(fd) : NULL;
    if (!name) return 0;
    pthread_mutex_lock(&turn);
    told('B', name, 0, NULL, 0);
    pthread_mutex_unlock(&turn);
    usleep(200);
    pthread_mutex_lock(&turn);
    told('S', name, 0, NULL, 0);
    pthread_mutex_unlock(&turn);
    return 0;
}
int fdatasync(int fd) { return synced(fd); }
int fsync(int fd) { return synced(fd); }
"""


@dataclass(frozen=True)
class Step:
    """One recorded call: W(rite), T(runcate), B(egin) and S (end) of a sync, A(cknowledged)."""

    what: str
    file: str
    at: int
    data: bytes


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when no cut lost, tore or stuck anything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", help="not needed")
    parser.add_argument("--long", action="store_true", help=f"{LONG} cuts instead of {SHORT}")
    parser.add_argument("--cuts", type=int, help="another number of cuts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--break", dest="break_", choices=("normal",), help="positive control: the run must fail")
    given = parser.parse_args(arguments)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cuts = given.cuts or (LONG if given.long else SHORT)
        steps = recorded(folder, given.break_ or "", min(CASES, 3 * cuts))
        found = cut(folder, steps, cuts, random.Random(given.seed))
    print(json.dumps(found | {"break": given.break_, "seconds": round(time.monotonic() - began, 1)}))
    return int(any(found[name] for name in LIMITS) or not (found["dropped"] and found["acknowledged"]))


# ── what was written ─────────────────────────────────────────────────────────


def recorded(folder: Path, broken: str, cases: int) -> list[Step]:
    """The calls of one run in order; `folder/template.sqlite` is the file as it was before."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise SystemExit("power: needs a C compiler (gcc)")
    source, library, log = folder / "record.c", folder / "record.so", folder / "log"
    source.write_text(RECORD)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source), "-ldl", "-lpthread"], check=True)
    template, path = folder / "template.sqlite", folder / "run" / "queue.sqlite"
    database = open_database(template)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    path.parent.mkdir()
    shutil.copy(template, path)
    environment = os.environ | {"LD_PRELOAD": str(library), "POWER_LOG": str(log)}
    command = [sys.executable, "-c", WORK, str(path), broken, str(cases)]
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, timeout=600, check=True)
    return _parsed(log.read_bytes())


def _parsed(log: bytes) -> list[Step]:
    steps, at = [], 0
    while at < len(log):
        end = log.index(b"\n", at)
        what, file, place, length = log[at:end].decode().split(" ")
        at = end + 1 + int(length)
        steps.append(Step(what, file, int(place), log[end + 1 : at]))
    return steps


# ── the cuts ─────────────────────────────────────────────────────────────────


def cut(folder: Path, steps: list[Step], cuts: int, dice: random.Random) -> dict[str, Any]:
    """What the files held after each cut."""
    figures, examples = Counter[str](), []
    template = (folder / "template.sqlite").read_bytes()
    for number in range(cuts):
        at = dice.randrange(1, len(steps) + 1)
        files, dropped = _left(steps[:at], template, dice)
        told = {word for step in steps[:at] if step.what == "A" for word in step.data.decode().split()}
        figures["dropped"] += dropped
        figures["acknowledged"] += len(told)
        place = folder / f"cut-{number}"
        place.mkdir()
        for name, content in files.items():
            (place / name).write_bytes(content)
        problem = _judged(place / "queue.sqlite", told, figures)
        if problem:
            examples.append(f"after step {at}: {problem}")
        shutil.rmtree(place)
        if (number + 1) % 20 == 0:
            print(f"{number + 1}/{cuts} cuts, {figures['lost']} lost", file=sys.stderr)
    names = ("dropped", "acknowledged", *LIMITS)
    return {"cuts": cuts, "steps": len(steps)} | {name: figures[name] for name in names} | {"examples": examples[:3]}


def _left(steps: list[Step], template: bytes, dice: random.Random) -> tuple[dict[str, bytes], int]:
    """The files after a cut, and how many writes were lost."""
    safe, begun = dict[str, int](), dict[str, int]()
    for number, step in enumerate(steps):
        if step.what == "B":
            begun[step.file] = number
        elif step.what == "S":
            safe[step.file] = begun[step.file]
    files = {"queue.sqlite": bytearray(template)}
    kept_share, dropped = dice.choice((0.0, 0.5, 0.9, 1.0)), 0
    for number, step in enumerate(steps):
        if step.what not in "WT":
            continue
        data = step.data
        if number > safe.get(step.file, -1) and dice.random() >= kept_share:
            dropped += 1
            if step.what == "T" or dice.random() < 0.7:
                continue
            data = data[: dice.randrange(0, len(data) + 1, SECTOR)]  # torn: only its first sectors
        content = files.setdefault(step.file, bytearray())
        if step.what == "T":
            del content[step.at :]
            continue
        content.extend(bytes(max(0, step.at - len(content))))
        content[step.at : step.at + len(data)] = data
    return {name: bytes(content) for name, content in files.items() if content}, dropped


def _judged(path: Path, told: set[str], figures: Counter[str]) -> str:
    """What is wrong with the queue, or nothing."""
    try:
        verified = verify(path)
        database = open_database(path)
        try:
            with database.reading() as session:
                ids = session.execute(text("SELECT id FROM messages UNION SELECT id FROM decisions")).scalars()
                missing = told - {str(one) for one in ids}
                let_go = "(SELECT count(*) FROM executions WHERE decision_id = d.id)"
                half = session.execute(text(f"SELECT count(*) FROM decisions d WHERE {let_go} != 2")).scalar_one()
                sound = session.connection().exec_driver_sql("PRAGMA integrity_check(1)").scalar() == "ok"
            with database.writing() as session:
                append(session, "note.added", "t0", text="after the cut")
        finally:
            database.close()
    except Unavailable as error:
        figures["stuck"] += 1
        return str(error)
    figures["lost"] += len(missing)
    figures["torn"] += int(not verified.ok) + int(half > 0) + int(not sound)
    if missing or half or not verified.ok or not sound:
        return f"missing {sorted(missing)[:3]}, half {half}, journal {verified.problem}, sound {sound}"
    return ""


if __name__ == "__main__":
    sys.exit(main())
