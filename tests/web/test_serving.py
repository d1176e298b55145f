"""The browser's desk behind its login: who gets one, what ends it, what every answer says, and where no token is."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from app.cli import main
from app.web import sealed, serving
from tests.server.conftest import Team
from tests.web.serving import Served, web_desk


class Visitor:
    """A browser as far as HTTP goes: cookies, an origin, and the terminal's websocket."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.http, self.url = http, url

    async def sign_in(self, secret: str, origin: str | None = None) -> aiohttp.ClientResponse:
        headers = {"origin": origin or self.url}
        return await self.http.post(f"{self.url}/login", data={"secret": secret}, headers=headers)

    async def says(self, path: str = "/") -> str:
        return await (await self.http.get(self.url + path)).text()

    async def desk(self) -> aiohttp.ClientWebSocketResponse:
        """An open desk, whose first bytes have come."""
        socket = await self.http.ws_connect(f"{self.url}/ws", headers={"origin": self.url})
        await asyncio.wait_for(socket.receive(), 30)
        return socket


@asynccontextmanager
async def visiting(team: Team, home: Path, **more: float) -> AsyncIterator[tuple[Visitor, Served]]:
    jar = aiohttp.CookieJar(unsafe=True)  # by the letter a cookie of an address is none
    async with web_desk(team.served.url, home, **more) as served, aiohttp.ClientSession(cookie_jar=jar) as http:
        yield Visitor(http, served.url), served


async def until(true: Callable[[], object], what: str) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end, f"never: {what}"
        await asyncio.sleep(0.02)


async def ended(socket: aiohttp.ClientWebSocketResponse) -> None:
    async with asyncio.timeout(30):
        async for _ in socket:
            pass


