"""What PostgreSQL needs of its own: the numbering of the journal, counts that no two writers wait for, and the search.

SQLite has had its part since the first two steps.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

CELL = ("state", "reason", "route", "assignee", "risk")
SWITCHED = ("kind", "name", "state")
START = "0" * 64


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _journal()
        _counts()
        _triggers()
        _search()


def _journal() -> None:
    """Numbered by whoever commits: the head's row is the turn, taken by the last statement before a COMMIT.

    An idle holder of the turn is ended after a second, so a process that stops in between keeps nobody waiting for long.
    """
    op.execute(
        "CREATE TABLE journal_head (id INTEGER PRIMARY KEY, seq BIGINT NOT NULL, hash VARCHAR NOT NULL) "
        "WITH (fillfactor = 10)"
    )
    op.execute(f"INSERT INTO journal_head VALUES (1, 0, '{START}')")
    op.execute("""
        CREATE FUNCTION journal_append(ats bigint[], actors text[], kinds text[], subjects text[], tickets text[],
                                       datas text[], showns text[], rans text[], tails text[])
        RETURNS bigint LANGUAGE plpgsql AS $$
        DECLARE number bigint; before text; own text;
        BEGIN
            PERFORM set_config('idle_in_transaction_session_timeout', '1000', true);
            SELECT seq, hash INTO STRICT number, before FROM journal_head WHERE id = 1 FOR NO KEY UPDATE;
            FOR i IN 1 .. array_length(ats, 1) LOOP
                number := number + 1;
                own := encode(sha256(convert_to('["' || before || '",' || number || ',' || tails[i], 'UTF8')), 'hex');
                INSERT INTO journal (seq, at, actor, kind, subject, ticket_id, data, shown, ran, previous, hash)
                VALUES (number, ats[i], actors[i], kinds[i], subjects[i], tickets[i], datas[i], showns[i], rans[i],
                        before, own);
                before := own;
            END LOOP;
            UPDATE journal_head SET seq = number, hash = before WHERE id = 1;
            RETURN number;
        END $$""")
    op.execute("""
        CREATE FUNCTION journal_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$""")
    op.execute(
        "CREATE TRIGGER journal_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON journal "
        "FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse()"
    )


def _counts() -> None:
    """A change of a count is a row of its own, so writers never meet; `fold_counts` adds them up now and then."""
    for name, columns in (("review_counts", CELL), ("switched_counts", SWITCHED)):
        key = ", ".join(columns)
        op.drop_table(name)
        for suffix, rest in (("folded", f", PRIMARY KEY ({key})"), ("moves", "")):
            texts = ", ".join(f"{one} VARCHAR NOT NULL" for one in columns)
            op.execute(f"CREATE TABLE {name}_{suffix} ({texts}, count BIGINT NOT NULL{rest})")
        op.execute(
            f"ALTER TABLE {name}_moves SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)"
        )
        op.execute(
            f"CREATE VIEW {name} AS SELECT {key}, CAST(sum(count) AS bigint) AS count FROM "
            f"(SELECT {key}, count FROM {name}_folded UNION ALL SELECT {key}, count FROM {name}_moves) AS every "
            f"GROUP BY {key} HAVING sum(count) <> 0"
        )
    op.execute(f"""
        CREATE FUNCTION fold_counts() RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            IF NOT pg_try_advisory_xact_lock(hashtext('lastclick fold')) THEN RETURN; END IF;
            IF (SELECT count(*) FROM (SELECT 1 FROM review_counts_moves LIMIT 200) AS few) < 200 THEN RETURN; END IF;
            {_fold("review_counts", CELL)}
            {_fold("switched_counts", SWITCHED)}
        END $$""")


def _fold(name: str, columns: tuple[str, ...]) -> str:
    key = ", ".join(columns)
    return f"""
            WITH gone AS (DELETE FROM {name}_moves RETURNING {key}, count)
            INSERT INTO {name}_folded SELECT {key}, sum(count) FROM gone GROUP BY {key} HAVING sum(count) <> 0
            ON CONFLICT ({key}) DO UPDATE SET count = {name}_folded.count + excluded.count;
            DELETE FROM {name}_folded WHERE count = 0;"""


def _triggers() -> None:
    """Counts cannot be forgotten by any statement. A later step that adds a counted column must make these anew."""
    op.execute(f"""
        CREATE FUNCTION reviews_counted() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP <> 'INSERT' THEN {_moves("OLD", -1)} END IF;
            IF TG_OP <> 'DELETE' THEN {_moves("NEW", 1)} END IF;
            RETURN NULL;
        END $$""")
    columns = "state, reason, route, assignee, risk, model, prompt, held_by"
    changed = " OR ".join(f"OLD.{one} IS DISTINCT FROM NEW.{one}" for one in columns.split(", "))
    op.execute(
        f"CREATE TRIGGER reviews_count_moved AFTER UPDATE OF {columns} ON reviews FOR EACH ROW WHEN ({changed}) "
        "EXECUTE FUNCTION reviews_counted()"
    )
    op.execute(
        "CREATE TRIGGER reviews_count_came_or_went AFTER INSERT OR DELETE ON reviews FOR EACH ROW "
        "EXECUTE FUNCTION reviews_counted()"
    )
    op.execute("""
        CREATE FUNCTION review_actions_counted() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO switched_counts_moves SELECT 'action', NEW.kind, state, 1 FROM reviews WHERE id = NEW.review_id;
            RETURN NULL;
        END $$""")
    op.execute(
        "CREATE TRIGGER review_actions_count AFTER INSERT ON review_actions FOR EACH ROW "
        "EXECUTE FUNCTION review_actions_counted()"
    )


def _moves(row: str, step: int) -> str:
    kinds = " UNION ALL ".join(
        f"SELECT '{kind}', {row}.{kind}, {row}.state, {step} WHERE {row}.{kind} IS NOT NULL"
        for kind in ("route", "model", "prompt", "held_by")
    )
    return f"""
            INSERT INTO review_counts_moves
            VALUES ({row}.state, {row}.reason, {row}.route, coalesce({row}.assignee, ''), {row}.risk, {step});
            INSERT INTO switched_counts_moves {kinds}
            UNION ALL SELECT 'action', kind, {row}.state, {step} FROM review_actions WHERE review_id = {row}.id;"""


def _search() -> None:
    """One document a ticket, in the order in which tickets were last touched."""
    op.create_table(
        "search",
        sa.Column("ticket_id", sa.String(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id"),
    )
    op.execute("ALTER TABLE search ALTER COLUMN words TYPE tsvector USING words::tsvector")
    op.create_index("search_touched", "search", ["id"], unique=True)
    op.create_index("search_words", "search", ["words"], postgresql_using="gin")
