"""What one process announced stays when an instance of another one that received it is erased."""

from sqlalchemy.ext.asyncio import AsyncEngine

from examples.parcel.parcel import parcel
from examples.parcel.purchase import purchase
from saga.engine import Step
from saga.modules import read_public
from saga.modules.outgoing import as_delivered
from saga.operations.erasure import erase
from tests.engine.conversation import message, outcome, rows

EVERYTHING = "SELECT position, type, data, metadata FROM saga.public_event WHERE module = :module ORDER BY position"


async def test_an_erased_reader_takes_no_announcement_from_the_others(engine: AsyncEngine) -> None:
    placed = message("PurchasePlaced", "unused", purchase_id="purchase-1", parcel_id="parcel-1", place=1)
    await Step(engine, purchase).handle([placed, message("PurchaseCancelled", "unused", purchase_id="purchase-1")])
    async with engine.connect() as connection:
        announced, _ = await read_public(connection, purchase.module, 0)
    await Step(engine, parcel).handle([as_delivered(entry, "saga") for entry in announced])
    assert await outcome(engine, "parcel-1") == "broken"
    before = await rows(engine, EVERYTHING, module=purchase.module)
    assert [type_ for _, type_, *_ in before] == ["PurchaseTurned"]
    erased = await erase(engine, parcel, "parcel-1", actor="test", reason="asked", others=[purchase])
    assert (erased.events, await rows(engine, EVERYTHING, module=purchase.module)) == ({}, before)
    assert erased.entries > 0
