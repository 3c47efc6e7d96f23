"""Heartbeats: a row for each loop of each service that runs."""

from alembic import op

revision = "0005"
down_revision = "0004"

SERVICE = """
CREATE TABLE saga.service (
    service text NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    loop text NOT NULL,
    beat timestamptz NOT NULL DEFAULT clock_timestamp(),
    reason text,
    CONSTRAINT service_pkey PRIMARY KEY (service, host, pid, loop)
);
COMMENT ON TABLE saga.service IS
    'Heartbeats: one row for each loop of each service, until it stops or is gone for a day.';
COMMENT ON COLUMN saga.service.beat IS 'When the loop was last known to go round.';
COMMENT ON COLUMN saga.service.reason IS 'Why the loop starts over again and again; null while it works.'
"""


def upgrade() -> None:
    """Old code does not know the table, and beside it nobody is missed."""
    for statement in SERVICE.split(";\n"):
        op.execute(statement)
