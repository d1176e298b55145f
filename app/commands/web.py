"""Serve the desk in a browser, for those who may not install anything, behind the same codes and tokens as a terminal.

Plain HTTP goes to this computer only; for others give TLS files, or stand it behind a proxy that speaks TLS and say under
which address people open it: --public-url https://desk.example
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from app.commands.serve import port
from app.extras import NotInstalled
from config.settings import settings

if TYPE_CHECKING:
    from socket import socket as Socket

    from aiohttp.web import Application

    from app.server.run import Address


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", metavar="URL", help="the address of the queue's server: https://queue.example")
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="where to listen (default 127.0.0.1)")
    parser.add_argument("--port", type=port, default=7181, metavar="N", help="which port (default 7181)")
    parser.add_argument("--tls-cert", type=Path, metavar="FILE", help="certificate chain, PEM")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="its private key, PEM")
    parser.add_argument("--public-url", default="", metavar="URL", help="the address that people open, behind a proxy")
    parser.add_argument(
        "--idle-hours", type=float, default=8.0, metavar="N", help="sign out who presses no key for so long (default 8)"
    )


def run(given: argparse.Namespace) -> int:
    try:
        import cryptography  # noqa: F401
        import textual_serve  # noqa: F401
    except ImportError:
        raise NotInstalled(
            "The desk in a browser needs textual-serve and cryptography: pip install 'lastclick[web]'"
        ) from None
    from app.desk import keymap
    from app.server.run import Address, listen
    from app.web.guard import origins
    from app.web.serving import Options, application
    from store.calling import checked

    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    where = settings(given.home, rules=given.rules, actor=given.actor)
    _, problems = keymap.load(where.keymap)
    if problems:
        print(keymap.refusal(problems), file=sys.stderr)
        return 2
    server = checked(given.url)
    asyncio.run(_greeted(server))
    address = Address(given.host, given.port, given.tls_cert, given.tls_key)
    known = origins(address, given.public_url)
    socket = listen(address)
    options = Options(where.home / "web", where.keymap, given.idle_hours)
    said = f"The desk of {server} at {given.public_url or address.url}. Ctrl+C stops it."
    asyncio.run(_serve(application(server, known, options), address, socket, said))
    print("Stopped.", file=sys.stderr)
    return 0


async def _greeted(server: str) -> None:
    """Raises `Unavailable` when nobody is there to sign in to."""
    from store.account import account

    nobody = account(server)
    try:
        await nobody.contract()
    finally:
        await nobody.close()


async def _serve(app: Application, address: Address, socket: Socket, said: str) -> None:
    """Until SIGINT or SIGTERM; then every desk ends, and who is signed in goes on at the next start."""
    import signal
    import ssl

    from aiohttp import web

    tls = None
    if address.cert is not None and address.key is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(address.cert, address.key)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=10)
    await runner.setup()
    try:
        await web.SockSite(runner, socket, ssl_context=tls).start()
        print(said, file=sys.stderr, flush=True)
        over = asyncio.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, over.set)
        await over.wait()
    finally:
        await runner.cleanup()
