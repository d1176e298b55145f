"""What must hold of a queue after every step (SAFETY §3), read from its tables by a connection of its own."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from store.contract import Execution
from store.driver import driver

NEVER = {
    "waits to run for an older message": "SELECT e.id FROM executions e JOIN tickets t ON t.id = e.ticket_id "
    "WHERE e.state = 'queued' AND e.message_id IS NOT t.newest_message_id",
    "an open review of an older message": "SELECT r.id FROM reviews r JOIN tickets t ON t.id = r.ticket_id "
    "JOIN proposals p ON p.request_id = r.request_id WHERE r.state IN ('open', 'snoozed', 'held') "
    "AND p.body ->> '$.watermark.last_customer_message_id' IS NOT t.newest_message_id",
    "waits to run though its decision does not stand": "SELECT e.id FROM executions e JOIN decisions d "
    "ON d.id = e.decision_id WHERE e.state IN ('queued') AND d.state != 'standing'",
    "decided other than once": "SELECT r.id FROM reviews r WHERE r.state = 'decided' AND 1 != "
    "(SELECT count(*) FROM decisions d WHERE d.review_id = r.id AND d.state IN ('standing', 'void') "
    "AND d.body ->> '$.instead' IS NULL AND NOT (d.outcome ->> '$.waits_for_second'))",
    "two executions live under one key": "SELECT idempotency_key FROM executions "
    "WHERE state IN ('queued', 'running', 'done') GROUP BY 1 HAVING count(*) > 1",
    "the same deed under another key while nobody knows how the first ended": "SELECT a.id, b.id FROM executions a "
    "JOIN executions b ON a.ticket_id = b.ticket_id AND a.rowid < b.rowid AND a.batch != b.batch AND a.kind = b.kind "
    "WHERE a.kind != 'send_reply' AND a.attempt > 0 AND a.state IN ('running', 'unknown') AND b.state != 'void' "
    "AND a.action ->> '$.args' = b.action ->> '$.args' AND a.idempotency_key != b.idempotency_key",
    "a ticket without a next step": "SELECT t.id, t.state FROM tickets t "
    "WHERE t.state IN ('new', 'working', 'in_review', 'held') "
    "AND NOT EXISTS (SELECT 1 FROM work w WHERE w.ticket_id = t.id AND w.state IN ('waiting', 'taken')) "
    "AND NOT EXISTS (SELECT 1 FROM reviews r WHERE r.ticket_id = t.id AND r.state IN ('open', 'snoozed', 'held')) "
    "AND NOT EXISTS (SELECT 1 FROM executions e WHERE e.ticket_id = t.id AND e.state IN ('queued', 'running'))",
    "a closed ticket that waits for somebody": "SELECT t.id, t.state FROM tickets t "
    "JOIN reviews r ON r.ticket_id = t.id AND r.state IN ('open', 'snoozed', 'held') "
    "WHERE t.state NOT IN ('in_review', 'held', 'working', 'new')",
    "counts that are not the rows'": "SELECT state, reason, route, coalesce(assignee, ''), risk, count(*) FROM reviews "
    "GROUP BY 1, 2, 3, 4, 5 EXCEPT SELECT * FROM review_counts",
    "a count of nothing": "SELECT sum(count) - (SELECT count(*) FROM reviews) AS off FROM review_counts "
    "HAVING off != 0",
    "unknown ones miscounted": "SELECT 1 WHERE (SELECT coalesce(sum(count), 0) FROM tallies "
    "WHERE name = 'executions:unknown') != (SELECT count(*) FROM executions WHERE state = 'unknown')",
}


class Witness:
    """Knows SQL and what it saw before, and nothing of the code under test: plain statements on a plain connection, which
    cost a tenth of what the store's own reading does."""

    def __init__(self, path: Path) -> None:
        self._file = driver().connect(str(path), isolation_level=None)
        self._fences: dict[str, int] = {}

    def close(self) -> None:
        self._file.close()

    def rows(self, sql: str, **values: Any) -> list[Any]:
        return [tuple(row) for row in self._file.execute(sql, values)]

    def figures(self) -> list[Any]:
        return self.rows("SELECT (SELECT max(seq) FROM journal), (SELECT count(*) FROM decisions)")

    def must_hold(self, acknowledged: Collection[str]) -> None:
        """Raises AssertionError with the invariant's name."""
        for claim, sql in NEVER.items():
            found = self.rows(sql)
            assert not found, f"{claim}: {found[:3]}"
        for review_id, fence in self.rows("SELECT id, fence FROM reviews"):
            assert fence >= self._fences.get(review_id, 0), f"the fence of {review_id} went back"
            self._fences[review_id] = fence
        kept = {row[0] for row in self.rows("SELECT id FROM decisions")}
        assert set(acknowledged) <= kept, "an acknowledged decision is not there"

    def must_be_let_go(self, execution: Execution, acknowledged: Collection[str]) -> None:
        """By as many different people as its gate asks, on what stands there, by a decision that somebody was told of."""
        if execution.review_id is None:
            return
        sql = (
            "SELECT DISTINCT actor FROM approvals a "
            "JOIN reviews r ON r.id = a.review_id AND r.fingerprint = a.fingerprint WHERE r.id = :r"
        )
        people = {row[0] for row in self.rows(sql, r=execution.review_id)}
        gate = json.loads(self.rows("SELECT gate FROM reviews WHERE id = :r", r=execution.review_id)[0][0])
        assert len(people) >= (2 if gate["needs"] == "two" else 1), f"let go by {people} only"
        assert execution.decision_id in acknowledged, "let go by a decision that nobody was told of"
