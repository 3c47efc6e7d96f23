"""Logs for everybody: views that show no internal event, the previous public position in the row, tombstones."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

FILL_PREVIOUS = """
UPDATE saga.event_log AS l SET previous_public_position = p.previous
FROM (
    SELECT module, position, coalesce(lag(position) OVER (PARTITION BY module ORDER BY position), 0) AS previous
    FROM saga.event_log WHERE visibility = 'public'
) AS p
WHERE l.module = p.module AND l.position = p.position
"""

REFUSE_CHANGE = """
CREATE OR REPLACE FUNCTION saga.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('saga.pruning', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME;
END
$$
"""

OUTGOING = """
CREATE VIEW saga.outgoing WITH (security_barrier) AS
SELECT
    module, position, previous_public_position, stream_id, stream_version, event_id, type, target, data, metadata,
    recorded_at
FROM saga.event_log
WHERE visibility = 'public' OR target IS NOT NULL
"""

PUBLIC_EVENT = """
CREATE VIEW saga.public_event WITH (security_barrier) AS
SELECT
    module, position, previous_public_position, stream_id, stream_version, event_id, type, CAST(NULL AS text) AS target,
    data,
    jsonb_strip_nulls(jsonb_build_object(
        'correlationid', metadata -> 'correlationid',
        'causationid', metadata -> 'causationid',
        'traceparent', metadata -> 'traceparent'
    )) AS metadata,
    recorded_at
FROM saga.event_log
WHERE visibility = 'public'
"""

# On which rows a role may work hangs on names: a member of saga_module_payments owns the log of payments, a member of
# saga_collaborator_gateway gets the commands for the gateway. deploy/postgres/roles.sql makes these roles.
HELD_NAMES = """
CREATE FUNCTION saga.held_names(prefix text) RETURNS SETOF text LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT substr(rolname, length(prefix) + 1) FROM pg_catalog.pg_roles
    WHERE starts_with(rolname, prefix) AND pg_has_role(current_user, oid, 'USAGE');
END
"""

COMMAND = """
CREATE VIEW saga.command WITH (security_barrier) AS
SELECT
    module, position, previous_public_position, stream_id, stream_version, event_id, type, target, data,
    jsonb_strip_nulls(jsonb_build_object(
        'correlationid', metadata -> 'correlationid',
        'causationid', metadata -> 'causationid',
        'traceparent', metadata -> 'traceparent'
    )) AS metadata,
    recorded_at
FROM saga.event_log
WHERE target IS NOT NULL AND (
    pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = 'saga.event_log'::regclass), 'USAGE')
    OR target IN (SELECT saga.held_names('saga_collaborator_'))
)
"""

PUBLIC_MODULE = """
CREATE VIEW saga.public_module AS
SELECT name, last_position, last_public_position, pruned_position, true AS commit_ordered FROM saga.module
"""


def upgrade() -> None:
    _keep_the_previous_public_position()
    _say_what_was_pruned()
    _say_what_holds_a_cursor_up()
    _create_tombstones()
    op.execute(HELD_NAMES)
    for view in (OUTGOING, PUBLIC_EVENT, COMMAND, PUBLIC_MODULE):
        op.execute(view)
    _close_to_others()


def _keep_the_previous_public_position() -> None:
    op.add_column(
        "event_log",
        sa.Column(
            "previous_public_position",
            sa.BigInteger(),
            nullable=True,
            comment="The public event before this one, 0 if there is none; null for what is internal.",
        ),
        schema="saga",
    )
    op.execute("ALTER TABLE saga.event_log DISABLE TRIGGER append_only")
    op.execute(FILL_PREVIOUS)
    op.execute("ALTER TABLE saga.event_log ENABLE TRIGGER append_only")
    op.create_check_constraint(
        op.f("event_log_previous_public_position_check"),
        "event_log",
        "(visibility = 'public') = (previous_public_position IS NOT NULL)"
        " AND previous_public_position BETWEEN 0 AND position - 1",
        schema="saga",
    )


def _say_what_was_pruned() -> None:
    op.add_column(
        "module",
        sa.Column(
            "pruned_position",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Up to here events may have been pruned; readers from before are told.",
        ),
        schema="saga",
    )
    op.create_check_constraint(
        op.f("module_pruned_position_check"),
        "module",
        "pruned_position BETWEEN 0 AND last_position",
        schema="saga",
    )
    op.execute(REFUSE_CHANGE)


def _say_what_holds_a_cursor_up() -> None:
    op.add_column(
        "cursor",
        sa.Column(
            "hole_since",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Since when the watermark stands before a hole; null where there is none.",
        ),
        schema="saga",
    )
    op.add_column(
        "cursor",
        sa.Column("alarm", sa.Text(), nullable=True, comment="Why the log can't be asked; null while it can."),
        schema="saga",
    )
    op.execute("UPDATE saga.cursor SET hole_since = clock_timestamp() WHERE NOT isempty(handled)")
    # To compress thousands of ranges takes several times as long as all the rest of writing them.
    op.execute("ALTER TABLE saga.cursor ALTER handled SET STORAGE EXTERNAL")
    op.create_check_constraint(
        op.f("cursor_hole_since_check"),
        "cursor",
        "(hole_since IS NULL) = isempty(handled)",
        schema="saga",
    )


def _create_tombstones() -> None:
    op.add_column(
        "instance",
        sa.Column(
            "revived",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="It was pruned and came back: its inbox rows may be gone.",
        ),
        schema="saga",
    )
    op.create_table(
        "instance_tombstone",
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("process_id", sa.Text(), nullable=False),
        sa.Column("process_version", sa.Integer(), nullable=False),
        sa.Column("stream_version", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("state", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pruned_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.CheckConstraint("stream_version > 0", name=op.f("instance_tombstone_stream_version_check")),
        sa.PrimaryKeyConstraint("process", "process_id", name=op.f("instance_tombstone_pkey")),
        schema="saga",
        comment="What is left of a pruned instance: enough to answer what comes late.",
    )
    op.create_table(
        "inbox_tombstone",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False, comment="A digest of source and message id."),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="As in the inbox."),
        sa.CheckConstraint("octet_length(digest) = 16", name=op.f("inbox_tombstone_digest_check")),
        sa.CheckConstraint("octet_length(key) = 16", name=op.f("inbox_tombstone_key_check")),
        sa.PrimaryKeyConstraint("consumer", "key", name=op.f("inbox_tombstone_pkey")),
        schema="saga",
        comment="What is left of pruned inbox rows that no cursor covers: a repeat stays a repeat.",
    )
    op.create_table(
        "stream_tombstone",
        sa.Column("module", sa.Text(), nullable=False),
        sa.Column("stream_id", sa.Text(), nullable=False),
        sa.Column("last_version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("last_version > 0", name=op.f("stream_tombstone_last_version_check")),
        sa.PrimaryKeyConstraint("module", "stream_id", name=op.f("stream_tombstone_pkey")),
        schema="saga",
        comment="What is left of streams whose events were pruned: their versions go on counting.",
    )


def _close_to_others() -> None:
    """Rows are closed to everybody but the owner, for whom nothing changes, until policies open them to roles."""
    for table in ("event_log", "module", "cursor", "stream_tombstone"):
        op.execute(f"ALTER TABLE saga.{table} ENABLE ROW LEVEL SECURITY")
