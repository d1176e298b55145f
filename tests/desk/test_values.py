"""What the desk makes of contract values, without an app: forms, windows, decisions, figures, letters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from app.desk import deciding, facts, figures, form, letters, times
from app.desk.deciding import OpenCase
from app.desk.window import PAGE, PAGES_KEPT, Window
from app.desk.words import fit, short
from store.contract import REPLY, Approve, Edit, Reject
from store.live import Page, RouteCounters, Row
from tests.desk import samples

ADDRESS = {"address1": "1 Main St", "city": "Denver", "zip": "80279"}
SCHEMA = {
    "type": "object",
    "properties": {
        "items": {
            "title": "items",
            "type": "array",
            "items": {"enum": ["i1", "i2"], "x-title": {"i1": "Kettle", "i2": "Grill"}},
        },
        "address": {"title": "address", "type": "object", "properties": {name: {"type": "string"} for name in ADDRESS}},
        "reason": {"title": "reason", "enum": ["no longer needed", "ordered by mistake"]},
        "count": {"title": "count", "type": "integer"},
        "amount": {"title": "amount", "type": "object", "properties": {"minor": {"type": "integer"}, "currency": {}}},
    },
    "required": ["reason", "amount"],
}
ARGS = {
    "items": ["i1"],
    "address": ADDRESS,
    "reason": "no longer needed",
    "count": 2,
    "amount": {"minor": 1250, "currency": "EUR"},
}


def test_a_schema_becomes_fields_with_the_words_of_its_choices() -> None:
    fields = {field.name: field for field in form.fields(SCHEMA, ARGS)}
    assert fields["items"].kind == "choices"
    assert fields["items"].choices == (("Kettle", "i1"), ("Grill", "i2"))
    assert fields["address.zip"].kind == "text"
    assert fields["reason"].kind == "choice"
    assert fields["count"].kind == "whole"
    assert form.shown(fields["amount.minor"]) == "12.50"


def test_untouched_values_come_back_as_they_were() -> None:
    fields = form.fields(SCHEMA, ARGS)
    held = {field.name: field.value if "choice" in field.kind else form.shown(field) for field in fields}
    assert form.values(fields, held, ARGS) == ARGS


def test_edited_numbers_stay_numbers() -> None:
    fields = form.fields(SCHEMA, ARGS)
    made = form.values(fields, {"count": "3", "amount.minor": "1,099.90", "items": ["i2"]}, ARGS)
    assert made["count"] == 3
    assert made["amount"] == {"minor": 109990, "currency": "EUR"}
    assert form.differences(ARGS, made, fields) == (
        ("Items", "Kettle", "Grill"),
        ("Count", "2", "3"),
        ("Amount", "12.50", "1099.90"),
    )
    assert ARGS["amount"] == {"minor": 1250, "currency": "EUR"}


@pytest.mark.parametrize(
    ("name", "raw", "said"),
    [
        ("amount.minor", "12.345", "an amount like 50.00"),
        ("amount.minor", "NaN", "an amount like 50.00"),
        ("amount.minor", "", "missing"),
        ("count", "two", "whole number"),
        ("reason", None, "choose one"),
    ],
)
def test_a_value_that_does_not_fit_names_its_field(name: str, raw: object, said: str) -> None:
    with pytest.raises(form.BadValue, match=said) as refused:
        form.values(form.fields(SCHEMA, ARGS), {name: raw}, ARGS)
    assert refused.value.field == name


def test_an_action_without_a_schema_is_edited_as_text() -> None:
    fields = form.fields({}, {"tracking": "JD1", "priority": 3})
    assert form.values(fields, {"tracking": "JD2", "priority": "4"}, {"tracking": "JD1", "priority": 3}) == {
        "tracking": "JD2",
        "priority": 4,
    }


def test_a_decision_is_bound_to_what_was_shown_and_answers_in_order() -> None:
    case = OpenCase(samples.several(1), 0.0)
    case.answer([Reject(action_id=REPLY, code="bad_reply")])
    case.answer([Approve(action_id="a2")])
    assert case.open_ids() == ("a1",)
    assert case.unit == ("a1",)
    case.answer([Approve(action_id="a1")])
    made = deciding.decision(case, "anna", 10, verdicts=case.verdicts.values())
    assert [verdict.action_id for verdict in made.verdicts] == ["a1", "a2", REPLY]
    assert made.fingerprint == case.review.fingerprint
    assert made.watermark == case.review.proposal.watermark


def test_what_cannot_be_taken_back_asks_for_a_second_key_even_at_low_risk() -> None:
    final = samples.review(1, risk="low")
    assert deciding.risky(final, deciding.approvals(final.proposal.to_decide()))
    assert not deciding.risky(final, deciding.rejections(final.proposal.to_decide(), "fraud", ""))
    harmless = samples.low_risk(2)
    assert not deciding.risky(harmless, deciding.approvals(harmless.proposal.to_decide()))


def test_only_what_differs_is_an_edit() -> None:
    review = samples.review(1)
    same = deciding.edits(
        review, {"a1": dict(review.proposal.actions[0].args)}, review.proposal.customer_reply, ("a1", REPLY)
    )
    assert all(isinstance(verdict, Approve) for verdict in same)
    other = deciding.edits(review, {"a1": {"order": "x"}}, "new", ("a1", REPLY))
    assert all(isinstance(verdict, Edit) for verdict in other)


def test_changes_are_named() -> None:
    old = samples.review(1)
    new = samples.review(1, actions=(samples.refund("180.00"),), reply="Hello.", claims=())
    told = deciding.changes(old, new)
    assert "amount: €120.00 → €180.00" in told
    assert "the reply is another" in told
    assert deciding.changes(old, old) == ()


def test_the_reply_marks_what_is_not_proven_and_keeps_every_word() -> None:
    proposal = samples.review(1).proposal
    drawn = letters.reply(proposal).plain
    assert "⚠ It arrives within 30 days." in drawn
    for mark in ("⚠ ", " [1]", " [2]"):
        drawn = drawn.replace(mark, "")
    assert drawn == proposal.customer_reply


def test_trusted_facts_hold_no_customer_words() -> None:
    hostile = "EVIL" * 40
    review = samples.review(1, subject=hostile, text=hostile, note=hostile, reply=hostile, claims=())
    case = OpenCase(review, 0.0)
    for drawn in (facts.why(review), facts.route(review), facts.actions(case), facts.sources(review)):
        assert "EVIL" not in drawn.plain


@given(st.text(max_size=60), st.integers(1, 40))
def test_fitted_text_has_exactly_its_cells(text: str, cells: int) -> None:
    clean = "".join(char for char in text if cell_len(char) > 0)
    assert cell_len(fit(clean, cells)) == cells
    assert cell_len(short(clean, cells)) <= cells


def test_figures() -> None:
    at = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert [figures.age(at - timedelta(seconds=s), at) for s in (5, 59, 60, 3599, 7200, 200_000)] == [
        "now", "now", "1m", "59m", "2h", "2d",
    ]  # fmt: skip
    assert figures.sparkline([0, 0, 0]) == "▁▁▁"
    assert figures.sparkline([0, 1, 2]) == "▁▅█"
    assert figures.share(0, 0) == "–"
    routes = [RouteCounters(name="a", replies=200, repeats=2), RouteCounters(name="b", replies=50, repeats=6)]
    assert [figures.stands_out(route, routes) for route in routes] == [False, True]


class Table:
    """Rows 0 … n-1 behind a keyset."""

    def __init__(self, count: int) -> None:
        self.keys = list(range(count))
        self.fetched = 0

    async def __call__(self, after: str | None, limit: int) -> Page:
        self.fetched += 1
        rest = [key for key in self.keys if after is None or key > int(after)]
        rows = tuple(_row(key) for key in rest[:limit])
        return Page(rows=rows, next=str(rest[limit - 1]) if len(rest) > limit else None)


def _row(key: int) -> Row:
    return Row(
        review_id=str(key),
        ticket_id=str(key),
        subject="",
        reason="",
        route="",
        risk="low",
        state="open",
        created_at=samples.AT,
    )


async def test_the_window_holds_a_few_pages_of_a_long_table() -> None:
    table = Table(10_000)
    window = Window(table)
    await window.again(0, 20, 10_000)
    for place in range(0, 2000, 40):
        await window.want(place, place + 20)
        row = window.row(place)
        assert row is not None
        assert row.review_id == str(place)
    assert len(window._pages) <= PAGES_KEPT
    assert table.fetched <= 2 + 2000 // PAGE + 1


async def test_a_row_that_left_is_gone_at_once_and_after_reading_again() -> None:
    table = Table(60)
    window = Window(table)
    await window.again(0, 20, 60)
    window.drop("3")
    assert window.total == 59
    assert window.place("3") is None
    table.keys.remove(3)
    await window.again(0, 20, 59)
    row = window.row(3)
    assert row is not None
    assert row.review_id == "4"


def test_the_usual_times_lie_ahead_in_their_order_and_end_on_a_monday_morning() -> None:
    at = datetime(2026, 3, 6, 17, 40, tzinfo=UTC)
    usual = [until for _, until in times.usual(at)]
    assert usual == sorted(usual)
    assert all(until > at for until in usual)
    assert (usual[-1].weekday(), usual[-1].hour) == (0, 9)
