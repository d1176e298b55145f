"""Policy passages: cut by heading, found by meaning above a floor, or by words where no model can embed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from app.models import minilm
from app.sources import knowledge, shop_file
from app.sources.lookup import Lookup
from app.sources.records import load
from config.rules import Rules
from store.case import Clues
from tests.sources.conftest import Ask


def test_passages_are_cut_by_heading_with_an_address_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(
        "# Returns\nIntro.\n\n## How long\n30 days.\n\n```\n# no heading\n```\n## How long\nAgain.\n", encoding="utf-8"
    )
    assert [(uri, title) for uri, title, _ in knowledge.passages(tmp_path)] == [
        ("a.md#returns", "Returns"),
        ("a.md#how-long", "Returns: How long"),
        ("a.md#how-long-2", "Returns: How long"),
    ]


def test_a_long_passage_is_cut_between_paragraphs_and_loses_nothing(tmp_path: Path) -> None:
    text = "\n\n".join(f"Paragraph {number} " + "x" * 300 for number in range(9))
    (tmp_path / "long.md").write_text(f"# Long\n{text}", encoding="utf-8")
    pieces = [piece for _, _, piece in knowledge.passages(tmp_path / "long.md")]
    assert "\n\n".join(pieces) == text
    assert len(pieces) > 1
    assert max(map(len, pieces)) <= knowledge.PASSAGE_AT_MOST


@pytest.mark.parametrize(
    ("question", "uri"),
    [
        ("how many days do I have to send something back if it does not fit?", "returns.md#returning-an-item"),
        ("I forgot my password, how do I reset it?", "account.md#resetting-your-password"),
        ("Do I have to pay customs in the United States?", "shipping.md#customs"),
        ("How long is the warranty on a tent?", "damage-and-warranty.md#warranty"),
        ("what does Fern Plus cost", "account.md#fern-plus-membership"),
        ("Are you open on Saturday?", "contact.md#opening-hours"),
    ],
)
def test_a_question_in_a_customers_words_finds_its_passage(
    rules: Rules, shop: Path, ticket: Ask, question: str, uri: str
) -> None:
    facts = Lookup(rules, shop, minilm.embed).look_up(ticket(question), Clues(), ["policy_question"])
    assert uri in [passage.uri for passage in facts.passages][:3]


@pytest.mark.parametrize("text", ["what is the capital of France", "can you write me a poem"])
def test_what_no_passage_speaks_of_finds_none(rules: Rules, shop: Path, ticket: Ask, text: str) -> None:
    facts = Lookup(rules, shop, minilm.embed).look_up(ticket(text), Clues(), [])
    assert facts.passages == ()


def test_without_a_model_passages_are_found_by_their_words(rules: Rules, shop: Path, ticket: Ask) -> None:
    facts = Lookup(rules, shop).look_up(ticket("Is there a warranty on tents?"), Clues(), [])
    assert facts.passages[0].uri == "damage-and-warranty.md#warranty"


@pytest.mark.parametrize("words", ['" OR 1=1 --', "NEAR(a b", "title:*", "'; DROP TABLE passage; --", "AND OR NOT", ""])
def test_a_customers_words_are_never_read_as_a_search_language(shop: Path, words: str) -> None:
    with shop_file.reading(shop) as connection:
        knowledge.by_words(connection, words)
        knowledge.catalogue(connection, "product", words)
        assert connection.execute("SELECT count(*) FROM passage").fetchone()[0] > 25


def test_anybody_may_read_the_catalogue(rules: Rules, shop: Path, ticket: Ask) -> None:
    facts = Lookup(rules, shop).look_up(ticket("Do you have the ridge tent in moss?"), Clues(), ["product_question"])
    (tent,) = [entry for entry in facts.passages if entry.title == "Ridge tent"]
    assert tent.kind == "record"
    assert "colour moss, size 3 persons: €239.00, in stock" in tent.quote


def test_vectors_are_made_once_and_again_only_for_what_changed(rules: Rules, tmp_path: Path) -> None:
    seen: list[str] = []

    def embed(texts: Sequence[str]) -> np.ndarray:
        seen.extend(texts)
        return np.array([[len(text), text.count("e") + 1.0] for text in texts], dtype=np.float32)

    folder = tmp_path / "kb"
    folder.mkdir()
    (folder / "a.md").write_text("# One\nfirst\n# Two\nsecond\n", encoding="utf-8")
    sources = rules.sources.model_copy(
        update={"knowledge": (rules.sources.knowledge[0].model_copy(update={"path": str(folder)}),)}
    )
    own, path = rules.model_copy(update={"sources": sources}), tmp_path / "shop.sqlite"
    load(own, path)
    for _ in range(2):
        with shop_file.reading(path) as connection:
            knowledge.by_meaning(connection, embed, ["question"], 0.0)
    assert [text for text in seen if "first" in text or "second" in text] == ["One. first", "Two. second"]
    seen.clear()
    (folder / "a.md").write_text("# One\nfirst\n# Two\nchanged\n", encoding="utf-8")
    load(own, path)
    with shop_file.reading(path) as connection:
        found = knowledge.by_meaning(connection, embed, ["question"], 0.0)
    assert [text for text in seen if "first" in text or "changed" in text] == ["Two. changed"]
    assert {evidence.quote for evidence in found} == {"first", "changed"}
