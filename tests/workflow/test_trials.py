"""A new prompt is tried on a share of the tickets: always the same ones, and it can be switched off alone."""

from __future__ import annotations

from app.workflow.trials import prompt
from config.rules import Job, Trial

JOB = Job(owner="lead", risk="low", sources=("record",), models={"default": "cheap"}, prompt="drafting",
          trial=Trial(prompt="drafting_short", share=0.25))  # fmt: skip
NOTHING_OFF: frozenset[tuple[str, str]] = frozenset()


def test_about_the_share_of_the_tickets_gets_it_and_always_the_same_ones() -> None:
    drawn = [prompt(JOB, f"t{n}", NOTHING_OFF) for n in range(4000)]
    assert 0.22 < drawn.count("drafting_short") / 4000 < 0.28
    assert set(drawn) == {"drafting_short", "drafting"}
    assert drawn == [prompt(JOB, f"t{n}", NOTHING_OFF) for n in range(4000)]


def test_switched_off_alone_every_ticket_gets_the_jobs_own() -> None:
    off = frozenset({("prompt", "drafting_short")})
    assert {prompt(JOB, f"t{n}", off) for n in range(200)} == {"drafting"}


def test_the_switch_of_the_jobs_own_prompt_leaves_the_trial_alone() -> None:
    off = frozenset({("prompt", "drafting")})
    assert "drafting_short" in {prompt(JOB, f"t{n}", off) for n in range(200)}


def test_without_a_trial_there_is_one_prompt() -> None:
    assert {prompt(JOB.model_copy(update={"trial": None}), f"t{n}", NOTHING_OFF) for n in range(50)} == {"drafting"}
