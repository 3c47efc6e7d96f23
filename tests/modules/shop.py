"""A module of some team, with business rows of its own, for the tests to append with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from saga.modules import Entry, Module, internal
from tests.engine.conversation import rows


class Placed(BaseModel):
    """Public, a pydantic model."""

    order_id: str
    amount: int = 1


@internal
@dataclass(frozen=True, slots=True)
class Scored:
    """Internal, a dataclass."""

    order_id: str
    score: float = 0.5


ORDERS = Module("orders", stream="order_id", events=(Placed, Scored))


class Base(DeclarativeBase):
    """The team's own tables."""


class Order(Base):
    """One order."""

    __tablename__ = "shop_order"
    order_id: Mapped[str] = mapped_column(primary_key=True)


async def open_shop(engine: AsyncEngine) -> None:
    """Create the team's table."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)


@asynccontextmanager
async def session_of(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """A session in a transaction that the block's end commits."""
    async with AsyncSession(engine) as session, session.begin():
        yield session


def place(session: AsyncSession, order_id: str) -> None:
    """A row and its event."""
    session.add(Order(order_id=order_id))
    ORDERS.append(session, [Placed(order_id=order_id)])


async def kept(engine: AsyncEngine) -> tuple[list[str], list[str]]:
    """The orders that have a row, and those that have an event in the log, in order."""
    orders = await rows(engine, "SELECT order_id FROM shop_order ORDER BY order_id")
    events = await rows(engine, "SELECT stream_id FROM saga.event_log WHERE module = 'orders' ORDER BY position")
    return [order_id for (order_id,) in orders], [stream_id for (stream_id,) in events]


async def log_of(engine: AsyncEngine, module: Module = ORDERS) -> list[Entry]:
    """Everything in the module's log."""
    async with engine.connect() as connection:
        return (await module.read(connection, 0)).entries
