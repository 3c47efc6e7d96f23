"""The contract as one JSON Schema document: the data of each message under its name, for validators and generators."""

from typing import Any, Final

from saga.contract.asyncapi import key_of
from saga.contract.contract import Contract
from saga.contract.schemas import OWN, placed

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def to_json_schema(contract: Contract) -> dict[str, Any]:
    """The document, as JSON values. It accepts the data of any of the messages."""
    keys = {key_of(one): one.payload for one in contract.messages}
    schemas = {name: one for key, payload in keys.items() for name, one in placed(payload, key, OWN)}
    return {
        "$schema": DIALECT,
        "title": contract.name,
        "description": f"The data of the messages of the process {contract.name}, version {contract.version}.",
        "anyOf": [{"$ref": f"{OWN}{key}"} for key in keys],
        "$defs": dict(sorted(schemas.items())),
    }
