"""The connectors that actions.toml names, by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from app.connectors.port import Connector
from config.rules import Rules


def connectors(rules: Rules, shop_path: Path, outbox: Path) -> Mapping[str, Connector]:
    """One connector for each entry; `shop`, `outbox` and `sender` are there even when no file names them."""
    from app.connectors.http import HttpConnector
    from app.connectors.outbox import Outbox
    from app.connectors.sender import Sender
    from app.connectors.shop import Shop

    made: dict[str, Connector] = {"shop": Shop(rules, shop_path), "outbox": Outbox(outbox), "sender": Sender()}
    for name, entry in rules.connectors.items():
        if entry.kind == "http":
            made[name] = HttpConnector(name, entry, made["shop"].read)
        else:
            made[name] = made["shop" if entry.kind == "shop" else "outbox"]
    return made
