"""The fit that comes with the package is that of the default intents, and nobody gets it for other ones."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from app.models import built_in, embedded, kept, registry
from app.models.pair import Pair
from config.load import load


@pytest.fixture(scope="module")
def shipped() -> Pair:
    """The fit in the package, when it was made from these examples and this code."""
    found = kept.load(kept.BUILT_IN, built_in.default_key())
    assert found is not None, "the examples or the code changed: run `python -m app.models.built_in`"
    return found


def test_the_built_in_fit_is_what_a_fresh_fit_gives(shipped: Pair) -> None:
    fresh = built_in.fitted()
    assert shipped.labels == fresh.labels
    assert len(list(kept.BUILT_IN.glob("*"))) == 1, "an old fit was left in the package"
    # int8 kernels round differently from one processor to the next, hence no bit-for-bit comparison.
    for name in ("thresholds", "alone_thresholds"):
        for field in ("floor", "sure", "grey"):
            assert getattr(getattr(shipped, name), field) == pytest.approx(
                getattr(getattr(fresh, name), field), abs=0.05
            )
    texts = [text for _, many in sorted(built_in.default_examples().items()) for text in many[:2]]
    for text in texts:
        one, other = shipped.classify(text), fresh.classify(text)
        assert [intent.name for intent in one.intents] == [intent.name for intent in other.intents], text
        assert one.confidence == pytest.approx(other.confidence, abs=0.05), text


def test_a_first_start_takes_the_built_in_fit(shipped: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "fit", lambda *_: pytest.fail("a first start must not wait for a fit"))
    found, _ = registry.models(load(), tmp_path)["strong"].classify("Where is my order?", timeout=1.0)
    assert found.intents[0].name in ("where_is_my_order", "order_status")


def test_changed_examples_are_fitted_and_never_served_by_the_built_in_fit(tmp_path: Path) -> None:
    rules = load()
    first = rules.intents["cancel_order"]
    more = first.model_copy(update={"examples": (*first.examples, "zap my basket")})
    changed = rules.model_copy(update={"intents": {**rules.intents, "cancel_order": more}})
    assert embedded.Fitted(rules, tmp_path)._kept() is not None
    assert embedded.Fitted(changed, tmp_path)._kept() is None


def test_a_folder_keeps_the_newest_few_fits(shipped: Pair, tmp_path: Path) -> None:
    for number in range(kept.NEWEST + 2):
        kept.save(tmp_path, f"fit{number}", shipped)
        os.utime(tmp_path / f"pair-fit{number}.npz", (number, number))
    assert kept.load(tmp_path, "fit0") is None
    again = kept.load(tmp_path, f"fit{kept.NEWEST + 1}")
    assert again is not None
    assert np.array_equal(again.cheap.one.bytes_, shipped.cheap.one.bytes_)  # type: ignore[attr-defined]
    assert len(list(tmp_path.glob("pair-*.npz"))) == kept.NEWEST
