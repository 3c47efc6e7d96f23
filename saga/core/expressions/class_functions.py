"""What the functions and the configuration of a message class can do to its values, read without importing pydantic."""

from collections.abc import Iterator
from typing import Any, Final

_READERS: Final = frozenset({"__get_pydantic_core_schema__", "__get_validators__"})


def can_alter(message_class: type) -> bool:
    """Whether a function of the class sees the whole message after its fields were validated, and may change them."""
    validators = getattr(getattr(message_class, "__pydantic_decorators__", None), "model_validators", {})
    if any(getattr(one.info, "mode", "after") != "before" for one in validators.values()):
        return True
    return hasattr(message_class, "__post_init__") or bool(getattr(message_class, "__pydantic_post_init__", None))


def validators_of(decorators: Any, field: str) -> Iterator[Any]:
    """The validators that a class has for a field."""
    for group in ("validators", "field_validators"):
        for one in getattr(decorators, group, {}).values():
            if {field, "*"} & set(one.info.fields):
                yield one


def has_writers(decorators: Any, field: str) -> bool:
    """Whether a class has a serializer for a field, or for all."""
    if getattr(decorators, "model_serializers", {}):
        return True
    return any({field, "*"} & set(one.info.fields) for one in getattr(decorators, "field_serializers", {}).values())


def reads_or_writes_otherwise(message_class: type) -> bool:
    """Whether nothing is known of how a class reads or writes its fields."""
    return _reads_otherwise(message_class) or _writes_otherwise(message_class)


def _reads_otherwise(message_class: type) -> bool:
    """Whether a function of the class makes it of its fields: one of pydantic 1, or its own `__init__`."""
    validators = getattr(getattr(message_class, "__pydantic_decorators__", None), "root_validators", {})
    if any(getattr(one.info, "mode", "after") != "before" for one in validators.values()):
        return True
    own = [base for base in message_class.__mro__ if not base.__module__.startswith("pydantic")]
    is_own = any(not _READERS.isdisjoint(vars(base)) for base in own)
    return is_own or bool(getattr(message_class, "__pydantic_custom_init__", False))


def _writes_otherwise(message_class: type) -> bool:
    """Whether the configuration of a class changes how values are written."""
    config = getattr(message_class, "model_config", None) or getattr(message_class, "__pydantic_config__", None) or {}
    times = any(config.get(name, "iso8601") != "iso8601" for name in ("ser_json_timedelta", "ser_json_temporal"))
    return times or bool(config.get("json_encoders")) or "ser_json_inf_nan" in config


def has_functions_of_pydantic(message_class: type) -> bool:
    """Whether a plain dataclass has a validator or a serializer, which pydantic calls all the same."""
    return any(
        type(one).__module__.startswith("pydantic") and not has_metadata(one)
        for base in message_class.__mro__
        for one in vars(base).values()
    )


def has_metadata(value: Any) -> bool:
    """Whether it is a pydantic Field, which has metadata and perhaps a default."""
    return isinstance(getattr(value, "metadata", None), list) and hasattr(value, "is_required")
