"""Figures as a busy week leaves them, for tests and pictures of the screens of figures."""

from __future__ import annotations

from datetime import timedelta

from store.live import (
    Care,
    CaseLine,
    Operation,
    Question,
    Share,
    SpotCheck,
    SpotFigures,
    Spread,
    Stats,
    StatsCell,
    Switch,
)
from tests.desk.samples import AT


def share(part: int, whole: int) -> Share:
    return Share(part=part, whole=whole)


TREND = tuple(share((3 + n * 7 % 5) * (1 + (n > 20)), 60 + n) for n in range(28))

OFF = Switch(
    kind="route", name="fallback", on=False, who="bo", why="the parser loops on forwarded mails",
    since=AT - timedelta(minutes=6), until=AT + timedelta(hours=4), held=3,
)  # fmt: skip


def operations() -> tuple[Operation, ...]:
    hours = (0, 0, 1, 0, 0, 2, 6, 9, 14, 18, 22, 19, 12, 15, 20, 24, 21, 17, 11, 8, 4, 2, 1, 3)
    return (
        Operation(kind="route", name="fallback", switch=OFF, traffic=12, per_hour=hours[::-1], errors=share(7, 12)),
        Operation(
            kind="route", name="routine", traffic=231, per_hour=hours, errors=share(3, 231), retries=share(9, 480),
            repeats=share(3, 212), overrides=share(2, 31), latency=Spread(count=231, p50=0.4, p90=1.1, p95=1.9),
            cost_micros=231_000,
        ),
        Operation(
            kind="route", name="messy", traffic=96, per_hour=hours[6:] + hours[:6], errors=share(14, 96),
            retries=share(22, 300), repeats=share(9, 88), overrides=share(20, 61),
            latency=Spread(count=96, p50=2.4, p90=7.1, p95=11.9), cost_micros=960_000,
            remark="failures 15% (14 of 96) in 24 h, usually 2.1% to 4.0%",
            switch=Switch(kind="route", name="messy", on=True, who="ola", why="prompt mended",
                          since=AT - timedelta(days=2)),
        ),
        Operation(
            kind="model", name="strong", traffic=410, per_hour=hours, errors=share(14, 410), retries=share(20, 410),
            repeats=share(9, 120), latency=Spread(count=410, p50=1.1, p90=3.0, p95=5.2), cost_micros=1_204_000,
        ),
        Operation(
            kind="prompt", name="drafting", traffic=300, per_hour=hours, errors=share(2, 300), repeats=share(12, 300),
            latency=Spread(count=300, p50=0.9, p90=2.0, p95=2.9),
            versions=("a1b2c3d4e5f6 280 calls · 10 of 280 replies came back", "0f0e0d0c0b0a 20 calls"),
        ),
        Operation(
            kind="action", name="refund", traffic=31, per_hour=hours, errors=share(1, 31), repeats=share(1, 20),
            latency=Spread(count=31, p50=0.2, p90=0.4, p95=0.8),
        ),
    )  # fmt: skip


def failures() -> tuple[CaseLine, ...]:
    texts = ("drafting: server error · HTTP 502", "model answer unfit: the answer did not fit the schema",
             "records down: the order records did not answer [red]now[/red]")  # fmt: skip
    return tuple(
        CaseLine(at=AT - timedelta(minutes=3 * n), ticket_id=str(4183 + n), ref=f"e{n}", text=text)
        for n, text in enumerate(texts)
    )


def overrides() -> tuple[CaseLine, ...]:
    return (
        CaseLine(at=AT, ticket_id="4183", ref="d1", text="anna: edited",
                 changed=("Refund €120.00 · amount: 120.00 EUR → 99.50 EUR",)),
        CaseLine(at=AT - timedelta(hours=2), ticket_id="4201", ref="d2", text="bo: rejected: wrong facts: no such order",
                 changed=("Refund €12.00 → rejected, wrong facts",)),
    )  # fmt: skip


def stats(question: Question) -> Stats:
    keys = {
        "route": ("messy", "routine", "fallback"),
        "intent": ("refund_status", "where_is_my_order", "change_address", "charged_twice"),
        "version": ("drafting a1b2c3d4e5f6", "drafting (built in)"),
        "reason": ("refund_over_limit", "claim_not_in_sources", "legal_risk"),
    }.get(question.by, ("one", "two"))
    cells = tuple(
        StatsCell(
            key=key, repeats=share(9 - 2 * n, 88 + 62 * n), before=share(3, 90 + n), overrides=share(20 - 6 * n, 61),
            confusions=max(0, 3 - n),
        )
        for n, key in enumerate(keys)
    )  # fmt: skip
    return Stats(
        at=AT, question=question, repeats=share(13, 309), before=share(9, 290), trend=TREND, cells=cells,
        overrides=share(36, 122), override_kinds={"edited": 19, "rejected": 11, "rewritten": 6}, override_trend=TREND[::-1],
        reopened=share(8, 270), confusions=share(6, 309), retries=share(31, 890),
        first_reply=Spread(count=309, p50=4.2, p90=38, p95=180), to_decision=Spread(count=122, p50=340, p90=2400, p95=5000),
        waiting=Spread(count=14, p50=120, p90=360, p95=360), oldest_at=AT - timedelta(minutes=6),
        spot=SpotFigures(drawn=40, waiting=9, graded=31, good=26, wrong=4, unclear=1, agreed=share(7, 8)),
        reasons=(
            StatsCell(key="refund_over_limit", overrides=share(6, 61)),
            StatsCell(key="claim_not_in_sources", overrides=share(20, 31)),
            StatsCell(key="legal_risk", overrides=share(2, 12)),
        ),
        messages=(
            StatsCell(key="invoice_not_matched", repeats=share(6, 11)),
            StatsCell(key="missing_detail", repeats=share(4, 40)),
        ),
        cost_micros=2_164_000, resolved=270,
        care=Care(approvals=86, quick=2, mine=41, mine_quick=1, streak=12),
    )  # fmt: skip


def spot_checks() -> tuple[SpotCheck, ...]:
    return tuple(
        SpotCheck(
            message_id=f"x{n}:reply", ticket_id=str(4300 + n), at=AT - timedelta(hours=n), route="routine",
            prompt="drafting", prompt_version="a1b2c3d4", subject="Where is my parcel? [b]now[/b]",
            asked="Hi, my order #W2378156 should have arrived on Friday.\nWhere is it?",
            reply="Dear Mia, your order #W2378156 left our warehouse on 27 February. You get a message with the tracking "
            "number as soon as the carrier has it.",
            sources=("order #W2378156: status: processed, sent 2026-02-27",
                     "Shipping · Tracking: We send the tracking number."),
            wants=1 + n % 2,
        )
        for n in range(3)
    )  # fmt: skip
