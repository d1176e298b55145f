"""A narrow flow is whole: its rules pass the check, nothing in it is out of reach, and each value is explained."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from app.cli import main
from app.commands.init import FLOWS as OFFERED
from app.reports.way import way
from config.check import check
from config.explained import EXPLAINED
from config.flows import FLOWS
from config.load import FILES, load
from config.rules import (
    ActionEntry,
    ConnectorEntry,
    FailureMessage,
    IntentEntry,
    Job,
    ModelEntry,
    Requirement,
    ReviewEntry,
    RouteEntry,
    Sources,
    TriggerEntry,
    Windows,
)

SHAPES: dict[str, tuple[type[BaseModel], ...]] = {
    "jobs": (Job,),
    "models": (ModelEntry,),
    "intents": (IntentEntry,),
    "routes": (RouteEntry, TriggerEntry),
    "review": (Windows, ReviewEntry),
    "messages": (FailureMessage,),
    "actions": (ConnectorEntry, ActionEntry),
    "sources": (Sources,),
}
CONDITIONS = {"if"}
"""Explained by naming what they may hold."""


def values(shape: type[BaseModel]) -> Iterator[str]:
    """The names of a shape's values, and of the shapes within."""
    for name, field in shape.model_fields.items():
        key = field.alias or name
        yield key
        if key not in CONDITIONS:
            for inner in inside(field.annotation):
                if inner is not shape and inner is not Requirement:
                    yield from values(inner)


def inside(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and not isinstance(kind, types.GenericAlias) and issubclass(kind, BaseModel):
        yield kind
    for argument in typing.get_args(kind):
        yield from inside(argument)


@pytest.mark.parametrize("file", FILES)
def test_every_value_of_every_file_is_explained(file: str) -> None:
    missing = {key for shape in SHAPES[file] for key in values(shape)} - set(EXPLAINED[file])
    assert missing == set()


@pytest.mark.parametrize("file", ["routes", "review"])
def test_every_condition_is_named(file: str) -> None:
    shape = {"routes": TriggerEntry, "review": ReviewEntry}[file].model_fields["if_"].annotation
    assert shape is not None
    for key in shape.model_fields:
        assert key in EXPLAINED[file]["if"]


def test_the_command_offers_every_flow() -> None:
    assert set(OFFERED) == set(FLOWS)


@pytest.mark.parametrize("flow", FLOWS)
def test_a_flow_passes_the_check_and_nothing_in_it_is_out_of_reach(flow: str, tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    assert main(["init", str(folder), "--flow", flow, "--no-map", "--home", str(tmp_path)]) == 0
    assert check((folder,)) == []
    rules = load((folder,))
    assert set(rules.actions) == set(FLOWS[flow].actions)
    assert set(FLOWS[flow].intents) <= set(rules.intents)
    assert way(rules, (folder,)).dead() == ()
    for name in FILES:
        assert "# What each value means" in (folder / f"{name}.toml").read_text(encoding="utf-8")


def test_wishes_outside_the_flow_are_left_to_people(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    main(["init", str(folder), "--flow", "bugs", "--no-map", "--home", str(tmp_path)])
    rules, ours = load((folder,)), load()
    assert set(ours.intents["cancel_order"].examples[:6]) <= set(rules.intents["out_of_scope"].examples)


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "mine.txt").write_text("mine")
    assert main(["init", str(tmp_path / "rules"), "--flow", "bugs", "--home", str(tmp_path)]) == 1
    assert "not empty" in capsys.readouterr().err
    assert [each.name for each in (tmp_path / "rules").iterdir()] == ["mine.txt"]


def test_it_goes_straight_into_the_map_and_copies_explain_their_values_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", str(tmp_path / "a"), "--flow", "refunds", "--home", str(tmp_path)]) == 0
    assert "When a person steps in" in capsys.readouterr().out
    assert main(["rules", "copy", str(tmp_path / "b")]) == 0
    assert check((tmp_path / "b",)) == []
    assert "needs                one person" in (tmp_path / "b" / "review.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("flow", ["refunds", "bugs"])
def test_it_goes_on_into_a_replay_of_old_tickets(flow: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = tmp_path / "old.jsonl"
    row = {"message_id": "m1", "text": "The app shows a white page when I log in.", "did": {"handed_over": True}}
    old.write_text(json.dumps(row) + "\n", encoding="utf-8")
    home = ["--home", str(tmp_path / "home")]
    assert main(["init", str(tmp_path / "rules"), "--flow", flow, "--no-map", "--replay", str(old), *home]) == 0
    out = capsys.readouterr().out
    assert "     0  missed stop" in out
    assert "The report is" in out
