"""Arguments: for each statement those of a busy service, in a database that filling.py filled.

``count`` is the number of instances there, o-1 to o-<count>; it divides by a hundred. The process's own log ends at
half of it, the orders' and the payments' at a fifth each, the scheduler's at a tenth. Recorded are the last fifth.
"""

from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Any
from uuid import uuid4

from saga.modules.reader import WIDEST_STRETCH
from saga.postgres import as_rows

Arguments = dict[str, Any]
Cases = dict[str, Arguments]

BATCH = 200
"""Messages in one durable step."""
PAGE = 500
"""Events in one reading of a log."""
LEASE = timedelta(seconds=5)


def arguments(count: int) -> dict[str, Cases]:
    """By the statement's name: one or several calls, by what is special about each."""
    return {
        **_inbox(count),
        **_instances(count),
        **_cursors(count),
        **_heartbeat(),
        **_modules(count),
        **_transport(count),
        **_postgres(),
        **_scheduler(),
        **_reading(count),
        **_replay(count),
        **_repaired_cursors(count),
        **_retention(count),
        **_erasure(count),
    }


def _one(**given: Any) -> Cases:
    return {"": given}


def _inbox(count: int) -> dict[str, Cases]:
    positions = {"modules": ["orders"] * BATCH, "positions": _last(count // 5)}
    messages = {"sources": ["/modules/orders"] * BATCH, "message_ids": [f"orders-{n}" for n in _last(count // 5)]}
    nothing: list[None] = [None] * BATCH
    keyed: Arguments = {"consumer": "order", "modules": nothing, "positions": nothing, "keys": _digests()}
    placed = keyed | positions | {"keys": nothing}
    taken: Cases = {
        "with positions": placed,
        "without positions": keyed,
        "of which half are new": placed | {"positions": [n + BATCH // 2 for n in _last(count // 5)]},
    }
    return {
        "engine/insert_inbox": {
            case: inbox_rows(given | messages) | {"redriven": redriven}
            for given_case, given in taken.items()
            for case, redriven in ((given_case, False), (f"{given_case}, redriven", True))
        },
        "engine/count_pruned": {case: given | {"redriven": False} for case, given in taken.items()},
        "engine/read_inbox_tombstones": _one(consumer="order", keys=_digests()),
        "engine/count_repeated_positions": _one(consumer="order", **positions),
        "engine/count_repeated_messages": _one(consumer="order", **messages),
        "engine/forget_positions": _one(consumer="order", **positions),
        "engine/forget_messages": _one(consumer="order", **messages),
        "engine/verify_positions": {
            "of one log": positions,
            "of two logs": {"modules": ["orders", "payments"] * (BATCH // 2), "positions": _last(count // 10)},
        },
        "engine/keep_dead_letters": _one(consumer="order", **_letters(count)),
        "engine/fail_again": _one(dead_letter_id=1, reason="again"),
        "engine/close_dead_letters": _one(dead_letter_ids=list(range(1, BATCH)), state="redriven"),
    }


def _instances(count: int) -> dict[str, Cases]:
    ids = _ids(count)
    return {
        "engine/insert_missing_instances": {
            "that exist": {"process": "order", "process_version": 1, "process_ids": ids},
            "that are new": {"process": "order", "process_version": 1, "process_ids": [f"new-{n}" for n in ids]},
        },
        "engine/lock_instances": {
            "young ones": {"process": "order", "process_ids": ids, "most_bytes": 10**7},
            "all over the table": {
                "process": "order",
                "process_ids": [f"o-{n}" for n in range(1, count, count // BATCH)],
                "most_bytes": 10**7,
            },
        },
        "engine/read_instance_tombstones": _one(process="order", process_ids=ids),
        "engine/revive_instances": _one(process="order", process_ids=[f"old-{n}" for n in range(1, BATCH)]),
        "engine/delete_unborn_instances": _one(process="order", process_ids=ids),
        "engine/update_instances": _one(
            process="order",
            process_version=1,
            process_ids=ids,
            instances=as_rows(
                {"process_id": one, "stream_version": 3, "outcome": "paid", "settled": True, "state": {}} for one in ids
            ),
        ),
        "engine/arm_timers": _one(
            process="order",
            timers=as_rows(
                {
                    "process_id": one,
                    "name": "payment",
                    "emits": "PaymentTimedOut",
                    "data": {},
                    "metadata": {},
                    "delay_seconds": 60.0,
                }
                for one in ids
            ),
        ),
    }


def _cursors(count: int) -> dict[str, Cases]:
    return {
        "engine/insert_cursors": _one(consumer="order", modules=["orders", "payments", "scheduler"]),
        "engine/insert_cursor_advances": _one(
            consumer="order",
            modules=["orders"] * BATCH,
            afters=[n - 1 for n in _last(count // 5)],
            positions=_last(count // 5),
        ),
        "engine/fold_cursors": _one(consumer="order"),
    }


def _modules(count: int) -> dict[str, Cases]:
    """Logs are read in stretches, which are wide where there is little to find."""
    ids = _ids(count)
    orders = {"module": "orders", "after": count // 10, "horizon": count // 10 + PAGE, "limit": PAGE}
    payments = orders | {"module": "payments"}
    own = orders | {"module": "order-process"}
    first, wide = {"after": 0, "horizon": PAGE}, {"horizon": count // 10 + WIDEST_STRETCH}
    newest = {"after": count // 5 - 10, "horizon": count // 5}
    nothing = {"handled": "{}"}
    much = {"handled": f"{{{', '.join(f'[{n},{n + 5})' for n in range(count // 10, count // 5, 10))}}}"}
    return {
        "modules/lock_module": _one(module="orders"),
        "modules/create_module": _one(module="orders"),
        "modules/read_horizon": _one(module="orders"),
        "modules/read_open_transactions": _one(),
        "modules/read_all": {"of the process": own, "of the orders": orders, "the newest": orders | newest},
        "modules/read_public": {
            "from the beginning": orders | first | nothing,
            "from the middle": orders | nothing,
            "where all is public": payments | nothing,
            "where nothing is": own | wide | nothing,
            "the newest": orders | newest | nothing,
            "between much that is handled": orders | much,
        },
        "modules/read_outgoing": {
            "of the process": own,
            "of the orders": orders,
            "the newest": orders | newest,
            "where there is little": orders | wide,
        },
        "modules/read_commands": {
            "from the middle": own | {"target": "gateway"},
            "where there is little": own | wide | {"target": "elsewhere"},
        },
        "modules/read_stream_versions": _one(module="order-process", stream_ids=ids),
        "modules/read_stream": _one(module="order-process", stream_id=f"o-{count}"),
        "modules/insert_events": {
            "at the next versions": _events(count, {"nth_of_stream": 1}),
            "at given versions": _events(count, {"stream_version": 3}),
        },
    }


def _transport(count: int) -> dict[str, Cases]:
    return {
        "transport/list_unread": _one(consumer="relay"),
        "transport/hold_cursor": _one(consumer="relay", module="orders"),
        "transport/move_cursor": _one(consumer="relay", module="orders", position=count // 5),
        "transport/read_progress": _one(consumer="order", modules=["orders", "payments", "scheduler"]),
        "transport/read_handled": _one(consumer="order", module="orders", pruned_position=0),
        "transport/has_advances": _one(consumer="order"),
        "transport/hold_feed": _one(consumer="order", module="orders"),
        "transport/clear_alarms": _one(consumer="order", modules=["orders", "payments", "scheduler"]),
        "transport/raise_alarm": _one(consumer="order", module="orders", alarm="the log can't be reached"),
    }


def _postgres() -> dict[str, Cases]:
    return {
        "postgres/prove_commit": _one(slot=uuid4(), token=uuid4()),
        "postgres/find_proof": _one(slot=uuid4(), token=uuid4()),
        "postgres/remove_slots": _one(),
    }


def _scheduler() -> dict[str, Cases]:
    return {"scheduler/claim_due": _one(limit=BATCH), "scheduler/next_due": _one()}


def _heartbeat() -> dict[str, Cases]:
    service = {"service": "worker", "host": "here", "pid": 7}
    loops = ["consumer saga.order", "relay of order-process"]
    return {
        "heartbeat/beat": _one(**service, known=loops, loops=loops, reasons=[None, "no answer"]),
        "heartbeat/end_frozen": _one(),
        "heartbeat/leave": _one(**service),
    }


def _reading(count: int) -> dict[str, Cases]:
    ids = _ids(count)
    order = {"process": "order", "module": "order-process"}
    any_letter = {"state": None, "process_id": None, "type": None, "text": None}
    listed = {
        "modules": ["order-process", "orders"],
        "grace": LEASE,
        "limit": 50,
        "collaborators": ["gateway", "fulfilment"],
    }
    letters: Arguments = {"process_id": "o-10", "consumer": "order", "modules": ["order-process", "orders"]}
    return {
        "reading/count_answered": _one(**order, process_ids=ids, message_ids_begin="orders-"),
        "reading/count_open_dead_letters": _one(),
        "reading/count_timers": _one(),
        "reading/find_successor": _one(dead_letter_id=count // 200, body=b"{}"),
        "reading/find_tail": _one(module="orders", limit=50),
        "reading/list_modules": _one(),
        "reading/list_dead_letters": {
            "in any state": {**any_letter, "limit": 50},
            "open": {**any_letter, "state": "open", "limit": 50},
        },
        "reading/read_blocked": _one(),
        "reading/read_overdue": _one(),
        "reading/read_services": _one(),
        "reading/list_newest": {
            "with any outcome": order | {"outcome": None, "limit": 50},
            "with one outcome": order | {"outcome": "paid", "limit": 50},
        },
        "reading/list_newest_open": _one(process="order", outcome="awaiting payment", limit=50),
        "reading/list_open_dead_letters": {
            "of all": {"process_id": "o-10", "consumer": None, "modules": [], "limit": 200},
            "of a process": letters | {"limit": 200},
        },
        "reading/count_open_dead_letters_of": _one(**letters),
        "reading/read_stream_page": _one(module="order-process", stream_id=f"o-{count}", before=2**63 - 1, limit=201),
        "reading/read_revival": _one(module="order-process", stream_id=f"o-{count}"),
        "reading/list_open_ids": _one(),
        "reading/list_stuck": {
            "with any outcome": order | listed | {"outcome": None},
            "with one outcome": order | listed | {"outcome": "awaiting payment"},
        },
        "reading/read_cursors": _one(),
        "reading/read_dead_letters": _one(dead_letter_ids=[1, 2, 3]),
        "reading/read_holes": _one(most=100),
        "reading/read_instance": _one(process="order", process_id=f"o-{count}"),
        "reading/read_modules": _one(),
        "reading/list_unsent": _one(process_id="o-10", module="order-process"),
        "reading/read_obstacles": _one(**order, modules=["order-process", "orders"], process_ids=ids),
        "reading/read_outbox": _one(),
        "reading/read_outcomes": _one(**order, process_ids=ids),
        "reading/read_handed_on": _one(consumers=["relay", "gateway", "fulfilment"], module="orders"),
        "reading/read_repeats": _one(
            consumer="order",
            modules=["orders"] * 5 + [None] * 5,
            positions=[*range(1, 6), *[None] * 5],
            sources=["/modules/orders"] * 10,
            message_ids=[f"orders-{n}" for n in range(10)],
        ),
        "reading/read_tombstone": _one(process="order", process_id="old-1"),
        "reading/read_timers": _one(process="order", process_id=f"o-{count}"),
        "reading/read_version": _one(),
    }


def _repaired_cursors(count: int) -> dict[str, Cases]:
    this = {"consumer": "order", "module": "orders"}
    log = {"last_position": count, "begin": count // 10}
    asked = log | {"is_here": False, "asked_at": datetime.now(UTC)}
    return {
        "replay/hold_cursor": _one(**this),
        "replay/drop_cursor_advances": _one(**this),
        "replay/release_false_positions": {
            "elsewhere": this | asked,
            "here": this | asked | {"module": "nobody's", "is_here": True},
        },
        "replay/prove_handled_here": _one(**this, **log, types=["OrderPlaced"]),
        "replay/prove_handled_elsewhere": _one(**this, **log),
        "replay/set_cursor": _one(**this, handled="{[1,9),[20,30)}"),
        "replay/delete_cursors": _one(consumer="order", modules=["orders", "payments"]),
    }


def _replay(count: int) -> dict[str, Cases]:
    ids = _ids(count)
    order = {"process": "order", "module": "order-process"}
    return {
        "audit/read_answered": _one(
            own="order-process", process_ids=ids, module="orders", positions=list(range(1, PAGE))
        ),
        "audit/find_commands": _one(
            own="order-process", process_ids=ids, collaborator="gateway", command_ids=[f"c-{n}" for n in range(PAGE)]
        ),
        "audit/read_collaborators": _one(collaborators=["gateway", "fulfilment"]),
        "audit/read_given_up": _one(command_ids=[f"c-{n}" for n in range(PAGE)]),
        "audit/read_sent": _one(
            own="order-process", collaborator="gateway", after=count // 8, upto=count // 4, limit=PAGE
        ),
        "audit/read_came_back": _one(process="order", own="order-process", process_ids=ids),
        "audit/read_cursors": _one(consumer="order", modules=["orders", "payments"]),
        "audit/read_events": {
            case: {"module": "orders", "after": count // 8, "upto": count // 4, "limit": PAGE} | covered
            for case, covered in {
                "below the cursor": {"watermark": count // 4, "handled": "{}"},
                "beyond it": {"watermark": 0, "handled": f"{{[{count // 8},{count // 4})}}"},
            }.items()
        },
        "audit/read_letters": _one(consumer="order", module="orders", positions=list(range(1, PAGE))),
        "replay/find_next": {
            "from the beginning": order | {"after": "", "limit": PAGE},
            "from the middle": order | {"after": f"o-{count // 2}", "limit": PAGE},
        },
        "replay/insert_missing_row": _one(**order, process_id=f"o-{count}", process_version=1),
        "replay/lock_row": _one(process="order", process_id=f"o-{count}"),
        "replay/read_rows": _one(process="order", process_ids=ids),
        "replay/read_streams": _one(module="order-process", process_ids=ids),
        "replay/read_timer_names": _one(process="order", process_ids=ids),
        "replay/read_tombstones": _one(**order, process_ids=ids),
        "replay/rearm_timers": _one(
            process="order",
            process_id=f"o-{count}",
            names=["payment"],
            emits=["PaymentTimedOut"],
            data="{}",
            metadata=["{}"],
            dues=[datetime(2030, 1, 1, tzinfo=UTC)],
        ),
    }


def _retention(count: int) -> dict[str, Cases]:
    old = [f"o-{n}" for n in range(count * 8 // 10 + 1, count * 8 // 10 + BATCH + 1)]
    instances = {"process": "order", "process_ids": old}
    entries = {"module": "order-process", "process_ids": old}
    before = datetime.now(UTC)
    return {
        "retention/begin_batch": _one(),
        "retention/read_cutoff": _one(older_than=timedelta(days=30)),
        "retention/read_logs": _one(),
        "retention/read_entries": {
            "from the beginning": {"module": "orders", "after": 0, "reach": count // 5, "limit": PAGE},
            "from the middle": {"module": "order-process", "after": count // 4, "reach": count // 2, "limit": PAGE},
        },
        "retention/find_settled": _one(**instances, module="order-process", before=before, reach=count // 2),
        "retention/claim_settled": _one(**instances, stream_versions=[2] * BATCH),
        "retention/lock_positions": _one(**instances, module="order-process"),
        "retention/lock_messages": _one(**instances, module="order-process"),
        "retention/count_belongings": _one(**instances, module="order-process"),
        "retention/bury_messages": _one(consumer="order", keys=_digests(), digests=_digests()),
        "retention/bury_instances": _one(**instances),
        "retention/delete_timers": _one(**instances),
        "retention/delete_streams": _one(**entries),
        "retention/delete_entries": _one(module="orders", positions=list(range(1, BATCH + 1))),
        "retention/raise_pruned_position": _one(module="orders", position=BATCH),
        "retention/list_named": _one(module="orders"),
        "retention/read_dead_letters": _one(after=0, limit=PAGE),
        "retention/delete_dead_letters": _one(dead_letter_ids=list(range(1, BATCH)), before=before),
    }


def _erasure(count: int) -> dict[str, Cases]:
    order = {"process": "order", "process_id": f"o-{count * 9 // 10}"}
    stream = {"process_id": order["process_id"], "module": "order-process"}
    about = {"own": "order-process", "modules": ["orders", "payments", "scheduler"], "correlate": "order_id"}
    return {
        "erasure/lock_instance": _one(**order),
        "erasure/lock_tombstone": _one(**order),
        "erasure/list_open_letters": _one(**order),
        "erasure/read_stream": _one(**stream, after=0, limit=PAGE),
        "erasure/read_events": _one(**order, **about),
        "erasure/write_tombstone": _one(**order, state="{}"),
        "erasure/write_instance": _one(**order, state="{}", stream_version=2),
        "erasure/erase_timers": _one(**order),
        "erasure/find_collaborators": _one(),
    }


def inbox_rows(given: Arguments) -> Arguments:
    """The messages of these columns, as they are taken in."""
    columns = zip(given["modules"], given["positions"], given["sources"], given["message_ids"], strict=True)
    rows = [
        {"module": module, "position": position, "source": source, "message_id": message_id, "digest": digest.hex()}
        | ({"key": digest.hex()} if position is None else {})
        for digest, (module, position, source, message_id) in zip(_digests(), columns, strict=True)
    ]
    return {"consumer": given["consumer"], "messages": as_rows(rows), "count": len(rows)}


def _events(count: int, version: dict[str, int]) -> Arguments:
    rows = [
        {
            "number": number,
            "stream_id": stream_id,
            "event_id": f"new-{number}",
            "type": "InputTaken",
            "visibility": "internal",
            "data": {},
            "metadata": {},
        }
        | version
        for number, stream_id in enumerate(_ids(count), 1)
    ]
    return {"module": "order-process", "count": BATCH, "last_public_number": None, "events": as_rows(rows)}


def _letters(count: int) -> Arguments:
    nothing: list[None] = [None] * BATCH
    return {
        "fingerprints": _digests(),
        "kinds": ["poison"] * BATCH,
        "reasons": ["wrong data"] * BATCH,
        "types": ["OrderPlaced"] * BATCH,
        "process_ids": _ids(count),
        "sources": ["/modules/orders"] * BATCH,
        "message_ids": _ids(count),
        "modules": nothing,
        "positions": nothing,
        "bodies": [b"{}"] * BATCH,
        "properties": ["{}"] * BATCH,
        "attempts": [1] * BATCH,
    }


def _ids(count: int) -> list[str]:
    """The youngest instances."""
    return [f"o-{n}" for n in _last(count)]


def _last(end: int) -> list[int]:
    return list(range(end - BATCH + 1, end + 1))


def _digests() -> list[bytes]:
    return [md5(str(n).encode(), usedforsecurity=False).digest() for n in range(1, BATCH + 1)]
