"""When a large queue's file is read for damage."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from store import checkup


def _queue(folder: Path) -> Path:
    queue = folder / "queue.sqlite"
    queue.write_bytes(b"cases")
    return queue


def test_a_sound_file_is_read_once_a_day(tmp_path: Path) -> None:
    queue, read = _queue(tmp_path), []
    for _ in range(2):
        checkup.daily(queue, lambda: read.append(queue) is None)
    assert len(read) == 1
    assert checkup.lately(queue)
    mark = tmp_path / "queue.sqlite.checked"
    os.utime(mark, (time.time() - checkup.DAY - 1,) * 2)
    assert not checkup.lately(queue)
    checkup.daily(queue, lambda: read.append(queue) is None)
    assert len(read) == 2


def test_a_damaged_file_is_read_each_time(tmp_path: Path) -> None:
    queue, read = _queue(tmp_path), []
    for _ in range(2):
        checkup.daily(queue, lambda: read.append(queue) is not None)
    assert len(read) == 2
    assert not checkup.lately(queue)


def test_a_copy_put_in_its_place_was_not_read(tmp_path: Path) -> None:
    queue = _queue(tmp_path)
    checkup.daily(queue, lambda: True)
    copy = tmp_path / "copy"
    copy.write_bytes(b"older cases")
    copy.replace(queue)
    assert not checkup.lately(queue)


def test_who_comes_while_it_is_read_waits_for_what_is_found(tmp_path: Path) -> None:
    queue, read = _queue(tmp_path), []
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> bool:
        read.append("first")
        begun.set()
        return go_on.wait(10.0)

    first = threading.Thread(target=checkup.daily, args=(queue, slow))
    first.start()
    assert begun.wait(10.0)
    second = threading.Thread(target=checkup.daily, args=(queue, lambda: read.append("second") is None))
    second.start()
    go_on.set()
    first.join()
    second.join()
    assert read == ["first"]
