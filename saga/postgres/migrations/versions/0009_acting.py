"""Operations on many things: how each is carried out, and the answer to each thing."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"

NOW = sa.text("clock_timestamp()")

APPEND_ONLY_TRIGGER = """
CREATE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON saga.operation_item
FOR EACH STATEMENT EXECUTE FUNCTION saga.refuse_change()
"""


def upgrade() -> None:
    """Empty: what was done before has no answers of its own."""
    op.create_table(
        "operation_run",
        sa.Column("operation_id", sa.BigInteger(), nullable=False),
        sa.Column("request", sa.Uuid(), nullable=False, comment="Of the form: sent twice, it is one operation."),
        sa.Column("state", sa.Text(), server_default=sa.text("'running'"), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False, comment="Things that are done at once."),
        sa.Column("per_second", sa.Float(), comment="Things a second at most; null for no limit."),
        sa.Column("halt_after", sa.Integer(), nullable=False, comment="Failures in a row; 0 never halts it."),
        sa.Column("runner", sa.Uuid(), comment="Who carries it out, until leased_until."),
        sa.Column("leased_until", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("answers", postgresql.JSONB(), comment="How many things got each, once it ended."),
        sa.Column("note", sa.Text(), comment="Why it ended before all was done, as a sentence."),
        sa.CheckConstraint("state IN ('running', 'done', 'halted', 'stopped')", name=op.f("operation_run_state_check")),
        sa.CheckConstraint("(state = 'running') = (ended_at IS NULL)", name=op.f("operation_run_ended_check")),
        sa.CheckConstraint("batch > 0", name=op.f("operation_run_batch_check")),
        sa.CheckConstraint("per_second > 0", name=op.f("operation_run_per_second_check")),
        sa.CheckConstraint("halt_after >= 0", name=op.f("operation_run_halt_after_check")),
        sa.PrimaryKeyConstraint("operation_id", name=op.f("operation_run_pkey")),
        sa.UniqueConstraint("request", name=op.f("operation_run_request_key")),
        schema="saga",
        comment="How an operation on many things is carried out, and how far it is.",
    )
    op.create_index(
        op.f("operation_run_running_idx"),
        "operation_run",
        ["leased_until"],
        schema="saga",
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_table(
        "operation_item",
        sa.Column("operation_id", sa.BigInteger(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False, comment="One of the operation's ids."),
        sa.Column("process", sa.Text(), comment="Of the instance that it is about, if any."),
        sa.Column("process_id", sa.Text()),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint("answer <> ''", name=op.f("operation_item_answer_check")),
        sa.PrimaryKeyConstraint("operation_id", "item", name=op.f("operation_item_pkey")),
        schema="saga",
        comment="What came of each thing that an operation was done to. No contents of messages.",
    )
    op.create_index(op.f("operation_item_instance_idx"), "operation_item", ["process_id", "process"], schema="saga")
    op.create_index(op.f("operation_item_item_idx"), "operation_item", ["item"], schema="saga")
    op.execute(APPEND_ONLY_TRIGGER)
