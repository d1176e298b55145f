"""The desk on a remote queue: it cannot tell the difference, says when the line is cut, and keeps what was written."""

from __future__ import annotations

import asyncio

from textual.widgets import TextArea

from app.desk.desk import Desk
from app.desk.dialogs.edit import EditDialog
from app.desk.panes.ticket import TicketPane
from store.queue import Queue
from store.remote import RemoteQueue
from tests.desk.conftest import claimed, main, on_screen, until
from tests.server.conftest import Team
from tests.server.cutting import Cutting

SIZE = (120, 36)


async def on_the_line(team: Team, port: int) -> Desk:
    token = await asyncio.to_thread(team.served.token, "ana")

    async def opened() -> Queue:
        return await RemoteQueue.open(f"http://127.0.0.1:{port}", token)

    return Desk(opened, "ana", "queue.example")


async def test_a_case_is_decided_over_the_line_as_over_a_file(team: Team) -> None:
    review = await asyncio.to_thread(team.waiting)
    desk = await on_the_line(team, team.served.port)
    async with desk.run_test(size=SIZE) as pilot:
        await on_screen(pilot, review.id)
        await pilot.press("enter")
        await claimed(pilot, review.id)
        await pilot.press("a")
        await until(pilot, lambda: main(pilot).situation().mode == "confirm", "the question")
        await pilot.press("y")
        await until(pilot, lambda: main(pilot).review is None, "the case has left")
    made = [one for one in (await team.served.local.history("4183")).events if one.kind == "decision.made"]
    assert [one.actor for one in made] == ["ana"]


async def test_a_cut_line_is_said_and_a_half_written_edit_is_kept(team: Team) -> None:
    review = await asyncio.to_thread(team.waiting)
    async with Cutting(team.served.port) as line:
        desk = await on_the_line(team, line.port)
        async with desk.run_test(size=SIZE) as pilot:
            await on_screen(pilot, review.id)
            await pilot.press("enter")
            await claimed(pilot, review.id)
            await pilot.press("e")
            await until(pilot, lambda: isinstance(desk.screen, EditDialog), "the form")
            next(iter(desk.screen.query(TextArea))).insert("Half a thought: ", (0, 0))
            line.dark = True
            line.cut_all()
            await until(pilot, lambda: "cannot be reached" in main(pilot)._trouble, "that the line is cut")
            assert main(pilot).review is not None, "what was read stays readable"
            line.dark = False
            await until(pilot, lambda: not main(pilot)._trouble, "that it is there again")
            assert "Half a thought: " in next(iter(desk.screen.query(TextArea))).text
    assert (await team.served.local.review(review.id)).state == "open"


async def test_who_else_reads_the_case_is_on_its_frame(team: Team) -> None:
    review = await asyncio.to_thread(team.waiting)
    other = await RemoteQueue.open(team.served.url, await asyncio.to_thread(team.served.token, "bo"))
    await other.look("bo", review.id)
    desk = await on_the_line(team, team.served.port)
    async with desk.run_test(size=SIZE) as pilot:
        pane = main(pilot).query_one(TicketPane)
        await until(pilot, lambda: "bo also reads this" in str(pane.border_subtitle), "who else reads it")
        assert [one.who for one in await other.look("bo", None)] == ["ana"]
    await other.close()
