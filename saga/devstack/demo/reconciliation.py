"""The reconciliation: the logs, the instances and the collaborators' ledgers, held against each other.

Nothing here asks the order process what it thinks it did. Each line counts what must not be, by one statement over the
rows that different services wrote for themselves; every count has to be 0.
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
    ),
    "stuck": (
        ("orders that are not settled", "stuck_orders"),
        ("open dead letters and rejected commands", "stuck_messages"),
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what it counts, and how many there were."""

    verdict: str
    what: str
    count: int


async def reconcile(engine: AsyncEngine) -> list[Finding]:
    """Every check, in order."""
    async with engine.connect() as connection:
        return [
            Finding(verdict, what, (await connection.execute(_SQL[name])).scalar_one())
            for verdict, checks in CHECKS.items()
            for what, name in checks
        ]
