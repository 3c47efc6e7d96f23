"""The shop: a producer. It writes its own table and the log of its module in one transaction.

A worker publishes the log, or follows it where there is no broker.

python -m my_returns.shop request r-1 --amount 4200
python -m my_returns.shop withdraw r-1
"""

import argparse
import asyncio

from pydantic import ValidationError
from saga.modules import Module
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from my_returns.messages import ReturnRequested, ReturnWithdrawn
from my_returns.running import connect

SHOP = Module("shop", stream="return_id", events=(ReturnRequested, ReturnWithdrawn))

CREATE_SCHEMA = text("CREATE SCHEMA IF NOT EXISTS shop")
CREATE_TABLE = text(
    "CREATE TABLE IF NOT EXISTS shop.item_return"
    " (return_id text PRIMARY KEY, amount bigint NOT NULL, is_withdrawn boolean NOT NULL DEFAULT false)"
)
INSERT = text(
    "INSERT INTO shop.item_return (return_id, amount) VALUES (:return_id, :amount) ON CONFLICT (return_id) DO NOTHING"
)
WITHDRAW = text("UPDATE shop.item_return SET is_withdrawn = true WHERE return_id = :return_id AND NOT is_withdrawn")


async def create_tables(connection: AsyncConnection) -> None:
    """Create the shop's own table where it is missing. A real service has migrations."""
    await connection.execute(CREATE_SCHEMA)
    await connection.execute(CREATE_TABLE)


async def request_return(connection: AsyncConnection, requested: ReturnRequested) -> bool:
    """Note that a customer sends an item back; False if that is known. Row and event are committed together."""
    added = await connection.execute(INSERT, {"return_id": requested.return_id, "amount": requested.amount})
    if added.rowcount:
        SHOP.append(connection, [requested])
    return bool(added.rowcount)


async def withdraw_return(connection: AsyncConnection, return_id: str) -> bool:
    """Note that the customer keeps the item; False if there is no such return, or it is withdrawn already."""
    changed = await connection.execute(WITHDRAW, {"return_id": return_id})
    if changed.rowcount:
        SHOP.append(connection, [ReturnWithdrawn(return_id=return_id)])
    return bool(changed.rowcount)


async def main() -> None:
    """Do what the command line says."""
    arguments = _arguments().parse_args()
    return_id = arguments.return_id
    engine = connect("shop")
    try:
        async with engine.begin() as connection:
            await create_tables(connection)
            if arguments.command == "withdraw":
                done, refusal = await withdraw_return(connection, return_id), "is not there, or withdrawn already"
            else:
                done = await request_return(connection, _requested(arguments))
                refusal = "is requested already"
    finally:
        await engine.dispose()
    if not done:
        raise SystemExit(f"{return_id} {refusal}.")
    print(f"{return_id}: done, and in the log of the shop.")


def _requested(arguments: argparse.Namespace) -> ReturnRequested:
    try:
        return ReturnRequested(**{name: getattr(arguments, name) for name in ReturnRequested.model_fields})
    except ValidationError as error:
        raise SystemExit(str(error)) from None


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Request or withdraw a return.")
    commands = parser.add_subparsers(dest="command", required=True)
    request = commands.add_parser("request", help="a customer sends an item back")
    request.add_argument("return_id")
    request.add_argument("--amount", type=int, required=True, help="in minor units, such as cents")
    request.add_argument("--currency", default="EUR")
    request.add_argument("--wait-seconds", type=float, help="how long to wait for the item; 14 days by default")
    withdraw = commands.add_parser("withdraw", help="the customer keeps the item")
    withdraw.add_argument("return_id")
    return parser


if __name__ == "__main__":
    asyncio.run(main())
