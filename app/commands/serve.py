"""Serve the queue over HTTP: one team, many terminals. Beside it run any number of `lastclick worker` on the same database.

Plain HTTP goes to this computer only; for others give TLS files, or stand it behind a proxy that speaks TLS.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from config.settings import Settings, settings


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="where to listen (default 127.0.0.1)")
    parser.add_argument("--port", type=port, default=7180, metavar="N", help="which port (default 7180)")
    parser.add_argument("--tls-cert", type=Path, metavar="FILE", help="certificate chain, PEM")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="its private key, PEM")
    parser.add_argument(
        "--webhook-inside", action="store_true", help="decisions may go back to hosts inside the network"
    )
    parser.add_argument(
        "--metrics", action="store_true", help="figures for Prometheus at /metrics, for a worker's token"
    )
    parser.add_argument("--docs", action="store_true", help="show the contract at /docs and /openapi.json")


def run(given: argparse.Namespace) -> int:
    from app.commands.desk import queue_of
    from app.server.application import Options, application
    from app.server.integrations.signing import kept_secret
    from app.server.run import Address, Server, config, listen
    from store.engine import open_database
    from store.people import People

    where = settings(given.home, given.database, given.rules, given.actor)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    address = Address(given.host, given.port, given.tls_cert, given.tls_key)
    socket = listen(address)
    people = People(open_database(where.queue))
    queue = queue_of(where)
    secret = kept_secret(where.home / "webhook.secret")
    app = application(queue, people, Options(given.docs, given.metrics, secret, given.webhook_inside))
    Server(app, config(app, address), lambda: _say(where, address.url, people)).run([socket])
    import asyncio

    asyncio.run(queue.close())
    people.close()
    print("Stopped.", file=sys.stderr)
    return 0


def _say(where: Settings, url: str, people: object) -> None:
    from store.people import People

    assert isinstance(people, People)
    print(f"Serving {where.place} at {url}. Ctrl+C stops it.", file=sys.stderr)
    if not people.users():
        print("Nobody can sign in yet: lastclick user add NAME --role lead", file=sys.stderr)
    sys.stderr.flush()


def port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return value
