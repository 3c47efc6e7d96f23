"""`/processes/{name}`: a process as it is declared, as it is checked, and with what is in it now."""

from starlette.requests import Request

from saga import operations
from saga.console.drawing import machines
from saga.console.page import Console, Page
from saga.console.pages.tables import effect_table, machine_table, outcome_table, want_tables


async def process(console: Console, request: Request) -> Page:
    """The tables, the diagrams with live counts, and the result of the check."""
    one = console.process(request.path_params["process"])
    counts = await operations.count_outcomes(console.engine, one)
    checked = await console.checks.look(one.name)
    totals: dict[str, int] = {}
    for row in counts.newest:
        totals[row.outcome] = totals.get(row.outcome, 0) + row.instances
    numbers = {outcome: f"{number:,}" for outcome, number in totals.items()}
    values = {
        "process": one,
        "counts": counts,
        "totals": totals,
        "checked": checked,
        "machines": [machine_table(machine) for machine in one.machines],
        "drawn_machines": machines(one),
        "outcomes": outcome_table(one),
        "wants": want_tables(one),
        "effects": effect_table(one),
        "diagram": await console.drawings.process(one, numbers),
        "joint": await console.drawings.joint(one),
    }
    document = checked.document or {"process": one.name, "version": one.version, "note": checked.note}
    return Page("process.html", one.name, values, document, ("logs",))
