"""The wire format, without a wire: every form is understood, and whatever is not comes back with a reason."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product
from typing import Any

import orjson
import pytest
from cloudevents.core.bindings import rabbitmq
from cloudevents.core.bindings.rabbitmq import RabbitMQMessage
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from saga.messages import UNREADABLE, Envelope, Poison, Raw
from saga.messages.cloudevents import decode
from saga.modules import Entry
from saga.modules.outgoing import Outgoing, encode

DATA = {"order_id": "o-1", "payment_id": "p-1", "amount": 4_200, "currency": "EUR"}
ATTRIBUTES = {
    "specversion": "1.0",
    "id": "m-1",
    "source": "/modules/payments",
    "type": "PaymentReceived",
    "subject": "o-1",
    "sequence": "7",
    "previoussequence": "5",
    "correlationid": "c-1",
    "causationid": "m-0",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
}
NEVER_IN_A_LOG = {name: value for name, value in ATTRIBUTES.items() if "sequence" not in name}


def binary(body: bytes | None = None, **attributes: Any) -> Raw:
    """A message in binary mode; an attribute that is None is left out."""
    said = {name: value for name, value in (ATTRIBUTES | attributes).items() if value is not None}
    return Raw(
        body=orjson.dumps(DATA) if body is None else body,
        routing_key="payments.PaymentReceived",
        content_type="application/json",
        headers={f"ce-{name}": value for name, value in said.items()},
    )


def named(attributes: dict[str, Any], prefix: str) -> Raw:
    """A message in binary mode with these attributes under this prefix."""
    return Raw(body=orjson.dumps(DATA), headers={f"{prefix}{name}": value for name, value in attributes.items()})


def structured(event: object) -> Raw:
    return Raw(body=orjson.dumps(event), content_type="application/cloudevents+json; charset=utf-8")


def plain(**properties: Any) -> Raw:
    return Raw(body=orjson.dumps(DATA), routing_key="payments.PaymentReceived", **properties)


def understood(raw: Raw) -> Envelope:
    envelope = decode(raw)
    assert isinstance(envelope, Envelope), envelope
    return envelope


def assert_says_everything(envelope: Envelope) -> None:
    assert (envelope.type, envelope.id, envelope.source) == ("PaymentReceived", "m-1", "/modules/payments")
    assert (envelope.module, envelope.position, envelope.previous_position) == ("payments", 7, 5)
    assert (envelope.subject, envelope.correlation_id, envelope.causation_id) == ("o-1", "c-1", "m-0")
    assert envelope.traceparent == ATTRIBUTES["traceparent"]
    assert envelope.data == DATA


def test_binary_mode_is_understood() -> None:
    assert_says_everything(understood(binary()))


def test_structured_mode_is_understood() -> None:
    assert_says_everything(understood(structured({**ATTRIBUTES, "data": DATA})))


def test_structured_mode_with_base64_data_is_understood() -> None:
    encoded = "eyJvcmRlcl9pZCI6Im8tMSIsInBheW1lbnRfaWQiOiJwLTEiLCJhbW91bnQiOjQyMDAsImN1cnJlbmN5IjoiRVVSIn0="
    assert_says_everything(understood(structured({**ATTRIBUTES, "data_base64": encoded})))


def test_header_names_are_understood_in_any_case() -> None:
    shouted = {name.upper(): value for name, value in binary().headers.items()}
    assert_says_everything(understood(Raw(body=orjson.dumps(DATA), headers=shouted)))


@pytest.mark.parametrize("prefix", ["cloudEvents:", "cloudEvents_", "cloudevents_"])
def test_the_names_of_the_amqp_binding_are_understood(prefix: str) -> None:
    assert_says_everything(understood(named(ATTRIBUTES, prefix)))


def test_forms_may_be_mixed_where_they_agree() -> None:
    mixed = {**binary(type=None, id=None).headers, **named(ATTRIBUTES, "cloudEvents:").headers}
    assert_says_everything(understood(Raw(body=orjson.dumps(DATA), headers=mixed)))


@pytest.mark.parametrize("attribute", ["specversion", "id", "source", "type", "subject", "sequence"])
@pytest.mark.parametrize(
    "prefixes", [("ce-", "cloudEvents:"), ("cloudEvents_", "ce-"), ("cloudEvents_", "cloudEvents:")]
)
def test_forms_that_contradict_each_other_are_refused_and_neither_is_believed(
    attribute: str, prefixes: tuple[str, str]
) -> None:
    first, second = prefixes
    headers = {**named(ATTRIBUTES, first).headers, **named({attribute: "6"}, second).headers}
    poison = decode(Raw(body=orjson.dumps(DATA), headers=headers, message_id="p", type="P"))
    assert isinstance(poison, Poison)
    assert poison.reason == f"headers contradict each other about {attribute}"
    assert getattr(poison, attribute, None) is None
    assert (poison.position is None) == (attribute in ("source", "sequence"))


def test_a_time_may_be_a_timestamp_of_amqp() -> None:
    moment = datetime(2026, 1, 31, 12, tzinfo=UTC)
    headers = {
        **named({**ATTRIBUTES, "time": moment}, "cloudEvents:").headers,
        "ce-time": "2026-01-31T12:00:00Z",
    }
    assert understood(Raw(body=orjson.dumps(DATA), headers=headers)).time == "2026-01-31T12:00:00Z"


def test_a_sequence_may_be_a_number() -> None:
    assert understood(binary(sequence=7, previoussequence=5)).position == 7


def test_a_plain_message_is_understood_by_its_properties() -> None:
    envelope = understood(plain(type="PaymentReceived", message_id="m-1", correlation_id="c-1"))
    assert (envelope.type, envelope.id, envelope.correlation_id) == ("PaymentReceived", "m-1", "c-1")
    assert (envelope.module, envelope.position) == (None, None)


def test_a_plain_message_without_type_is_what_its_routing_key_ends_with() -> None:
    assert understood(plain(message_id="m-1")).type == "PaymentReceived"


def test_a_message_that_was_never_in_a_log_has_no_position() -> None:
    envelope = understood(binary(sequence=None, previoussequence=None))
    assert (envelope.module, envelope.position, envelope.previous_position) == (None, None, None)


SPELLINGS = {
    f"ce-{''.join(letters)}": "x" for letters in product(*zip("correlation", "CORRELATION", strict=True), "i", "d")
}
NOT_UNDERSTOOD = {
    "no id": (binary(id=None), "has no id"),
    "an empty id": (binary(id=""), "has no id"),
    "a plain message without id": (plain(type="PaymentReceived"), "has no id"),
    "a plain message without type": (Raw(body=b"{}", message_id="m-1"), "has no type"),
    "no source": (binary(source=None), "has no source"),
    "no type": (binary(type=None), "has no type"),
    "no version": (binary(specversion=None), "specversion is None; '1.0' is understood"),
    "version 2.0": (binary(specversion="2.0"), "specversion is '2.0'; '1.0' is understood"),
    "an id that is a number": (binary(id=7), "id is not text: 7"),
    "an id that is a table": (binary(id={"a": [1]}), "id is not text"),
    "an id that is bytes": (binary(id=b"\xff\xfe"), "id is not text"),
    "an endless id": (binary(id="x" * 201), "id is longer than 200 characters"),
    "an id with NUL": (binary(id="m\x00"), "control characters"),
    "a subject with a line break": (binary(subject="o\n1"), "control characters"),
    "a sequence that is a word": (binary(sequence="seven"), "sequence is not a decimal number from 1 on: 'seven'"),
    "sequence 0": (binary(sequence="0"), "sequence is not a decimal number"),
    "a negative sequence": (binary(sequence="-7"), "sequence is not a decimal number"),
    "a sequence in Arabic digits": (binary(sequence="\u0667"), "sequence is not a decimal number"),
    "a sequence that is true": (binary(sequence=True), "sequence is not a decimal number"),
    "a sequence with a fraction": (binary(sequence=7.0), "sequence is not a decimal number"),
    "a sequence beyond every log": (binary(sequence=str(2**63)), "sequence is not a decimal number"),
    "an endless sequence": (binary(sequence="9" * 5_001), "sequence is not a decimal number"),
    "a sequence that follows itself": (binary(previoussequence="7"), "previoussequence 7 is not below sequence 7"),
    "a previous sequence alone": (binary(sequence=None), "previoussequence without sequence"),
    "data that is a list": (binary(b"[1, 2]"), "not a JSON object"),
    "data that is null": (binary(b"null"), "not a JSON object"),
    "no body": (binary(b""), "not JSON"),
    "a structured event that is a list": (structured([1]), "a structured CloudEvent is a JSON object"),
    "a structured event without data": (structured(ATTRIBUTES), "not a JSON object"),
    "base64 that is none": (structured({**ATTRIBUTES, "data_base64": "%%"}), "data_base64"),
    "base64 that is a number": (structured({**ATTRIBUTES, "data_base64": 7}), "data_base64"),
    "base64 of no JSON": (structured({**ATTRIBUTES, "data_base64": "/w=="}), "data_base64: the body is not UTF-8"),
    "base64 beside data": (
        structured({**ATTRIBUTES, "data": DATA, "data_base64": "e30="}),
        "it has data and data_base64",
    ),
    "an id in two spellings": (
        Raw(body=b"{}", headers={**binary().headers, "CE-ID": "m-2"}),
        "id is not text: ['m-1', 'm-2']",
    ),
    "an attribute in thousands of spellings": (
        Raw(body=b"{}", headers={**binary().headers, **SPELLINGS}),
        "correlationid is not text: [",
    ),
    "headers that can't be read": (Raw(body=b"{}", headers={UNREADABLE: b"?"}), "its headers can't be read"),
}


@pytest.mark.parametrize(("raw", "reason"), NOT_UNDERSTOOD.values(), ids=NOT_UNDERSTOOD)
def test_what_is_not_understood_comes_back_with_a_reason_and_its_raw_form(raw: Raw, reason: str) -> None:
    poison = decode(raw)
    assert isinstance(poison, Poison), poison
    assert reason in poison.reason
    assert poison.raw is raw


def test_what_is_known_of_a_message_with_an_unreadable_body_is_kept() -> None:
    poison = decode(binary(b"\xff"))
    assert isinstance(poison, Poison)
    assert (poison.type, poison.id, poison.subject) == ("PaymentReceived", "m-1", "o-1")


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.datetimes()
    | st.decimals()
    | st.builds(Decimal, st.integers()),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=5,
)
PREFIXES = ("ce-", "cloudEvents:", "cloudEvents_")
HEADER_NAMES = st.sampled_from([f"{prefix}{name}" for prefix in PREFIXES for name in ATTRIBUTES]) | st.text()
BODIES = st.binary(max_size=100) | st.just(orjson.dumps(DATA)) | st.just(orjson.dumps({**ATTRIBUTES, "data": DATA}))
PROPERTIES = st.none() | st.text(max_size=20) | st.sampled_from(["application/cloudevents+json", "PaymentReceived"])
RAWS = st.builds(
    Raw,
    body=BODIES,
    routing_key=st.text(max_size=20),
    exchange=st.text(max_size=20),
    content_type=PROPERTIES,
    message_id=PROPERTIES,
    type=PROPERTIES,
    correlation_id=PROPERTIES,
    headers=st.dictionaries(HEADER_NAMES, ANYTHING, max_size=6),
)


@given(RAWS)
def test_decoding_never_raises_whatever_comes(raw: Raw) -> None:
    message = decode(raw)
    assert message.raw is raw
    assert isinstance(message, Envelope) or message.reason


@given(st.dictionaries(st.sampled_from([*ATTRIBUTES, "data"]), ANYTHING), st.booleans())
def test_decoding_never_raises_whichever_attributes_are_wrong(
    wrong: dict[str, Any],
    in_headers: bool,
) -> None:
    event = {**ATTRIBUTES, "data": DATA, **wrong}
    body = json.dumps(event, default=repr).encode()
    raw = binary(**wrong) if in_headers else Raw(body=body, content_type="application/cloudevents+json")
    message = decode(raw)
    assert isinstance(message, Envelope) or message.reason


TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=50)
ENTRIES = st.builds(
    Entry,
    module=st.sampled_from(["payments", "order-process"]),
    position=st.integers(10, 2**62),
    previous_public_position=st.integers(0, 9),
    stream_id=TEXT,
    stream_version=st.integers(1, 9),
    event_id=TEXT,
    type=TEXT,
    target=st.none(),
    data_json=st.dictionaries(TEXT, st.integers(-(2**63), 2**63 - 1) | TEXT, max_size=4).map(json.dumps),
    metadata=st.fixed_dictionaries({}, optional={"correlationid": TEXT, "causationid": TEXT}),
    recorded_at=st.datetimes(timezones=st.just(UTC)),
)


def as_delivered(outgoing: Outgoing) -> Raw:
    return Raw(
        body=outgoing.body,
        routing_key=outgoing.routing_key,
        exchange=outgoing.exchange,
        content_type=outgoing.content_type,
        message_id=outgoing.id,
        type=outgoing.type,
        correlation_id=outgoing.correlation_id,
        headers=outgoing.headers,
    )


@given(ENTRIES)
def test_what_is_encoded_is_decoded_as_it_was(entry: Entry) -> None:
    envelope = understood(as_delivered(encode(entry, "saga")))
    assert (envelope.type, envelope.id, envelope.subject) == (entry.type, entry.event_id, entry.stream_id)
    assert (envelope.module, envelope.position) == (entry.module, entry.position)
    assert envelope.previous_position == entry.previous_public_position
    assert envelope.correlation_id == entry.metadata.get("correlationid")
    assert envelope.causation_id == entry.metadata.get("causationid")
    assert envelope.data == entry.data
    assert datetime.fromisoformat(envelope.time or "") == entry.recorded_at


def entry(**changes: Any) -> Entry:
    fields = {
        "module": "payments",
        "position": 7,
        "previous_public_position": 5,
        "stream_id": "o-1",
        "stream_version": 1,
        "event_id": "m-1",
        "type": "PaymentReceived",
        "target": None,
        "data_json": json.dumps(DATA),
        "metadata": {"correlationid": "c-1", "causationid": "m-0", "traceparent": ATTRIBUTES["traceparent"]},
        "recorded_at": datetime(2026, 1, 31, 12, tzinfo=UTC),
    }
    return Entry(**{**fields, **changes})


def test_an_event_goes_to_everybody_and_a_command_to_its_target() -> None:
    event = encode(entry(), "saga")
    assert (event.exchange, event.routing_key) == ("saga.events", "payments.PaymentReceived")
    command = encode(entry(type="VoidPayment", target="gateway", previous_public_position=None), "saga")
    assert (command.exchange, command.routing_key) == ("saga.commands", "gateway.VoidPayment")
    assert "ce-sequence" not in command.headers


def test_the_official_sdk_reads_in_both_modes_what_we_write() -> None:
    outgoing = encode(entry(), "saga")
    event = rabbitmq.from_rabbitmq_event(RabbitMQMessage(dict(outgoing.headers), outgoing.content_type, outgoing.body))
    assert (event.get_id(), event.get_source(), event.get_type()) == ("m-1", "/modules/payments", "PaymentReceived")
    assert (event.get_subject(), event.get_time()) == ("o-1", datetime(2026, 1, 31, 12, tzinfo=UTC))
    assert (event.get_extension("sequence"), event.get_extension("previoussequence")) == ("7", "5")
    assert event.get_data() == DATA
    again = rabbitmq.from_rabbitmq_event(rabbitmq.to_structured_event(event))
    assert again.get_attributes() == event.get_attributes()


@pytest.mark.parametrize("write", [rabbitmq.to_binary_event, rabbitmq.to_structured_event])
def test_we_read_in_both_modes_what_the_official_sdk_writes(write: Any) -> None:
    written = write(CloudEvent({**ATTRIBUTES, "datacontenttype": "application/json"}, DATA))
    raw = Raw(body=written.body, content_type=written.content_type, headers=written.headers)
    assert_says_everything(understood(raw))
