"""The fulfilment's first schema: commands, what they made of each order, what was rejected."""

from alembic import op

revision = "0001"
down_revision = None

COMMAND = """
CREATE TABLE fulfilment.command (
    command_id text CONSTRAINT command_pkey PRIMARY KEY,
    order_id text NOT NULL,
    effect text NOT NULL,
    type text NOT NULL,
    revision integer NOT NULL,
    body jsonb NOT NULL,
    metadata jsonb NOT NULL,
    digest bytea NOT NULL,
    result text,
    deliveries integer NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT command_revision_check CHECK (revision > 0),
    CONSTRAINT command_deliveries_check CHECK (deliveries > 0),
    CONSTRAINT command_digest_check CHECK (octet_length(digest) = 16),
    CONSTRAINT command_result_check CHECK (
        CASE type
            WHEN 'StartFulfilment' THEN result IN ('started', 'superseded')
            WHEN 'StopFulfilment' THEN result IN ('stopped', 'superseded')
            ELSE false
        END
    )
)
"""
COMMAND_COMMENTS = (
    "COMMENT ON TABLE fulfilment.command IS 'One row for each command; its id is the idempotency key.'",
    "COMMENT ON COLUMN fulfilment.command.result IS 'Null only inside the transaction that creates the row.'",
    "COMMENT ON COLUMN fulfilment.command.digest IS 'Of type and body: tells a repeat from a conflict.'",
)
COMMAND_ORDER = "CREATE INDEX command_order_id_idx ON fulfilment.command (order_id)"

FULFILMENT = """
CREATE TABLE fulfilment.fulfilment (
    order_id text NOT NULL,
    effect text NOT NULL,
    state text NOT NULL,
    revision integer NOT NULL,
    command_id text NOT NULL
        CONSTRAINT fulfilment_command_id_key UNIQUE
        CONSTRAINT fulfilment_command_id_fkey REFERENCES fulfilment.command (command_id),
    starts integer NOT NULL,
    stops integer NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT fulfilment_pkey PRIMARY KEY (order_id, effect),
    CONSTRAINT fulfilment_state_check CHECK (state IN ('started', 'stopped')),
    CONSTRAINT fulfilment_revision_check CHECK (revision > 0),
    CONSTRAINT fulfilment_counts_check CHECK (
        starts >= 0 AND stops >= 0 AND CASE state WHEN 'started' THEN starts > 0 ELSE stops > 0 END
    )
)
"""
FULFILMENT_COMMENTS = (
    "COMMENT ON TABLE fulfilment.fulfilment IS 'What the command with the greatest revision made of each order.'",
    "COMMENT ON COLUMN fulfilment.fulfilment.starts IS 'How often it was started: more than once is a doubled action.'",
)

REJECTED = """
CREATE TABLE fulfilment.rejected (
    fingerprint bytea CONSTRAINT rejected_pkey PRIMARY KEY,
    reason text NOT NULL,
    type text,
    message_id text,
    body bytea NOT NULL,
    properties jsonb NOT NULL,
    deliveries integer NOT NULL DEFAULT 1,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT rejected_deliveries_check CHECK (deliveries > 0)
)
"""
REJECTED_COMMENT = "COMMENT ON TABLE fulfilment.rejected IS 'Messages that are no command: raw, with the reason.'"


def upgrade() -> None:
    """Create everything."""
    for statement in (COMMAND, *COMMAND_COMMENTS, COMMAND_ORDER):
        op.execute(statement)
    for statement in (FULFILMENT, *FULFILMENT_COMMENTS, REJECTED, REJECTED_COMMENT):
        op.execute(statement)
