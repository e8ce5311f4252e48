"""The form that a call asks your server with."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Union
from urllib.parse import parse_qsl

from ._errors import ArgumentError


def fields_of(body: Union[str, bytes, Mapping[str, Any]]) -> Dict[str, str]:
    """A form's fields, from its raw body or as a framework has parsed it; of one that comes twice the first."""
    if isinstance(body, (bytes, bytearray, memoryview)):
        body = bytes(body).decode("utf-8", "replace")
    if isinstance(body, Mapping):
        return {name: _first(body, name) for name in body}
    if not isinstance(body, str):
        raise ArgumentError("A callback's form is the body as it came, or what a framework has made of it.")
    # Set from the end, so that the first stays.
    return dict(reversed(parse_qsl(body, keep_blank_values=True, encoding="utf-8", errors="replace")))


def _first(form: Mapping[str, Any], name: str) -> str:
    # Frameworks differ in which of several values is the one.
    many = getattr(form, "getlist", None)
    value = many(name) if callable(many) else form[name]
    return str(value[0] if isinstance(value, (list, tuple)) and value else value)
