"""Lists come in pages by key, in the order and with the filter that was asked for; search finds words, newest first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from store.contract import now
from store.live import View
from store.queue import Invalid
from tests.contract import shop
from tests.contract.conftest import House


async def all_rows(house: House, view: View, limit: int = 2) -> list[str]:
    found: list[str] = []
    after = None
    while True:
        page = await house.queue.page(view, after, limit)
        found += [row.ticket_id for row in page.rows]
        after = page.next
        if after is None:
            return found


async def five(house: House) -> None:
    for n, minor in enumerate([9_000, 40_000, 9_000, 6_000, 20_000]):
        await house.waiting(f"m{n}", f"t{n}", shop.refund(minor))


@pytest.mark.parametrize(
    ("sort", "order"),
    [("oldest", "01234"), ("newest", "43210"), ("due", "01234"), ("amount", "14203")],
)
async def test_pages_hold_every_row_once_in_order(house: House, sort: str, order: str) -> None:
    await five(house)
    assert await all_rows(house, View(sort=sort)) == [f"t{n}" for n in order]  # type: ignore[arg-type]
    assert await all_rows(house, View(sort=sort), 500) == [f"t{n}" for n in order]  # type: ignore[arg-type]


async def test_a_row_that_leaves_between_pages_costs_no_other(house: House) -> None:
    await five(house)
    page = await house.queue.page(View(), limit=2)
    await house.queue.submit(shop.message("m9", "t1"))
    rest = await house.queue.page(View(), page.next, 50)
    assert [row.ticket_id for row in rest.rows] == ["t2", "t3", "t4"]


@pytest.mark.parametrize("marker", ["", "x", "b2xkZXN0IDEgMQ", "💥", "AAAA" * 50])
async def test_a_page_marker_that_is_not_ours_is_refused(house: House, marker: str) -> None:
    with pytest.raises(Invalid):
        await house.queue.page(View(sort="amount"), marker)


async def test_filters_narrow_and_counts_agree_with_pages(house: House) -> None:
    await five(house)
    await house.waiting("m7", "t7", shop.refund(100).model_copy(update={"kind": "close_account"}))
    views = [
        View(),
        View(state="all"),
        View(reason="refund_over_limit"),
        View(reason="account_closure"),
        View(route="messy"),
        View(route="nope"),
        View(risk="high"),
        View(risk="low"),
        View(overdue=True),
        View(older_than_minutes=5),
        View(older_than_minutes=0, route="messy"),
        View(state="decided"),
    ]
    sizes = []
    for view in views:
        rows, counts = await all_rows(house, view), await house.queue.counts(view)
        assert counts["all"] == len(rows) == sum(n for key, n in counts.items() if key.startswith("reason:")), view
        sizes.append(len(rows))
    assert sizes == [6, 6, 5, 1, 6, 0, 6, 0, 0, 0, 6, 0]


async def test_overdue_is_what_should_have_been_decided_by_now(open_house: object) -> None:
    house: House = open_house(due_hours=0.0)  # type: ignore[operator]
    await house.waiting()
    assert len((await house.queue.page(View(overdue=True))).rows) == 1
    assert (await house.queue.counters()).due == 1


@pytest.mark.parametrize(
    "words", ["charged twice", "CHARGED", "twi", "W2378156", "4183", "mia@example.com", "refund second", "Garcia"]
)
async def test_search_finds_subjects_messages_replies_and_ids(house: House, words: str) -> None:
    review = await house.waiting()
    await house.queue.submit(
        shop.message("m2", "other", "Where is it?", subject="Parcel", author="Bo", sender="b@x.org")
    )
    assert [row.review_id for row in (await house.queue.search(words)).rows] == [review.id]


@pytest.mark.parametrize("words", ['"', "a OR", "NEAR(", "* ^", "words:", "-", "'; --", "\x00", "(", "{x}", ""])
async def test_nothing_a_person_types_breaks_the_search(house: House, words: str) -> None:
    await house.waiting()
    assert isinstance((await house.queue.search(words)).rows, tuple)


async def test_search_shows_the_most_recently_touched_first_in_pages(house: House) -> None:
    for n in range(5):
        await house.queue.submit(shop.message(f"m{n}", f"t{n}"))
    await house.queue.submit(shop.message("m9", "t0", "again"))
    first = await house.queue.search("charged", limit=3)
    rest = await house.queue.search("charged", first.next, 3)
    assert [row.ticket_id for row in (*first.rows, *rest.rows)] == ["t0", "t4", "t3", "t2", "t1"]
    assert rest.next is None
    assert first.rows[0].review_id == "", "a ticket that never stopped for a person"


async def test_a_changed_ticket_is_found_by_its_new_words_only_once(house: House) -> None:
    await house.waiting()
    await house.queue.submit(shop.message("m2", text="The zebra is late."))
    assert len((await house.queue.search("zebra charged")).rows) == 1


async def test_the_row_says_what_the_list_draws(house: House) -> None:
    before = now()
    await house.waiting(hidden=2)
    row = (await house.queue.page(View())).rows[0]
    assert (row.subject, row.reason, row.route, row.risk, str(row.amount), row.hidden) == (
        "Charged twice",
        "Refund of €120.00 is over the limit",
        "messy",
        "high",
        "€120.00",
        2,
    )
    assert before <= row.created_at <= now()
    assert row.due_at == row.created_at + timedelta(hours=4)
