"""Frozen values as plain data, which JSON can hold."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any


def as_data(value: object) -> dict[str, Any]:
    """The fields of a value by name, down to the innermost; `dataclasses.asdict` can't copy read-only mappings."""
    return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}  # type: ignore[arg-type]


def _plain(value: object) -> Any:
    if is_dataclass(value):
        return as_data(value)
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