def running(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def token(team: Team, name: str = "ana", role: str = "agent") -> str:
    return await asyncio.to_thread(team.served.token, name, role)  # type: ignore[arg-type]


async def test_a_token_is_in_no_argument_environment_file_or_answer(team: Team, tmp_path: Path) -> None:
    home = tmp_path / "web"
    secret = await token(team)
    os.environ["LASTCLICK_DATABASE"] = "postgresql://u:hush@db/x"  # what the operator's shell may hold
    try:
        async with visiting(team, home) as (ana, served):
            answer = await ana.sign_in(secret)
            said = await answer.text() + str(answer.history[0].headers) + str(answer.headers)
            desk = await ana.desk()
            (pid,) = served.pids()
            process = Path(f"/proc/{pid}")
            elsewhere = process.joinpath("cmdline").read_bytes() + process.joinpath("environ").read_bytes()
            await desk.close()
            await until(lambda: not running(pid), "the desk ends with its page")
    finally:
        del os.environ["LASTCLICK_DATABASE"]
    elsewhere += said.encode() + b"".join(each.read_bytes() for each in home.rglob("*") if each.is_file())
    assert secret.rsplit("_", 1)[1].encode() not in elsewhere
    assert b"hush" not in elsewhere


async def test_the_cookie_is_the_browsers_alone_and_every_answer_is_guarded(team: Team, tmp_path: Path) -> None:
    async with visiting(team, tmp_path / "web") as (ana, _):
        answer = await ana.sign_in(await token(team))
        (cookie,) = answer.history[0].headers.getall("set-cookie")
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
        for path in ("/", "/ended", "/static/js/textual.js", "/page/web.css", "/nowhere", "/static/../server.py"):
            headers = (await ana.http.get(ana.url + path)).headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "script-src 'self';" in policy
            assert "allow-popups" not in policy
            assert headers["x-frame-options"] == "DENY"
            assert "server" not in headers
        assert (await ana.http.get(f"{ana.url}/static/..%2fserver.py")).status == 404


@pytest.mark.parametrize("secret", ["AAAA-BBBB", "lct_aaaaaaaaaaaaaaaa_" + "x" * 43, "<script>", "\ud800", ""])
async def test_what_opens_nothing_is_said_and_nothing_is_open(team: Team, tmp_path: Path, secret: str) -> None:
    async with visiting(team, tmp_path / "web") as (stranger, _):
        answer = await stranger.sign_in(secret.encode("utf-8", "replace").decode())
        assert answer.status == 403
        assert "is not good" in await answer.text()
        assert not answer.cookies
        refused = await stranger.http.get(f"{stranger.url}/ws", headers={"origin": stranger.url})
        assert refused.status == 401


async def test_a_producer_has_no_desk(team: Team, tmp_path: Path) -> None:
    async with visiting(team, tmp_path / "web") as (flow, _):
        assert "has no desk" in await (await flow.sign_in(await token(team, "agentflow", "producer"))).text()


async def test_a_server_that_is_gone_is_said(team: Team, tmp_path: Path) -> None:
    secret = await token(team)
    async with web_desk("http://127.0.0.1:9", tmp_path / "web") as served, aiohttp.ClientSession() as http:
        answer = await Visitor(http, served.url).sign_in(secret)
        assert answer.status == 503
        assert "cannot be reached" in await answer.text()


async def test_another_pages_request_is_refused(team: Team, tmp_path: Path) -> None:
    async with visiting(team, tmp_path / "web") as (ana, served):
        secret = await token(team)
        assert (await ana.sign_in(secret, origin="https://evil.example")).status == 403
        assert (await ana.http.post(f"{ana.url}/login", data={"secret": secret})).status == 403
        await ana.sign_in(secret)
        for origin in ({"origin": "https://evil.example"}, {"origin": "null"}, {}):
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await ana.http.ws_connect(f"{ana.url}/ws", headers=origin)
        rebound = await ana.http.get(f"{ana.url}/", headers={"host": "evil.example"})
        assert rebound.status == 421
        assert not served.pids()


async def test_a_revoked_token_ends_the_open_desk_and_says_why(team: Team, tmp_path: Path) -> None:
    async with visiting(team, tmp_path / "web", look_seconds=0.2) as (ana, served):
        await ana.sign_in(await token(team))
        desk = await ana.desk()
        (pid,) = served.pids()
        await asyncio.to_thread(team.served.people.revoke, "ana", by="lea")
        await ended(desk)
        await until(lambda: not running(pid), "the desk ends with the token")
        assert "This token was revoked" in await ana.says("/ended")
        assert "This token was revoked" in await ana.says()
        assert "One-time code" in await ana.says()


async def test_who_makes_no_key_is_signed_out_and_a_code_s_token_ends(team: Team, tmp_path: Path) -> None:
    code = await asyncio.to_thread(lambda: team.served.people.add("ana", "agent", by="lea"))
    async with visiting(team, tmp_path / "web", look_seconds=0.1, idle_hours=1.0 / 3600) as (ana, _):
        await ana.sign_in(code)
        await ended(await ana.desk())
        assert "pressed no key for too long" in await ana.says()
        await until(lambda: team.served.people.tokens("ana")[0].revoked_at, "the token ends that was made for it")


async def test_a_restart_signs_nobody_out_and_what_lies_on_the_disk_opens_nothing(team: Team, tmp_path: Path) -> None:
    code = await asyncio.to_thread(lambda: team.served.people.add("ana", "agent", by="lea"))
    home = tmp_path / "web"
    async with visiting(team, home) as (ana, _):
        await ana.sign_in(code)
        (cookie,) = [each.value for each in ana.http.cookie_jar]
        desk = await ana.desk()
    await desk.close()
    (kept,) = (home / "sessions").glob("*.json")
    assert kept.stat().st_mode & 0o077 == 0
    assert "lct_" not in kept.read_text()
    async with visiting(team, home) as (thief, _):
        assert "One-time code" in await thief.says()
        thief.http.cookie_jar.update_cookies({"lastclick": kept.stem})
        assert "One-time code" in await thief.says()
    async with visiting(team, home) as (ana, _):
        ana.http.cookie_jar.update_cookies({"lastclick": cookie})
        assert "ana (agent)" in await ana.says()
        await ana.desk()
        await ana.http.post(f"{ana.url}/logout", headers={"origin": ana.url})
        await until(lambda: team.served.people.tokens("ana")[0].revoked_at, "the token ends that was made for it")
    assert not list((home / "sessions").iterdir())


async def test_who_was_away_too_long_over_a_restart_is_signed_out(team: Team, tmp_path: Path) -> None:
    home = tmp_path / "web"
    async with visiting(team, home) as (ana, _):
        await ana.sign_in(await token(team))
        (cookie,) = [each.value for each in ana.http.cookie_jar]
    async with visiting(team, home, idle_hours=0.001 / 3600) as (ana, _):
        ana.http.cookie_jar.update_cookies({"lastclick": cookie})
        assert "One-time code" in await ana.says()
    assert not list((home / "sessions").iterdir())


def test_a_changed_byte_opens_nothing() -> None:
    kept = sealed.seal("cookie", "lct_secret")
    assert sealed.unseal("cookie", kept) == "lct_secret"
    assert [sealed.unseal(*pair) for pair in (("other", kept), ("cookie", "00" + kept[2:]), ("cookie", "zz"))] == [
        None
    ] * 3


async def test_signing_out_ends_every_desk_of_the_session_and_a_fifth_is_not_opened(team: Team, tmp_path: Path) -> None:
    async with visiting(team, tmp_path / "web") as (ana, served):
        await ana.sign_in(await token(team))
        desks = await asyncio.gather(*(ana.desk() for _ in range(4)))
        with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
            await ana.desk()
        assert "You have 4 desks open" in await ana.says("/ended")
        pids = served.pids()
        await ana.http.post(f"{ana.url}/logout", headers={"origin": ana.url})
        await asyncio.gather(*map(ended, desks))
        await until(lambda: not any(map(running, pids)), "all desks end")
        assert "You are signed out" in await ana.says()


async def test_what_our_page_never_sends_ends_the_desk(team: Team, tmp_path: Path) -> None:
    for strange in ('["open_url"]', "[]", "{", "[" * 100_000, '["resize", 5]', '["stdin", {}]', "9", '{"stdin": "a"}'):
        assert serving._understood(strange) is None
    assert serving._understood('["resize", {"width": 1e9, "height": -4}]') == ("resize", serving.SMALLEST)
    async with visiting(team, tmp_path / "web") as (ana, served):
        await ana.sign_in(await token(team))
        desk = await ana.desk()
        await desk.send_str('["open_url", "https://evil.example"]')
        await ended(desk)
        await until(lambda: not served.pids(), "the desk has ended")


async def test_a_desk_ends_when_the_web_server_is_killed(team: Team, tmp_path: Path) -> None:
    """The command itself, with its sentence, on a real port; no parent is left to end the desk."""
    secret, port = await token(team), free_port()
    arguments = ("web", team.served.url, "--port", str(port), "--home", str(tmp_path / "home"))
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", *arguments), stderr=asyncio.subprocess.PIPE
    )
    assert server.stderr is not None
    try:
        said = (await asyncio.wait_for(server.stderr.readline(), 30)).decode()
        assert f"The desk of {team.served.url} at http://127.0.0.1:{port}." in said
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
            ana = Visitor(http, f"http://127.0.0.1:{port}")
            await ana.sign_in(secret)
            desk = await ana.desk()
            pid = only_child(server.pid)
            server.kill()
            await until(lambda: not running(pid), "the desk ends with its server")
            await desk.close()
    finally:
        if server.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                server.kill()
        await server.wait()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("http://127.0.0.1:9",), "cannot be reached"),
        (("http://queue.example",), "only over https"),
        (("{}", "--port", "{taken}"), "cannot be listened on"),
        (("{}", "--host", "0.0.0.0"), "--public-url"),
        (("{}", "--host", "192.0.2.7"), "plain HTTP would show everybody's token"),
        (("{}", "--public-url", "http://desk.example"), "only over https"),
        (("{}", "--public-url", "https://desk.example/x"), "without a path"),
    ],
)
def test_what_keeps_it_from_serving_is_one_sentence(
    team: Team, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    given = [team.served.url if word == "{}" else word.format(taken=team.served.port) for word in words]
    assert main(["web", *given, "--home", str(tmp_path)]) == 1
    assert said in capsys.readouterr().err


def only_child(parent: int) -> int:
    (pid,) = map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split())
    return pid


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])
