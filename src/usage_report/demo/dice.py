"""Repeatable chance: the same on every machine and in every version of Python."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice(random.Random):
    """Chance seeded by a text. Uses nothing but ``random()``, the one method Python promises never to change.

    https://docs.python.org/3/library/random.html#notes-on-reproducibility
    """

    def __init__(self, *seed: object) -> None:
        super().__init__("|".join(map(str, ("usage-report", *seed))))

    def chance(self, p: float) -> bool:
        return self.random() < p

    def between(self, least: int, most: int) -> int:
        """A whole number, both ends included."""
        return least + int(self.random() * (most - least + 1))

    def about(self, x: float) -> int:
        """A whole number that is ``x`` on average and next to it."""
        return int(x + self.random())

    def pick(self, options: Sequence[T]) -> T:
        return options[int(self.random() * len(options))]

    def some(self, options: Sequence[T], n: int) -> list[T]:
        """``n`` different ones (all of them where there are fewer), in any order."""
        left = list(options)
        return [left.pop(int(self.random() * len(left))) for _ in range(min(n, len(left)))]
