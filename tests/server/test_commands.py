"""An operator and an agent by the commands themselves: real processes, a real line, no token where it does not belong."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from app.server.run import Address, listen
from store.queue import Unavailable

WAIT = 90.0


def lastclick(*words: str, home: Path, say: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *words],
        input=say,
        capture_output=True,
        text=True,
        timeout=WAIT,
        check=False,
        env={**os.environ, "LASTCLICK_HOME": str(home), "NO_COLOR": "1"},
    )


def test_a_team_from_nothing_and_no_token_anywhere_it_does_not_belong(tmp_path: Path) -> None:
    team, ana, file = tmp_path / "team", tmp_path / "ana", tmp_path / "token"
    code = lastclick("user", "add", "ana", "--role", "agent", "--limit", "EUR 200", home=team).stdout.strip()
    assert re.fullmatch(r"([A-Z2-7]{4}-){5}[A-Z2-7]{4}", code)
    log = (tmp_path / "serve.log").open("w+")
    socket = listen(Address(port=0))
    port = socket.getsockname()[1]
    socket.close()
    serving = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "serve", "--port", str(port)],
        stdout=log,
        stderr=log,
        env={**os.environ, "LASTCLICK_HOME": str(team)},
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _until_it_answers(url)
        signed_in = lastclick("login", url, "--token-file", str(file), home=ana, say=code + "\n")
        assert f"Signed in to {url} as ana (agent)" in signed_in.stdout, signed_in.stderr
        token = file.read_text().strip()
        assert file.stat().st_mode & 0o777 == 0o600
        headers = {"authorization": f"Bearer {token}"}
        assert httpx.get(f"{url}/v1/me", headers=headers).json()["user"]["limits"] == [
            {"currency": "EUR", "minor": 20000}
        ]
        for wrong in (f"/v1/reviews?token={token}", f"/v1/{token}", "/v1/reviews"):
            httpx.get(url + wrong, headers={"authorization": f"Bearer {token}x"})
        process = Path(f"/proc/{serving.pid}")
        elsewhere = process.joinpath("cmdline").read_bytes() + process.joinpath("environ").read_bytes()
        listed = lastclick("token", "list", home=ana)
        assert listed.stdout.count("ana") == 1
        refused = lastclick("route", "off", "messy", "--why", "it loops", home=ana)
        assert "The role agent may not do this" in refused.stderr, refused.stdout + refused.stderr
        assert "Nothing waits for a person" in lastclick("show", home=ana).stdout
        assert not (ana / "queue.sqlite").exists(), "who is signed in asks the server, and has no queue of their own"
    finally:
        serving.send_signal(signal.SIGTERM)
        code_of_end = serving.wait(30)
    log.seek(0)
    elsewhere += log.read().encode() + (listed.stdout + signed_in.stdout + signed_in.stderr).encode()
    elsewhere += b"".join(one.read_bytes() for home in (team, ana) for one in home.rglob("*") if one.is_file())
    assert token.encode() not in elsewhere
    assert token.rsplit("_", 1)[1].encode() not in elsewhere
    assert code.encode() not in elsewhere
    assert code_of_end == 0


def _until_it_answers(url: str) -> None:
    until = time.monotonic() + WAIT
    while True:
        try:
            assert httpx.get(f"{url}/v1/health").status_code == 200
            return
        except httpx.TransportError:
            assert time.monotonic() < until
            time.sleep(0.1)


def test_a_port_that_is_taken_is_said() -> None:
    taken = listen(Address(port=0))
    with pytest.raises(Unavailable, match="Is a server running there already"):
        listen(Address(port=taken.getsockname()[1]))
    taken.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_plain_http_is_for_this_computer_only(host: str) -> None:
    with pytest.raises(Unavailable, match="Give --tls-cert"):
        listen(Address(host, 0))


def test_tls_needs_both_files(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="TLS needs both files"):
        listen(Address("0.0.0.0", 0, cert=tmp_path / "no.pem"))


def test_a_database_that_is_not_there_is_said_and_nothing_serves(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a queue\n" * 40)
    said = lastclick("serve", "--database", str(text), "--port", "0", home=tmp_path)
    assert said.returncode == 1
    assert "is not a Lastclick queue" in said.stderr
    gone = lastclick("serve", "--database", "postgresql+psycopg://x:y@127.0.0.1:9/z", "--port", "0", home=tmp_path)
    assert gone.returncode == 1
    assert "y@" not in gone.stderr
    assert "Traceback" not in gone.stderr


def test_a_desk_starts_without_the_server_or_http() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, app.desk.desk, app.commands.desk; print(*sys.modules)"],
        capture_output=True,
        text=True,
        timeout=WAIT,
        check=True,
    ).stdout.split()
    assert not {"fastapi", "starlette", "uvicorn", "httpx", "sqlalchemy"} & set(loaded)
