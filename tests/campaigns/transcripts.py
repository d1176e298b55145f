"""Replays the retail shop's published chats against what the agent there did: `python -m tests.campaigns.transcripts DATA`.

The source kept what its tools answered, not how they were called: a deed is read off the first answer that shows an order or
a profile changed. What the customer said until the last deed is one message of a ticket (in a chat a customer says "yes, go
ahead" to a question that we never asked, so turns alone would be no ticket). The run is the product's own `lastclick replay`
on the shop of `retail_shop/`. The last line is one of JSON; a missed stop ends with exit code 1.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from app.cli import main as lastclick
from tests.campaigns.retail import RULES
from tests.campaigns.scoring import ADDRESS

Row = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when nothing that people changed or handed over would have gone out by itself."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.transcripts", description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, metavar="DATA_FOLDER", help="the folder that holds retail/")
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep results and report there")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rules = folder / "rules"
        shutil.copytree(RULES, rules)
        (rules / "retail").symlink_to((given.data / "retail").resolve(), target_is_directory=True)
        tickets = folder / "tickets.jsonl"
        tickets.write_text("".join(json.dumps(each) + "\n" for each in old_tickets(given.data)), encoding="utf-8")
        out = given.out or folder / "out"
        with redirect_stdout(sys.stderr):
            code = lastclick(
                ["replay", str(tickets), "--home", str(folder / "home"), "--rules", str(rules), "--out", str(out)]
            )
        found = json.loads((out / "report.json").read_text(encoding="utf-8")) if code == 0 else {"tickets": 0}
    print(json.dumps(found, ensure_ascii=False))
    return 0 if code == 0 and found["tickets"] and found["verdicts"]["missed_stop"] == 0 else 1


def old_tickets(data: Path) -> Iterator[Row]:
    """Each chat as a line of a replay file."""
    for line in (data / "retail" / "transcripts.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        deeds, last = _deeds(row["turns"])
        said = [turn["text"] for turn in row["turns"][:last] if turn["role"] == "customer" and turn["text"].strip()]
        reply = next((turn["text"] for turn in reversed(row["turns"]) if turn["role"] == "agent"), "")
        yield {
            "message_id": row["id"],
            "text": "\n".join(said),
            "did": {"actions": deeds, "reply": reply, "handed_over": bool(row["handed_to_human"])},
        }


def _deeds(turns: Sequence[Row]) -> tuple[list[Row], int]:
    """What changed, and the place behind the turn that showed the last change (all turns when nothing changed)."""
    orders: dict[str, Row] = {}
    address: Row | None = None
    found: list[Row] = []
    last = len(turns)
    for at, turn in enumerate(turns):
        answer = _json(turn["text"]) if turn["role"] == "tool" else None
        if answer is None:
            continue
        before = len(found)
        if "order_id" in answer:
            known = orders.get(answer["order_id"])
            found += [] if known == answer else list(_changed(known, answer))
            orders[answer["order_id"]] = answer
        elif "payment_methods" in answer:
            if address is not None and answer["address"] != address:
                found.append({"kind": "change_address", "args": {"address": _address(answer["address"])}})
            address = answer["address"]
        last = at if len(found) > before else last
    return found, last


def _changed(before: Row | None, after: Row) -> Iterator[Row]:
    """The deed that this answer shows. An order that was already so when it was first read is no deed."""
    order = after["order_id"]
    status = after["status"]
    if before is not None and before["status"] == status and status not in ("pending",):
        return
    if status == "cancelled" and "cancel_reason" in after:
        yield {"kind": "cancel_order", "args": {"order": order, "reason": after["cancel_reason"]}}
    elif status == "return requested":
        args = {"items": after["return_items"], "payment_method": after["return_payment_method_id"]}
        yield {"kind": "return_items", "args": {"order": order, **args}}
    elif status == "exchange requested":
        args = {"items": after["exchange_items"], "new_items": after["exchange_new_items"]}
        method = {"payment_method": after["exchange_payment_method_id"]}
        yield {"kind": "exchange_items", "args": {"order": order, **args, **method}}
    elif status == "pending (item modified)" and before is not None:
        old, new = _swapped(before["items"], after["items"])
        method = {"payment_method": after["payment_history"][-1]["payment_method_id"]}
        yield {"kind": "change_items", "args": {"order": order, "items": old, "new_items": new, **method}}
    elif before is not None and before["address"] != after["address"]:
        yield {"kind": "change_order_address", "args": {"order": order, "address": _address(after["address"])}}
    elif before is not None and before["payment_history"] != after["payment_history"]:
        method = {"payment_method": after["payment_history"][-2]["payment_method_id"]}
        yield {"kind": "change_payment", "args": {"order": order, **method}}


def _swapped(before: Sequence[Row], after: Sequence[Row]) -> tuple[list[str], list[str]]:
    """The items that were changed and what they became, product by product."""
    had = Counter((each["product_id"], each["item_id"]) for each in before)
    has = Counter((each["product_id"], each["item_id"]) for each in after)
    old, new = sorted((had - has).elements()), sorted((has - had).elements())
    return [item for _, item in old], [item for _, item in new]


def _address(row: Row) -> Row:
    return {name: row.get(name, "") for name in ADDRESS}


def _json(text: str) -> Row | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


if __name__ == "__main__":
    sys.exit(main())
