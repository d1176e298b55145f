"""A few lines of C that, put before libc, let the writes and syncs of a process fail with EIO: once, or from then on."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

FAULT = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/types.h>
static long calls = 0;
static int fails(void) {
    const char *path = getenv("EIO_SWITCH"), *at = getenv("EIO_AT"), *once = getenv("EIO_ONCE");
    if (!path || access(path, F_OK) != 0) return 0;
    long n = ++calls, when = at ? atol(at) : 1;
    return once && *once == '1' ? n == when : n >= when;
}
ssize_t pwrite64(int fd, const void *b, size_t n, off_t o) {
    static ssize_t (*real)(int, const void *, size_t, off_t);
    if (!real) real = dlsym(RTLD_NEXT, "pwrite64");
    if (fd > 2 && n > 20 && fails()) { errno = EIO; return -1; }
    return real(fd, b, n, o);
}
ssize_t pwrite(int fd, const void *b, size_t n, off_t o) { return pwrite64(fd, b, n, o); }
int fdatasync(int fd) {
    static int (*real)(int);
    if (!real) real = dlsym(RTLD_NEXT, "fdatasync");
    if (fails()) { errno = EIO; return -1; }
    return real(fd);
}
int fsync(int fd) { return fdatasync(fd); }
"""


def failing_calls(folder: Path) -> Path | None:
    """A library that, put before libc, lets calls fail; None without a compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    source, library = folder / "fault.c", folder / "fault.so"
    if compiler is not None and not library.exists():
        source.write_text(FAULT)
        subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    return library if compiler else None
