"""A real headless Chromium, driven over its own protocol: pages, keys, pictures, and the terminal as its page got it."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pyte
import pytest

FLAGS = (
    "--headless=new",
    "--no-sandbox",  # the tests may run as root
    "--no-first-run",
    "--disable-gpu",
    "--enable-unsafe-swiftshader",  # the terminal draws with WebGL
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--remote-debugging-port=0",
    "--window-size=1200,760",
)
ENTER = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}
WAIT = 20.0


def found() -> str:
    """The browser; a machine without one skips, except in CI."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if where := shutil.which(name):
            return where
    if os.environ.get("CI") == "true":
        pytest.fail("Chromium is not installed: apt-get install chromium")
    pytest.skip("Chromium is not installed: apt-get install chromium")


class Page:
    """One tab. `screen()`: the terminal as the desk's bytes made it, read from the page's own websocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self._screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self._screen)
        self._reading = asyncio.create_task(self._read())
        self.requested: list[str] = []
        self.opened: list[str] = []
        self.said: list[str] = []

    async def _read(self) -> None:
        async for message in self._socket:
            told = json.loads(message.data)
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told)
                continue
            self._event(told["method"], told["params"])

    def _event(self, name: str, told: dict[str, Any]) -> None:
        if name == "Network.webSocketFrameReceived" and told["response"]["opcode"] == 2:
            self._stream.feed(base64.b64decode(told["response"]["payloadData"]))
        elif name == "Network.webSocketFrameSent" and told["response"]["payloadData"].startswith('["resize"'):
            size = json.loads(told["response"]["payloadData"])[1]
            self._screen.resize(size["height"], size["width"])
        elif name == "Network.requestWillBeSent":
            self.requested.append(told["request"]["url"])
        elif name == "Page.windowOpen":
            self.opened.append(told["url"])
        elif name == "Log.entryAdded":
            self.said.append(told["entry"]["text"])
        elif name == "Runtime.exceptionThrown":
            self.said.append(told["exceptionDetails"]["text"])

    async def tell(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        answer = self._answers[number]
        await self._socket.send_json({"id": number, "method": method, "params": params})
        told = await asyncio.wait_for(answer, WAIT)
        assert "error" not in told, told
        return told["result"]

    async def open(self, url: str) -> None:
        await self.tell("Page.navigate", url=url)
        await self.until(lambda: self.js("document.readyState"), "complete")

    async def js(self, expression: str) -> Any:
        told = await self.tell("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    async def until(self, asked: Callable[[], Any], wanted: Any) -> None:
        until = time.monotonic() + WAIT
        while (got := await asked()) != wanted:
            assert time.monotonic() < until, f"{got!r} and never {wanted!r}"
            await asyncio.sleep(0.05)

    async def reads(self, *words: str) -> str:
        """The text of the page as soon as all words stand on it."""
        until = time.monotonic() + WAIT
        while True:
            text = str(await self.js("document.body ? document.body.innerText : ''"))
            if all(word in text for word in words):
                return text
            assert time.monotonic() < until, f"{words} never came:\n{text}"
            await asyncio.sleep(0.05)

    async def shows(self, *words: str) -> str:
        """The terminal as soon as all words stand on it."""
        until = time.monotonic() + WAIT
        while True:
            screen = self.screen()
            if all(word in screen for word in words):
                return screen
            assert time.monotonic() < until, f"{words} never came:\n{screen}\n{self.said}"
            await asyncio.sleep(0.02)

    def screen(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display)

    async def key(self, key: str) -> None:
        given = ENTER if key == "Enter" else {"key": key, "text": key}
        await self.tell("Input.dispatchKeyEvent", type="keyDown", **given)
        await self.tell("Input.dispatchKeyEvent", type="keyUp", **{k: v for k, v in given.items() if k != "text"})

    async def write(self, text: str) -> None:
        await self.tell("Input.insertText", text=text)

    async def click(self, x: float, y: float) -> None:
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            await self.tell("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    async def tabs(self) -> int:
        """How many pages the browser has open."""
        return len([1 for one in (await self.tell("Target.getTargets"))["targetInfos"] if one["type"] == "page"])

    async def picture(self) -> bytes:
        return base64.b64decode((await self.tell("Page.captureScreenshot", format="png"))["data"])

    async def at(self, words: str) -> tuple[float, float]:
        """Where on the page these words of the terminal are drawn, in pixels."""
        edges = "(({x, y, width, height}) => [x, y, width, height])"
        x, y, width, height = await self.js(f"{edges}(document.querySelector('.xterm-screen').getBoundingClientRect())")
        lines = (await self.shows(words)).splitlines()
        row = next(number for number, line in enumerate(lines) if words in line)
        column = lines[row].index(words) + len(words) // 2
        return x + (column + 0.5) * width / self._screen.columns, y + (row + 0.5) * height / self._screen.lines


@asynccontextmanager
async def browser(folder: Path) -> AsyncIterator[Callable[[], Any]]:
    """A running browser with a profile of its own; what it yields opens a page."""
    process = await asyncio.create_subprocess_exec(
        found(),
        *FLAGS,
        f"--user-data-dir={folder / 'profile'}",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        async with aiohttp.ClientSession() as http:
            base = f"http://127.0.0.1:{await _port(folder / 'profile', process)}"

            async def page() -> Page:
                async with http.put(f"{base}/json/new?about:blank") as answer:
                    where = (await answer.json())["webSocketDebuggerUrl"]
                made = Page(await http.ws_connect(where, max_msg_size=0))
                for domain in ("Page", "Runtime", "Network", "Log"):
                    await made.tell(f"{domain}.enable")
                return made

            yield page
    finally:
        process.kill()
        await process.wait()


async def _port(folder: Path, process: asyncio.subprocess.Process) -> str:
    until = time.monotonic() + WAIT
    while not (lines := _written(folder / "DevToolsActivePort")):
        assert process.returncode is None, "the browser ended"
        assert time.monotonic() < until, "the browser does not answer"
        await asyncio.sleep(0.05)
    return lines[0]


def _written(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []
