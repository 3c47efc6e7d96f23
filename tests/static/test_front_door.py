"""What others import: six paths with these names. ``import saga`` loads nothing that touches a server."""

import ast
import runpy
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

HEAVY = ("aio_pika", "aiormq", "asyncio", "asyncpg", "pydantic_settings", "sqlalchemy", "structlog", "typer", "uvloop")


@pytest.mark.parametrize("module", ["saga", "saga.core"])
def test_a_declaration_loads_no_database_no_broker_and_no_settings(
    module: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = f"""if True:
        import sys, time
        before = time.process_time()
        import {module}
        print(time.process_time() - before, *sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, *loaded = done.stdout.split()
    with capsys.disabled():
        print(f"\nimport {module}: {float(seconds) * 1000:.0f} ms of processor time")  # noqa: T201 -- it is reported
    assert set(loaded) & set(HEAVY) == set()


PUBLIC = {
    "saga.collaborator": "Cause Collaborator Command CommandHandler Refusal Result Unavailable monitored traced",
    "saga": """
        ANY ARMED Announces Chooser Column CommandTemplate ComputedField Condition Deadline DeclarationError
        DerivedColumn Direction Effect Entries EntryField EntryFigure EntryTest Expression Fact Figure Outcomes
        Process Reducer Register Selection Stages SubMachine Wanted Wants all_but all_but_first all_but_least
        all_of any_of bands beyond both count distinct each either entries_where every field_of_entry greatest
        has has_partner lacks_partner latest least negated one_of only outcomes owing stages total total_by
        wanted with_partner without_partner
    """,
    "saga.modules": """
        Entry EventRefused Horizon Module NewEvent NoTransaction Pruned Reading StreamConflict Unavailable Visibility
        append connect_engine follow internal read_horizon read_public
    """,
    "saga.operations": """
        Act AnnouncedOutcome AnsweredMessage AuditReport BeingRedriven BeyondLog Blocker BrokerBlocked
        CheckedInstances ClosedDeadLetters ConsumerCursor Correction Count CursorPlace DeadLetter
        DeadLetterGroup Difference DifferingInstance DueCounts EntryNotCorrectable Erasure
        ForeignDeadLetters ForgottenCursor Form Found Gap Health Heartbeat Hole Inspection InstanceFilter
        InstancePage InstancePreview InstanceTimer Kept Lag ListedCollaborator ListedDeadLetter
        ListedInstance ListedModule ListedOperation ListedTimer LogPage LoopState LostRace Migrated
        MissingFields ModuleEnd NeedsPerson NewMessage NoAnswer NoBroker NoConsumer NoCursor NoSuchPlace
        NotConsumed NotCorrectable NotErasable NotLoggable NotRunning NotStrictData OperationFailed
        OperationItem OperationReport Outbox OutcomeCount Overview Pace PreviewedAnswer ProcessCounts
        PruneEnd PruneReport PrunedLog PrunedRows Published QueueDepth RedriveReport Redriven
        RejectedMessage RepairedCursor ReplayReport SentCommand ServiceProcess StrayCommand TakenFact
        TimerCounts UnansweredEvent Unavailable UnknownDeadLetters UnknownFields UnknownInstances
        UnknownModule UnknownOperation WaitingEntry acts_on_instance acts_on_letter append_message audit
        begin_redrive carry_out count_due count_outcomes count_waiting discard erase find follow_log
        forget_cursors group_dead_letters health inspect lag list_abandoned list_collaborators list_cursors
        list_dead_letters list_group list_instances list_modules list_operations list_queues list_timers
        list_waiting migrate overview page_instances preview preview_correction preview_dead_letters prune
        publish read_dead_letters read_log read_operation read_pulse redrive repair_cursors replay
        resume_operation snapshot stop_operation stuck_reason
    """,
    "saga.testing": """
        Finding Grade Kind Report Scenario assert_converges assert_same_end assert_same_everywhere assert_upgrades check
        check_upgrade counterexample derive_samples histories make_fact pairs_of_orders private_database run_history
    """,
    "saga.worker": "Feed STEP_SETTINGS Worker monitored traced",
}
"""What others import, and nothing else: a name that is added or taken away here is a change of the public API."""


@pytest.mark.parametrize("path", PUBLIC)
def test_a_public_path_has_these_names_and_no_others(path: str) -> None:
    module = import_module(path)
    assert sorted(module.__all__) == sorted(PUBLIC[path].split())
    assert all(hasattr(module, name) for name in module.__all__)


def test_the_reference_is_of_these_paths() -> None:
    paths = runpy.run_path(str(ROOT / ".ci/reference.py"))["PATHS"]
    assert {path for path in paths if find_spec(path)} == PUBLIC.keys()


@pytest.mark.parametrize(
    "file", sorted((ROOT / "examples").rglob("*.py")), ids=lambda file: str(file.relative_to(ROOT))
)
def test_an_example_imports_public_names_alone(file: Path) -> None:
    """The enlarged order is built on the order process, which is no part of the library."""
    allowed = {f"{path}.{name}" for path, names in PUBLIC.items() for name in names.split()} | PUBLIC.keys()
    others = ("saga.orders.",) if file.parent.name == "shop" else ()
    found = list(names_of_saga(ast.parse(file.read_text())))
    assert [name for name in found if name not in allowed and not name.startswith(others)] == []


def test_a_name_that_is_not_public_is_found() -> None:
    lines = ["import saga, sagas, saga.engine", "from saga.modules import Module, log", "from saga import operations"]
    assert list(names_of_saga(ast.parse("\n".join(lines)))) == [
        "saga",
        "saga.engine",
        "saga.modules.Module",
        "saga.modules.log",
        "saga.operations",
    ]


def names_of_saga(tree: ast.AST) -> Iterator[str]:
    """What a module imports of saga, by its whole name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name.partition(".")[0] == "saga")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "saga":
            yield from (f"{node.module}.{one.name}" for one in node.names)
