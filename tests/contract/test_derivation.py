"""The contract says what messages there are: what is received, what is sent, with which data and headers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from random import Random
from typing import Annotated, Any

import pytest
from pydantic import AliasChoices, AliasPath, BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import core_schema

from saga.contract import ContractError, Kind, Message, contract_of
from saga.contract.comparison import Side, differences
from saga.contract.payloads import event_payload
from saga.convergence import derive_samples
from saga.convergence.enumeration import run_history
from saga.core import (
    CommandTemplate,
    ComputedField,
    Effect,
    Process,
    Register,
    State,
    SubMachine,
    announce,
    count,
    decide,
    every,
    field_of_entry,
    greatest,
    has,
    outcomes,
    total,
    wanted,
)
from saga.core.announcement import said_data
from saga.core.expressions import distinct, total_by
from saga.messages import Envelope, Raw
from saga.messages.cloudevents import decode
from tests.contract.places import PROCESSES, refusals
from tests.rabbitmq.wire import paid, placed

HISTORIES = 50
WITHOUT_COMMANDS = ("parcel", "purchase")
"""The derived samples of these come to no command."""
PROCESS = pytest.mark.parametrize("name", PROCESSES)


def messages(process: Process) -> Mapping[str, Message]:
    return {one.type: one for one in contract_of(process, "saga").messages}


@PROCESS
def test_the_data_of_samples_are_what_the_contract_says(name: str) -> None:
    described = messages(PROCESSES[name])
    samples = derive_samples(PROCESSES[name])
    assert samples
    assert [refusals(described[one.kind.__name__].payload, one.fields) for one in samples] == [[]] * len(samples)


@PROCESS
def test_every_command_of_many_histories_is_what_the_contract_says(name: str, seed: int) -> None:
    process, random = PROCESSES[name], Random(seed)
    described, samples = messages(process), derive_samples(process)
    histories = [random.sample(samples, k=random.randint(1, len(samples))) for _ in range(HISTORIES)]
    commands = [command for history in histories for command in run_history(process, history).commands]
    assert commands or name in WITHOUT_COMMANDS
    for command in commands:
        data = {process.correlate: "i-1", "effect": command.effect, "revision": command.revision, **command.fields}
        assert described[command.type].module == command.collaborator
        assert refusals(described[command.type].payload, data) == []
        assert set(data) == set(described[command.type].payload["properties"])


@pytest.mark.parametrize("raw", [placed("o-1"), paid("o-1")], ids=["placed", "paid"])
def test_headers_that_are_taken_in_are_what_the_contract_says(raw: Raw) -> None:
    envelope = decode(raw)
    assert isinstance(envelope, Envelope)
    headers = messages(PROCESSES["order"])[envelope.type].headers
    assert refusals(headers, dict(raw.headers)) == []
    for name in ("ce-id", "ce-source", "ce-specversion", "ce-type"):
        assert refusals(headers, {key: said for key, said in raw.headers.items() if key != name}) != []


def test_every_announcement_is_what_the_contract_says(seed: int) -> None:
    process, random = PROCESSES["announcing"], Random(seed)
    described, samples, types = messages(process), derive_samples(process), set()
    for _ in range(HISTORIES):
        state = State.start(process)
        for fact in random.sample(samples, k=len(samples)):
            decision = decide(process, state, fact)
            state, said = announce(process, decision.state, decision.outcome)
            if said is not None:
                data = said_data(process, "o-1", "a" * 32, said)
                assert refusals(described[said.type].payload, data) == []
                assert set(data) == set(described[said.type].payload["properties"])
                types.add(said.type)
    assert types == {"OrderClosed", "OrderPaid", "OrderRefunded"}


def test_what_an_announcement_promises_holds_for_all_its_outcomes() -> None:
    described = messages(PROCESSES["announcing"])
    assert described["OrderClosed"].payload["properties"]["outcome"]["enum"] == ["expired", "cancelled"]
    final = {name: described[name].payload["properties"]["final"] for name in ("OrderPaid", "OrderRefunded")}
    assert refusals(final["OrderPaid"], False) == refusals(final["OrderRefunded"], True) == []
    assert refusals(final["OrderRefunded"], False) != []
    assert {"ce-sequence", "ce-previoussequence"} <= set(described["OrderPaid"].headers["required"])


class Condition(Enum):
    ON = "on"
    OFF = "off"


class Phase(Enum):
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True)
class Measured:
    thing: str
    key: str
    level: int
    price: Annotated[Decimal, Field(max_digits=9, decimal_places=2)]
    note: str | None = None
    parts: list["Part"] = field(default_factory=list)


@dataclass(frozen=True)
class Part:
    name: str


MEASURED = Register("measured", of=Measured, key="key")
ONE = Register("one", of=Measured, key="thing")


@dataclass(frozen=True)
class Waited:
    thing: str


def process_of(
    *computed: ComputedField, register: Register = MEASURED, fields: tuple[str, ...] = (), is_early: bool = False
) -> Process:
    template = CommandTemplate("Switch", register if fields else None, fields, computed)
    effect = Effect("light.on", collaborator="lamp", commands={Condition.ON: template})
    machine = SubMachine("phase", Phase.BEFORE, {one: {Measured: Phase.AFTER} for one in Phase})
    wait = SubMachine("wait", Phase.BEFORE, {one: {Waited: Phase.AFTER} for one in Phase})
    table = outcomes(machine, rule=lambda phase: phase)
    how: Any = every(register) if register is MEASURED and fields else Condition.ON
    return Process(
        name="thing",
        version=1,
        correlate="thing",
        inputs={"meters": (Measured, Waited)},
        machines=(machine, wait),
        registers=(register,) if register is MEASURED else (MEASURED, register),
        outcomes=table,
        wanted=(wanted(table, rows=[(Phase.BEFORE, {effect: how} if is_early else {}), (Phase.AFTER, {effect: how})]),),
        settled=frozenset(Phase),
    )


def switch(*computed: ComputedField, **how: Any) -> Any:
    return messages(process_of(*computed, **how))["Switch"].payload


@pytest.mark.parametrize(
    ("expression", "schema"),
    [
        (count(MEASURED), {"type": "integer"}),
        (total(MEASURED, "level"), {"type": "integer"}),
        (greatest(MEASURED, "level"), {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        (has(MEASURED), {"type": "boolean"}),
        (distinct(MEASURED, "key"), {"type": "array"}),
        (total_by(MEASURED, "level", per="key"), {"type": "object"}),
    ],
    ids=str,
)
def test_a_computed_field_has_the_type_of_its_expression(expression: Any, schema: Any) -> None:
    assert switch(ComputedField.of("value", expression))["properties"]["value"] == schema


def test_a_field_that_a_function_computes_can_be_anything_and_a_cumulative_one_says_so() -> None:
    fields = switch(
        ComputedField("anything", (MEASURED,), len),
        ComputedField.of("in_all", count(MEASURED), is_cumulative=True),
        ComputedField.of("sum", total(MEASURED, "price")),
    )["properties"]
    assert fields["anything"] == {"description": "any JSON value: a function computes it"}
    assert fields["in_all"]["description"] == "cumulative: a greater value includes the lesser ones"
    assert (fields["sum"]["type"], refusals(fields["sum"], "-12.50")) == ("string", [])
    assert refusals(fields["sum"], "1e3") != []


def test_an_effect_of_each_entry_is_named_by_its_key() -> None:
    fields = switch(ComputedField.of("level", field_of_entry(MEASURED, "level")), fields=("note",))["properties"]
    assert refusals(fields["effect"], "light.on/k-1") == []
    assert refusals(fields["effect"], "light-on/k-1") != []
    assert fields["level"] == {"type": "integer"}
    assert switch()["properties"]["effect"] == {"const": "light.on"}


def test_a_copied_field_has_the_schema_of_the_message_class() -> None:
    payload = switch(fields=("price", "parts", "note"))
    assert refusals(payload["properties"]["price"], "12.50") == []
    assert refusals(payload["properties"]["price"], 12.5) != []
    assert payload["$defs"]["Part"]["required"] == ["name"]
    assert payload["required"] == ["thing", "effect", "revision", "price", "parts", "note"]


def test_a_copied_field_may_be_null_where_its_message_may_not_have_come() -> None:
    sure = switch(register=ONE, fields=("level",))
    assert sure["properties"]["level"] == {"type": "integer"}
    early = switch(register=ONE, fields=("level",), is_early=True)
    assert early["properties"]["level"] == {"anyOf": [{"type": "integer"}, {"type": "null"}]}


def test_an_event_is_described_by_the_names_that_its_class_reads() -> None:
    class Named(BaseModel):
        thing: Annotated[str, Field(alias="theThing")]
        first: Annotated[str, Field(validation_alias=AliasChoices("one", "two"))]
        deep: Annotated[str, Field(validation_alias=AliasPath("body", "deep"))]

    payload = event_payload(Named)
    assert refusals(payload, {"theThing": "t-1", "one": "1", "deep": "2"}) == []
    assert "theThing" in payload["required"]


def test_two_commands_of_one_type_are_described_by_what_either_has() -> None:
    effects = [
        Effect(name, "lamp", {Condition.ON: CommandTemplate("Switch", computed=fields)})
        for name, fields in (("light", ()), ("heat", (ComputedField.of("level", count(MEASURED)),)))
    ]
    machine = SubMachine("phase", Phase.BEFORE, {one: {Measured: Phase.AFTER} for one in Phase})
    table = outcomes(machine, rule=lambda phase: phase)
    both = dict.fromkeys(effects, Condition.ON)
    process = Process(
        name="thing",
        version=1,
        correlate="thing",
        inputs={"meters": (Measured,)},
        machines=(machine,),
        registers=(MEASURED,),
        outcomes=table,
        wanted=(wanted(table, rows=[(Phase.BEFORE, {}), (Phase.AFTER, both)]),),
        settled=frozenset(Phase),
    )
    found = messages(process)["Switch"]
    assert found.about == ("light", "heat")
    assert refusals(found.payload, {"thing": "t", "effect": "light", "revision": 1}) == []
    assert refusals(found.payload, {"thing": "t", "effect": "heat", "revision": 1, "level": 3}) == []
    assert refusals(found.payload, {"thing": "t", "effect": "heat", "revision": 1}) != []


class Odd:
    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.is_instance_schema(cls)


class Strange(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    thing: str
    odd: Odd


def test_a_class_that_json_schema_can_not_describe_is_named() -> None:
    machine = SubMachine("phase", Phase.BEFORE, {one: {Strange: Phase.AFTER} for one in Phase})
    process = Process(
        name="thing",
        version=1,
        correlate="thing",
        inputs={"meters": (Strange,)},
        machines=(machine,),
        outcomes=outcomes(machine, rule=lambda phase: phase),
        settled=frozenset(Phase),
    )
    with pytest.raises(ContractError, match="Strange has no JSON Schema"):
        contract_of(process, "saga")


def test_the_kinds_are_in_the_order_of_the_declaration() -> None:
    contract = contract_of(PROCESSES["order"], "saga")
    assert [one.type for one in contract.of_kind(Kind.EVENT)] == [*PROCESSES["order"].message_types]
    assert {one.module for one in contract.of_kind(Kind.COMMAND)} == {"gateway", "fulfilment"}


def test_what_one_process_announces_another_one_receives_under_the_same_key() -> None:
    announced, received = (
        {one.routing_key: one.payload for one in contract_of(PROCESSES[name], "saga").of_kind(kind)}
        for name, kind in (("purchase", Kind.ANNOUNCEMENT), ("parcel", Kind.EVENT))
    )
    assert announced.keys() == received.keys() == {"purchase.PurchaseTurned"}
    sides = [Side(one["purchase.PurchaseTurned"], one["purchase.PurchaseTurned"]) for one in (announced, received)]
    # The reader declares a limit, which its proof needs, and no revision comes to.
    assert [one.path for one in differences(*sides)] == ["revision"]
