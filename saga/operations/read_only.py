"""Mappings inside the values that operations return: nobody can write them, not even by accident."""

from types import MappingProxyType


def read_only(value: object, *fields: str) -> None:
    """Replace the mappings in these fields of a frozen value by read-only copies."""
    for field in fields:
        object.__setattr__(value, field, MappingProxyType(dict(getattr(value, field))))
