"""Lists of a million: an index for each order, alone and behind the filters; counts by triggers; short beginnings found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SORTS = {"age": "created_at", "due": "due_at", "amount": "amount"}
CELL = ("reason", "route", "assignee", "risk")
OLD = ("age", "due", "amount", "reason", "route", "assignee", "risk")


def upgrade() -> None:
    """The old indexes go first, so that the file does not grow more than it must."""
    for name in (*(f"open_{one}" for one in OLD), "snoozed", "held", "decided", "all"):
        op.drop_index(f"reviews_{name}", "reviews")
    for name, column in SORTS.items():
        rest = [one for one in SORTS.values() if one != column]
        op.create_index(f"reviews_by_{name}", "reviews", ["state", column, "n", *CELL, *rest])
        op.create_index(f"reviews_cell_{name}", "reviews", ["state", *CELL, column, "n", *rest])
    for column in ("route", "model", "prompt"):
        op.create_index(f"reviews_{column}", "reviews", ["state", column])
    op.create_index("reviews_lead", "reviews", ["state", sa.text("(due_at - created_at)")])
    _tables()
    op.execute("DELETE FROM tallies WHERE name LIKE 'reviews:%'")
    if op.get_bind().dialect.name == "sqlite":
        _fill()
        _triggers()
        _search()


def _tables() -> None:
    op.create_table(
        "review_counts",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("state", *CELL)),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("state", *CELL),
    )
    op.create_table(
        "switched_counts",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("kind", "name", "state")),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", "state"),
    )


def _fill() -> None:
    op.execute(
        "INSERT INTO review_counts SELECT state, reason, route, coalesce(assignee, ''), risk, count(*) FROM reviews "
        "GROUP BY 1, 2, 3, 4, 5"
    )
    for kind in ("route", "model", "prompt", "held_by"):
        op.execute(
            f"INSERT INTO switched_counts SELECT '{kind}', {kind}, state, count(*) FROM reviews "
            f"WHERE {kind} IS NOT NULL GROUP BY 2, 3"
        )
    op.execute(
        "INSERT INTO switched_counts SELECT 'action', kind, state, count(*) FROM review_actions "
        "JOIN reviews ON reviews.id = review_id GROUP BY 2, 3"
    )


def _triggers() -> None:
    """Counts cannot be forgotten by any statement. A later step that rebuilds `reviews` must make these anew."""
    steps = {"new": 1, "old": -1}
    counted = {row: _move(row, step) for row, step in steps.items()}
    columns = "state, reason, route, assignee, risk, model, prompt, held_by"
    op.execute(f"CREATE TRIGGER reviews_count_new AFTER INSERT ON reviews BEGIN {counted['new']} END")
    op.execute(f"CREATE TRIGGER reviews_count_gone AFTER DELETE ON reviews BEGIN {counted['old']} END")
    op.execute(
        f"CREATE TRIGGER reviews_count_moved AFTER UPDATE OF {columns} ON reviews "
        f"BEGIN {counted['old']} {counted['new']} END"
    )
    kinds = "'action', new.kind, (SELECT state FROM reviews WHERE id = new.review_id)"
    op.execute(
        "CREATE TRIGGER review_actions_count AFTER INSERT ON review_actions "
        f"BEGIN {_add('switched_counts', kinds, 1, '')} END"
    )
    for table in ("review_counts", "switched_counts"):
        op.execute(
            f"CREATE TRIGGER {table}_none AFTER UPDATE ON {table} WHEN new.count = 0 "
            f"BEGIN DELETE FROM {table} WHERE rowid = new.rowid; END"
        )


def _move(row: str, step: int) -> str:
    cell = f"{row}.state, {row}.reason, {row}.route, coalesce({row}.assignee, ''), {row}.risk"
    parts = [_add("review_counts", cell, step, "")]
    for kind in ("route", "model", "prompt", "held_by"):
        where = f"WHERE {row}.{kind} IS NOT NULL"
        parts.append(_add("switched_counts", f"'{kind}', {row}.{kind}, {row}.state", step, where))
    kinds = f"FROM review_actions WHERE review_id = {row}.id"
    parts.append(_add("switched_counts", f"'action', kind, {row}.state", step, kinds))
    return " ".join(parts)


def _add(table: str, values: str, step: int, rest: str) -> str:
    """The WHERE keeps the parser from reading ON CONFLICT as a join's ON."""
    return (
        f"INSERT INTO {table} SELECT {values}, {step} {rest or 'WHERE true'} "
        f"ON CONFLICT DO UPDATE SET count = count + {step};"
    )


def _search() -> None:
    """The same documents, with an index of beginnings: two to four letters match too much to be merged on the spot."""
    version = op.get_bind().exec_driver_sql("SELECT sqlite_version()").scalar_one()
    modern = tuple(int(part) for part in version.split(".")) >= (3, 43)
    options = ", content='', contentless_delete=1" if modern else ""
    op.execute("DROP TABLE search")
    op.execute(
        "CREATE VIRTUAL TABLE search USING "
        f"fts5(words, tokenize='unicode61 remove_diacritics 2', prefix='2 3 4'{options})"
    )
    said = (
        "SELECT group_concat(CAST(text AS TEXT), ' ') FROM "
        "(SELECT text FROM messages WHERE ticket_id = t.id ORDER BY n DESC LIMIT 200)"
    )
    targets = "SELECT group_concat(value ->> '$.target', ' ') FROM json_each(body, '$.actions')"
    proposed = (
        "SELECT group_concat(id || ' ' || coalesce(body ->> '$.customer_reply', '') || ' ' || "
        f"coalesce(({targets}), ''), ' ') "
        "FROM (SELECT reviews.id, body FROM reviews JOIN proposals USING (request_id) "
        "WHERE reviews.ticket_id = t.id ORDER BY reviews.n DESC LIMIT 5)"
    )
    op.execute(
        "INSERT INTO search (rowid, words) SELECT s.id, substr("
        "t.id || ' ' || CAST(t.subject AS TEXT) || ' ' || t.customer_name || ' ' || coalesce(t.customer_id, '') || ' ' || "
        f"coalesce(t.sender, '') || ' ' || coalesce(({said}), '') || ' ' || coalesce(({proposed}), ''), -64000) "
        "FROM search_tickets s JOIN tickets t ON t.id = s.ticket_id ORDER BY s.id"
    )
