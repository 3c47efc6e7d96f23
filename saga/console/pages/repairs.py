"""`/erase` and `/cursors/repair`: what can't be undone is shown first, and asked for with a reason."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from saga import operations
from saga.console.acting import Acting
from saga.console.forms import NotFilled, one_of, reason_in
from saga.console.links import operation_link
from saga.console.page import Console, Page, WronglyAsked, text_in
from saga.core import Process
from saga.documents.text import sentence
from saga.operations import Erasure, NotErasable, OperationFailed, RepairedCursor, UnknownInstances

MOST_ERASED: Final = 100
"""Instances that are erased by one form."""


async def erase(console: Console, request: Request) -> Page | Response:
    """Erase settled instances: what that would remove, and the form that does it."""
    acting = console.acting_for(request)
    if request.method != "POST":
        process = console.process(text_in(request, "process") or next(iter(console.processes)))
        ids = _ids(request.query_params.get("ids", ""))
        return await _erasures(console, acting, process, ids)
    acting, fields = await console.form_of(request)
    process, ids = console.process(one_of(fields, "process")), _ids(one_of(fields, "ids"))
    given = one_of(fields, "reason"), one_of(fields, "actor")
    try:
        who: dict[str, Any] = {"actor": console.actor(request, fields), "reason": reason_in(fields)}
        if not ids:
            raise NotFilled("Name at least one instance.")
    except NotFilled as error:
        return await _erasures(console, acting, process, ids, given=given, problem=str(error))
    erased, failed = await _each(acting, process, ids, who, dry_run=False)
    values = {"process": process, "erased": erased, "failed": failed}
    document = {"erased": list(erased), "failed": failed}
    return Page("erased.html", "Erased", values, document, status=200 if erased else 409)


async def repair(console: Console, request: Request) -> Page | Response:
    """Set the cursors of a module back to what is proved: what would move, and the form that does it."""
    acting = console.acting_for(request)
    if request.method != "POST":
        return await _repairs(acting, text_in(request, "module") or "", ("", ""), None)
    acting, fields = await console.form_of(request)
    module, given = one_of(fields, "module"), (one_of(fields, "reason"), one_of(fields, "actor"))
    try:
        await operations.repair_cursors(
            acting.engine,
            _local(acting, module),
            module,
            actor=console.actor(request, fields),
            reason=reason_in(fields),
        )
    except NotFilled as error:
        return await _repairs(acting, module, given, str(error))
    except OperationFailed as error:
        return await _repairs(acting, module, given, sentence(error))
    newest = await operations.list_operations(acting.engine, limit=1)
    return RedirectResponse(operation_link(newest[0].id), 303)


def _ids(text: str) -> list[str]:
    ids = list(dict.fromkeys(filter(None, (line.replace("\0", "\ufffd").strip() for line in text.splitlines()))))
    if len(ids) > MOST_ERASED:
        raise WronglyAsked(f"One form erases at most {MOST_ERASED} instances: name fewer.")
    return ids


async def _erasures(
    console: Console,
    acting: Acting,
    process: Process,
    ids: list[str],
    *,
    given: tuple[str, str] = ("", ""),
    problem: str | None = None,
) -> Page:
    would, failed = await _each(acting, process, ids, {"actor": "nobody", "reason": "a dry run"}, dry_run=True)
    values = {
        "process": process,
        "names": tuple(console.processes),
        "ids": ids,
        "would": would,
        "failed": failed,
        "given": given,
        "problem": problem,
    }
    document = {"would_erase": list(would), "failed": failed}
    return Page("erase.html", "Erase", values, document, status=400 if problem else 200)


async def _each(
    acting: Acting, process: Process, ids: list[str], who: dict[str, Any], *, dry_run: bool
) -> tuple[dict[str, Erasure], dict[str, str]]:
    """Each instance by itself: what was erased, and why others were not."""
    done: dict[str, Erasure] = {}
    failed: dict[str, str] = {}
    for process_id in ids:
        try:
            done[process_id] = await operations.erase(
                acting.engine, process, process_id, **who, others=acting.processes, dry_run=dry_run
            )
        except (NotErasable, UnknownInstances) as error:
            failed[process_id] = str(error)
    return done, failed


async def _repairs(acting: Acting, module: str, given: tuple[str, str], problem: str | None) -> Page:
    moves: tuple[RepairedCursor, ...] = ()
    try:
        moves = await operations.repair_cursors(
            acting.engine, _local(acting, module), module, actor="nobody", reason="a dry run", dry_run=True
        )
    except OperationFailed as error:
        problem = problem or sentence(error)
    moves = tuple(one for one in moves if one.is_changed)
    values = {"module": module, "moves": moves, "given": given, "problem": problem}
    document = {"module": module, "cursors": [one.consumer for one in moves], "problem": problem}
    return Page("repair.html", "Repair cursors", values, document, status=400 if problem else 200)


def _local(acting: Acting, module: str) -> list[Process]:
    """The processes. Raises NotFilled for a module whose log is in another database: the command can ask that one."""
    if module in acting.remote_modules:
        raise NotFilled(f"The log of {module} is in another database: use `saga cursors repair {module}`.")
    return list(acting.processes)
