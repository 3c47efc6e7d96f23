"""What the large processes about a loan are built with."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from saga import CommandTemplate, Effect, Outcomes, SubMachine, Wanted, all_but, wanted
from tests.adversary.kit import Commands, Do, Late, Later, Moves, Out, seen


@dataclass(frozen=True)
class Applied:
    id: str


@dataclass(frozen=True)
class IdentityChecked:
    id: str


@dataclass(frozen=True)
class IdentityRefused:
    id: str


@dataclass(frozen=True)
class IncomeProved:
    id: str


@dataclass(frozen=True)
class IncomeDoubted:
    id: str


@dataclass(frozen=True)
class HouseValued:
    id: str


@dataclass(frozen=True)
class ValuationFailed:
    id: str


@dataclass(frozen=True)
class ContractSigned:
    id: str


@dataclass(frozen=True)
class ContractRevoked:
    id: str


@dataclass(frozen=True)
class InsuranceBought:
    id: str


@dataclass(frozen=True)
class InsuranceEnded:
    id: str


@dataclass(frozen=True)
class FraudFound:
    id: str


@dataclass(frozen=True)
class CustomerDied:
    id: str


@dataclass(frozen=True)
class FilesMoved:
    id: str


@dataclass(frozen=True)
class NoteAdded:
    id: str


KINDS: tuple[type, ...] = (
    Applied,
    IdentityChecked,
    IdentityRefused,
    IncomeProved,
    IncomeDoubted,
    HouseValued,
    ValuationFailed,
    ContractSigned,
    ContractRevoked,
    InsuranceBought,
    InsuranceEnded,
    FraudFound,
    CustomerDied,
    FilesMoved,
    NoteAdded,
)
FLAGS = {kind: seen(kind) for kind in (*KINDS, Late, Later)}


def facts(number: int) -> list[Any]:
    """One message of each of the first kinds."""
    return [kind("i") for kind in KINDS[:number]]


class Side(Enum):
    OPEN = "open"
    GOOD = "good"
    BAD = "bad"


def side(name: str, good: type, bad: type) -> SubMachine[Side]:
    """Bad outranks good."""
    moves: Moves = {
        Side.OPEN: {good: Side.GOOD, bad: Side.BAD},
        Side.GOOD: {good: Side.GOOD, bad: Side.BAD},
        Side.BAD: {good: Side.BAD, bad: Side.BAD},
    }
    return SubMachine(name, Side.OPEN, moves)


IDENTITY = side("identity", IdentityChecked, IdentityRefused)
INCOME = side("income", IncomeProved, IncomeDoubted)
HOUSE = side("house", HouseValued, ValuationFailed)
CONTRACT = side("contract", ContractSigned, ContractRevoked)
INSURANCE = side("insurance", InsuranceBought, InsuranceEnded)
SIDES = (IDENTITY, INCOME, HOUSE, CONTRACT, INSURANCE)


def worst(*cells: Any) -> Out:
    """Failed if one is bad, done if all are good, and other while one is open."""
    if Side.BAD in cells:
        return Out.FAILED
    return Out.DONE if all(cell is Side.GOOD for cell in cells) else Out.OTHER


def paying(name: str = "pay") -> Effect:
    """Something that is done and taken back."""
    commands: Commands = {Do.YES: CommandTemplate(f"Do-{name}"), Do.NO: CommandTemplate(f"Undo-{name}")}
    return Effect(name, "bank", commands, initially=Do.NO)


def followed(table: Outcomes, effect: Effect) -> Wanted:
    """The effect holds while the outcome is done."""
    return wanted(table, rows=[(Out.DONE, {effect: Do.YES}), (all_but(Out.DONE), {effect: Do.NO})])


def table_of(cells: tuple[Any, ...]) -> Out:
    """The worst of two settled parts."""
    return Out.FAILED if Out.FAILED in cells else Out.OTHER if Out.OTHER in cells else Out.DONE
