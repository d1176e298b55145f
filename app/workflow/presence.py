"""Who is alive: a worker's name tells its machine and its process, so that a dead one of this machine is known at once."""

from __future__ import annotations

import hashlib
import os
import socket
import uuid


def machine() -> str:
    """This machine and process-id space: process ids of another container say nothing here."""
    try:
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        space = ""
    return hashlib.sha256(f"{socket.gethostname()}\n{uuid.getnode()}\n{space}".encode()).hexdigest()[:8]


def own_name() -> str:
    return f"{socket.gethostname()}-{machine()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"


def process_gone(name: str) -> bool:
    """Whether that worker ran on this machine and its process is no more."""
    parts = name.rsplit("-", 3)
    if len(parts) != 4 or parts[1] != machine() or not parts[2].isdigit():
        return False
    try:
        os.kill(int(parts[2]), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
