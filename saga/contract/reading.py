"""Reads an AsyncAPI document of a contract, an earlier one or that of today, so that both can be compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from saga.contract.contract import ContractError
from saga.contract.schemas import Schema, resolved

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Described:
    """One type of message as a document describes it; references in its schemas lead into the document."""

    type: str
    is_sent: bool
    routing_key: str
    exchange: str
    queue: str | None
    content_type: str
    headers: Schema
    payload: Schema


@dataclass(frozen=True, slots=True)
class Reading:
    """A document, the process that it is about, and its messages by the names of their channels and their types."""

    document: Document
    process: str
    messages: Mapping[tuple[str, str], Described]


def read(document: Any) -> Reading:
    """Read a document. Raises ContractError, with a sentence, if it is no contract that `saga contract` could make."""
    if not isinstance(document, Mapping) or not str(document.get("asyncapi", "")).startswith("3."):
        raise ContractError("it is no AsyncAPI 3 document")
    try:
        found = dict(_operation(document, one) for one in document["operations"].values())
        return Reading(document, str(document["info"]["title"]), found)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ContractError(f"it can't be read as a contract: {type(error).__name__} {error}") from None


def _operation(document: Document, operation: Document) -> tuple[tuple[str, str], Described]:
    """The one message of an operation, with the name of its channel."""
    channel = resolved(operation["channel"], document)
    (reference,) = operation["messages"]
    message = resolved(reference, document)
    binding = channel["bindings"]["amqp"]
    described = Described(
        type=str(message["name"]),
        is_sent={"send": True, "receive": False}[operation["action"]],
        routing_key=str(channel["address"]),
        exchange=str(binding["exchange"]["name"]),
        queue=binding.get("x-queue", {}).get("name"),
        content_type=str(message["contentType"]),
        headers=_schema(message["headers"]),
        payload=_schema(message["payload"]),
    )
    return (str(operation["channel"]["$ref"]).rpartition("/")[2], described.type), described


def _schema(said: Any) -> Schema:
    if not isinstance(said, Mapping):
        raise TypeError("a schema is an object")
    return said
