"""Writes the broker's users and rights as definitions that RabbitMQ imports, for one prefix in one vhost.

The problem: a user who may write to the exchange of events can claim that an order was paid, and a user who may declare
or bind a queue can read all messages. So each service gets a user of its own, with the rights it needs and no others.

The model: the worker declares the whole topology, so only it (and an operator) may configure anything. A collaborator
consumes its queue and publishes nothing: its answers go through its module's log. A module that publishes its events
itself, without a log here, may write to the exchange of events, and only under its own name: a topic permission.

The definitions contain no password and no hash of one: these users can't log in until `rabbitmqctl change_password`
gives each its own. Importing the users again would remove the passwords, so write only permissions the second time.

    python deploy/rabbitmq/definitions.py --prefix saga --vhost saga > definitions.json
    rabbitmqctl import_definitions definitions.json

definitions.json beside this file is its output with the defaults.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from saga.core import Process
from saga.core.routing import first_word
from saga.orders import order_process
from saga.rabbitmq.topology import Topology, topology


@dataclass(frozen=True, slots=True)
class User:
    """The names of exchanges and queues that a service's user may configure, write and read.

    ``publishes_for`` is the only module under whose name it may publish events, and ``receives`` the only process whose
    announcements it may bind a queue to; None if that is not restricted.
    """

    service: str
    configures: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    publishes_for: str | None = None
    receives: str | None = None
    tag: str = ""


def users(
    process: Process, wanted: Topology, publishers: Iterable[str], listeners: Iterable[str] = ()
) -> Iterator[User]:
    """The users that a process needs at the broker."""
    queues = tuple(queue.name for queue in wanted.queues)
    everything = (wanted.events, wanted.commands, wanted.undelivered, *queues)
    collaborators = {name: wanted.queue(name) for name in process.collaborators}
    yield User("worker", everything, everything, everything)
    for name, queue in collaborators.items():
        yield User(name, reads=(queue,))
    yield User("gateway-stub", reads=tuple(collaborators.values()))
    for module in publishers:
        yield User(module, writes=(wanted.events,), publishes_for=module)
    for name in listeners:
        queue = wanted.queue(name)
        yield User(name, (queue,), (queue,), (queue, wanted.events), receives=process.name)
    yield User("operator", everything, everything, everything, tag="management")
    yield User("monitoring", tag="monitoring")


def definitions(wanted: Topology, vhost: str, known: Iterable[User]) -> dict[str, list[dict[str, Any]]]:
    """The users in the format of the broker's import; each is named <prefix>-<service>."""
    named = {f"{wanted.prefix}-{user.service}": user for user in known}
    return {
        "vhosts": [{"name": vhost}],
        "users": [{"name": name, "password_hash": "", "tags": user.tag} for name, user in named.items()],
        "permissions": [
            {
                "user": name,
                "vhost": vhost,
                "configure": _only(user.configures),
                "write": _only(user.writes),
                "read": _only(user.reads),
            }
            for name, user in named.items()
        ],
        "topic_permissions": [
            {
                "user": name,
                "vhost": vhost,
                "exchange": wanted.events,
                "write": _under(user.publishes_for),
                "read": _under(user.receives),
            }
            for name, user in named.items()
            if user.publishes_for is not None or user.receives is not None
        ],
    }


def _under(first: str | None) -> str:
    """A pattern that matches the routing keys with this first word; without one only the empty key."""
    return "^$" if first is None else rf"^{re.escape(first)}\.[^.]+$"


def _only(names: Iterable[str]) -> str:
    """A pattern that matches only these names; without names it matches only the empty one."""
    return f"^({'|'.join(re.escape(name) for name in names)})$" if names else "^$"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Write the broker's users and rights as definitions to import.")
    parser.add_argument("--prefix", default="saga", help="as SAGA_PREFIX")
    parser.add_argument("--vhost", default="saga", help="the vhost of SAGA_AMQP_URL")
    parser.add_argument(
        "--publisher",
        action="append",
        metavar="MODULE",
        help="a module that publishes its events itself; may be repeated; orders, if none is given",
    )
    parser.add_argument(
        "--listener",
        action="append",
        metavar="NAME",
        help="a client that receives what the process announces, in the queue PREFIX.NAME of its own; may be repeated",
    )
    parser.add_argument("--permissions-only", action="store_true", help="leave the users and their passwords alone")
    return parser.parse_args()


def main() -> None:
    """Write the definitions to standard output."""
    chosen = _arguments()
    process = order_process()
    if forger := next((one for one in chosen.publisher or () if first_word(one) == process.name), None):
        sys.exit(f"{forger} would publish under {process.name}.*, which is what the process {process.name} announces")
    wanted = topology(chosen.prefix, process)
    written = definitions(
        wanted, chosen.vhost, users(process, wanted, chosen.publisher or ["orders"], chosen.listener or ())
    )
    if chosen.permissions_only:
        del written["users"]
    json.dump(written, sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
