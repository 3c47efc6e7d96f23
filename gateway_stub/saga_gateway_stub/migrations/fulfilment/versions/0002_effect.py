"""The effects that commands hold, as in every collaborator (saga/collaborator/tables.py): from what was fulfilled.

Programs of the version before go on with ``fulfilment.fulfilment`` alone, where the revisions stay as well.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

EFFECT = """
CREATE TABLE fulfilment.effect (
    order_id text NOT NULL,
    effect text NOT NULL,
    revision integer NOT NULL,
    command_id text NOT NULL
        CONSTRAINT effect_command_id_key UNIQUE
        CONSTRAINT effect_command_id_fkey REFERENCES fulfilment.command (command_id),
    CONSTRAINT effect_pkey PRIMARY KEY (order_id, effect),
    CONSTRAINT effect_revision_check CHECK (revision > 0)
)
"""
COPY = """
INSERT INTO fulfilment.effect (order_id, effect, revision, command_id)
SELECT order_id, effect, revision, command_id FROM fulfilment.fulfilment
"""


def upgrade() -> None:
    """Create the table, and fill it."""
    op.execute(EFFECT)
    op.execute(COPY)
