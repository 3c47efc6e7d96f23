-- Raw messages that were not carried out, with the reason. The fingerprint is of the whole message.
CREATE TABLE IF NOT EXISTS collaborator.rejected (
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
