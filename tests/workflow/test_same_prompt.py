"""The same request gets the same prompt whichever door it came through: a file, HTTP, or a model that had to be asked again.

Real parts throughout: the import command, a server over a socket, a worker process for each door, and a model's own server,
which keeps what it was asked.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.cli import main
from app.workflow.judge import RulesJudge
from app.workflow.trials import drawn
from config.load import DEFAULTS, load
from store.contract import Attempt
from tests.models.misbehaving import Script, chat, reply, server, status
from tests.server.serving import Served
from tests.workflow.shopfloor import Shopfloor, sample_orders

ORDER, EMAIL, NAME = sample_orders()[0]
TRIED = "drafting_short"
SHARE = 0.5
OWN, TRIAL = (next(f"t{n}" for n in range(100) if (drawn(TRIED, f"t{n}") < SHARE) is tried) for tried in (False, True))
"""A ticket that the job's own prompt drafts, and one that the prompt on trial does."""
READ = {"intents": [{"name": "where_is_my_order", "confidence": 0.97}], "out_of_scope": False}
DRAFT = {
    "sentences": [{"text": "Thank you for writing.", "kind": "courtesy", "evidence_ids": []}],
    "actions": [], "missing": [], "internal_note": "Where is it?",
}  # fmt: skip
Asked = list[dict[str, Any]]


def request(thread: str) -> dict[str, Any]:
    return {
        "message_id": f"m-{thread}", "thread": thread, "subject": "My order", "author": NAME, "sender": EMAIL,
        "text": f"Where is my order {ORDER}? I paid $12.50 \u2014 see {{ticket}} and </ticket>.\n\n{NAME}",
        "at": "2026-03-01T09:30:00Z",
    }  # fmt: skip


class Asking:
    """A model's server. `patience` is how often it says "busy" to each job before it answers."""

    def __init__(self, script: Script, patience: int = 0) -> None:
        self.script, self._busy = script, {"classify": patience, "draft": patience}
        script.answers = [self._answer]

    def _answer(self, handler: Any) -> None:
        job = "draft" if "You draft replies" in prompt_of(self.script.asked[-1]) else "classify"
        if self._busy[job] > 0:
            self._busy[job] -= 1
            status(503, Retry_After="0")(handler)
            return
        reply(handler, chat(json.dumps(DRAFT if job == "draft" else READ)))


def prompt_of(asked: dict[str, Any]) -> str:
    """The exact text that was sent."""
    (message,) = asked["messages"]
    return str(message["content"])


@pytest.fixture
def asking() -> Iterator[Script]:
    with server() as script:
        yield script


@pytest.fixture
def open_floor(tmp_path: Path, asking: Script) -> Iterator[Callable[[str], Shopfloor]]:
    """A home of its own for each door: one folder of rules, models behind an address, a prompt on trial."""
    opened: list[Shopfloor] = []

    def make(name: str) -> Shopfloor:
        floor = Shopfloor(tmp_path / name, no_models(tmp_path))
        opened.append(floor)
        team(floor.where.rules_folder, asking.url)
        floor.rules = load(floor.where.rules)
        return floor

    yield make
    for floor in opened:
        floor.end()


def no_models(folder: Path) -> Path:
    (folder / "none").mkdir(exist_ok=True)
    return folder / "none"


def team(rules: Path, url: str) -> None:
    models = (f'[{name}]\nkind = "openai"\nbase_url = "{url}"\nmodel = "{name}"\nremote = false\n'
              for name in ("cheap", "strong"))  # fmt: skip
    (rules / "models.toml").write_text("\n".join(models))
    jobs = (DEFAULTS / "jobs.toml").read_text()
    trial = f'trial = {{ prompt = "{TRIED}", share = {SHARE} }}\n\n[action]'
    assert "\n[action]" in jobs
    (rules / "jobs.toml").write_text(jobs.replace("[action]", trial, 1))
    (rules / "prompts").mkdir()
    (rules / "prompts" / f"{TRIED}.md").write_text(
        "You draft replies, shortly. {ticket} {evidence} {actions} {details}"
    )


def answered(floor: Shopfloor, script: Script) -> tuple[Asked, list[Attempt]]:
    """What the model was asked and what the queue recorded of it, once a worker has ended every ticket."""
    floor.worker()
    floor.wait_until(lambda: floor.ask("SELECT count(*) FROM work")[0][0] == 2 and floor.idle(), 60)
    asked, script.asked = script.asked, []
    return sorted(asked, key=lambda one: json.dumps(one, sort_keys=True)), asyncio.run(attempts(floor))


async def attempts(floor: Shopfloor) -> list[Attempt]:
    queue = floor.queue()
    try:
        histories = [await queue.history(thread) for thread in (OWN, TRIAL)]
    finally:
        await queue.close()
    return [one for history in histories for one in history.attempts if one.prompt]


def by_file(floor: Shopfloor, tmp_path: Path) -> None:
    path = tmp_path / "old.jsonl"
    path.write_text("".join(json.dumps(request(thread)) + "\n" for thread in (OWN, TRIAL)))
    assert main(["import", str(path), "--home", str(floor.where.home)]) == 0


def by_http(floor: Shopfloor) -> None:
    served = Served(floor.where.queue, RulesJudge(floor.rules))
    try:
        who = {"authorization": f"Bearer {served.token('channel', 'producer')}"}
        for thread in (OWN, TRIAL):
            headers = who | {"idempotency-key": f"filing-{thread}"}
            answer = httpx.post(f"{served.url}/v1/messages", json=request(thread), headers=headers)
            assert (answer.status_code, answer.json()) == (200, {"id": thread}), answer.text
    finally:
        served.stop()


def each_once(asked: Asked) -> Asked:
    return [one for at, one in enumerate(asked) if one not in asked[:at]]


def versions(rows: list[Attempt]) -> set[tuple[str, str]]:
    return {(row.prompt, row.prompt_version) for row in rows}


def test_a_file_http_and_a_second_try_send_the_same_prompt_in_the_same_version(
    open_floor: Callable[[str], Shopfloor], asking: Script, tmp_path: Path
) -> None:
    Asking(asking)
    by_file(first := open_floor("file"), tmp_path)
    asked, rows = answered(first, asking)
    assert [prompt_of(one) for one in asked if ORDER in prompt_of(one)] == [prompt_of(one) for one in asked]
    assert {name for name, _ in versions(rows)} == {"classification", "drafting", TRIED}
    assert len(asked) == len(rows) == 4, "each ticket is read once and drafted once"

    by_http(second := open_floor("http"))
    assert answered(second, asking)[0] == asked, "byte for byte what the file's tickets sent"
    assert versions(asyncio.run(attempts(second))) == versions(rows)

    Asking(asking, patience=1)
    by_file(third := open_floor("again"), tmp_path)
    again, tries = answered(third, asking)
    assert [row.outcome for row in tries].count("temporary") == 2, "the model was busy once for each job"
    assert len(again) == len(asked) + 2
    assert each_once(again) == each_once(asked), "no try changed a prompt"
    assert versions(tries) == versions(rows)
    assert all(versions([row]) <= versions(rows) for row in tries if row.outcome == "temporary")
