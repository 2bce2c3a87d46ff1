"""A bounded memory: what was used last."""

from collections import OrderedDict
from collections.abc import Callable
from math import inf
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """So many values by their keys, and of so much size: where more come, the unused go first.

    Several threads may use it.
    """

    def __init__(
        self,
        most: int,
        *,
        most_size: float = inf,
        size: Callable[[K, V], int] = lambda _key, _value: 0,
    ) -> None:
        self._most = most
        self._most_size = most_size
        self._size_of = size
        self._size = 0
        self._values: OrderedDict[K, V] = OrderedDict()
        self._lock = Lock()

    def __contains__(self, key: K) -> bool:
        """Tell whether a value is kept, without counting it as used."""
        return key in self._values

    def __len__(self) -> int:
        """Count the values."""
        return len(self._values)

    def get(self, key: K) -> V | None:
        """Find a value and count it as used."""
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            return value

    def put(self, key: K, value: V) -> None:
        """Keep a value, unless it alone is too large."""
        size = self._size_of(key, value)
        with self._lock:
            self._remove(key)
            if size > self._most_size:
                return
            self._values[key] = value
            self._size += size
            while len(self._values) > self._most or self._size > self._most_size:
                self._remove(next(iter(self._values)))

    def _remove(self, key: K) -> None:
        value = self._values.pop(key, None)
        if value is not None:
            self._size -= self._size_of(key, value)
