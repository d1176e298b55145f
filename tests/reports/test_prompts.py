"""Which prompt versions are held, run and changed by people; the same request gets the same prompt through every door."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.models import registry
from app.reports.prompts import Unknown, difference, find, rows, strays
from config.check import check
from config.load import DEFAULTS, PROMPTS, load
from store.live import PromptUse, PromptVersion
from tests.reports.test_trust import past

AT = datetime(2026, 3, 1, tzinfo=UTC)
ENDPOINT = '[remote]\nkind = "openai"\nbase_url = "http://127.0.0.1:9"\nmodel = "m"\nremote = false\n'


def version(name: str, template: str, version: str = "", model: str = "remote", **parameters: Any) -> PromptVersion:
    return PromptVersion(
        version=version or f"v-{template}", name=name, model=model, template=template, parameters=parameters
    )


def use(prompt: PromptVersion, *workers: str) -> PromptUse:
    return PromptUse(prompt=prompt, first_at=AT, workers=workers)


def folder(path: Path, **prompts: str) -> Path:
    """A team's rules with an endpoint that drafts on the messy route, and prompts of its own."""
    path.mkdir()
    shutil.copy(DEFAULTS / "models.toml", path)
    (path / "models.toml").write_text((DEFAULTS / "models.toml").read_text() + "\n" + ENDPOINT)
    (path / "prompts").mkdir()
    for name, text in prompts.items():
        (path / "prompts" / f"{name}.md").write_text(text)
    return path


def test_a_worker_with_another_version_is_found() -> None:
    new, old = version("drafting", "new"), version("drafting", "old")
    found = list(strays([new], [use(new, "w1"), use(old, "w2"), use(version("gone", "x"))]))
    assert found == ["w2 runs drafting for remote as v-old; the rules here hold v-new. Restart it."]


def test_a_version_is_shown_with_what_people_made_of_its_drafts() -> None:
    cases = [past(1, "approve"), past(2, "edit"), past(3)]
    found = rows([version("drafting", "t", "abc")], [use(version("drafting", "t", "abc"), "w1")], cases)
    assert [(row.drafted, row.decided, row.overridden, row.workers) for row in found] == [(3, 2, 1, ("w1",))]


def test_a_version_is_found_by_its_beginning_and_the_held_one_by_its_name() -> None:
    ours, used = [version("drafting", "new", "b1")], [use(version("drafting", "old", "a1"))]
    assert find("a", ours, used).template == "old"
    assert find("drafting", ours, used).template == "new"
    with pytest.raises(Unknown, match="There is no prompt x"):
        find("x", ours, used)


def test_the_difference_tells_template_and_parameters() -> None:
    lines = difference(version("d", "a\nb", "1", temperature=0), version("d", "a\nc", "2", temperature=1))
    assert "-b" in lines
    assert "+c" in lines
    assert any("temperature" in line for line in lines)


def test_a_teams_prompt_stands_over_the_default_and_changes_its_version_alone(tmp_path: Path) -> None:
    team = folder(tmp_path / "rules", drafting="Draft. {ticket} {evidence} {actions} {details}")
    plain, rules = load(), load((team,))
    assert rules.prompts["drafting"].startswith("Draft.")
    assert rules.prompts["classification"] == plain.prompts["classification"]
    assert rules.version != plain.version
    ours = {each.name: each.version for each in registry.versions(rules, registry.models(rules, tmp_path))}
    shutil.copy(PROMPTS / "drafting.md", team / "prompts" / "drafting.md")
    again = load((team,))
    others = {each.name: each.version for each in registry.versions(again, registry.models(again, tmp_path))}
    assert {name for name in ours if ours[name] != others[name]} == {"drafting"}


def test_a_slot_that_nothing_fills_and_a_trial_that_is_not_there_are_named_with_their_line(tmp_path: Path) -> None:
    team = folder(tmp_path / "rules", drafting="Draft.\n{tiket}")
    jobs = (DEFAULTS / "jobs.toml").read_text()
    (team / "jobs.toml").write_text(
        jobs.replace("[action]", 'trial = { prompt = "drafting_shrt", share = 0.1 }\n\n[action]')
    )
    said = [str(problem) for problem in check((team,))]
    assert any('drafting.md:2: tiket: {tiket} cannot be filled; did you mean "ticket"' in each for each in said)
    assert any('there is no prompt "drafting_shrt"' in each for each in said)


def test_the_command_lists_compares_and_verifies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = ["--home", str(tmp_path / "home")]
    assert main(["prompts", "list", *home]) == 0
    assert "embedded models have none" in capsys.readouterr().out
    team = folder(tmp_path / "rules", drafting_short="Short. {ticket}")
    rules = [*home, "--rules", str(team)]
    assert main(["prompts", "list", *rules, "--json"]) == 0
    listed = {row["prompt"]["name"] for row in json.loads(capsys.readouterr().out)}
    assert listed == {"classification", "classification_again", "drafting", "drafting_again", "drafting_short"}
    assert main(["prompts", "diff", "drafting", "drafting_short", *rules]) == 0
    assert "+Short. {ticket}" in capsys.readouterr().out
    assert main(["prompts", "diff", "drafting", *rules]) == 2
    assert main(["prompts", "diff", "drafting", "nothing", *rules]) == 1
    assert "There is no prompt nothing" in capsys.readouterr().err
    assert main(["prompts", "verify", *rules]) == 0


def test_a_prompt_on_trial_is_on_the_map_and_can_be_switched_off_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    team = folder(tmp_path / "rules", drafting_short="Short. {ticket}")
    jobs = (DEFAULTS / "jobs.toml").read_text()
    trial = 'trial = { prompt = "drafting_short", share = 0.1 }\n\n[action]'
    (team / "jobs.toml").write_text(jobs.replace("[action]", trial, 1))
    there = ["--home", str(tmp_path / "home"), "--rules", str(team)]
    off = ["route", "off", "drafting_short", "--why", "too curt", *there]
    assert main(off) == 1
    assert "drafting_short is no route: say --kind prompt. Nothing was switched." in capsys.readouterr().err
    assert main([*off, "--kind", "prompt"]) == 0
    assert "prompt drafting_short is OFF" in capsys.readouterr().out
    assert main(["map", *there]) == 0
    drawn = capsys.readouterr().out
    assert "drafting, 10% of the tickets drafting_short" in " ".join(drawn.split())
    assert "switched off now: prompt drafting_short" in drawn
