"""The reconciliation: compares the logs, the instances and the collaborators' ledgers with each other.

It does not rely on the order process's own view. Each check counts violations, by one statement over rows that
different services wrote for themselves; every count has to be 0.
"""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.postgres import Statements

_SQL = Statements(__package__)

CHECKS = {
    "lost": (
        ("public events that the order process never answered", "lost_events"),
        ("captured payments that no order knows of", "lost_payments"),
        ("commands that no collaborator has", "lost_commands"),
    ),
    "doubled": (
        ("captures, refunds or fulfilments that were made twice", "doubled_actions"),
        ("timers that fired twice", "doubled_timers"),
        ("inputs that took effect twice", "doubled_inputs"),
    ),
    "diverged": (
        ("orders whose money is not what their outcome says", "diverged_money"),
        ("orders whose fulfilment is not what their outcome says", "diverged_fulfilment"),
        ("orders whose last announcement is not their outcome", "diverged_announcements"),
    ),
    "stuck": (
        ("orders that are not settled", "stuck_orders"),
        ("open dead letters and rejected commands", "stuck_messages"),
    ),
}


@dataclass(frozen=True, slots=True)
class ReconciliationCheck:
    """One check: the kind of fault, what it counts, and how many it found."""

    fault: str
    what: str
    count: int


async def reconcile(engine: AsyncEngine) -> list[ReconciliationCheck]:
    """Every check, in order."""
    async with engine.connect() as connection:
        return [
            ReconciliationCheck(fault, what, (await connection.execute(_SQL[name])).scalar_one())
            for fault, checks in CHECKS.items()
            for what, name in checks
        ]
