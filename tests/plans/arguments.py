"""Arguments: for each statement those of a busy service, in a database that filling.py filled.

``count`` is the number of instances there, o-1 to o-<count>; it divides by a hundred. The process's own log ends at
half of it, the orders' and the payments' at a fifth each, the scheduler's at a tenth. Recorded are the last fifth.
"""

from uuid import uuid4

from saga.modules.reader import WIDEST_STRETCH
from saga.postgres import as_rows
from tests.plans.operators import erasure, reading, repaired_cursors, replay, retention
from tests.plans.values import BATCH, PAGE, Arguments, Cases, digests, last, one, youngest


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
        **reading(count),
        **replay(count),
        **repaired_cursors(count),
        **retention(count),
        **erasure(count),
    }


def _inbox(count: int) -> dict[str, Cases]:
    positions = {"modules": ["orders"] * BATCH, "positions": last(count // 5)}
    messages = {"sources": ["/modules/orders"] * BATCH, "message_ids": [f"orders-{n}" for n in last(count // 5)]}
    nothing: list[None] = [None] * BATCH
    keyed: Arguments = {"consumer": "order", "modules": nothing, "positions": nothing, "keys": digests()}
    placed = keyed | positions | {"keys": nothing}
    taken: Cases = {
        "with positions": placed,
        "without positions": keyed,
        "of which half are new": placed | {"positions": [n + BATCH // 2 for n in last(count // 5)]},
    }
    return {
        "engine/insert_inbox": {
            case: inbox_rows(given | messages) | {"redriven": redriven}
            for given_case, given in taken.items()
            for case, redriven in ((given_case, False), (f"{given_case}, redriven", True))
        },
        "engine/count_pruned": {case: given | {"redriven": False} for case, given in taken.items()},
        "engine/read_inbox_tombstones": one(consumer="order", keys=digests()),
        "engine/count_repeated_positions": one(consumer="order", **positions),
        "engine/count_repeated_messages": one(consumer="order", **messages),
        "engine/forget_positions": one(consumer="order", **positions),
        "engine/forget_messages": one(consumer="order", **messages),
        "engine/verify_positions": {
            "of one log": positions,
            "of two logs": {"modules": ["orders", "payments"] * (BATCH // 2), "positions": last(count // 10)},
        },
        "engine/keep_dead_letters": one(consumer="order", **_letters(count)),
        "engine/fail_again": one(dead_letter_id=1, reason="again"),
        "engine/close_dead_letters": one(dead_letter_ids=list(range(1, BATCH)), state="redriven"),
    }


def _instances(count: int) -> dict[str, Cases]:
    ids = youngest(count)
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
        "engine/read_instance_tombstones": one(process="order", process_ids=ids),
        "engine/revive_instances": one(process="order", process_ids=[f"old-{n}" for n in range(1, BATCH)]),
        "engine/delete_empty_instances": one(process="order", process_ids=ids),
        "engine/update_instances": one(
            process="order",
            process_version=1,
            process_ids=ids,
            instances=as_rows(
                {"process_id": one, "stream_version": 3, "outcome": "paid", "settled": True, "state": {}} for one in ids
            ),
        ),
        "engine/declare": one(process="order", version=1, form=1, digests="{}"),
        "engine/read_declaration": one(process="order", version=1),
        "engine/arm_timers": one(
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
        "engine/insert_cursors": one(consumer="order", modules=["orders", "payments", "scheduler"]),
        "engine/insert_cursor_advances": one(
            consumer="order",
            modules=["orders"] * BATCH,
            afters=[n - 1 for n in last(count // 5)],
            positions=last(count // 5),
        ),
        "engine/fold_cursors": one(consumer="order"),
    }


def _modules(count: int) -> dict[str, Cases]:
    """Logs are read in stretches, which are wide where there is little to find."""
    ids = youngest(count)
    orders = {"module": "orders", "after": count // 10, "horizon": count // 10 + PAGE, "limit": PAGE}
    payments = orders | {"module": "payments"}
    own = orders | {"module": "order-process"}
    first, wide = {"after": 0, "horizon": PAGE}, {"horizon": count // 10 + WIDEST_STRETCH}
    newest = {"after": count // 5 - 10, "horizon": count // 5}
    nothing = {"handled": "{}"}
    much = {"handled": f"{{{', '.join(f'[{n},{n + 5})' for n in range(count // 10, count // 5, 10))}}}"}
    return {
        "modules/lock_module": one(module="orders"),
        "modules/create_module": one(module="orders"),
        "modules/read_horizon": one(module="orders"),
        "modules/read_open_transactions": one(),
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
        "modules/read_stream_versions": one(module="order-process", stream_ids=ids),
        "modules/read_stream": one(module="order-process", stream_id=f"o-{count}"),
        "modules/insert_events": {
            "at the next versions": _events(count, {"nth_of_stream": 1}),
            "at given versions": _events(count, {"stream_version": 3}),
        },
    }


def _transport(count: int) -> dict[str, Cases]:
    return {
        "feeds/list_unread": one(consumer="relay"),
        "feeds/hold_cursor": one(consumer="relay", module="orders"),
        "feeds/move_cursor": one(consumer="relay", module="orders", position=count // 5),
        "feeds/read_progress": one(consumer="order", modules=["orders", "payments", "scheduler"]),
        "feeds/read_handled": one(consumer="order", module="orders", pruned_position=0),
        "feeds/has_advances": one(consumer="order"),
        "feeds/hold_feed": one(consumer="order", module="orders"),
        "feeds/clear_alarms": one(consumer="order", modules=["orders", "payments", "scheduler"]),
        "feeds/raise_alarm": one(consumer="order", module="orders", alarm="the log can't be reached"),
    }


def _postgres() -> dict[str, Cases]:
    return {
        "postgres/prove_commit": one(slot=uuid4(), token=uuid4()),
        "postgres/find_proof": one(slot=uuid4(), token=uuid4()),
        "postgres/remove_slots": one(),
        "postgres/limit_statements": one(timeout="2000ms"),
    }


def _scheduler() -> dict[str, Cases]:
    return {"saga_scheduler/claim_due": one(limit=BATCH), "saga_scheduler/next_due": one()}


def _heartbeat() -> dict[str, Cases]:
    service = {"service": "worker", "host": "here", "pid": 7}
    loops = ["consumer saga.order", "relay of order-process"]
    return {
        "heartbeat/beat": one(**service, known=loops, loops=loops, reasons=[None, "no answer"]),
        "heartbeat/end_frozen": one(),
        "heartbeat/leave": one(**service),
    }


def inbox_rows(given: Arguments) -> Arguments:
    """The messages of these columns, as they are taken in."""
    columns = zip(given["modules"], given["positions"], given["sources"], given["message_ids"], strict=True)
    rows = [
        {"module": module, "position": position, "source": source, "message_id": message_id, "digest": digest.hex()}
        | ({"key": digest.hex()} if position is None else {})
        for digest, (module, position, source, message_id) in zip(digests(), columns, strict=True)
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
        for number, stream_id in enumerate(youngest(count), 1)
    ]
    return {"module": "order-process", "count": BATCH, "last_public_number": None, "events": as_rows(rows)}


def _letters(count: int) -> Arguments:
    nothing: list[None] = [None] * BATCH
    return {
        "fingerprints": digests(),
        "kinds": ["poison"] * BATCH,
        "reasons": ["wrong data"] * BATCH,
        "types": ["OrderPlaced"] * BATCH,
        "process_ids": youngest(count),
        "sources": ["/modules/orders"] * BATCH,
        "message_ids": youngest(count),
        "modules": nothing,
        "positions": nothing,
        "bodies": [b"{}"] * BATCH,
        "properties": ["{}"] * BATCH,
        "attempts": [1] * BATCH,
    }
