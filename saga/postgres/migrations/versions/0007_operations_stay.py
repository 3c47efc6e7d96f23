"""What operators did stays: pruning removes entries of logs, and nothing else that is append-only."""

from alembic import op

revision = "0007"
down_revision = "0006"

REFUSE_CHANGE = """
CREATE OR REPLACE FUNCTION saga.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'event_log' AND TG_OP = 'DELETE' AND current_setting('saga.pruning', true) = 'on' THEN
        RETURN NULL;
    END IF;
    IF TG_TABLE_NAME = 'event_log' AND TG_OP = 'UPDATE' AND current_setting('saga.erasing', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME;
END
$$
"""


def upgrade() -> None:
    """Nothing that is there changes."""
    op.execute(REFUSE_CHANGE)
