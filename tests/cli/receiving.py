"""Processes that can't be checked together: a child that announces nothing, and two that receive each other."""

from dataclasses import replace
from enum import Enum

from pydantic import BaseModel

from examples.parcel.purchase import purchase
from saga import Announces, Process, SubMachine, outcomes


class Talk(Enum):
    QUIET = "quiet"
    ANSWERED = "answered"


class PingTurned(BaseModel, frozen=True, extra="allow"):
    talk_id: str


class PongTurned(BaseModel, frozen=True, extra="allow"):
    talk_id: str


def talking(name: str, hears: type[BaseModel], of: str, says: str) -> Process:
    machine = SubMachine("talk", Talk.QUIET, {state: {hears: Talk.ANSWERED} for state in Talk})
    return Process(
        name=name,
        version=1,
        correlate="talk_id",
        inputs={f"{of}-process": (hears,)},
        machines=(machine,),
        outcomes=outcomes(machine, rows=[(state, state) for state in Talk]),
        settled=frozenset(Talk),
        announces=Announces(dict.fromkeys(Talk, says)),
    )


silent = replace(purchase, announces=None)
ping = talking("ping", PongTurned, "pong", "PingTurned")
pong = talking("pong", PingTurned, "ping", "PongTurned")
