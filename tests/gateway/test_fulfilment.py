"""The fulfilment sink: the greatest revision decides, and a doubled start would show."""

import itertools

import pytest

from saga.messages import Envelope
from tests.gateway.desk import Desk, request, start, stop

STATE = "SELECT state, revision, starts, stops FROM fulfilment.fulfilment WHERE order_id = 'o-1'"


async def state(desk: Desk) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await desk.rows(STATE)]


async def test_an_order_is_started_once_however_often_the_command_comes(desk: Desk) -> None:
    for _ in range(3):
        await desk.send_fulfilment(start("o-1"), start("o-1"))
    assert await state(desk) == [("started", 1, 1, 0)]
    ((deliveries,),) = await desk.rows("SELECT deliveries FROM fulfilment.command")
    assert deliveries == 6


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("arriving", list(itertools.permutations([start("o-1", 1), stop("o-1", 2)])))
async def test_a_stop_holds_in_either_order_of_arrival(
    desk: Desk, arriving: tuple[Envelope, ...], together: bool
) -> None:
    for batch in [arriving] if together else [(one,) for one in arriving]:
        await desk.send_fulfilment(*batch)
    ((reached, revision, *_),) = await state(desk)
    assert (reached, revision) == ("stopped", 2)


async def test_a_start_that_comes_after_its_stop_is_superseded(desk: Desk) -> None:
    await desk.send_fulfilment(stop("o-1", 2))
    await desk.send_fulfilment(start("o-1", 1))
    assert await state(desk) == [("stopped", 2, 0, 1)]
    assert await desk.results("fulfilment") == {stop("o-1").id: "stopped", start("o-1").id: "superseded"}


async def test_a_second_start_command_shows(desk: Desk) -> None:
    await desk.send_fulfilment(start("o-1", 1))
    await desk.send_fulfilment(start("o-1", 2))
    assert await state(desk) == [("started", 2, 2, 0)]


async def test_a_payment_command_is_none_for_fulfilment(desk: Desk) -> None:
    wrong = request("o-1")
    await desk.send_fulfilment(wrong, start("o-1"))
    assert await state(desk) == [("started", 1, 1, 0)]
    assert (await desk.rejected("fulfilment"))[wrong.raw.body].startswith("unknown command 'RequestPayment'")
