"""The tables of the peers that are written by hand: inbox, orders and outgoing commands.

Each peer has them in a schema of its own name.
"""

TABLES = """
CREATE TABLE inbox (
    source text NOT NULL,
    message_id text NOT NULL,
    PRIMARY KEY (source, message_id)
);
CREATE TABLE orders (
    order_id text PRIMARY KEY,
    placed boolean NOT NULL DEFAULT false,
    paid boolean NOT NULL DEFAULT false,
    cancelled boolean NOT NULL DEFAULT false,
    elapsed boolean NOT NULL DEFAULT false,
    version integer NOT NULL DEFAULT 0
);
CREATE TABLE outbox (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    command_id text NOT NULL UNIQUE,
    order_id text NOT NULL,
    type text NOT NULL,
    data jsonb NOT NULL
);
"""
