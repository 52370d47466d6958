"""pydantic's findings in our words: what is wrong, and the remedy."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time
from typing import Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from kiosk.core.document import kind, nearest
from kiosk.settings.places import Finding, Key

_TYPES: Final[Mapping[str, str]] = {
    "bool_type": "true or false",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_type": "a whole number",
    "model_type": "a table",
    "path_type": "a path in quotes",
    "string_type": "text in quotes",
    "tuple_type": "a list",
}
_BOUNDS: Final[Mapping[str, str]] = {
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
}


def findings(model: type[BaseModel], error: ValidationError) -> Iterator[Finding]:
    """Yield every finding with its key; values are quoted only where they cannot be secret."""
    for details in error.errors(include_url=False):
        key: Key = details["loc"]
        yield key, _words(model, key, details)


def near(word: str, known: Sequence[str]) -> str:
    """Return the remedy for an unknown word."""
    found = nearest(word, known)
    return f"did you mean {found}?" if found else f"known: {', '.join(filter(None, known))}"


def fields_at(model: type[BaseModel], key: Key) -> Mapping[str, FieldInfo]:
    """Return the fields of the table at `key`, empty when there is none."""
    fields: Mapping[str, FieldInfo] = model.model_fields
    for word in key:
        if isinstance(word, int):
            continue
        found = fields.get(word)
        table = None if found is None else _table(found.annotation)
        fields = {} if table is None else table.model_fields
    return fields


def _words(model: type[BaseModel], key: Key, details: ErrorDetails) -> str:
    fault, value = details["type"], details["input"]
    context = details.get("ctx", {})
    if fault == "rule":
        return str(context["message"])
    if fault == "missing":
        return _missing(model, key)
    if fault == "extra_forbidden":
        known = tuple(fields_at(model, key[:-1]))
        return f"unknown key ({near(str(key[-1]), known)})"
    if fault == "literal_error":
        return _not_a_choice(model, key, value)
    if fault in _TYPES:
        return f"must be {_TYPES[fault]}, is {_kind(value)}"
    if fault in _BOUNDS:
        return f"must be {_BOUNDS[fault].format(**context)}, is {value}"
    return details["msg"]


def _kind(value: object) -> str:
    """Return the word for the type of a TOML value, which may be a date or a time."""
    return "a date" if isinstance(value, date | time) else kind(value)


def _missing(model: type[BaseModel], key: Key) -> str:
    field = fields_at(model, key[:-1])[str(key[-1])]
    if len(key) == 1:
        return f"table is missing (add [{key[0]}])"
    return f"is missing ({field.description})"


def _not_a_choice(model: type[BaseModel], key: Key, value: object) -> str:
    choices = _choices(fields_at(model, key[:-1])[str(key[-1])].annotation)
    if not isinstance(value, str):
        return f"must be one of {', '.join(choices)}, is {_kind(value)}"
    meant = nearest(value, choices)
    hint = f" (did you mean {meant}?)" if meant else ""
    return f"{value[:32]!r} is not one of {', '.join(choices)}{hint}"


def _choices(annotation: object) -> tuple[str, ...]:
    """Return the words of a Literal, or of the one in a union."""
    found: list[str] = []
    for part in get_args(annotation):
        found += [part] if isinstance(part, str) else _choices(part)
    return tuple(found)


def _table(annotation: object) -> type[BaseModel] | None:
    """Return the table in an annotation such as `X`, `X | None` or `tuple[X, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_table, get_args(annotation))), None)
