"""Erasure: what operators did is recorded, and an erased entry keeps its place in its log without its contents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"

REFUSE_CHANGE = """
CREATE OR REPLACE FUNCTION saga.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('saga.pruning', true) = 'on' THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'event_log' AND current_setting('saga.erasing', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME;
END
$$
"""

# An erasure changes contents, never what readers, cursors and deduplication go by.
KEEP_PLACE = """
CREATE FUNCTION saga.keep_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (to_jsonb(NEW) - 'data' - 'metadata') IS DISTINCT FROM (to_jsonb(OLD) - 'data' - 'metadata') THEN
        RAISE EXCEPTION '%.% is append-only: an erasure changes data and metadata only', TG_TABLE_SCHEMA, TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END
$$
"""
KEEP_PLACE_TRIGGER = """
CREATE TRIGGER keep_place BEFORE UPDATE ON saga.event_log FOR EACH ROW EXECUTE FUNCTION saga.keep_place()
"""
APPEND_ONLY_TRIGGER = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON saga.operation
FOR EACH STATEMENT EXECUTE FUNCTION saga.refuse_change()
"""

# Whoever reads or publishes events later would get what is left of them: they are passed over.
OUTGOING = """
CREATE OR REPLACE VIEW saga.outgoing WITH (security_barrier) AS
SELECT
    module, position, previous_public_position, stream_id, stream_version, event_id, type, target, data, metadata,
    recorded_at
FROM saga.event_log
WHERE (visibility = 'public' OR target IS NOT NULL) AND NOT metadata ? 'erased'
"""
PUBLIC_EVENT = """
CREATE OR REPLACE VIEW saga.public_event WITH (security_barrier) AS
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
WHERE visibility = 'public' AND NOT metadata ? 'erased'
"""


def upgrade() -> None:
    """Nothing that is there changes."""
    op.create_table(
        "operation",
        sa.Column("operation_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False, comment="Who did it, as they said or as the system knows them."),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ids", postgresql.ARRAY(sa.Text()), nullable=False, comment="What it was done to."),
        sa.Column("result", postgresql.JSONB(), nullable=False, comment="What came of it, in numbers."),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.CheckConstraint("actor <> ''", name=op.f("operation_actor_check")),
        sa.CheckConstraint("action <> ''", name=op.f("operation_action_check")),
        sa.PrimaryKeyConstraint("operation_id", name=op.f("operation_pkey")),
        schema="saga",
        comment="Append-only: what operators did, and why.",
    )
    for statement in (REFUSE_CHANGE, KEEP_PLACE, KEEP_PLACE_TRIGGER, APPEND_ONLY_TRIGGER, OUTGOING, PUBLIC_EVENT):
        op.execute(statement)
