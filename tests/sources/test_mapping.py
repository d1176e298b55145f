"""Rows of any shape become records with canonical names, and money stays exact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sources import shop_file
from app.sources.mapping import Unmappable, at_path, canonical, minor
from app.sources.records import BadRecords, load
from config.rules import Rules
from config.sources import KnowledgeSource, RecordSource, Sources


def source(**given: Any) -> RecordSource:
    return RecordSource.model_validate({"fields": {"id": "id"}} | given)


def test_paths_go_into_tables_and_lists_and_join_with_a_space() -> None:
    row = {"no": 7, "who": {"first": "Mia", "last": "Garcia", "mid": ""}, "track": [{"code": "X1"}], "a.b": "dotted"}
    fields = {"id": "no", "name": ["who.first", "who.mid", "who.last"], "tracking": "track.0.code", "note": "a.b"}
    assert canonical(row, source(fields=fields)) == {
        "id": "7",
        "name": "Mia Garcia",
        "tracking": "X1",
        "note": "dotted",
    }


def test_a_dotted_name_makes_a_nested_field_and_absent_ones_are_left_out() -> None:
    fields = {"id": "id", "address.zip": "postcode", "address.city": "town", "phone": "tel"}
    assert canonical({"id": "1", "postcode": "10115"}, source(fields=fields)) == {
        "id": "1",
        "address": {"zip": "10115"},
    }


@pytest.mark.parametrize(
    "lines", [[{"sku": "A", "cost": 12.5}, {"sku": "B", "cost": "3.00"}], {"A": {"cost": 12.5}, "B": {"cost": 3}}]
)
def test_a_list_and_a_table_by_key_map_to_the_same_rows(lines: object) -> None:
    key = "sku" if isinstance(lines, list) else "$key"
    mapping = source(
        fields={"id": "id", "items": {"list": "lines", "fields": {"item_id": key, "price": "cost"}}},
        money=["items.price"],
    )
    values = canonical({"id": "1", "lines": lines}, mapping)
    assert values["items"] == [{"item_id": "A", "price": 1250}, {"item_id": "B", "price": 300}]
    assert values["currency"] == "EUR"


def test_their_words_become_ours_and_constants_fill_gaps() -> None:
    fields = {
        "id": "id",
        "status": {"path": "state", "map": {"open": "pending"}},
        "plan": {"path": "p", "value": "free"},
    }
    assert canonical({"id": "1", "state": "open"}, source(fields=fields)) == {
        "id": "1",
        "status": "pending",
        "plan": "free",
    }
    assert canonical({"id": "1", "state": "odd", "p": "plus"}, source(fields=fields))["status"] == "odd"


def test_dates_move_by_whole_days_and_what_only_looks_like_one_stays() -> None:
    fields = {"id": "id", "a": "a", "b": "b", "c": "c"}
    row = {"id": "1", "a": "2026-02-28", "b": "2026-12-31T23:30:00Z", "c": "2026-02-30"}
    assert canonical(row, source(fields=fields), days=1) == {
        "id": "1",
        "a": "2026-03-01",
        "b": "2027-01-01T23:30:00Z",
        "c": "2026-02-30",
    }


@given(st.integers(min_value=-(10**12), max_value=10**12))
def test_money_in_major_units_never_gains_or_loses_a_cent(cents: int) -> None:
    sign = "-" if cents < 0 else ""
    text = f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"
    assert minor(text) == cents
    assert minor(float(text)) == cents


@pytest.mark.parametrize("amount", ["12.345", "NaN", "Infinity", "twelve", True, None, [1]])
def test_an_amount_that_is_no_whole_number_of_cents_is_refused(amount: object) -> None:
    with pytest.raises(ValueError, match=r"cents|amount"):
        minor(amount)


def test_a_row_without_id_or_with_odd_money_names_the_field() -> None:
    with pytest.raises(Unmappable) as missing:
        canonical({}, source())
    assert missing.value.field == "id"
    with pytest.raises(Unmappable) as odd:
        canonical({"id": "1", "t": "1.234"}, source(fields={"id": "id", "total": "t"}, money=["total"]))
    assert odd.value.field == "total"


def test_a_missing_step_of_a_path_is_none() -> None:
    assert at_path({"a": [1]}, "a.3.b") is None
    assert at_path({"a": 1}, "") == {"a": 1}


def with_sources(rules: Rules, folder: Path, **records: RecordSource) -> Rules:
    sources = Sources(records=records, identity=(), knowledge=(KnowledgeSource(path="kb"),), folder=str(folder))
    (folder / "kb").mkdir(exist_ok=True)
    return rules.model_copy(update={"sources": sources})


def test_a_csv_and_a_json_lines_file_load_alike(rules: Rules, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("nr,mail,total\nC1,a@b.example,12.50\n", encoding="utf-8")
    (tmp_path / "b.jsonl").write_text('{"nr": "C1", "mail": "a@b.example", "total": 12.50}\n', encoding="utf-8")
    found = []
    for name in ("a.csv", "b.jsonl"):
        mapped = source(file=name, fields={"id": "nr", "email": "mail", "total": "total"}, money=["total"])
        path = tmp_path / f"{name}.sqlite"
        assert load(with_sources(rules, tmp_path, customer=mapped), path).records == {"customer": 1}
        with shop_file.reading(path) as connection:
            found.append(shop_file.get(connection, "customer", "C1"))
    assert found[0] is not None
    assert found[1] is not None
    assert found[0].values == found[1].values == {"id": "C1", "email": "a@b.example", "total": 1250, "currency": "EUR"}
    assert found[0].version == found[1].version


def test_one_bad_line_loads_nothing_and_every_bad_line_is_named(rules: Rules, tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_text('{"id": "1"}\n{broken\n{"id": "1"}\n{"x": NaN}\n', encoding="utf-8")
    path = tmp_path / "shop.sqlite"
    with pytest.raises(BadRecords) as bad:
        load(with_sources(rules, tmp_path, customer=source(file="c.jsonl")), path)
    assert [problem.split(":")[1] for problem in bad.value.problems] == ["2", "3", "4"]
    with shop_file.writing(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []


def test_a_missing_file_is_named(rules: Rules, tmp_path: Path) -> None:
    with pytest.raises(BadRecords, match=r"gone\.jsonl: No such file"):
        load(with_sources(rules, tmp_path, customer=source(file="gone.jsonl")), tmp_path / "shop.sqlite")


def test_the_shop_file_is_for_its_owner_only(shop: Path, rules: Rules, tmp_path: Path) -> None:
    load(rules, tmp_path / "own.sqlite")
    assert (tmp_path / "own.sqlite").stat().st_mode & 0o077 == 0
