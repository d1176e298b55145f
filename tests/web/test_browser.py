"""A person without an installation, in a real browser: signs in, reads a case, approves it, sees the live column move."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

from store.live import Switch
from store.remote import RemoteQueue
from tests.server.conftest import Team
from tests.web.chromium import browser
from tests.web.serving import web_desk

LINK = "Look at https://evil.example/a first."


async def test_a_case_is_approved_in_a_browser_and_the_live_column_moves(team: Team, tmp_path: Path) -> None:
    first = await asyncio.to_thread(team.waiting)
    await asyncio.to_thread(team.waiting, "m2", "4190")
    code = await asyncio.to_thread(lambda: team.served.people.add("ana", "agent", by="lea"))
    async with web_desk(team.served.url, tmp_path / "web") as served, browser(tmp_path) as new:
        page = await new()
        await page.open(served.url)
        await page.reads("One-time code")
        await page.write("A" * 24)
        await page.key("Enter")
        await page.reads("This code is not good")
        await page.write(code)
        await page.key("Enter")
        await page.reads("ana (agent)", "Sign out")
        await page.shows("4183", "4190", "WHY", "Refund")
        await page.key("Enter")
        await page.shows("a approve")
        await page.key("a")
        await page.shows("This will happen", "y do it")
        await page.key("y")
        await page.shows("1 waiting", "4190 Charged twice")
        until = asyncio.get_running_loop().time() + 20
        while (await team.served.local.review(first.id)).state == "open":
            assert asyncio.get_running_loop().time() < until, page.screen()
            await asyncio.sleep(0.05)
        other = await RemoteQueue.open(team.served.url, await asyncio.to_thread(team.served.token, "ola", "oncall"))
        await other.throw(Switch(kind="route", name="messy", on=False, who="ola", why="prompt loops"))
        await other.close()
        await page.shows("OFF", "messy")
        drawn = await page.picture()
        await page.key("q")
        await page.reads("This desk has ended", "Open it again")
        await page.open("about:blank")
        assert len(drawn) > 4 * len(await page.picture()), "the terminal drew nothing"
        foreign = {url for url in page.requested if urlsplit(url).netloc != urlsplit(served.url).netloc}
        assert not foreign
        assert not [url for url in page.requested if "lct_" in url or code in url]
    made = [one for one in (await team.served.local.history("4183")).events if one.kind == "decision.made"]
    assert [one.actor for one in made] == ["ana"]


async def test_an_address_in_a_customers_words_opens_nothing(team: Team, tmp_path: Path) -> None:
    """The terminal's script makes every address a link that one click follows; a terminal on a desk does not."""
    await asyncio.to_thread(team.waiting, reply=LINK)
    token = await asyncio.to_thread(team.served.token, "ana", "agent")
    async with web_desk(team.served.url, tmp_path / "web") as served, browser(tmp_path) as new:
        page = await new()
        await page.open(served.url)
        await page.reads("One-time code")
        await page.write(token)
        await page.key("Enter")
        await page.shows("evil.example")
        x, y = await page.at("evil.example")
        tabs = await page.tabs()
        for _ in range(2):
            await page.click(x, y)
            await asyncio.sleep(0.2)
        assert await page.js("window.open('https://evil.example') === null"), "a new window could be opened"
        assert page.opened, "the script never tried, so this test says nothing"
        assert await page.tabs() == tabs
        assert await page.js("navigator.clipboard.readText().then(() => 'read', () => 'refused')") == "refused"
