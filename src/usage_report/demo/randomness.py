"""Repeatable random numbers: the same on every machine and in every version of Python."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice(random.Random):
    """Random numbers seeded by texts.

    Uses ``random()`` only, the one method whose results Python promises to keep:
    https://docs.python.org/3/library/random.html#notes-on-reproducibility
    """

    def __init__(self, *seed: object) -> None:
        super().__init__("|".join(map(str, ("usage-report", *seed))))

    def chance(self, probability: float) -> bool:
        """Return ``True`` with a probability."""
        return self.random() < probability

    def between(self, least: int, most: int) -> int:
        """Return a whole number, both ends included."""
        return least + int(self.random() * (most - least + 1))

    def about(self, average: float) -> int:
        """Return one of the two whole numbers next to ``average``, which is their average."""
        return int(average + self.random())

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options."""
        return options[int(self.random() * len(options))]

    def some(self, options: Sequence[T], n: int) -> list[T]:
        """Return ``n`` different options (all of them if there are fewer) in random order."""
        left = list(options)
        return [left.pop(int(self.random() * len(left))) for _ in range(min(n, len(left)))]
