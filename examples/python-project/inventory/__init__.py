"""A stock of things, by name."""

from collections import Counter


class Inventory:
    def __init__(self) -> None:
        self._stock: Counter[str] = Counter()

    def add(self, name: str, count: int = 1) -> None:
        if count < 1:
            raise ValueError(f"count must be at least 1, not {count}")
        self._stock[name] += count

    def take(self, name: str, count: int = 1) -> None:
        if self._stock[name] < count:
            raise LookupError(f"only {self._stock[name]} of {name} left")
        self._stock[name] -= count

    def __getitem__(self, name: str) -> int:
        return self._stock[name]
