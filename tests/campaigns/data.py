"""The folder with the published tickets, for tests that need it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def folder() -> Path:
    """`LASTCLICK_DATA`. Without it the test is skipped, and fails where everything has to run (`CI=true`)."""
    named = os.environ.get("LASTCLICK_DATA")
    if named:
        return Path(named)
    if os.environ.get("CI") == "true":
        pytest.fail("LASTCLICK_DATA is not set")
    pytest.skip("LASTCLICK_DATA is not set: the published tickets are not here")
