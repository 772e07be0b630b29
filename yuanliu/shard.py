"""Shards: for each of several machines a part of the work, chosen by a hash."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Shard:
    """Part ``number`` of ``count``; the parts share nothing and leave nothing out."""

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """The shard that ``text`` names, such as 2/4.

        Raises:
            ValueError: with what to write instead.
        """
        found = re.fullmatch(r"([0-9]+)/([0-9]+)", text)
        number, count = (int(found[1]), int(found[2])) if found else (0, 0)
        if not 1 <= number <= count:
            raise ValueError(f"'{text}' is no shard; write K/N with K from 1 to N, such as 2/4")
        return cls(number, count)

    def has(self, key: str) -> bool:
        """Whether the work whose hash is the hexadecimal ``key`` falls to this shard."""
        return int(key, 16) % self.count == self.number - 1
