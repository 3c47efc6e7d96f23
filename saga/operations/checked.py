"""Shared by replay and audit: the instances that were looked at, and those that differ."""

from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol, TypeVar

from saga.core import Process
from saga.operations.errors import UnknownInstances
from saga.verification.difference import Difference
from saga.verification.replay import Coverage


class ComparedInstance(Protocol):
    """An instance as replay or audit compared it."""

    @property
    def process_id(self) -> str:
        """Its id."""

    @property
    def coverage(self) -> Coverage:
        """What there was to compare."""

    @property
    def process_version(self) -> int | None:
        """The version of the process that wrote its row; None without one."""

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What differs."""


Seen = TypeVar("Seen", bound=ComparedInstance)
Pages = AsyncGenerator[list[Seen], None]


@dataclass(frozen=True, slots=True)
class CheckedInstances:
    """How many instances were looked at.

    ``checked`` were compared: ``erased`` of them from their erasure on, and ``differing`` differ. ``pruned`` have
    nothing left to compare; ``partly_pruned`` have lost the beginning of their record. ``other_version`` counts rows
    that another version of the process wrote, which alone is no difference.
    """

    checked: int = 0
    differing: int = 0
    erased: int = 0
    pruned: int = 0
    partly_pruned: int = 0
    other_version: int = 0


@dataclass(frozen=True, slots=True)
class DifferingInstance:
    """An instance that differs, and how.

    ``process_version`` is the version of the process that wrote its row; None if it has none. ``repaired`` says whether
    everything repairable was repaired. ``left_standing`` names commands that were sent last although nothing is wanted
    of them now; they are no difference.
    """

    process: str
    process_id: str
    process_version: int | None
    differences: tuple[Difference, ...]
    repaired: bool = False
    left_standing: tuple[str, ...] = ()

    @property
    def left(self) -> tuple[Difference, ...]:
        """The differences that are still there."""
        return tuple(one for one in self.differences if not (self.repaired and one.repairable))


def with_page(
    instances: CheckedInstances, page: Sequence[ComparedInstance], version: int, *, differing: int
) -> CheckedInstances:
    """The counts after one more page of instances of a process of this version."""
    coverages = [one.coverage for one in page]
    return CheckedInstances(
        checked=instances.checked + coverages.count(Coverage.COMPARED) + coverages.count(Coverage.ERASED),
        differing=instances.differing + differing,
        erased=instances.erased + coverages.count(Coverage.ERASED),
        pruned=instances.pruned + coverages.count(Coverage.PRUNED),
        partly_pruned=instances.partly_pruned + coverages.count(Coverage.PARTLY_PRUNED),
        other_version=instances.other_version + sum(one.process_version not in (None, version) for one in page),
    )


async def pages_of(
    processes: Sequence[Process],
    ids: Sequence[str] | None,
    look_at_all: Callable[[Process], Pages[Seen]],
    look_at_these: Callable[[Process, Sequence[str]], Pages[Seen]],
) -> AsyncGenerator[tuple[Process, list[Seen]], None]:
    """Pages of all instances of each process; or of those with these ids, in whichever processes have them.

    All ids are looked up before the first page. Raises UnknownInstances if no process has one of them.
    """
    if ids is None:
        for process in processes:
            async with aclosing(look_at_all(process)) as pages:
                async for page in pages:
                    yield process, page
        return
    wanted = list(dict.fromkeys(ids))
    found = [
        (process, [one for one in page if one.coverage is not Coverage.UNKNOWN])
        for process in processes
        async for page in look_at_these(process, wanted)
    ]
    _require_known(wanted, {one.process_id for _, page in found for one in page})
    for process, page in found:
        yield process, page


def _require_known(wanted: Sequence[str], known: Collection[str]) -> None:
    if unknown := [one for one in wanted if one not in known]:
        raise UnknownInstances(unknown)
