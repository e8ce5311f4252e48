"""What a voice response is to those who take actions: the sequence of them."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Union, overload


class Steps(Sequence[Dict[str, Any]]):
    __slots__ = ("actions",)

    def __init__(self) -> None:
        self.actions: List[Dict[str, Any]] = []

    def __len__(self) -> int:
        return len(self.actions)

    @overload
    def __getitem__(self, at: int) -> Dict[str, Any]: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Dict[str, Any]]: ...

    def __getitem__(self, at: Union[int, slice]) -> Union[Dict[str, Any], Sequence[Dict[str, Any]]]:
        return self.actions[at]
