"""The bank: a collaborator. It carries out each command once, and answers through the log of its module.

python -m my_returns.bank
"""

from saga.collaborator import Collaborator, Command
from saga.modules import Module
from sqlalchemy.ext.asyncio import AsyncConnection

from my_returns.messages import IssueRefund, RefundIssued
from my_returns.running import run

BANK = Module("bank", stream="return_id", events=(RefundIssued,))


async def issue_refund(command: Command[IssueRefund], connection: AsyncConnection) -> str:
    """Pretend to pay. Note a real payment in a row here, and let a loop of its own carry it out."""
    BANK.append(connection, [RefundIssued(return_id=command.data.return_id)], **command.cause)
    return "issued"


bank = Collaborator("bank", instance="return_id", handlers={IssueRefund: issue_refund})

if __name__ == "__main__":
    run(bank)
