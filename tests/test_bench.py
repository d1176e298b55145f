"""`lastclick bench` measures for real: every figure is there and positive."""

from pathlib import Path

from app.reports.bench import measure, render


def test_every_subject_is_measured(tmp_path: Path) -> None:
    said: list[str] = []
    figures = measure(tmp_path, tickets=20, say=said.append)
    assert set(figures) == {"start", "workflow", "queue"}
    assert all(value > 0 for values in figures.values() for value in values.values())
    assert {"decide median", "page of 50 median", "claim median"} <= set(figures["queue"])
    assert len(said) == 3
    assert "tickets a second" in render(figures)
