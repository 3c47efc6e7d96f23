"""A process with more inputs than anybody explores: one switch for each, and a function, so that it is not proved."""

from enum import Enum
from typing import Any

from pydantic import BaseModel, create_model

from saga.core import DerivedColumn, Process, Register, SubMachine, outcomes, wanted


class Switch(Enum):
    OFF = "off"
    ON = "on"


class Result(Enum):
    DONE = "done"


KINDS: tuple[type[BaseModel], ...] = tuple(create_model(f"Switched{number}", room=(str, ...)) for number in range(22))
SWITCHES: tuple[SubMachine[Any], ...] = tuple(
    SubMachine(f"switch-{number}", Switch.OFF, {Switch.OFF: {kind: Switch.ON}, Switch.ON: {kind: Switch.ON}})
    for number, kind in enumerate(KINDS)
)
ROOMS = Register("rooms", of=KINDS[0], key="room")
DONE = outcomes(DerivedColumn("is on", (ROOMS,), lambda rooms: len(rooms) > 0), rule=lambda _: Result.DONE)
many = Process(
    name="many",
    version=1,
    correlate="room",
    inputs={"rooms": KINDS},
    machines=SWITCHES,
    registers=(ROOMS,),
    outcomes=DONE,
    wanted=(wanted(DONE, rows=[(Result.DONE, {})]),),
    settled=frozenset({Result.DONE}),
)
