"""What a version of a process is. A worker of the same version that declares something else does not start."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Empty: the first worker of each version writes its row."""
    op.create_table(
        "declaration",
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("form", sa.Integer(), nullable=False, comment="Of the digests: others can't be compared."),
        sa.Column("digests", postgresql.JSONB(), nullable=False, comment="Of each part of the declaration, by name."),
        sa.Column(
            "declared_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("process", "version", name=op.f("declaration_pkey")),
        schema="saga",
        comment="What a version of a process was when a worker of it first started.",
    )
