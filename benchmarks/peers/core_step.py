"""One message, one transaction, with SQLAlchemy Core: used by `hand_core.py` and by `faststream_core.py`.

The same two statements as in `hand_asyncpg.py`, built once, with parameters by name: "the SQL compilation caching
system" then finds them again at every call, and asyncpg underneath keeps them prepared (SQLAlchemy, "SQL Compilation
Caching" and "asyncpg: Prepared Statement Cache"). The pool is as large as there are transactions at once, without
overflow.
"""

from orders import Message, State, decide
from sqlalchemy import Boolean, Column, Identity, Integer, MetaData, Table, Text, bindparam, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

METADATA = MetaData()
INBOX = Table("inbox", METADATA, Column("source", Text, primary_key=True), Column("message_id", Text, primary_key=True))
ORDERS = Table(
    "orders",
    METADATA,
    Column("order_id", Text, primary_key=True),
    *(Column(flag, Boolean, nullable=False) for flag in ("placed", "paid", "cancelled", "elapsed")),
    Column("version", Integer, nullable=False),
)
OUTBOX = Table(
    "outbox",
    METADATA,
    Column("position", Integer, Identity(always=True), primary_key=True),
    Column("command_id", Text, nullable=False),
    Column("order_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("data", JSONB, nullable=False),
)

_new = (
    insert(INBOX)
    .values(source=bindparam("source"), message_id=bindparam("message_id"))
    .on_conflict_do_nothing()
    .returning(INBOX.c.message_id)
    .cte("new")
)
_order = insert(ORDERS).from_select(["order_id"], select(bindparam("order_id", type_=Text)).select_from(_new))
TAKE = _order.on_conflict_do_update(
    index_elements=[ORDERS.c.order_id], set_={"order_id": _order.excluded.order_id}
).returning(ORDERS.c.placed, ORDERS.c.paid, ORDERS.c.cancelled, ORDERS.c.elapsed)
"""Records the message, and creates or locks its order. Returns no row if the message was handled before."""

_moved = (
    ORDERS.update()
    .where(ORDERS.c.order_id == bindparam("of_order"))
    .values(
        placed=bindparam("is_placed"),
        paid=bindparam("is_paid"),
        cancelled=bindparam("is_cancelled"),
        elapsed=bindparam("is_elapsed"),
        version=ORDERS.c.version + 1,
    )
    .cte("moved")
)
MOVE = (
    insert(OUTBOX)
    .values(
        command_id=bindparam("command_id"),
        order_id=bindparam("of_order"),
        type=bindparam("command"),
        data=bindparam("fields"),
    )
    .add_cte(_moved)
)
"""The new state, and the command."""


def connected(database_url: str, schema: str, at_once: int) -> AsyncEngine:
    """A pool for ``at_once`` transactions, in this schema."""
    return create_async_engine(
        make_url(database_url).set(drivername="postgresql+asyncpg"),
        pool_size=at_once,
        max_overflow=0,
        connect_args={"server_settings": {"search_path": schema}},
    )


async def warm(engine: AsyncEngine, at_once: int) -> None:
    """Open all connections of the pool."""
    connections = [await engine.connect() for _ in range(at_once)]
    for connection in connections:
        await connection.close()


async def take(engine: AsyncEngine, message: Message) -> None:
    """Handle one message; returns after the commit."""
    order_id = message.body.order_id
    async with engine.begin() as connection:
        row = (
            await connection.execute(TAKE, {"source": message.source, "message_id": message.id, "order_id": order_id})
        ).one_or_none()
        if row is None:
            return
        decision = decide(State(*row), message)
        new = decision.state
        await connection.execute(
            MOVE,
            {
                "of_order": order_id,
                "is_placed": new.placed,
                "is_paid": new.paid,
                "is_cancelled": new.cancelled,
                "is_elapsed": new.elapsed,
                "command_id": decision.command_id,
                "command": decision.command,
                "fields": {"order_id": order_id, "cause": message.id},
            },
        )
