"""Raw bytes that no honest client sends: each is refused with a 4xx or cut, nothing behind it is answered, nothing fails."""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.server.conftest import Team
from tests.server.hostile import Attack, attacks

STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
PATIENCE = 20.0
"""Seconds until a line that is still open counts as hung: generous, since the machine may be busy."""


async def answer_to(attack: Attack, port: int, token: str) -> bytes | None:
    """Everything that came back before the server closed or, after a whole request, fell silent. None: it hung."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    got = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            reading = asyncio.create_task(_read(reader, got))
            for piece in attack.pieces:
                if isinstance(piece, bytes):
                    writer.write(piece.replace(b"{token}", token.encode()))
                    await writer.drain()
                elif isinstance(piece, float):
                    await asyncio.sleep(piece)
            while not reading.done() and not STATUS.search(got):
                await asyncio.wait({reading}, timeout=0.05)
            await asyncio.wait({reading}, timeout=0.3)  # for a second answer, which must not come
            reading.cancel()
            return bytes(got)
    except TimeoutError:
        return None
    except ConnectionError:
        return bytes(got)
    finally:
        writer.close()


async def _read(reader: asyncio.StreamReader, got: bytearray) -> None:
    try:
        while some := await reader.read(65536):
            got += some
    except ConnectionError:
        pass


@pytest.fixture(scope="module")
def answers(quick: Team) -> dict[str, bytes | None]:
    """All attacks, twenty at a time, with the health asked in between."""
    token = quick.served.token("the-lead")

    async def run() -> dict[str, bytes | None]:
        turn = asyncio.Semaphore(20)
        found: dict[str, bytes | None] = {}

        async def one(attack: Attack) -> None:
            async with turn:
                found[attack.name] = await answer_to(attack, quick.served.port, token)

        await asyncio.gather(*(one(attack) for attack in attacks()))
        return found

    return asyncio.run(run())


def test_there_are_hundreds_of_them() -> None:
    assert len(attacks()) >= 300


@pytest.mark.parametrize("name", [attack.name for attack in attacks()])
def test_it_is_refused_or_cut(answers: dict[str, bytes | None], name: str) -> None:
    got = answers[name]
    assert got is not None, "the line was left open"
    statuses = [int(one) for one in STATUS.findall(got)]
    assert len(statuses) <= 1, "what stood behind the first request was answered"
    assert all(400 <= one < 500 or one == 501 for one in statuses), got[:300]


def test_the_server_is_as_well_as_before(answers: dict[str, bytes | None], quick: Team) -> None:
    assert quick.ask("GET", "/v1/health").json() == {"name": "lastclick", "contract": 1}
    assert quick.ask("GET", "/v1/reviews", "the-lead").status_code == 200
    assert answers


def test_a_refusal_tells_nothing_of_the_inside(answers: dict[str, bytes | None]) -> None:
    told = b" ".join(got for got in answers.values() if got).lower()
    for word in (b"traceback", b"sqlalchemy", b"pydantic", b"uvicorn", b"starlette", b"site-packages", b".py"):
        assert word not in told
