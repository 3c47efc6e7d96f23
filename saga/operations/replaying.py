"""Replay: instances rebuilt from their record and compared with what is stored. See ``saga.verification.replay``."""

from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.core import Process
from saga.engine.declarations import require_same_declaration
from saga.operations.checked import CheckedInstances, DifferingInstance, pages_of, with_page
from saga.verification.replay import Examined, check, check_these
from saga.verification.replay import repair as repair_instance


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a replay found; ``findings`` are the first instances that differ.

    ``repaired`` counts instances of which something was repaired, ``left`` those that still differ.
    """

    instances: CheckedInstances = field(default_factory=CheckedInstances)
    repaired: int = 0
    left: int = 0
    findings: tuple[DifferingInstance, ...] = ()


async def replay(
    engine: AsyncEngine,
    processes: Sequence[Process],
    ids: Sequence[str] | None = None,
    *,
    repair: bool = False,
    limit: int = 100,
    progress: Callable[[ReplayReport], None] | None = None,
) -> ReplayReport:
    """Rebuild instances from their record, compare them with what is stored, and keep the first ``limit`` that differ.

    All instances of these processes, a page at a time beside everything else, or those with these ids. ``repair``
    rewrites rows and timers that differ; it sends no command. ``progress`` is called with the report after each page.

    Raises UnknownInstances with nothing done; DeclarationError, before a repair, if workers of the same version
    declared a process otherwise; Unavailable, or LostRace where others were in a repair's way too often.
    """
    for process in processes if repair else ():
        await require_same_declaration(engine, process)
    report = ReplayReport()
    pages = pages_of(processes, ids, partial(check, engine), partial(check_these, engine))
    async with aclosing(pages):
        async for process, page in pages:
            differing = [one for one in page if one.differences]
            findings = [await _finding(engine, process, one, repairing=repair) for one in differing]
            report = _with(report, process, page, [one for one in findings if one is not None], limit)
            if progress is not None:
                progress(report)
    return report


async def _finding(
    engine: AsyncEngine, process: Process, instance: Examined, *, repairing: bool
) -> DifferingInstance | None:
    """The instance's differences; None if, read again for its repair, it has none."""
    repaired = repairing and instance.repairable
    if repaired:
        instance = await repair_instance(engine, process, instance.process_id)
        repaired = instance.repairable
    if not instance.differences:
        return None
    return DifferingInstance(
        process.name, instance.process_id, instance.process_version, instance.differences, repaired
    )


def _with(
    report: ReplayReport, process: Process, page: Sequence[Examined], findings: Sequence[DifferingInstance], limit: int
) -> ReplayReport:
    return ReplayReport(
        with_page(report.instances, page, process.version, differing=len(findings)),
        report.repaired + sum(one.repaired for one in findings),
        report.left + sum(bool(one.left) for one in findings),
        (*report.findings, *findings)[:limit],
    )
