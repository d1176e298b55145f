"""A lead's files load, overlay the defaults file by file, and a mistake is named with file, line and the nearest name."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.load import DEFAULTS, FILES, Problem, RulesError, line_of, load


def folder(tmp_path: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (tmp_path / f"{name}.toml").write_text(text, "utf-8")
    return tmp_path


def refused(tmp_path: Path, **texts: str) -> list[Problem]:
    with pytest.raises(RulesError) as error:
        load([folder(tmp_path, **texts)])
    return error.value.problems


def default(name: str) -> str:
    return (DEFAULTS / f"{name}.toml").read_text("utf-8")


def test_the_defaults_load() -> None:
    rules = load()
    assert len(rules.version) == 12
    assert {"routine", "messy", "fallback"} <= set(rules.routes)
    assert len(rules.messages) >= 20


def test_a_file_of_a_team_replaces_the_default_of_the_same_name_only(tmp_path: Path) -> None:
    rules = load([folder(tmp_path, review="[windows]\nundo_seconds = 3.0\n")])
    assert (rules.windows.undo_seconds, rules.reviews) == (3.0, ())
    assert rules.messages == load().messages


def test_the_version_changes_with_any_file(tmp_path: Path) -> None:
    versions = {load().version}
    for name in FILES:
        place = tmp_path / name
        place.mkdir()
        versions.add(load([folder(place, **{name: default(name) + "\n# changed\n"})]).version)
    assert len(versions) == len(FILES) + 1
    assert load().version in versions


@pytest.mark.parametrize(
    ("name", "before", "after", "field", "said"),
    [
        ("review", 'to     = "billing"', 'tu     = "billing"', "review.0.tu", 'did you mean "to"'),
        ("review", "amount_over", "amount_ovr", "review.0.if.amount_ovr", 'did you mean "amount_over"'),
        (
            "routes",
            "confidence_below",
            "confidence_bellow",
            "trigger.3.if.confidence_bellow",
            'did you mean "confidence_below"',
        ),
        ("routes", 'then    = "retry"', 'then    = "retri"', "trigger.2.then", 'did you mean "retry"'),
        ("routes", "[[trigger]]", "[[triger]]", "triger", 'did you mean "trigger"'),
        ("jobs", "owner  ", "ownr  ", "classification.ownr", 'did you mean "owner"'),
        ("jobs", "[lookup]", "[lokup]", "lokup", 'did you mean "lookup"'),
        ("actions", 'type = "order"', 'type = "ordr"', "action.refund.args.order.type", 'did you mean "order"'),
        ("messages", "internal =", "internl  =", "identity_unknown.internl", 'did you mean "internal"'),
        ("models", 'kind   = "embedded"', 'kind   = "embeded"', "cheap.kind", 'did you mean "embedded"'),
    ],
)
def test_a_typo_is_named_with_its_line_and_the_nearest_right_name(  # noqa: PLR0917
    tmp_path: Path, name: str, before: str, after: str, field: str, said: str
) -> None:
    text = default(name)
    wrong = text.replace(before, after, 1)
    assert wrong != text
    line = next(n for n, (a, b) in enumerate(zip(text.splitlines(), wrong.splitlines(), strict=True), 1) if a != b)
    problems = [each for each in refused(tmp_path, **{name: wrong}) if each.field == field]
    assert problems
    assert said in problems[0].text
    assert problems[0].file.endswith(f"{name}.toml")
    assert problems[0].line == line


def test_what_is_missing_is_named_at_its_table(tmp_path: Path) -> None:
    (found,) = refused(tmp_path, models="\n\n[cheap]\nwhich = 'cheap'\n")
    assert (found.line, found.field, found.text) == (3, "cheap.kind", '"kind" is missing')


def test_too_long_a_text_says_how_long(tmp_path: Path) -> None:
    text = default("messages").replace("Thank you, we are nearly there.", "Thank you. " * 30, 1)
    assert any("at most 240" in each.text for each in refused(tmp_path, messages=text))


@pytest.mark.parametrize(("text", "line"), [("a = [1,\n", 2), ("ok = 1\nnot toml\n", 2), ('x = "open\n', 1)])
def test_what_is_not_toml_says_where(tmp_path: Path, text: str, line: int) -> None:
    (found,) = refused(tmp_path, models=text)
    assert found.text.startswith("is not TOML")
    assert abs(found.line - line) <= 1


def test_bytes_that_are_not_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "models.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(RulesError, match="not UTF-8"):
        load([tmp_path])


def test_a_file_nobody_reads_is_named(tmp_path: Path) -> None:
    (found,) = refused(tmp_path, reviews="")
    assert 'did you mean "review"' in found.text


def test_a_trigger_has_one_condition(tmp_path: Path) -> None:
    text = default("routes").replace("{ out_of_scope = true }", "{ out_of_scope = true, longer_than = 3 }", 1)
    assert any("exactly one condition, this one has 2" in each.text for each in refused(tmp_path, routes=text))


def test_the_fallback_route_cannot_be_left_out(tmp_path: Path) -> None:
    text = default("routes").replace("[route.fallback]", "[route.fallbak]", 1)
    assert any(each.field == "route.fallback" for each in refused(tmp_path, routes=text))


def test_lines_are_found_in_strings_and_lists_that_run_on() -> None:
    text = 'a = """\nx = 1\n"""\nlist = [\n  { b = 1 },\n]\n[t.u]\nc = 1\n[[v]]\nd = 1\n[[v]]\nd = 2 # e = 3\n'
    assert [line_of(text, path) for path in (("x",), ("list",), ("t", "u", "c"), ("v", 0, "d"), ("v", 1, "d"))] == [
        1,
        4,
        8,
        10,
        12,
    ]
