"""Keeps list and figures in step with the journal: one reader, never two requests at once, at most four times a second."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

from app.desk import news, sections
from app.desk.talk import Post
from app.desk.window import Window
from store.live import Counters, Page, Switch, View
from store.queue import Queue, QueueError, TooOld

FASTEST = 0.25
"""Seconds between two readings: changes in between are read together."""
HELD = 0.15
"""Seconds for which who brings a case on screen has the processor: reading beside it would double the wait."""
SLOWEST = 4.0
"""Seconds after which figures that no event tells of (workers, ages, leases) are read again."""


class Reading:
    """The rows of the view in a window, and the live figures; says what it read as news."""

    def __init__(self, queue: Queue, post: Post, in_view: Callable[[], tuple[int, int]]) -> None:
        self._queue = queue
        self._post = post
        self._in_view = in_view
        self._changed = asyncio.Event()
        self._reading = asyncio.Lock()
        self._troubled = False
        self._anew = False
        self._live: tuple[Counters, tuple[Switch, ...]] | None = None
        self.view = View()
        self.words = ""
        """What is searched for; empty: the view is listed."""
        self.window = Window(self._page)
        self.on_screen: Callable[[], str | None] = lambda: None
        self.actor = ""
        self._seq: int | None = None
        self._held_until = 0.0

    @property
    def queue(self) -> Queue:
        return self._queue

    async def _page(self, after: str | None, limit: int) -> Page:
        if self.words:
            return await self._queue.search(self.words, after, limit)
        return await self._queue.page(self.view, after, limit)

    def look_at(self, view: View, words: str = "") -> None:
        """List another part of the queue, or what a search finds, from its beginning."""
        self.view, self.words = view, words
        self.window = Window(self._page)
        self._anew = True
        self.now()

    @property
    def whole(self) -> bool:
        """Whether all that waits is listed."""
        return not self.words and sections.whole(self.view)

    @property
    def called(self) -> str:
        return sections.called(self.view, self.words)

    async def counts(self, view: View) -> dict[str, int]:
        """How many wait in a view. Raises `QueueError`."""
        return await self._queue.counts(view)

    def now(self) -> None:
        """Read as soon as may be."""
        self._changed.set()

    def hold(self) -> None:
        """A case is being decided or brought on screen: read a moment later."""
        self._held_until = time.monotonic() + HELD

    async def want(self, first: int, last: int) -> None:
        """Have these places in memory."""
        async with self._reading:
            try:
                if await self.window.want(first, last):
                    self._post(news.Listed())
            except QueueError as error:
                self._trouble(str(error))

    async def follow(self) -> None:
        """Wake the reader at each event of the journal; goes on where it was after a cut, not all desks at once."""
        while True:
            try:
                async for event in self._queue.follow(self._seq):
                    self._seq = event.seq
                    self._changed.set()
            except TooOld:
                self._seq = None
                self._changed.set()
            except QueueError as error:
                self._trouble(str(error))
            await asyncio.sleep(random.uniform(0.5, 1.5))

    async def run(self) -> None:
        """Read at once, then whenever something changed, and now and then."""
        changed = True
        while True:
            await self._rested()
            await self._read(changed)
            await asyncio.sleep(FASTEST)
            try:
                await asyncio.wait_for(self._changed.wait(), SLOWEST - FASTEST)
                changed = True
            except TimeoutError:
                changed = self._troubled
            self._changed.clear()

    async def _rested(self) -> None:
        left = self._held_until - time.monotonic()
        if left > 0:
            await asyncio.sleep(left)
            await self._rested()

    async def _read(self, changed: bool) -> None:
        async with self._reading:
            try:
                live = (await self._queue.counters(), await self._queue.switches())
                others = await self._queue.look(self.actor, self.on_screen())
                if changed or self._differs(live[0]):
                    total = None if self.words else (await self._queue.counts(self.view)).get("all", 0)
                    anew, self._anew = self._anew, False
                    await self.window.again(*((0, 0) if anew else self._in_view()), total)
                    self._post(news.Listed(anew))
                    if (shown := self.on_screen()) is not None:
                        self._post(news.CaseRead(await self._queue.review(shown), again=True))
            except QueueError as error:
                self._trouble(str(error))
                return
        self._live = live
        self._post(news.Live(*live))
        self._post(news.Others(others))
        if self._troubled:
            self._troubled = False
            self._post(news.Trouble(""))

    def _differs(self, counters: Counters) -> bool:
        """A change that came without an event that we saw: another figure of what waits."""
        return self._live is None or self._live[0].waiting != counters.waiting

    def _trouble(self, text: str) -> None:
        self._troubled = True
        self._post(news.Trouble(text))
