"""What the tests of the workflow share: models that were fitted once."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.models import registry
from config.load import load


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the embedded pair, fitted to the sample shop's intents."""
    folder = tmp_path_factory.mktemp("models")
    registry.models(load(), folder)["strong"].classify("where is my order", timeout=60.0)
    return folder
