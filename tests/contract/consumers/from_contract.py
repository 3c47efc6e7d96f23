"""What a program reads from an AsyncAPI document: where messages go, and whether headers and data are as it says."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from jsonschema import Draft202012Validator
from pydantic import BaseModel, create_model

TYPES: Mapping[str, Any] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "array": list[Any],
    "object": dict[str, Any],
    "null": None,
}


@dataclass(frozen=True)
class Described:
    """One type of message."""

    kind: str
    exchange: str
    routing_key: str
    queue: str | None
    headers: Mapping[str, Any]
    payload: Mapping[str, Any]
    document: Mapping[str, Any]

    def require(self, headers: Mapping[str, Any], body: bytes) -> dict[str, Any]:
        """The data. Raises jsonschema's error if headers or data are not as the contract says."""
        data: dict[str, Any] = json.loads(body)
        for schema, value in ((self.headers, dict(headers)), (self.payload, data)):
            Draft202012Validator({**schema, "components": self.document["components"]}).validate(value)
        return data

    def model(self) -> type[BaseModel]:
        """A model of the data, which ignores what it does not name."""
        fields = {name: (_annotation(schema), ...) for name, schema in self.payload["properties"].items()}
        model: type[BaseModel] = create_model(self.kind, **fields)  # type: ignore[call-overload]
        return model

    def made(self, source: str, **data: Any) -> tuple[dict[str, Any], bytes]:
        """The headers and the body of a new message."""
        properties = self.headers["properties"]
        headers = {name: said["const"] for name, said in properties.items() if "const" in said}
        headers |= {"ce-id": str(uuid4()), "ce-source": source}
        body = json.dumps(data).encode()
        self.require(headers, body)
        return headers, body


def described(document: Mapping[str, Any], action: str) -> Iterator[Described]:
    """The messages of all operations with this action of the process: what it sends, or what it receives."""
    for operation in document["operations"].values():
        if operation["action"] == action:
            channel = _found(operation["channel"], document)
            message = _found(_found(operation["messages"][0], document), document)
            amqp = channel["bindings"]["amqp"]
            yield Described(
                message["name"],
                amqp["exchange"]["name"],
                channel["address"],
                amqp.get("x-queue", {}).get("name"),
                message["headers"],
                _found(message["payload"], document),
                document,
            )


def commands(document: Mapping[str, Any], collaborator: str) -> dict[str, Described]:
    """What a collaborator gets, by type."""
    sent = described(document, "send")
    return {one.kind: one for one in sent if one.routing_key.startswith(f"{collaborator}.")}


def announcements(document: Mapping[str, Any]) -> dict[str, Described]:
    """What anybody may bind a queue of its own to, by type: of what the process sends, what has no queue yet."""
    return {one.kind: one for one in described(document, "send") if one.queue is None}


def event(document: Mapping[str, Any], kind: str) -> Described:
    """An event that the process receives."""
    return next(one for one in described(document, "receive") if one.kind == kind)


def _found(reference: Mapping[str, Any], document: Mapping[str, Any]) -> Any:
    found: Any = document
    for part in reference["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


def _annotation(schema: Mapping[str, Any]) -> Any:
    if "const" in schema:
        return type(schema["const"])
    if "anyOf" in schema:
        first, *others = map(_annotation, schema["anyOf"])
        for other in others:
            first = first | other
        return first
    return TYPES.get(schema.get("type", ""), Any)
