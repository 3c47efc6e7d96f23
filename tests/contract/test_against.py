"""What a new contract breaks of an earlier one: each change in the direction in which it hurts."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, create_model

from saga.contract import Affected, ContractError, compare, contract_of, to_asyncapi
from saga.core import (
    Announces,
    CommandTemplate,
    ComputedField,
    Effect,
    Process,
    Register,
    SubMachine,
    count,
    outcomes,
    wanted,
)


class Ticket(Enum):
    OPEN = "open"
    DONE = "done"


class Notice(Enum):
    SENT = "sent"


def declared(
    fields: Mapping[str, Any] | None = None,
    *,
    module: str = "desk",
    type_: str = "Reported",
    carried: tuple[str, ...] = ("text",),
    computed: tuple[str, ...] = (),
    types: tuple[str, str] | None = None,
    final: frozenset[Enum] = frozenset(),
    effect: str = "notice",
    commands: tuple[str, ...] = ("SendNotice",),
    extra: Literal["forbid"] | None = None,
) -> Process:
    given = {"ticket": (str, ...), "text": (str, ...)} | dict(fields or {})
    kind: type[BaseModel] = create_model(
        type_, **{name: one for name, one in given.items() if one is not None}, __config__=ConfigDict(extra=extra)
    )
    register = Register("reports", of=kind, key="ticket")
    machine = SubMachine("ticket", Ticket.OPEN, {one: {kind: Ticket.DONE} for one in Ticket})
    further = tuple(ComputedField.of(name, count(register)) for name in computed)
    effects = {
        Effect(
            f"{effect}{number or ''}",
            "mail",
            {Notice.SENT: CommandTemplate(name, register if carried else None, carried, further)},
        ): Notice.SENT
        for number, name in enumerate(commands)
    }
    table = outcomes(machine, rule=lambda ticket: ticket)
    return Process(
        name="ticket",
        version=1,
        correlate="ticket",
        inputs={module: (kind,)},
        machines=(machine,),
        registers=(register,),
        outcomes=table,
        wanted=(wanted(table, rows=[(Ticket.OPEN, {}), (Ticket.DONE, effects)]),),
        settled=frozenset({Ticket.DONE}),
        announces=None if types is None else Announces(dict(zip(Ticket, types, strict=True)), final=final),
    )


def sentences(old: Process, new: Process, *, prefix: str = "saga") -> list[str]:
    found = compare(contract_of(new, prefix), to_asyncapi(contract_of(old, "saga")))
    return [f"{one.affected.value}: {one.sentence}" for one in found]


TEXT = (str, ...)
SAID = ("TicketOpen", "TicketDone")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (declared(), declared(module="shop"), ["senders: desk.Reported is no longer received."]),
        (declared(), declared(type_="Filed"), ["senders: desk.Reported is no longer received."]),
        (
            declared({"note": (str | None, None)}),
            declared({"note": TEXT}),
            [
                "senders: desk.Reported note: is newly required.",
                "senders: desk.Reported note: its type was null or string, is now string.",
            ],
        ),
        (declared(), declared({"level": (int, ...)}), ["senders: desk.Reported level: is newly required."]),
        (
            declared({"level": (int, ...)}),
            declared({"level": (str, ...)}),
            ["senders: desk.Reported level: its type was integer, is now string."],
        ),
        (
            declared({"level": (int, ...)}),
            declared({"level": (int, Field(ge=1))}),
            ["senders: desk.Reported level: its minimum was absent, is now 1."],
        ),
        (
            declared({"note": TEXT}, extra="forbid"),
            declared(extra="forbid"),
            ["senders: desk.Reported note: is no longer accepted."],
        ),
        (declared(), declared(extra="forbid"), ["senders: desk.Reported its data: further fields are refused now."]),
        (
            declared({"level": (Notice, ...)}),
            declared({"level": (Ticket, ...)}),
            ['senders: desk.Reported level: can no longer be "sent".'],
        ),
        (declared(), declared(commands=()), ["readers: mail.SendNotice is no longer sent."]),
        (declared(), declared(carried=()), ["readers: mail.SendNotice text: is no longer sent."]),
        (declared(computed=("n",)), declared(), ["readers: mail.SendNotice n: is no longer sent."]),
        (declared(), declared(effect="letter"), ['readers: mail.SendNotice effect: can be "letter" now.']),
        (
            declared(types=SAID, final=frozenset({Ticket.DONE})),
            declared(types=SAID),
            ["readers: ticket.TicketDone final: can be false now."],
        ),
        (
            declared(types=SAID),
            declared(types=("TicketOpen", "TicketOpen")),
            [
                "readers: ticket.TicketDone is no longer sent.",
                'readers: ticket.TicketOpen outcome: can be "done" now.',
            ],
        ),
        (
            declared(types=SAID),
            declared(),
            ["readers: ticket.TicketDone is no longer sent.", "readers: ticket.TicketOpen is no longer sent."],
        ),
    ],
)
def test_what_breaks_is_named_with_type_and_field(old: Process, new: Process, expected: list[str]) -> None:
    assert sentences(old, new) == expected


def test_a_copied_field_that_widens_breaks_readers_and_no_senders() -> None:
    old, new = declared(), declared({"text": (str | int, ...)})
    assert sentences(old, new) == ["readers: mail.SendNotice text: its type was string, is now integer or string."]
    assert sentences(new, old) == ["senders: desk.Reported text: its type was integer or string, is now string."]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (declared(), declared({"note": (str | None, None)})),
        (declared({"note": TEXT}), declared()),
        (declared({"level": (int, Field(ge=1))}), declared({"level": (int, ...)})),
        (declared(), declared(computed=("n",))),
        (declared(), declared(types=SAID)),
        (declared(types=SAID), declared(types=SAID, final=frozenset({Ticket.DONE}))),
    ],
)
def test_what_breaks_nobody_is_no_finding(old: Process, new: Process) -> None:
    assert sentences(old, new) == []


def test_a_new_command_is_a_note_for_the_collaborator_that_will_get_it() -> None:
    old, new = declared(), declared(commands=("SendNotice", "SendLetter"))
    (found,) = compare(contract_of(new, "saga"), to_asyncapi(contract_of(old, "saga")))
    assert (found.affected, found.breaks) == (Affected.NOBODY, False)
    assert found.sentence == "mail.SendLetter is new: whoever reads saga.mail has to know it before it is sent."


def test_another_prefix_breaks_everybody() -> None:
    assert sentences(declared(), declared(), prefix="other") == [
        "readers: mail.SendNotice had the exchange saga.commands, and now has other.commands.",
        "readers: mail.SendNotice had the queue saga.mail, and now has other.mail.",
        "senders: desk.Reported had the exchange saga.events, and now has other.events.",
    ]


def test_headers_are_compared_as_the_data_are() -> None:
    earlier = to_asyncapi(contract_of(declared(), "saga"))
    messages: Any = earlier["components"]["messages"]
    del messages["events.desk.Reported"]["headers"]["properties"]["ce-id"]["maxLength"]
    messages["commands.mail.SendNotice"]["headers"]["properties"]["ce-extra"] = {"type": "string"}
    found = [one.sentence for one in compare(contract_of(declared(), "saga"), earlier)]
    assert found == [
        "mail.SendNotice header ce-extra: is no longer sent.",
        "desk.Reported header ce-id: its maxLength was absent, is now 200.",
    ]


@dataclass(frozen=True)
class Line:
    price: int
    label: str | None = None


@dataclass(frozen=True)
class NarrowerLine:
    price: int
    label: str


def test_nested_objects_and_lists_are_followed_through_their_definitions() -> None:
    old, new = declared({"lines": (list[Line], ...)}), declared({"lines": (list[NarrowerLine], ...)})
    assert sentences(old, new) == [
        "senders: desk.Reported lines[].label: is newly required.",
        "senders: desk.Reported lines[].label: its type was null or string, is now string.",
    ]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda _: [], "no AsyncAPI 3 document"),
        (lambda one: one | {"asyncapi": "2.6.0"}, "no AsyncAPI 3 document"),
        (lambda _: {"asyncapi": "3.0.0"}, "can't be read as a contract"),
        (lambda one: one | {"info": {"title": "other"}}, "the contract of other, and not of ticket"),
        (lambda one: one | {"channels": {}}, "can't be read as a contract"),
        (lambda one: one | {"components": {**one["components"], "schemas": {}}}, "can't be read: KeyError"),
    ],
)
def test_a_document_that_is_no_contract_of_the_process_is_refused(spoil: Any, said: str) -> None:
    contract = contract_of(declared(), "saga")
    with pytest.raises(ContractError, match=said):
        compare(contract, spoil(to_asyncapi(contract)))


def test_a_broken_schema_inside_of_a_document_is_refused() -> None:
    contract = contract_of(declared(), "saga")
    earlier: Any = to_asyncapi(contract)
    earlier["components"]["schemas"]["events.desk.Reported"]["properties"] = 7
    with pytest.raises(ContractError, match=r"a schema of desk\.Reported can't be read"):
        compare(contract, earlier)
