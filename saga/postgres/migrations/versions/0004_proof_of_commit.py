"""A table in which a transaction leaves the proof of its commit. As of other tables, policies open it to roles."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "commit_proof",
        sa.Column("slot", sa.Uuid(), nullable=False, comment="One for each connection."),
        sa.Column("login", sa.Text(), server_default=sa.text("CURRENT_USER"), nullable=False),
        sa.Column("token", sa.Uuid(), nullable=False, comment="Of the last transaction that committed there."),
        sa.Column(
            "written_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("slot", name=op.f("commit_proof_pkey")),
        schema="saga",
        comment="Tells whether a commit took effect whose answer was lost.",
        postgresql_with={"fillfactor": 10},
    )
    op.execute("ALTER TABLE saga.commit_proof ENABLE ROW LEVEL SECURITY")
