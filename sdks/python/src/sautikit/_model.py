"""Models over the JSON as it came."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Dict, Tuple

from ._errors import SautikitError

#: A moment as RFC 3339, whatever its fraction; Python before 3.11 reads neither `Z` nor every fraction.
_MOMENT = re.compile(r"^(.{19})(?:\.(\d{1,6})\d*)?(Z|[+-]\d{2}:\d{2})$")


def moment(text: str) -> datetime:
    """A moment with its zone."""
    if not isinstance(text, str):
        raise ValueError("a moment is a text")
    parts = _MOMENT.match(text.replace("z", "Z"))
    if not parts:
        return datetime.fromisoformat(text)
    seconds, fraction, zone = parts.groups()
    return datetime.fromisoformat(f"{seconds}.{(fraction or '0').ljust(6, '0')}{'+00:00' if zone == 'Z' else zone}")


class Model:
    """What the API answered: attributes for what it says, `to_dict()` for all of it, members that are new here included.

    An attribute is read when it is asked for, so that a page of rows costs what is used of it. A member that is
    documented and absent is None.
    """

    __slots__ = ("_data",)
    #: Attribute to its name on the wire, what it is turned into, and the model of that.
    _members: ClassVar[Dict[str, Tuple[str, str, str]]] = {}
    _known: ClassVar[Tuple[str, ...]] = ()

    def __init__(self, data: Dict[str, Any]) -> None:
        self._data = data

    # Type checkers know the documented members: shown this, they would take every misspelled one for a new one.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            wire, how, of = self._members.get(name) or (name, "plain", "")
            if wire in self._data:
                try:
                    return read(self._data[wire], how, of)
                except ValueError as cause:
                    raise SautikitError(f"{type(self).__name__}.{name} is not what the API describes; `to_dict()` has it as it came.") from cause
            if wire in self._known:
                return None
            raise AttributeError(f"{type(self).__name__} has no member {name!r}")

    def to_dict(self) -> Dict[str, Any]:
        """The JSON as it came."""
        return self._data

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._data == other._data  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((type(self), str(self._data.get("id"))))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._data!r})"


def read(value: Any, how: str, of: str) -> Any:
    """A value of the JSON as the model says."""
    if value is None or how == "plain":
        return value
    if how == "time":
        return moment(value)
    from .models import MODELS

    model = MODELS[of]

    def one(row: Any) -> Any:
        if not isinstance(row, dict):
            raise ValueError("not an object")
        return model(row)

    if how == "one":
        return one(value)
    if not isinstance(value, list if how == "list" else dict):
        raise ValueError(f"not a {how}")
    if how == "list":
        return [one(row) for row in value]
    return {key: one(row) for key, row in value.items()}
