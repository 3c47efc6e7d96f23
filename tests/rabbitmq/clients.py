"""Clients that are not ours, each used as its own documentation says. All of them block."""

import base64
import json
import urllib.request
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import pika
from pika.spec import BasicProperties

from tests.rabbitmq.place import Place
from tests.waiting import LIMIT_SECONDS

PERSISTENT = 2


def publish_with_pika(
    place: Place, exchange: str, messages: Iterable[tuple[str | bytes, bytes, BasicProperties]]
) -> None:
    """Send (routing key, body, properties), each of them confirmed and routed."""
    connection = pika.BlockingConnection(pika.URLParameters(place.amqp_url))
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        for routing_key, body, properties in messages:
            channel.basic_publish(exchange, routing_key, body, properties, mandatory=True)
    finally:
        connection.close()


def publish_over_http(
    place: Place, exchange: str, routing_key: str, payload: bytes, properties: Mapping[str, Any]
) -> None:
    """Send one message through the management API; it says whether a queue took it."""
    answer = call_management(
        place,
        "POST",
        f"/api/exchanges/%2F/{quote(exchange, safe='')}/publish",
        {
            "routing_key": routing_key,
            "properties": dict(properties),
            "payload": base64.b64encode(payload).decode(),
            "payload_encoding": "base64",
        },
    )
    assert answer == {"routed": True}


def call_management(place: Place, method: str, path: str, body: object = None) -> Any:
    """What the management API answers, from JSON; None if it says nothing."""
    address = urlsplit(place.management_url)
    user, password = place.login
    login = base64.b64encode(f"{user}:{password}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310 - the stack's own address
        f"{address.scheme}://{address.hostname}:{address.port}{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Basic {login}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=LIMIT_SECONDS) as response:  # noqa: S310
        said = response.read()
    return json.loads(said) if said else None
