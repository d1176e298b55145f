"""The rows of the list that are in memory: a window over keyset pages, never the table. Knows no widget."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

from store.live import Page, Row

PAGE = 50
PAGES_KEPT = 6

Fetch = Callable[[str | None, int], Awaitable[Page]]


class Window:
    """Rows by their place in the list. A place whose page is not in memory is None until `want` has fetched it."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._starts: list[str | None] = [None]
        self._pages: dict[int, tuple[Row, ...]] = {}
        self._known = True
        self.total = 0

    def row(self, place: int) -> Row | None:
        page, at = divmod(place, PAGE)
        rows = self._pages.get(page, ())
        return rows[at] if 0 <= at < len(rows) else None

    def rows(self) -> Iterator[Row]:
        """The rows that are in memory, in no order that matters."""
        for page in self._pages.values():
            yield from page

    def place(self, review_id: str) -> int | None:
        """Where that review stands, if it is in memory."""
        for page, rows in self._pages.items():
            for at, row in enumerate(rows):
                if row.review_id == review_id:
                    return page * PAGE + at
        return None

    def drop(self, review_id: str) -> None:
        """Take a row out at once, before the store has been asked again."""
        place = self.place(review_id)
        if place is not None:
            page, at = divmod(place, PAGE)
            rows = self._pages[page]
            self._pages[page] = (*rows[:at], *rows[at + 1 :])
            self.total = max(0, self.total - 1)

    async def want(self, first: int, last: int) -> bool:
        """Have the rows from `first` to `last` in memory; True when something was fetched."""
        fetched = False
        for page in range(first // PAGE, last // PAGE + 1):
            fetched |= await self._reach(page)
        if not self._known:
            self.total = self._read_so_far()
        self._forget(first // PAGE, last // PAGE)
        return fetched

    async def again(self, first: int, last: int, total: int | None) -> None:
        """Read the pages in view anew; the others are read when they are wanted. Without a total, which a search does
        not know, there are as many rows as were read, and one more while there is another page."""
        begin = min(first // PAGE, len(self._starts) - 1)
        starts, pages = self._starts[: begin + 1], dict[int, tuple[Row, ...]]()
        for page in range(begin, last // PAGE + 1):
            if page >= len(starts):
                break
            got = await self._fetch(starts[page], PAGE)
            pages[page] = got.rows
            if got.next is not None:
                starts.append(got.next)
        self._starts, self._pages, self._known = starts, pages, total is not None
        self.total = self._read_so_far() if total is None else total

    def _read_so_far(self) -> int:
        last = len(self._starts) - 1
        rows = self._pages.get(last)
        return last * PAGE + (len(rows) if rows is not None else 1)

    async def _reach(self, page: int) -> bool:
        if page in self._pages:
            return False
        while len(self._starts) <= page:  # a keyset goes forward only: learn the starts in between
            known = len(self._starts) - 1
            got = await self._fetch(self._starts[known], PAGE)
            self._pages[known] = got.rows
            if got.next is None:
                return True
            self._starts.append(got.next)
        got = await self._fetch(self._starts[page], PAGE)
        self._pages[page] = got.rows
        if got.next is not None and len(self._starts) == page + 1:
            self._starts.append(got.next)
        return True

    def _forget(self, first: int, last: int) -> None:
        if len(self._pages) > PAGES_KEPT:
            middle = (first + last) / 2
            keep = sorted(self._pages, key=lambda page: abs(page - middle))[:PAGES_KEPT]
            self._pages = {page: self._pages[page] for page in keep}
