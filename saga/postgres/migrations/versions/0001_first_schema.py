"""The first schema: modules and their logs; inbox, instances, timers, cursors and dead letters."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

APPEND_ONLY = """
CREATE FUNCTION saga.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME;
END
$$
"""
APPEND_ONLY_TRIGGER = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON saga.event_log
FOR EACH STATEMENT EXECUTE FUNCTION saga.refuse_change()
"""


def upgrade() -> None:
    _create_module()
    _create_event_log()
    _create_inbox()
    _create_instance()
    _create_timer()
    _create_cursor()
    _create_cursor_advance()
    _create_dead_letter()
    op.execute(APPEND_ONLY)
    op.execute(APPEND_ONLY_TRIGGER)


def _create_module() -> None:
    op.create_table(
        "module",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last_position", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_public_position", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("last_public_position BETWEEN 0 AND last_position", name=op.f("module_positions_check")),
        sa.PrimaryKeyConstraint("name", name=op.f("module_pkey")),
        schema="saga",
        comment="One row for each module whose log is kept here; an append locks it last.",
    )


def _create_event_log() -> None:
    op.create_table(
        "event_log",
        sa.Column("module", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("stream_id", sa.Text(), nullable=False),
        sa.Column("stream_version", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=True, comment="The collaborator a command is for; null for an event."),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.Column("metadata", postgresql.JSONB(), nullable=False),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint(
            "target IS NULL OR visibility = 'internal'", name=op.f("event_log_command_is_internal_check")
        ),
        sa.CheckConstraint("visibility IN ('public', 'internal')", name=op.f("event_log_visibility_check")),
        sa.CheckConstraint("position > 0", name=op.f("event_log_position_check")),
        sa.CheckConstraint("stream_version > 0", name=op.f("event_log_stream_version_check")),
        sa.PrimaryKeyConstraint("module", "position", name=op.f("event_log_pkey")),
        sa.UniqueConstraint(
            "module", "stream_id", "stream_version", name=op.f("event_log_module_stream_id_stream_version_key")
        ),
        schema="saga",
        comment="Append-only. Commands stand here too: the log is the outbox.",
    )
    op.create_index(
        "event_log_public_idx",
        "event_log",
        ["module", "position"],
        unique=False,
        schema="saga",
        postgresql_where=sa.text("visibility = 'public'"),
    )


def _create_inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("module", sa.Text(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column(
            "digest",
            sa.LargeBinary(),
            nullable=False,
            comment="Of type, instance and data: tells a repeat from a conflict.",
        ),
        sa.Column("repeats", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "received_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint("(module IS NULL) = (position IS NULL)", name=op.f("inbox_position_has_module_check")),
        sa.CheckConstraint("octet_length(digest) = 16", name=op.f("inbox_digest_check")),
        sa.CheckConstraint("position > 0", name=op.f("inbox_position_check")),
        schema="saga",
        comment="What was taken from the queues: one row for each deduplication key.",
    )
    op.create_index(
        "inbox_message_key",
        "inbox",
        ["consumer", "source", "message_id"],
        unique=True,
        schema="saga",
        postgresql_where=sa.text("position IS NULL"),
    )
    op.create_index(
        "inbox_position_key",
        "inbox",
        ["consumer", "module", "position"],
        unique=True,
        schema="saga",
        postgresql_where=sa.text("position IS NOT NULL"),
    )


def _create_instance() -> None:
    op.create_table(
        "instance",
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("process_id", sa.Text(), nullable=False),
        sa.Column("process_version", sa.Integer(), nullable=False),
        sa.Column("stream_version", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "outcome", sa.Text(), nullable=True, comment="Null only inside the transaction that creates the row."
        ),
        sa.Column("settled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint("stream_version >= 0", name=op.f("instance_stream_version_check")),
        sa.PrimaryKeyConstraint("process", "process_id", name=op.f("instance_pkey")),
        schema="saga",
        comment="One row for each process instance; a finished one stays.",
        postgresql_with={"fillfactor": 60},
    )
    op.create_index(
        "instance_open_idx",
        "instance",
        ["process", "created_at"],
        unique=False,
        schema="saga",
        postgresql_where=sa.text("NOT settled"),
    )


def _create_timer() -> None:
    op.create_table(
        "timer",
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("process_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("emits", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.Column("metadata", postgresql.JSONB(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("armed_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("fired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("fired_at IS NULL OR fired_at >= due_at", name=op.f("timer_never_early_check")),
        sa.PrimaryKeyConstraint("process", "process_id", "name", name=op.f("timer_pkey")),
        schema="saga",
        comment="Deadlines; due is judged by the database's clock.",
    )
    op.create_index(
        "timer_due_idx", "timer", ["due_at"], unique=False, schema="saga", postgresql_where=sa.text("fired_at IS NULL")
    )


def _create_cursor() -> None:
    op.create_table(
        "cursor",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("module", sa.Text(), nullable=False),
        sa.Column("watermark", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "handled", postgresql.INT8MULTIRANGE(), server_default=sa.text("'{}'::int8multirange"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint(
            "isempty(handled) OR lower(handled) > watermark", name=op.f("cursor_handled_above_watermark_check")
        ),
        sa.CheckConstraint("watermark >= 0", name=op.f("cursor_watermark_check")),
        sa.PrimaryKeyConstraint("consumer", "module", name=op.f("cursor_pkey")),
        schema="saga",
        comment="How far a consumer got in a module's log, and what it handled beyond.",
    )


def _create_cursor_advance() -> None:
    op.create_table(
        "cursor_advance",
        sa.Column("advance_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("module", sa.Text(), nullable=False),
        sa.Column("covered", postgresql.INT8MULTIRANGE(), nullable=False),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("advance_id", name=op.f("cursor_advance_pkey")),
        schema="saga",
        comment="Ranges that a step handled; whoever gets the cursor row folds what is there.",
    )


def _create_dead_letter() -> None:
    op.create_table(
        "dead_letter",
        sa.Column("dead_letter_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column(
            "fingerprint", sa.LargeBinary(), nullable=False, comment="Of the raw message: the same one is kept once."
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("process_id", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("module", sa.Text(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("properties", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column(
            "first_seen_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column(
            "last_seen_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'open') = (closed_at IS NULL)", name=op.f("dead_letter_closed_check")),
        sa.CheckConstraint("kind IN ('poison', 'conflict', 'failed')", name=op.f("dead_letter_kind_check")),
        sa.CheckConstraint("state IN ('open', 'redriven', 'discarded')", name=op.f("dead_letter_state_check")),
        sa.CheckConstraint("attempts > 0", name=op.f("dead_letter_attempts_check")),
        sa.PrimaryKeyConstraint("dead_letter_id", name=op.f("dead_letter_pkey")),
        sa.UniqueConstraint("consumer", "fingerprint", name=op.f("dead_letter_consumer_fingerprint_key")),
        schema="saga",
        comment="Messages that could not be handled: raw, with the reason.",
    )
    op.create_index(
        "dead_letter_open_idx",
        "dead_letter",
        ["process_id"],
        unique=False,
        schema="saga",
        postgresql_where=sa.text("state = 'open'"),
    )
