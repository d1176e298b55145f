"""Keys typed while the desk opens."""

from __future__ import annotations

from app.desk.early import MOST, Early


def test_moves_are_pressed_once_in_their_order() -> None:
    early = Early()
    assert [early.keeps(key) for key in "jjk"] == [True] * 3
    assert early.taken() == (["j", "j", "k"], "")
    assert not early.keeps("j")
    assert early.taken() == ([], "")


def test_from_a_verdict_on_nothing_is_pressed() -> None:
    early = Early()
    for key in "jayj":
        early.keeps(key)
    assert early.taken() == (["j"], "a")


def test_a_paste_is_cut() -> None:
    early = Early()
    for _ in range(500):
        early.keeps("j")
    assert len(early.taken()[0]) == MOST
