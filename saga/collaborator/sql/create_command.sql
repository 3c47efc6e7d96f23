-- One row for each command; its id is the idempotency key. The digest, of type and body, distinguishes a duplicate from
-- a contradiction. The result is null only inside the transaction that creates the row.
CREATE TABLE IF NOT EXISTS collaborator.command (
    command_id text CONSTRAINT command_pkey PRIMARY KEY,
    instance_id text NOT NULL,
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
    CONSTRAINT command_digest_check CHECK (octet_length(digest) = 16)
)
