"""The map says what the live rules do, and marks what nothing can reach."""

from __future__ import annotations

import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from app.cli import main
from app.reports.way import Way, way
from app.reports.way_html import drawing, page
from app.reports.way_mermaid import chart
from app.reports.way_text import lines
from config.load import DEFAULTS, load
from config.told import TOLD_BY_THE_STEPS
from tests.config.test_messages import codes


@pytest.fixture(scope="module")
def ours() -> Way:
    return way(load())


def changed(folder: Path, file: str, before: str, after: str) -> Path:
    """A rules folder in which one file says something else."""
    folder.mkdir(exist_ok=True)
    text = (DEFAULTS / f"{file}.toml").read_text(encoding="utf-8")
    assert before in text
    (folder / f"{file}.toml").write_text(text.replace(before, after, 1), encoding="utf-8")
    return folder


def test_it_says_who_drafts_on_each_way_and_what_it_may_read(ours: Way) -> None:
    drafting = next(job for job in ours.jobs if job.name == "drafting")
    assert drafting.reads == ("record", "passage")
    assert dict(drafting.models)["messy"] == "strong"


def test_it_says_where_a_trigger_leads_and_what_the_customer_reads(ours: Way) -> None:
    found = next(each for each in ours.triggers if each.name == "missing_order")
    assert (found.route, found.then) == ("fallback", "ask the customer once, then a person")
    assert "order number" in found.told


def test_it_says_what_can_never_go_out_by_itself(ours: Way) -> None:
    always = {each.kind: each.always for each in ours.actions}
    assert "money_moves" in always["refund"]
    assert always["trace_shipment"] == ()


def test_the_codes_that_the_steps_tell_are_those_that_the_code_names() -> None:
    rules = load()
    by_rules = {each.message for each in rules.triggers} | {
        need.otherwise for action in rules.actions.values() for need in action.require
    }
    told = set(codes()) & set(rules.messages)
    assert told - by_rules <= TOLD_BY_THE_STEPS <= told | {"missing_detail", "field_missing"}


def test_nothing_of_the_defaults_is_out_of_reach(ours: Way) -> None:
    assert ours.dead() == ()


def test_a_trigger_behind_one_that_fits_every_ticket_is_marked(tmp_path: Path) -> None:
    folder = changed(tmp_path, "routes", "confidence_below = 0.60", "confidence_below = 0.0")
    made = way(load([folder]), [folder])
    dead = next(each for each in made.triggers if each.name == "low_confidence")
    assert dead.dead
    assert ("trigger low_confidence", dead.dead) in made.dead()
    for drawn in (lines(made), chart(made), drawing(made), page(made)):
        assert "⚠" in drawn


def test_a_review_rule_that_contradicts_itself_is_marked(tmp_path: Path) -> None:
    condition = 'action = "change_email"'
    folder = changed(tmp_path, "review", condition, f'{condition}, amount_over = {{ EUR = "1.00" }}')
    made = way(load([folder]), [folder])
    assert next(each for each in made.stops if each.name == "account_email").dead == "this action has no amount"


def test_an_action_that_no_wish_leads_to_is_marked(tmp_path: Path) -> None:
    folder = changed(tmp_path, "intents", 'actions = ["resend_invoice"]', "actions = []")
    made = way(load([folder]), [folder])
    assert next(each for each in made.actions if each.kind == "resend_invoice").dead


def test_every_form_holds_every_trigger(ours: Way) -> None:
    for drawn in (chart(ours), drawing(ours), page(ours)):
        assert all(f"{at}" in drawn for at in range(1, len(ours.triggers) + 1))
    assert all(each.when.split()[0] in lines(ours) for each in ours.triggers)


def test_the_drawing_and_the_page_are_well_formed(ours: Way) -> None:
    assert ElementTree.fromstring(drawing(ours)).tag.endswith("svg")
    assert "http://www.w3.org/2000/svg" in page(ours)
    assert "src=" not in page(ours)
    assert "<script" not in page(ours)


def test_a_leads_words_cannot_break_out_of_a_drawing(tmp_path: Path) -> None:
    folder = changed(tmp_path, "routes", 'reason  = "one clear wish: {intents}"', "reason = '<b>\"|end\\u001b[31m'")
    made = way(load([folder]), [folder])
    assert "<b>" not in drawing(made) + page(made)
    assert "\x1b" not in lines(made) + chart(made) + page(made)


def test_the_command_prints_writes_and_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = ["--home", str(tmp_path / "home")]
    assert main(["map", *home]) == 0
    assert "When a person steps in" in capsys.readouterr().out
    assert main(["map", *home, "--as", "html", "--out", str(tmp_path / "map.html")]) == 0
    assert (tmp_path / "map.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert main(["map", *home, "--check"]) == 0
    rules = tmp_path / "rules"
    shutil.copytree(DEFAULTS, rules)
    changed(rules, "routes", "confidence_below = 0.60", "confidence_below = 0.0")
    assert main(["map", *home, "--check", "--rules", str(rules)]) == 1


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["map", "--home", str(tmp_path), "--as", "svg", "--out", str(tmp_path / "no" / "map.svg")]) == 1
    assert "cannot be written" in capsys.readouterr().err
