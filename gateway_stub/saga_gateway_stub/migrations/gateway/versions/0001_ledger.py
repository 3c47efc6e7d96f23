"""The gateway's first schema: commands, the effects they hold, the ledger, what is pending, what was rejected."""

from alembic import op

revision = "0001"
down_revision = None

COMMAND = """
CREATE TABLE gateway.command (
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
            WHEN 'RequestPayment'
                THEN result IN ('requested', 'captured', 'declined', 'withdrawn', 'repeated', 'superseded')
            WHEN 'VoidPayment' THEN result IN ('voided', 'superseded')
            WHEN 'RefundPayment' THEN result IN ('refunded', 'refused', 'repeated', 'superseded')
            ELSE false
        END
    )
)
"""
COMMAND_COMMENTS = (
    "COMMENT ON TABLE gateway.command IS 'One row for each command; its id is the idempotency key.'",
    "COMMENT ON COLUMN gateway.command.result IS 'Null only inside the transaction that creates the row.'",
    "COMMENT ON COLUMN gateway.command.digest IS 'Of type and body: tells a repeat from a conflict.'",
)
COMMAND_ORDER = "CREATE INDEX command_order_id_idx ON gateway.command (order_id)"

EFFECT = """
CREATE TABLE gateway.effect (
    order_id text NOT NULL,
    effect text NOT NULL,
    revision integer NOT NULL,
    command_id text NOT NULL
        CONSTRAINT effect_command_id_key UNIQUE
        CONSTRAINT effect_command_id_fkey REFERENCES gateway.command (command_id),
    CONSTRAINT effect_pkey PRIMARY KEY (order_id, effect),
    CONSTRAINT effect_revision_check CHECK (revision > 0)
)
"""
EFFECT_COMMENT = (
    "COMMENT ON TABLE gateway.effect IS 'Which command holds for an effect of an order: the greatest revision seen.'"
)

LEDGER = """
CREATE TABLE gateway.ledger (
    movement_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT ledger_pkey PRIMARY KEY,
    idempotency_key text NOT NULL
        CONSTRAINT ledger_idempotency_key_key UNIQUE
        CONSTRAINT ledger_idempotency_key_fkey REFERENCES gateway.command (command_id),
    kind text NOT NULL,
    order_id text NOT NULL,
    effect text NOT NULL,
    payment_id text NOT NULL,
    amount bigint NOT NULL,
    currency text NOT NULL,
    external boolean NOT NULL DEFAULT false,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT ledger_kind_check CHECK (kind IN ('capture', 'refund')),
    CONSTRAINT ledger_amount_check CHECK (amount > 0),
    CONSTRAINT ledger_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT ledger_external_check CHECK (kind = 'refund' OR NOT external)
)
"""
LEDGER_COMMENTS = (
    "COMMENT ON TABLE gateway.ledger IS 'Append-only: every movement of money, in minor units.'",
    "COMMENT ON COLUMN gateway.ledger.idempotency_key IS 'The id of the command that moved the money.'",
    "COMMENT ON COLUMN gateway.ledger.external IS 'A refund of a payment that this gateway did not capture.'",
)
# Nothing is moved twice: a request is captured once, a payment is captured once and refunded once. An id of somebody
# else's payment says nothing outside its order.
LEDGER_ONCE = (
    "CREATE UNIQUE INDEX ledger_capture_key ON gateway.ledger (order_id, effect) WHERE kind = 'capture'",
    "CREATE UNIQUE INDEX ledger_payment_key ON gateway.ledger (payment_id, kind) WHERE NOT external",
    "CREATE UNIQUE INDEX ledger_refund_key ON gateway.ledger (order_id, payment_id) WHERE kind = 'refund'",
)
APPEND_ONLY = (
    """
    CREATE FUNCTION gateway.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME;
    END
    $$
    """,
    """
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gateway.ledger
    FOR EACH STATEMENT EXECUTE FUNCTION gateway.refuse_change()
    """,
)

PENDING = """
CREATE TABLE gateway.pending (
    command_id text NOT NULL CONSTRAINT pending_command_id_fkey REFERENCES gateway.command (command_id),
    number integer NOT NULL,
    step text NOT NULL,
    event_id text,
    due_at timestamptz NOT NULL,
    CONSTRAINT pending_pkey PRIMARY KEY (command_id, number),
    CONSTRAINT pending_step_check CHECK (step IN ('capture', 'answer')),
    CONSTRAINT pending_number_check CHECK (CASE step WHEN 'capture' THEN number = 0 ELSE number > 0 END),
    CONSTRAINT pending_event_id_check CHECK ((step = 'answer') = (event_id IS NOT NULL))
)
"""
PENDING_COMMENT = "COMMENT ON TABLE gateway.pending IS 'Captures to try and answers to give, when the clock says so.'"
PENDING_DUE = "CREATE INDEX pending_due_idx ON gateway.pending (due_at)"

REJECTED = """
CREATE TABLE gateway.rejected (
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
REJECTED_COMMENT = "COMMENT ON TABLE gateway.rejected IS 'Messages that are no command: raw, with the reason.'"

OPENING = """
CREATE TABLE gateway.opening (
    single boolean DEFAULT true CONSTRAINT opening_pkey PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT opening_single_check CHECK (single)
)
"""
OPENING_COMMENT = "COMMENT ON TABLE gateway.opening IS 'When the gateway opened: outages recur on a period from there.'"


def upgrade() -> None:
    """Create everything; the gateway opens now."""
    for statement in (COMMAND, *COMMAND_COMMENTS, COMMAND_ORDER, EFFECT, EFFECT_COMMENT):
        op.execute(statement)
    for statement in (LEDGER, *LEDGER_COMMENTS, *LEDGER_ONCE, *APPEND_ONLY):
        op.execute(statement)
    for statement in (PENDING, PENDING_COMMENT, PENDING_DUE, REJECTED, REJECTED_COMMENT, OPENING, OPENING_COMMENT):
        op.execute(statement)
    op.execute("INSERT INTO gateway.opening DEFAULT VALUES")
