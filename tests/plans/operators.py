"""Arguments of the statements behind commands: what people read, repair, prune and erase."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from saga.operations.figures import MOST_OUTGOING, MOST_OVERDUE
from tests.plans.values import BATCH, LEASE, PAGE, Arguments, Cases, digests, one, youngest

WITHOUT_ARGUMENTS = (
    "operations/count_armed_timers",
    "operations/count_instances",
    "operations/count_open_dead_letters",
    "operations/count_open_dead_letters_by_kind",
    "operations/count_timers",
    "operations/list_abandoned",
    "operations/list_collaborators",
    "operations/list_modules",
    "operations/read_blocked",
    "operations/read_overdue",
    "operations/read_services",
    "operations/list_open_ids",
    "operations/read_cursors",
    "operations/read_modules",
    "operations/read_outbox",
    "operations/read_pulse",
    "operations/read_version",
)


ORDER = {"process": "order", "module": "order-process"}
MODULES = ["order-process", "orders"]


def reading(count: int) -> dict[str, Cases]:
    return {
        **dict.fromkeys(WITHOUT_ARGUMENTS, one()),
        **_lists(count),
        **_inspected(count),
        **_dead_letters(count),
        **_console(count),
        **_operations(),
        "operations/find_position_before": one(module="orders", since=datetime.now(UTC)),
        "operations/find_tail": one(module="orders", limit=50),
        "operations/read_holes": one(most=100),
        "operations/read_waiting_since": one(
            consumers=["order", "relay", "gateway"],
            modules=["orders", "order-process", "payments"],
            watermarks=[count // 5 - 1_000, count // 2 - 300, count // 10],
            lasts=[count // 5, count // 2, count // 5],
        ),
        "operations/measure_outbox": one(most=MOST_OUTGOING),
        "operations/measure_overdue": one(most=MOST_OVERDUE),
        "operations/count_answered": one(**ORDER, process_ids=youngest(count), message_ids_begin="orders-"),
        "operations/read_outcomes": one(**ORDER, process_ids=youngest(count)),
    }


def _lists(count: int) -> dict[str, Cases]:
    """What lists of instances read."""
    stuck = ORDER | {"modules": MODULES, "grace": LEASE, "limit": 50, "collaborators": ["gateway", "fulfilment"]}
    lost = {"process": "order", "modules": MODULES, "limit": 50}
    return {
        "operations/list_newest": {
            "with any outcome": ORDER | {"outcome": None, "limit": 50},
            "with one outcome": ORDER | {"outcome": "paid", "limit": 50},
        },
        "operations/list_newest_open": one(process="order", outcome="awaiting payment", limit=50),
        "operations/list_stuck": {
            "with any outcome": stuck | {"outcome": None},
            "with one outcome": stuck | {"outcome": "awaiting payment"},
        },
        "operations/list_stuck_unknown": {
            "with any outcome": lost | {"outcome": None},
            "with one outcome": lost | {"outcome": "cancelled"},
        },
        "operations/read_obstacles": one(**ORDER, modules=MODULES, process_ids=youngest(count)),
    }


def _inspected(count: int) -> dict[str, Cases]:
    """What the inspection of one instance reads."""
    stream = {"module": "order-process", "stream_id": f"o-{count}"}
    return {
        "operations/read_instance": one(process="order", process_id=f"o-{count}"),
        "operations/read_stream_page": one(**stream, before=2**63 - 1, limit=201),
        "operations/read_revival": one(**stream),
        "operations/list_unsent": one(process_id="o-10", module="order-process"),
        "operations/read_handed_on": one(consumers=["relay", "gateway", "fulfilment"], module="orders"),
        "operations/read_repeats": one(
            consumer="order",
            modules=["orders"] * 5 + [None] * 5,
            positions=[*range(1, 6), *[None] * 5],
            sources=["/modules/orders"] * 10,
            message_ids=[f"orders-{n}" for n in range(10)],
        ),
        "operations/read_tombstone": one(process="order", process_id="old-1"),
        "operations/read_timers": one(process="order", process_id=f"o-{count}"),
    }


def _dead_letters(count: int) -> dict[str, Cases]:
    any_letter = {"state": None, "process_id": None, "type": None, "text": None, "since": None}
    letters: Arguments = {"process_id": "o-10", "consumer": "order", "modules": MODULES}
    return {
        "operations/find_successor": one(dead_letter_id=count // 200, body=b"{}", properties="{}"),
        "operations/list_dead_letters": {
            "in any state": {**any_letter, "limit": 50},
            "open": {**any_letter, "state": "open", "limit": 50},
        },
        "operations/list_open_dead_letters": {
            "of all": {"process_id": "o-10", "consumer": None, "modules": [], "limit": 200},
            "of a process": letters | {"limit": 200},
        },
        "operations/count_open_dead_letters_of": one(**letters),
        "operations/read_dead_letters": one(dead_letter_ids=[1, 2, 3]),
        "operations/read_owners": one(dead_letter_ids=[1, 2, 3]),
        "operations/read_open_reasons": one(dead_letter_ids=[1, 2, 3]),
    }


def _operations() -> dict[str, Cases]:
    """What is recorded of operations: the last one is on 10,000 dead letters."""
    answered: Arguments = {name: [f"{name}-{n}" for n in range(BATCH)] for name in ("items", "process_ids")}
    answered |= {"processes": ["order"] * BATCH, "answers": ["taken"] * BATCH}
    pace: Arguments = {"batch": 100, "per_second": None, "halt_after": 10}
    return {
        "operations/begin_run": one(operation_id=2_000, request=uuid4(), runner=None, seconds=60.0, **pace),
        "operations/find_overlap": one(ids=["1", "9999"]),
        "operations/find_items": one(process_id="o-15", limit=20),
        "operations/find_request": one(request=uuid4()),
        "operations/hold_run": one(operation_id=1_000, runner=uuid4(), seconds=60.0),
        "operations/end_run": one(operation_id=1_000, state="done", note=None),
        "operations/go_on": one(operation_id=500),
        "operations/list_unanswered": one(operation_id=1_000),
        "operations/record_items": one(operation_id=1_000, **answered),
        "operations/list_operations": one(before=2**63 - 1, limit=51),
        "operations/read_operation": one(operation_id=1_000),
        "operations/count_answers": one(operation_id=1_000),
        "operations/list_items": one(operation_id=1_000, after="4", limit=51),
        "operations/list_acts": one(process="order", process_id="o-15", limit=50),
        "operations/list_letter_acts": one(item="5", limit=50),
    }


def _console(count: int) -> dict[str, Cases]:
    """What the pages of the console read, besides what commands read."""
    now = datetime.now(UTC)
    walk = ORDER | {"looked": 400}
    return {
        "operations/count_open_instances": one(process="order", most=10_001),
        "operations/count_newest_outcomes": one(**ORDER, entries=1_000),
        "operations/count_open_dead_letters_up_to": one(most=10_001),
        "operations/count_due": one(most=10_001),
        "operations/count_waiting_entries": one(most=10_000),
        "operations/list_waiting_entries": one(module="order-process", after=0, limit=51),
        "operations/list_due_timers": {
            "the first": {"due_at": None, "process": "", "process_id": "", "name": "", "limit": 51},
            "after one": {"due_at": now, "process": "order", "process_id": "o-1", "name": "payment", "limit": 51},
        },
        "operations/find_instances": one(process="order", text=f"o-{count}", looked=200, limit=20),
        "operations/find_entries": one(text="nobody's", looked=2_000, limit=20),
        "operations/find_entry": one(module="orders", position=17),
        "operations/walk_newest": {
            "from the end": walk | {"before": 2**63 - 1},
            "from the middle": walk | {"before": count // 4},
        },
        "operations/walk_open": {
            "from the end": {"process": "order", "created_at": None, "process_id": "", "looked": 400},
            "from the middle": {"process": "order", "created_at": now, "process_id": "o-1", "looked": 400},
        },
        "operations/group_dead_letters": one(most=10_000, since=None, limit=50),
        "operations/list_group": one(key="", before=2**63 - 1, most=10_000, limit=50, since=None),
    }


def repaired_cursors(count: int) -> dict[str, Cases]:
    this = {"consumer": "order", "module": "orders"}
    log = {"last_position": count, "begin": count // 10}
    asked = log | {"is_here": False, "asked_at": datetime.now(UTC)}
    return {
        "replay/hold_cursor": one(**this),
        "replay/drop_cursor_advances": one(**this),
        "replay/release_false_positions": {
            "elsewhere": this | asked,
            "here": this | asked | {"module": "nobody's", "is_here": True},
        },
        "replay/prove_handled_here": one(**this, **log, types=["OrderPlaced"]),
        "replay/prove_handled_elsewhere": one(**this, **log),
        "replay/set_cursor": one(**this, handled="{[1,9),[20,30)}"),
        "replay/delete_cursors": one(consumer="order", modules=["orders", "payments"]),
    }


def replay(count: int) -> dict[str, Cases]:
    ids = youngest(count)
    return {
        **_audited(count),
        "replay/find_next": {
            "from the beginning": ORDER | {"after": "", "limit": PAGE},
            "from the middle": ORDER | {"after": f"o-{count // 2}", "limit": PAGE},
        },
        "replay/insert_missing_row": one(**ORDER, process_id=f"o-{count}", process_version=1),
        "replay/lock_row": one(process="order", process_id=f"o-{count}"),
        "replay/read_rows": one(process="order", process_ids=ids),
        "replay/read_streams": one(module="order-process", process_ids=ids),
        "replay/read_timer_names": one(process="order", process_ids=ids),
        "replay/read_tombstones": one(**ORDER, process_ids=ids),
        "replay/rearm_timers": one(
            process="order",
            process_id=f"o-{count}",
            names=["payment"],
            emits=["PaymentTimedOut"],
            data="{}",
            metadata=["{}"],
            dues=[datetime(2030, 1, 1, tzinfo=UTC)],
        ),
    }


def _audited(count: int) -> dict[str, Cases]:
    """What an audit reads of events, commands and logs."""
    ids, places = youngest(count), list(range(1, PAGE))
    own, stretch = {"own": "order-process"}, {"after": count // 8, "upto": count // 4}
    covered = {
        "below the cursor": {"watermark": count // 4, "handled": "{}"},
        "beyond it": {"watermark": 0, "handled": f"{{[{count // 8},{count // 4})}}"},
    }
    events: Arguments = {"module": "orders", "limit": PAGE, **stretch}
    command_ids = [f"c-{n}" for n in range(PAGE)]
    return {
        "audit/read_answered": one(**own, process_ids=ids, module="orders", positions=places),
        "audit/find_commands": one(**own, process_ids=ids, collaborator="gateway", command_ids=command_ids),
        "audit/read_collaborators": one(collaborators=["gateway", "fulfilment"]),
        "audit/read_given_up": one(command_ids=command_ids),
        "audit/read_sent": one(**own, collaborator="gateway", limit=PAGE, **stretch),
        "audit/read_gaps": one(module="orders", **stretch),
        "audit/read_logs": one(),
        "audit/read_came_back": one(process="order", **own, process_ids=ids),
        "audit/read_cursors": one(consumer="order", modules=["orders", "payments"]),
        "audit/read_events": {case: events | how for case, how in covered.items()},
        "audit/read_letters": one(
            consumer="order", module="orders", positions=places, event_ids=[f"e-{n}" for n in range(1, PAGE)]
        ),
    }


def retention(count: int) -> dict[str, Cases]:
    old = [f"o-{n}" for n in range(count * 8 // 10 + 1, count * 8 // 10 + BATCH + 1)]
    instances = {"process": "order", "process_ids": old}
    entries = {"module": "order-process", "process_ids": old}
    before = datetime.now(UTC)
    return {
        "retention/begin_batch": one(),
        "retention/read_cutoff": one(older_than=timedelta(days=30)),
        "retention/read_logs": one(),
        "retention/read_entries": {
            "from the beginning": {"module": "orders", "after": 0, "reach": count // 5, "limit": PAGE},
            "from the middle": {"module": "order-process", "after": count // 4, "reach": count // 2, "limit": PAGE},
        },
        "retention/find_settled": one(**instances, module="order-process", before=before, reach=count // 2),
        "retention/claim_settled": one(**instances, stream_versions=[2] * BATCH),
        "retention/lock_positions": one(**instances, module="order-process"),
        "retention/lock_messages": one(**instances, module="order-process"),
        "retention/count_belongings": one(**instances, module="order-process"),
        "retention/insert_message_tombstones": one(consumer="order", keys=digests(), digests=digests()),
        "retention/bury_instances": one(**instances),
        "retention/delete_timers": one(**instances),
        "retention/delete_streams": one(**entries),
        "retention/delete_entries": one(module="orders", positions=list(range(1, BATCH + 1))),
        "retention/raise_pruned_position": one(module="orders", position=BATCH),
        "retention/list_named": one(module="orders"),
        "retention/read_dead_letters": one(after=0, limit=PAGE),
        "retention/read_operations": one(after=0, before=before, limit=PAGE),
        "retention/count_items": one(operation_ids=list(range(1, PAGE))),
        "retention/delete_items": one(operation_ids=list(range(1, PAGE)), limit=PAGE),
        "retention/delete_dead_letters": one(dead_letter_ids=list(range(1, BATCH)), before=before),
    }


def erasure(count: int) -> dict[str, Cases]:
    order = {"process": "order", "process_id": f"o-{count * 9 // 10}"}
    stream = {"process_id": order["process_id"], "module": "order-process"}
    about = {"own": "order-process", "modules": ["orders", "payments", "scheduler"], "correlate": "order_id"}
    return {
        "erasure/lock_instance": one(**order),
        "erasure/lock_tombstone": one(**order),
        "erasure/list_open_letters": one(**order),
        "erasure/read_stream": one(**stream, after=0, limit=PAGE),
        "erasure/read_events": one(
            **order,
            **about,
            consumers=["order", "order"],
            consumed_from=["orders", "payments"],
            consumed_types=["OrderPlaced", "PaymentReceived"],
        ),
        "erasure/write_tombstone": one(**order, state="{}"),
        "erasure/write_instance": one(**order, state="{}", stream_version=2),
        "erasure/erase_timers": one(**order),
        "erasure/find_collaborators": one(instance="order_id"),
        "erasure/allow_erasing": one(),
        "erasure/erase_letters": one(**order),
        "erasure/rewrite_entries": one(module="order-process", entries='[{"position": 1, "data": {}, "metadata": {}}]'),
        "operations/read_erasure": one(process=order["process"], process_id=order["process_id"]),
    }
