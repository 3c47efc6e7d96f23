"""The team's own tables, in a schema of its own; the log does not depend on them."""

from sqlalchemy import BigInteger, CheckConstraint, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA = "shop"


class Base(DeclarativeBase):
    """All tables of the service."""


class Order(Base):
    """An order as its customer sees it; ``version`` is the version of its stream, and changes with every event."""

    __tablename__ = "order"
    __table_args__ = (
        CheckConstraint("amount > 0"),
        CheckConstraint("state IN ('placed', 'cancelled')"),
        {"schema": SCHEMA},
    )

    order_id: Mapped[str] = mapped_column(primary_key=True)
    customer: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    version: Mapped[int]
    state: Mapped[str] = mapped_column(default="placed")


async def create_tables(engine: AsyncEngine) -> None:
    """Create the schema and its tables if they are missing; a real service has migrations."""
    async with engine.begin() as connection:
        await connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        await connection.run_sync(Base.metadata.create_all)
