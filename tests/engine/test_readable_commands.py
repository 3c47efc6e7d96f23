"""A command that its collaborator could not take, or a deadline beyond every calendar, parks its message alone."""

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import Any, ClassVar

import orjson
import pytest
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine

from saga.core import (
    ARMED,
    CommandTemplate,
    ComputedField,
    Deadline,
    Effect,
    Process,
    Register,
    SubMachine,
    outcomes,
    wanted,
)
from saga.engine import Step
from saga.messages import Envelope, Raw
from saga.messages.strict_json import MAX_BODY_BYTES, parse
from tests.rabbitmq.records import commands, dead_letters


class Parcel(Enum):
    OPEN = "open"
    SENT = "sent"


class Label(Enum):
    PRINTED = "printed"


class Packed(BaseModel):
    parcel: str
    note: Any = None
    seconds: float | None = None


PACKED = Register("packed", of=Packed, key="parcel")
PARCEL = SubMachine("parcel", start=Parcel.OPEN, moves={state: {Packed: Parcel.SENT} for state in Parcel})


@dataclass(frozen=True)
class Spoken:
    """What a figure says for a note: a function of the user's own may say anything."""

    words: ClassVar[dict[str, str]] = {"nul": "a\x00b", "surrogate": "\ud800"}

    def __call__(self, packed: Any) -> Any:
        return [self.words.get(str(one["note"]), one["note"]) for one in packed.values()]


def process() -> Process:
    computed = (ComputedField("notes", (PACKED,), Spoken()),)
    label = Effect("label", "printer", {Label.PRINTED: CommandTemplate("Print", PACKED, ("note",), computed)})
    late = Deadline("late", emits=Packed, after=timedelta(hours=1), override=(PACKED, "seconds"))
    return Process(
        name="parcel",
        version=1,
        correlate="parcel",
        inputs={"hall": (Packed,)},
        machines=(PARCEL,),
        registers=(PACKED,),
        outcomes=outcomes(PARCEL, rule=lambda parcel: parcel),
        wanted=(wanted(PARCEL, rows=[(Parcel.OPEN, {}), (Parcel.SENT, {label: Label.PRINTED, late: ARMED})]),),
        settled=frozenset({Parcel.SENT}),
    )


def packed(parcel: str, **said: Any) -> Envelope:
    data = {"parcel": parcel, **said}
    return Envelope("Packed", f"m-{parcel}", "/hall", data, Raw(orjson.dumps(data)))


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"note": "x" * (MAX_BODY_BYTES // 2)}, "Print can't be sent: the body has .* bytes; 262144 are allowed"),
        ({"note": ["x" * 400] * 400}, "Print can't be sent: the body has"),
        ({"note": [1e-30] * 5_000}, "Print can't be sent: the body has"),
        ({"note": 1e300}, "Print can't be sent: the JSON has an integer of more than 64 bits"),
        ({"note": "nul"}, "no JSON value"),
        ({"note": "surrogate"}, "no JSON value"),
        ({"seconds": 1e12}, "late would be due 11574074 days"),
        ({"seconds": -1e12}, "late would be due -11574075 days"),
        ({"seconds": 1e300}, "late|OverflowError"),
    ],
)
async def test_it_parks_its_message_and_the_others_go_on(
    engine: AsyncEngine, said: dict[str, Any], reason: str
) -> None:
    taken = await Step(engine, process()).handle(
        [packed("good"), packed("bad", **said), packed("better", note="ж" * 9_000)]
    )
    assert (taken.taken, taken.dead) == (2, 1)
    (letter,) = await dead_letters(engine)
    assert (letter.kind, letter.process_id) == ("failed", "bad")
    assert re.search(reason, letter.reason), letter.reason
    sent = await commands(engine)
    assert [one.stream_id for one in sent] == ["good", "better"]
    for one in sent:
        parse(orjson.dumps(one.data) if isinstance(one.data, dict) else one.data.encode())


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 0, 1)])
async def test_seconds_that_are_no_delay_park_no_other_message_of_their_instance(
    engine: AsyncEngine, order: tuple[int, ...]
) -> None:
    """Messages of one order in one batch: two that say the same under two ids, and one whose seconds are no delay."""
    good, again = packed("one"), replace(packed("one"), id="m-again")
    batch = [replace(packed("one", seconds=1e300), id="m-bad"), good, again]
    answered = await Step(engine, process()).handle([batch[number] for number in order])
    assert (answered.taken, answered.ignored, answered.dead) == (1, 1, 1)
    (kept,) = await dead_letters(engine)
    assert (kept.kind, kept.process_id) == ("failed", "one")
    assert kept.reason.startswith("late can't be due 1e+300 seconds from now")
