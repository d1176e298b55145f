"""The desk's side of the line: offline is said at once, nothing is sent in silence, and what was lost is asked for."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import trustme

from store.calling import Caller
from store.live import Event
from store.queue import Invalid, NotSignedIn, Unavailable
from store.remote import RemoteQueue
from tests.contract import shop
from tests.contract.honest_judge import HonestJudge
from tests.server.conftest import Team
from tests.server.cutting import Cutting
from tests.server.serving import Served


@asynccontextmanager
async def remote(team: Team, port: int | None = None, name: str = "ana") -> AsyncIterator[RemoteQueue]:
    url = f"http://127.0.0.1:{port or team.served.port}"
    queue = await RemoteQueue.open(url, await asyncio.to_thread(team.served.token, name))
    try:
        yield queue
    finally:
        await queue.close()


# ── what is not there ────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "url",
    [
        "queue.example",
        "ftp://queue.example",
        "https://",
        "https://ana:pw@queue.example",
        "https://queue.example?token=x",
        "",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match=r"looks like https://queue\.example"):
        Caller(url, "")


@pytest.mark.parametrize("url", ["http://queue.example", "http://10.0.0.1:7180", "http://127.0.0.1.example"])
def test_a_token_is_not_sent_in_the_clear_to_another_computer(url: str) -> None:
    with pytest.raises(Invalid, match="only over https"):
        Caller(url, "")


async def test_a_server_that_is_not_there_is_said_at_once() -> None:
    with pytest.raises(Unavailable, match=r"cannot be reached\. Is the server running"):
        await RemoteQueue.open("http://127.0.0.1:9", "lct_x")


async def test_a_name_nobody_knows_is_said() -> None:
    with pytest.raises(Unavailable, match=r"no name this network knows|cannot be reached"):
        await RemoteQueue.open("https://queue.invalid", "lct_x")


async def test_another_server_is_told_from_ours(team: Team) -> None:
    async with answering(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi") as port:
        with pytest.raises(Unavailable, match="does not understand"):
            await RemoteQueue.open(f"http://127.0.0.1:{port}", "lct_x")
    async with answering(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n") as port:
        with pytest.raises(Unavailable, match="no Lastclick server"):
            await RemoteQueue.open(f"http://127.0.0.1:{port}", "lct_x")
    async with answering(b"HTTP/1.1 301 Moved\r\nlocation: https://x.example/\r\ncontent-length: 0\r\n\r\n") as port:
        with pytest.raises(Unavailable, match=r"sends us on to https://x\.example"):
            await RemoteQueue.open(f"http://127.0.0.1:{port}", "lct_x")


@pytest.mark.parametrize(("contract", "update"), [(0, "Update the server"), (99, "Update this Lastclick")])
async def test_an_older_or_newer_server_says_which_one_to_update(contract: int, update: str) -> None:
    body = b'{"name":"lastclick","contract":%d}' % contract
    async with answering(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)) as port:
        with pytest.raises(Unavailable, match=update):
            await RemoteQueue.open(f"http://127.0.0.1:{port}", "lct_x")


@pytest.mark.parametrize(("days", "said"), [(-1, "has run out"), (400, "none this computer trusts")])
async def test_a_certificate_that_does_not_hold_is_named(
    days: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    made = authority.issue_cert("localhost", not_after=datetime.now(UTC) + timedelta(days=days))
    if days < 0:
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.configure_cert(context)
    async with answering(b"", context) as port:
        with pytest.raises(Unavailable, match=f"{said}.*Nothing was sent"):
            await RemoteQueue.open(f"https://localhost:{port}", "lct_x")


async def test_a_queue_over_tls_is_the_same_queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    made = authority.issue_cert("127.0.0.1")
    made.private_key_pem.write_to_path(tmp_path / "key.pem")
    for number, pem in enumerate(made.cert_chain_pems):
        pem.write_to_path(tmp_path / "cert.pem", append=number > 0)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    tls = (tmp_path / "cert.pem", tmp_path / "key.pem")
    served = await asyncio.to_thread(lambda: Served(tmp_path / "queue.sqlite", HonestJudge(), tls=tls))
    try:
        assert served.url.startswith("https://")
        queue = await RemoteQueue.open(served.url, await asyncio.to_thread(served.token, "ana"))
        following = asyncio.create_task(take(queue, await queue.head(), 1))
        await asyncio.to_thread(served.local_submit, "m1", "t1")
        assert [event.kind for event in await following] == ["message.received"]
        await queue.close()
    finally:
        await asyncio.to_thread(served.stop)


async def test_a_revoked_token_is_said_with_what_to_do(team: Team) -> None:
    async with remote(team) as queue:
        await asyncio.to_thread(team.served.people.revoke, "ana", by="test")
        with pytest.raises(NotSignedIn, match=r"revoked\. Ask whoever runs the queue"):
            await queue.counters()


async def test_a_clock_that_is_off_is_said_and_the_undo_window_is_right(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    from store import account, contract
    from store import remote as remote_module

    review = await asyncio.to_thread(team.waiting)
    ahead = timedelta(hours=1)
    for module in (account, remote_module):
        monkeypatch.setattr(module, "now", lambda: contract.now() + ahead)
    async with remote(team) as queue:
        assert "60 minutes ahead of the server's" in queue.remarks[0]
        lease = await queue.claim("ana", review.id)
        assert lease is not None
        outcome = await queue.decide(shop.decision(review), lease)
        assert outcome.undo_until is not None
        left = outcome.undo_until - (contract.now() + ahead)
        assert abs(left) < timedelta(seconds=20)


# ── what was lost on the way ─────────────────────────────────────────────────


@pytest.mark.parametrize("after_the_server_had_it", [True, False])
async def test_a_decision_whose_answer_is_lost_is_asked_for(team: Team, after_the_server_had_it: bool) -> None:
    """Cut once the server has the whole request, or before: either way what is said is what is so."""
    review = await asyncio.to_thread(team.waiting)
    async with Cutting(team.served.port) as line, remote(team, line.port) as queue:
        lease = await queue.claim("ana", review.id)
        assert lease is not None
        line.cut_next("decisions", answer=after_the_server_had_it)
        if after_the_server_had_it:
            outcome = await queue.decide(shop.decision(review), lease)
            assert outcome.effect == "Refund €120.00, reply"
        else:
            with pytest.raises(Unavailable, match="Nothing was changed"):
                await queue.decide(shop.decision(review), lease)
        state = (await queue.review(review.id)).state
        assert state == ("decided" if after_the_server_had_it else "open")
        assert line.seen("decisions") == 1, "sent once"


async def test_when_nobody_can_tell_it_is_said_that_it_is_not_known(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    from store import calling

    monkeypatch.setattr(calling, "_PAUSES", (0.01, 0.01))
    review = await asyncio.to_thread(team.waiting)
    async with Cutting(team.served.port) as line, remote(team, line.port) as queue:
        lease = await queue.claim("ana", review.id)
        assert lease is not None
        line.cut_next("decisions", answer=True)
        line.dark_after_cut = True
        with pytest.raises(Unavailable, match=r"not known whether it was done\. Look at the case again"):
            await queue.decide(shop.decision(review), lease)


async def test_a_dead_connection_in_the_pool_is_no_reason_to_fail_a_read(team: Team) -> None:
    async with Cutting(team.served.port) as line, remote(team, line.port) as queue:
        await queue.counters()
        line.cut_all()
        assert (await queue.counters()).waiting == 0


async def test_a_stream_goes_on_after_a_cut_without_a_gap_or_a_repeat(team: Team) -> None:
    async with Cutting(team.served.port) as line, remote(team, line.port) as queue:
        start = await queue.head()
        following = asyncio.create_task(take(queue, start, 40))
        for n in range(40):
            await asyncio.to_thread(team.served.local_submit, f"m{n}", f"t{n}")
            if n % 8 == 3:
                line.cut_all()
        found = await following
        assert [event.seq for event in found] == list(range(start + 1, start + 41))


async def test_a_stream_that_cannot_go_on_says_so(team: Team) -> None:
    async with Cutting(team.served.port) as line, remote(team, line.port) as queue:
        following = asyncio.create_task(take(queue, None, 1))
        await asyncio.sleep(0.3)
        line.dark = True
        line.cut_all()
        with pytest.raises(Unavailable):
            await following


async def test_a_revoked_token_ends_the_stream_at_that_event(team: Team) -> None:
    async with remote(team) as queue:
        following = asyncio.create_task(take(queue, await queue.head(), 99))
        await asyncio.sleep(0.3)
        await asyncio.to_thread(team.served.people.revoke, "ana", by="test")
        await asyncio.to_thread(team.served.local_submit, "m1", "t1")
        with pytest.raises(NotSignedIn, match="Sign in again"):
            await following


async def test_a_producer_follows_only_what_it_filed(team: Team) -> None:
    from tests.contract.test_filing import outside

    token = await asyncio.to_thread(team.served.token, "acme", "producer")
    queue = await RemoteQueue.open(team.served.url, token)
    try:
        following = asyncio.create_task(take(queue, await queue.head(), 2))
        await asyncio.to_thread(team.waiting)
        await queue.submit(outside())
        found = await following
        assert [event.kind for event in found] == ["proposal.review", "review.opened"]
        assert {event.data["ticket_id"] for event in found} == {"ext-ticket"}
    finally:
        await queue.close()


async def take(queue: RemoteQueue, after: int | None, n: int) -> list[Event]:
    found: list[Event] = []
    async with asyncio.timeout(30), aclosing(cast("Any", queue.follow(after))) as events:
        async for event in events:
            found.append(event)
            if len(found) == n:
                return found
    return found


@asynccontextmanager
async def answering(answer: bytes, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Something that answers every request with these bytes, in TLS or not."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
