import pytest

from benchmarks.messages import HOT_ORDERS, INPUTS, Ids, Kind, inputs
from saga.engine.intake import AdmittedMessage, admit
from saga.messages import Envelope, Raw
from saga.messages.cloudevents import decode
from saga.modules.outgoing import Outgoing
from saga.orders import order_process


def _admitted(outgoing: Outgoing) -> AdmittedMessage:
    raw = Raw(
        exchange=outgoing.exchange,
        routing_key=outgoing.routing_key,
        body=outgoing.body,
        headers=dict(outgoing.headers),
        message_id=outgoing.id,
        type=outgoing.type,
        content_type=outgoing.content_type,
    )
    envelope = decode(raw)
    assert isinstance(envelope, Envelope)
    admitted = admit(order_process(), envelope)
    assert isinstance(admitted, AdmittedMessage)
    return admitted


@pytest.mark.parametrize(
    ("kind", "orders"), [(Kind.NEW, 80), (Kind.DUPLICATES, 80), (Kind.FOUR, 20), (Kind.HOT, HOT_ORDERS)]
)
def test_every_message_is_one_that_the_process_takes_in(kind: Kind, orders: int) -> None:
    outgoing = inputs(kind, 80)
    admitted = [_admitted(one) for one in outgoing]
    assert len({one.process_id for one in admitted}) == orders
    assert len({one.id for one in outgoing}) == 80
    assert {one.routing_key for one in outgoing} == (
        {INPUTS[0]} if kind in (Kind.NEW, Kind.DUPLICATES) else set(INPUTS)
    )


@pytest.mark.parametrize("ids", Ids)
def test_two_fillings_have_nothing_in_common(ids: Ids) -> None:
    assert {one.id for one in inputs(Kind.NEW, 10, ids)}.isdisjoint(one.id for one in inputs(Kind.NEW, 10, ids))


def test_ids_in_the_order_of_time_come_after_all_before_them() -> None:
    ids = [one.id for _ in range(2) for one in inputs(Kind.NEW, 20, Ids.BY_TIME)]
    assert ids == sorted(ids)
