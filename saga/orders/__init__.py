"""The order process: its messages, its sub-machines, and the tables that join them. The only business terms in saga."""

from saga.orders.messages import OrderCancelled, OrderPlaced, PaymentReceived, PaymentTimedOut
from saga.orders.process import order_process

__all__ = ["OrderCancelled", "OrderPlaced", "PaymentReceived", "PaymentTimedOut", "order_process"]
