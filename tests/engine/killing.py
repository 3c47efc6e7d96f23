"""A process whose messages kill whoever handles them: each says how, and where."""

import ctypes
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Any

from pydantic import BaseModel, field_validator

from saga.core import Fact, Process, Reducer, SubMachine, outcomes, wanted


def _go_round() -> None:
    while True:
        pass


def _without_alarm() -> None:
    """As code does that has a time limit of its own, and takes it back."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    _go_round()


def _eat() -> None:
    eaten = []
    while True:
        eaten.append(bytearray(16 * 2**20))


WAYS: dict[str, Callable[[], object]] = {
    "exit": partial(os._exit, 3),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "kill the group": lambda: os.killpg(0, signal.SIGKILL),
    "raise": partial(sys.exit, 3),
    "crash": partial(ctypes.string_at, 0),
    "memory": _eat,
    "loop": _go_round,
    "loop without alarm": _without_alarm,
    "sleep": partial(time.sleep, 10**6),
    "match": partial(re.match, "(a+)+$", "a" * 40 + "b"),
}


NO_TEXT = {"no json": "\ud800", "no jsonb": "\x00"}


def die(how: str) -> None:
    """Die like this; any other word is harmless."""
    if how in WAYS:
        WAYS[how]()


class Knocked(BaseModel):
    """Dies while it is checked (``checked``), or while it is decided (``decided``)."""

    room: str
    checked: str = ""
    decided: str = ""

    @field_validator("checked")
    @classmethod
    def _check(cls, how: str) -> str:
        if how == "bug":
            raise ZeroDivisionError("a validator divides")
        die(how)
        return how


class Door(Enum):
    SHUT = "shut"
    OPEN = "open"


class Visit(Enum):
    EXPECTED = "expected"
    MADE = "made"


def _remember(knocks: Any, fact: Fact) -> Any:
    how = fact.fields["decided"]
    if how == "second" and "first" in knocks:
        os._exit(4)
    if how in NO_TEXT:
        return [NO_TEXT[how]]
    die(how)
    return sorted({*knocks, how})


DOOR = SubMachine("door", Door.SHUT, {Door.SHUT: {Knocked: Door.OPEN}, Door.OPEN: {Knocked: Door.OPEN}})
VISIT = outcomes(DOOR, rows=[(Door.SHUT, Visit.EXPECTED), (Door.OPEN, Visit.MADE)])
doors = Process(
    name="doors",
    version=1,
    correlate="room",
    inputs={"halls": (Knocked,)},
    machines=(DOOR,),
    registers=(Reducer("knocks", of=(Knocked,), start=[], reduce=_remember),),
    outcomes=VISIT,
    wanted=(wanted(VISIT, rows=[(Visit.EXPECTED, {}), (Visit.MADE, {})]),),
    settled=frozenset({Visit.MADE}),
)
