"""What every test may use: the embedded pair for the default rules, fitted once and kept from run to run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest
from hypothesis import HealthCheck, settings

from app.models import registry
from config.load import load
from tests.postgres import Cluster, cluster

# Who runs the tests may have set the size of its own terminal; a program under test asks the one it is given.
for name in ("COLUMNS", "LINES"):
    os.environ.pop(name, None)

# A busy machine draws slowly; that says nothing of the rule under test.
settings.register_profile("house", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("house")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A real PostgreSQL, one for each process of the tests."""
    with cluster() as running:
        yield running


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """A PostgreSQL of this test alone that keeps its promises at a kill, to be killed."""
    with cluster(safe=True) as running:
        yield running


@pytest.fixture
def database(postgres: Cluster) -> str:
    """The URL of a migrated database with nothing in it, this test's alone."""
    return postgres.url(postgres.empty())


@pytest.fixture(scope="session")
def fitted() -> Path:
    """A folder with the pair, to be read or copied. Its file's name is the hash of examples and code: a change fits anew."""
    folder = Path(platformdirs.user_cache_path("lastclick-tests")) / "models"
    folder.mkdir(parents=True, exist_ok=True)
    registry.models(load(), folder)["strong"].classify("where is my order", timeout=60.0)
    return folder
