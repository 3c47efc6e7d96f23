"""The service's functions. Each works in its caller's transaction: rows and events are committed together.

The events wait for the commit, so the module's log is locked only during the commit, however long the transaction took.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from examples.orders_service.events import ORDERS, FraudScoreComputed, OrderCancelled, OrderPlaced
from examples.orders_service.tables import Order

SUSPICIOUS_AMOUNT = 100_000


async def place_order(session: AsyncSession, order_id: str, customer: str, amount: int, currency: str) -> Order:
    """Take a new order and score it. The commit raises StreamConflict if an order with this id exists."""
    placed = OrderPlaced(order_id=order_id, amount=amount, currency=currency)
    ORDERS.append(session, [placed, score(placed)], expected_version=0)
    order = Order(order_id=order_id, customer=customer, amount=amount, currency=currency, version=2)
    session.add(order)
    return order


async def cancel_order(session: AsyncSession, order_id: str, reason: str, *, seen_version: int) -> Order:
    """Cancel an order that the caller saw at ``seen_version``; the commit raises StreamConflict if it has moved on."""
    order = await session.get_one(Order, order_id)
    ORDERS.append(session, [OrderCancelled(order_id=order_id, reason=reason)], expected_version=seen_version)
    order.state, order.version = "cancelled", seen_version + 1
    return order


async def score_again(session: AsyncSession, order_id: str) -> FraudScoreComputed:
    """Score an order once more, as an internal event."""
    order = await session.get_one(Order, order_id, with_for_update=True)
    computed = score(OrderPlaced(order_id=order_id, amount=order.amount, currency=order.currency))
    ORDERS.append(session, [computed], expected_version=order.version)
    order.version += 1
    return computed


async def history(session: AsyncSession, order_id: str) -> list[object]:
    """All that happened to an order, as the module itself sees it."""
    return [ORDERS.decode(entry) for entry in await ORDERS.read_stream(session, order_id)]


def score(placed: OrderPlaced) -> FraudScoreComputed:
    """A simple score: large orders are suspicious."""
    if placed.amount < SUSPICIOUS_AMOUNT:
        return FraudScoreComputed(placed.order_id, score=3)
    return FraudScoreComputed(placed.order_id, score=87, signals=("large amount",))
