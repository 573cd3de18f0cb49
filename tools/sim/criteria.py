"""AdvancedCriteria of a search: PairIDs combined with AND, OR, NOT and brackets.

The grammar is not public. Taken here: NOT binds closer than AND, AND closer than OR; words in
any case. spec: content-models.md section 6
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

from .results import Code, Refusal

_T = TypeVar("_T")
_MOST = 100  # words of one, which also bounds how deep its brackets nest


class _Criteria:
    def __init__(self, told: str, pairs: Mapping[int, set[_T]], everything: set[_T]) -> None:
        self._words = re.findall(r"\w+|\S", told.upper())[::-1]
        self._pairs = {str(each): found for each, found in pairs.items()}
        self._everything = everything
        if len(self._words) > _MOST:
            raise Refusal(Code.BAD_PARAMETER, f"AdvancedCriteria of more than {_MOST} words")

    def whole(self) -> set:
        found = self._any()
        if self._words:
            raise self._fault(self._words[-1])
        return found

    def _next(self, word: str) -> bool:
        if not self._words or self._words[-1] != word:
            return False
        self._words.pop()
        return True

    def _any(self) -> set:
        found = self._all()
        while self._next("OR"):
            found = found | self._all()
        return found

    def _all(self) -> set:
        found = self._one()
        while self._next("AND"):
            found = found & self._one()
        return found

    def _one(self) -> set:
        if self._next("NOT"):
            return self._everything - self._one()
        if self._next("("):
            found = self._any()
            if not self._next(")"):
                raise self._fault("the end, ) is missing")
            return found
        word = self._words.pop() if self._words else "the end"
        if word not in self._pairs:
            raise self._fault(word)
        return self._pairs[word]

    def _fault(self, word: str) -> Refusal:
        return Refusal(Code.BAD_PARAMETER, f"AdvancedCriteria at {word[:40]}")


def select(told: str, pairs: Mapping[int, set[_T]], everything: set[_T]) -> set[_T]:
    """What the criteria leave. pairs: what each PairID matches. Raises Refusal 402."""
    return _Criteria(told, pairs, everything).whole()
