"""By hand: aio-pika and the SQLAlchemy ORM on asyncpg, a session and a transaction for each message.

The order is created or locked with one "ORM upsert", whose row comes back as an object; its change and the command go
out as the unit of work flushes, before the commit. Sessions don't expire on commit, as SQLAlchemy's "Preventing
Implicit IO when Using AsyncSession" advises.
"""

from typing import Any

from aio_pika.abc import AbstractIncomingMessage
from contract import Done, Task, fresh_schema, run
from core_step import connected, warm
from lanes import consume
from orders import Message, State, decide, read
from sqlalchemy import Identity, Text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from tables import TABLES

SCHEMA = "hand_orm"


class Base(DeclarativeBase):
    """The tables of `tables.py`."""

    type_annotation_map = {str: Text, dict[str, Any]: JSONB}  # noqa: RUF012 -- SQLAlchemy's way to declare it


class Taken(Base):
    """A message that was handled."""

    __tablename__ = "inbox"
    source: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(primary_key=True)


class Order(Base):
    """The state of an order."""

    __tablename__ = "orders"
    order_id: Mapped[str] = mapped_column(primary_key=True)
    placed: Mapped[bool]
    paid: Mapped[bool]
    cancelled: Mapped[bool]
    elapsed: Mapped[bool]
    version: Mapped[int]

    def become(self, state: State) -> None:
        """Copy the new state."""
        self.placed, self.paid = state.placed, state.paid
        self.cancelled, self.elapsed = state.cancelled, state.elapsed
        self.version += 1

    @property
    def state(self) -> State:
        """The state for the decision."""
        return State(self.placed, self.paid, self.cancelled, self.elapsed)


class Command(Base):
    """A command that goes out."""

    __tablename__ = "outbox"
    position: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    command_id: Mapped[str]
    order_id: Mapped[str]
    type: Mapped[str]
    data: Mapped[dict[str, Any]]


REMEMBER = insert(Taken).on_conflict_do_nothing().returning(Taken.message_id)
_order = insert(Order)
CREATE_OR_LOCK = _order.on_conflict_do_update(
    index_elements=[Order.order_id], set_={"order_id": _order.excluded.order_id}
).returning(Order)


async def work(task: Task) -> Done:
    """Handle all messages."""
    await fresh_schema(task.database_url, SCHEMA, TABLES)
    engine = connected(task.database_url, SCHEMA, task.at_once)
    await warm(engine, task.at_once)
    sessions = async_sessionmaker(engine, expire_on_commit=False)

    async def handle(delivery: AbstractIncomingMessage) -> None:
        async with sessions.begin() as session:
            await take(session, read(delivery.headers, delivery.body))

    try:
        return Done(await consume(task, handle), SCHEMA)
    finally:
        await engine.dispose()


async def take(session: AsyncSession, message: Message) -> None:
    """Handle one message; the caller commits."""
    key = {"source": message.source, "message_id": message.id}
    if (await session.execute(REMEMBER, key)).one_or_none() is None:
        return
    order = (await session.scalars(CREATE_OR_LOCK, {"order_id": message.body.order_id})).one()
    decision = decide(order.state, message)
    order.become(decision.state)
    session.add(
        Command(
            command_id=decision.command_id,
            order_id=order.order_id,
            type=decision.command,
            data={"order_id": order.order_id, "cause": message.id},
        )
    )


if __name__ == "__main__":
    run("hand_orm", __doc__, work)
