"""Audit: compare what is stored with what the declared model makes of the facts. See ``saga.verification.audit``."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine

from saga.core import Process
from saga.operations.checked import CheckedInstances, DifferingInstance, pages_of, with_page
from saga.verification.audit import (
    Audited,
    AuditedCommands,
    AuditedEvents,
    Gap,
    StrayCommand,
    UnansweredEvent,
    audit_commands,
    audit_events,
    audit_logs,
    audit_these,
)
from saga.verification.audit import audit as audit_all


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit found: everything is counted, and the first of each kind are kept.

    - ``findings``: instances that differ from the model. ``left_standing`` counts commands that were sent last although
      nothing is wanted of them now, which is no difference.
    - Of ``events`` that were consumed, ``unanswered`` have no answer: ``unanswered_events``.
    - Of ``commands`` that were compared with collaborators in this database, ``stray`` are on one side only:
      ``stray_commands``.
    - ``gaps`` counts stretches of positions that a log lacks: ``first_gaps``.
    """

    instances: CheckedInstances = field(default_factory=CheckedInstances)
    findings: tuple[DifferingInstance, ...] = ()
    left_standing: int = 0
    events: int = 0
    unanswered: int = 0
    unanswered_events: tuple[UnansweredEvent, ...] = ()
    commands: int = 0
    stray: int = 0
    stray_commands: tuple[StrayCommand, ...] = ()
    gaps: int = 0
    first_gaps: tuple[Gap, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not (self.instances.differing or self.unanswered or self.stray or self.gaps)


async def audit(
    engine: AsyncEngine,
    processes: Sequence[Process],
    ids: Sequence[str] | None = None,
    *,
    limit: int = 100,
    progress: Callable[[AuditReport], None] | None = None,
) -> AuditReport:
    """Compare instances with what the declared tables alone make of their facts, without the engine's own decision.

    All instances of these processes, a page at a time beside everything else, or those with these ids. Without ids it
    is also checked that every consumed event has an answer, that collaborators that keep their commands in this
    database have exactly those of the log, and that no log has a gap. Of each kind the first ``limit`` are kept.
    ``progress`` is called with the report after each page. Raises UnknownInstances, and Unavailable.
    """
    report = AuditReport()
    async with aclosing(_parts(engine, processes, ids, limit)) as machines:
        async for add in machines:
            report = add(report)
            if progress is not None:
                progress(report)
    return report


Add = Callable[[AuditReport], AuditReport]


async def _parts(
    engine: AsyncEngine, processes: Sequence[Process], ids: Sequence[str] | None, limit: int
) -> AsyncGenerator[Add, None]:
    """What each page adds to the report."""
    async with aclosing(pages_of(processes, ids, partial(audit_all, engine), partial(audit_these, engine))) as pages:
        async for process, page in pages:
            yield partial(_with_instances, process, page, limit)
    if ids is not None:
        return
    for process in processes:
        async with aclosing(audit_events(engine, process)) as events:
            async for consumed in events:
                yield partial(_with_events, consumed, limit)
        async with aclosing(audit_commands(engine, process)) as commands:
            async for compared in commands:
                yield partial(_with_commands, compared, limit)
    async with aclosing(audit_logs(engine)) as logs:
        async for gaps in logs:
            yield partial(_with_gaps, gaps, limit)


def _with_instances(process: Process, page: Sequence[Audited], limit: int, report: AuditReport) -> AuditReport:
    found = [
        DifferingInstance(
            process.name, one.process_id, one.process_version, one.differences, left_standing=one.left_standing
        )
        for one in page
        if one.differences
    ]
    return replace(
        report,
        instances=with_page(report.instances, page, process.version, differing=len(found)),
        findings=(*report.findings, *found)[:limit],
        left_standing=report.left_standing + sum(len(one.left_standing) for one in page),
    )


def _with_events(page: AuditedEvents, limit: int, report: AuditReport) -> AuditReport:
    return replace(
        report,
        events=report.events + page.heard,
        unanswered=report.unanswered + len(page.unanswered),
        unanswered_events=(*report.unanswered_events, *page.unanswered)[:limit],
    )


def _with_commands(page: AuditedCommands, limit: int, report: AuditReport) -> AuditReport:
    return replace(
        report,
        commands=report.commands + page.compared,
        stray=report.stray + len(page.astray),
        stray_commands=(*report.stray_commands, *page.astray)[:limit],
    )


def _with_gaps(page: Sequence[Gap], limit: int, report: AuditReport) -> AuditReport:
    return replace(report, gaps=report.gaps + len(page), first_gaps=(*report.first_gaps, *page)[:limit])
