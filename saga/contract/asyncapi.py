"""The contract as an AsyncAPI 3 document: for each message a channel, an operation and its schemas.

A channel is a routing key of one exchange; a queue that is bound to it is an extension, because the AMQP binding
describes either an exchange or a queue. The application is the process: it receives events, and sends the rest.
"""

from typing import Any, Final

from saga.contract.contract import Contract, Kind, Message
from saga.contract.schemas import Schema, placed

VERSION: Final = "3.0.0"
BINDING: Final = {"bindingVersion": "0.3.0"}
SCHEMAS: Final = "#/components/schemas/"
FOLDERS: Final = {Kind.EVENT: "events", Kind.COMMAND: "commands", Kind.ANNOUNCEMENT: "events"}

Document = dict[str, Any]


def to_asyncapi(contract: Contract) -> Document:
    """The document, as JSON values; the same contract gives the same document."""
    messages = {key_of(one): one for one in contract.messages}
    schemas = {name: one for key, message in messages.items() for name, one in _schemas(key, message)}
    return {
        "asyncapi": VERSION,
        "info": {
            "title": contract.name,
            "version": str(contract.version),
            "description": (
                f"What the process {contract.name} receives and sends. Messages are CloudEvents 1.0 in binary mode "
                "over AMQP 0-9-1; the address of a channel is the routing key."
            ),
        },
        "defaultContentType": "application/json",
        "channels": {key: _channel(key, one) for key, one in messages.items()},
        "operations": {f"{_action(one)}.{key}": _operation(key, one) for key, one in messages.items()},
        "components": {
            "messages": {key: _message(key, one) for key, one in messages.items()},
            "schemas": dict(sorted(schemas.items())),
        },
    }


def key_of(message: Message) -> str:
    """The name of a message, and of all about it, in a document."""
    name = f"{FOLDERS[message.kind]}.{message.routing_key}"
    return "".join(one if one.isascii() and (one.isalnum() or one in "._-") else f"_{ord(one):x}_" for one in name)


def _action(message: Message) -> str:
    return "send" if message.kind.is_sent else "receive"


def _channel(key: str, message: Message) -> Document:
    binding: Document = {
        "is": "routingKey",
        "exchange": {"name": message.exchange, "type": "topic", "durable": True, "autoDelete": False},
        **BINDING,
    }
    if message.queue is not None:
        binding["x-queue"] = {
            "name": message.queue.name,
            "type": "quorum",
            "durable": True,
            "exclusive": False,
            "autoDelete": False,
            "bindings": list(message.queue.bindings),
        }
    return {
        "address": message.routing_key,
        "messages": {message.type: {"$ref": f"#/components/messages/{key}"}},
        "bindings": {"amqp": binding},
    }


def _operation(key: str, message: Message) -> Document:
    return {
        "action": _action(message),
        "channel": {"$ref": f"#/channels/{key}"},
        "messages": [{"$ref": f"#/channels/{key}/messages/{message.type}"}],
        "bindings": {"amqp": {"deliveryMode": 2, "mandatory": True, "ack": True, **BINDING}},
    }


def _message(key: str, message: Message) -> Document:
    return {
        "name": message.type,
        "title": message.type,
        **({"description": message.description} if message.description else {}),
        "contentType": "application/json",
        "headers": message.headers,
        "payload": {"$ref": f"{SCHEMAS}{key}"},
        "correlationId": {"location": "$message.header#/ce-correlationid"},
        "bindings": {"amqp": {"messageType": message.type, **BINDING}},
    }


def _schemas(key: str, message: Message) -> list[tuple[str, Schema]]:
    return list(placed(message.payload, key, SCHEMAS))
