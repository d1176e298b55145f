"""The figures of a lead: repeat contacts first, told apart by what one likes, and the tickets behind each line."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from textual.content import Content

from app.desk import reporting
from app.desk.operating import span
from app.desk.screens.cases import CasesScreen
from app.desk.screens.readout import Readout
from app.desk.words import NOTHING, line
from store.live import Behind, Dimension, Measure, Question, Stats
from store.queue import Queue

SPANS = (24, 168, 672)
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)


class StatsScreen(Readout):
    """One question at a time: how long back, told apart by what."""

    MODE = "stats"

    def __init__(self, queue: Queue, actor: str, *, read_only: bool = False) -> None:
        super().__init__(queue, actor, read_only=read_only)
        self._question = Question()
        self._stats: Stats | None = None

    async def read(self) -> None:
        self._stats = await self.queue.stats(self._question, self.actor)

    def count(self) -> int:
        return len(self._stats.cells) if self._stats else 0

    def line_of_cursor(self) -> int:
        return reporting.ABOVE + self.cursor

    def head(self) -> Content:
        question = self._question
        return line(
            (" Figures ", "bold $primary"),
            (f"· last {span(question.hours)} · by {reporting.TITLES[question.by]}", "$quiet"),
        )

    def body(self, cells: int) -> Sequence[Content]:
        if self._stats is None:
            return []
        stats = self._stats
        return [
            *reporting.number(stats),
            NOTHING,
            *reporting.table(stats, self.cursor, cells),
            NOTHING,
            *reporting.rest(stats, cells),
        ]

    def _ask(self, question: Question) -> None:
        self._question, self.cursor = question, 0
        self.again()

    def _do_span(self) -> None:
        hours = SPANS[(SPANS.index(self._question.hours) + 1) % len(SPANS)]
        self._ask(self._question.model_copy(update={"hours": hours}))

    def _do_by_next(self) -> None:
        self._by(1)

    def _do_by_before(self) -> None:
        self._by(-1)

    def _by(self, step: int) -> None:
        place = (DIMENSIONS.index(self._question.by) + step) % len(DIMENSIONS)
        self._ask(self._question.model_copy(update={"by": DIMENSIONS[place]}))

    def _do_came_back(self) -> None:
        self._open("repeats", "Came back")

    def _do_changed(self) -> None:
        self._open("overrides", "Changed by people")

    def _open(self, measure: Measure, title: str) -> None:
        if self._stats is None:
            return
        by, key = self._question.by, self._stats.cells[self.cursor].key
        asked = Behind(measure=measure, by=by, key=key, hours=self._question.hours)
        told = f"{title} · {reporting.TITLES[by]} {key}"
        self.app.push_screen(CasesScreen(self.queue, self.actor, asked, told, read_only=self.read_only))

    def _do_export(self) -> None:
        if self._stats is not None:
            self.run_worker(self._write(self._stats), group="export")

    async def _write(self, stats: Stats) -> None:
        """CSV for a spreadsheet and JSON for a program, into the folder in which the desk was started."""
        from app.figures_told import table

        name = f"lastclick-figures-{stats.question.by}-{stats.at.astimezone():%Y-%m-%d-%H%M}"
        texts = {".csv": table(stats) + "\n", ".json": stats.model_dump_json(indent=2) + "\n"}
        try:
            for suffix, text in texts.items():
                await asyncio.to_thread(Path(name + suffix).write_text, text, "utf-8")
        except OSError as error:
            self.say(
                f"✗ Not written: {error.strerror}. Start the desk in a folder that you may write to.", "bold $error"
            )
        else:
            self.say(f"✓ written: {Path.cwd() / name}.csv and .json", "$success")
