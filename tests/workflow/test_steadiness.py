"""A clock that jumps ahead ends every undo window at once: a worker then sends nothing until one has really passed."""

from __future__ import annotations

import pytest

from app.workflow.steadiness import Steadiness

YEARS = 5 * 365 * 86_400.0


class Clocks:
    def __init__(self) -> None:
        self.wall, self.steady = 1_000.0, 50.0

    def pass_(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


@pytest.mark.parametrize("jump", [YEARS, -YEARS, 3_600.0])
def test_after_a_jump_an_undo_window_passes_first(jump: float) -> None:
    clocks = Clocks()
    steadiness = Steadiness(10.0, lambda: clocks.wall, lambda: clocks.steady)
    clocks.pass_(100.0)
    assert steadiness.holds()
    clocks.wall += jump
    assert not steadiness.holds()
    clocks.pass_(9.0)
    assert not steadiness.holds()
    clocks.pass_(1.0)
    assert steadiness.holds()


def test_a_clock_that_drifts_or_is_slowly_set_right_holds_nothing_up() -> None:
    clocks = Clocks()
    steadiness = Steadiness(10.0, lambda: clocks.wall, lambda: clocks.steady)
    for _ in range(100):
        clocks.pass_(1.0)
        clocks.wall += 0.5
        assert steadiness.holds()
