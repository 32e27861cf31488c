"""Reading a long list page by page, at the same cost at any depth (chapter 9).

A page is found by the position of its neighbour's last (or first) entry, which an index goes to
at once, not by counting entries from the top. So nothing is shown twice while others are writing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_

from app.database import LARGEST_ID

T = TypeVar('T')

# The place of an entry in its list: the values that the list is sorted by, as whole numbers, and
# at the end of them the id.
Position = tuple[int, ...]

LARGEST_SKIP = 2**31 - 1  # entries; a page number beyond it is out of reach and shows nothing
MANY_DIGITS = 12  # of a page number: nobody looks at what they are, there is no such page
OUT_OF_REACH = 10**MANY_DIGITS


@dataclass(frozen=True)
class Span:
    """Which entries to read: the newest `limit` ones, or those next to a position."""

    limit: int
    before: Position | None = None
    after: Position | None = None
    skip: int = 0

    @property
    def upward(self) -> bool:
        """Whether to start at `after` and read towards the newest entry."""
        return self.after is not None

    @property
    def position(self) -> Position | None:
        """The one that the entries are next to."""
        return self.before if self.after is None else self.after


@dataclass(frozen=True)
class Page(Generic[T]):
    """The entries of one page, newest first, and the query arguments of its two neighbours."""

    items: Sequence[T]
    newer: dict[str, Any] | None
    older: dict[str, Any] | None
    top: str = ''  # the place of the first entry, as `before` and `after` take it

    @property
    def is_newest(self) -> bool:
        """Whether nothing in the list is newer than what the page shows."""
        return self.newer is None


class Listing(ABC, Generic[T]):
    """A list that is read page by page."""

    position_size = 1  # whole numbers in a position

    @abstractmethod
    def read(self, span: Span) -> list[T]:
        """Return the entries of `span`, newest first."""

    @abstractmethod
    def position(self, item: T) -> Position:
        """Return the place of `item` in this list."""

    def page(
        self, number: int, per_page: int, before: str | None = None, after: str | None = None
    ) -> Page[T]:
        """Return page `number`, counted from 1.

        `before` and `after`, when they are the text of a position, say where the page is; the
        number alone makes the database skip all entries above it.
        """
        older_than, newer_than = self._parse(before), self._parse(after)
        if newer_than is not None and older_than is None:
            page = self._page_above(newer_than, number, per_page)
            if page is not None:
                return page
            number = 1
        skip = 0 if older_than is not None else (number - 1) * per_page
        if skip > LARGEST_SKIP:
            return Page([], {'page': 1}, None)
        found = self.read(Span(per_page + 1, before=older_than, skip=skip))
        items = found[:per_page]
        has_newer = older_than is not None or number > 1
        return self._linked(items, number, has_newer, has_older=len(found) > per_page)

    def _page_above(self, position: Position, number: int, per_page: int) -> Page[T] | None:
        """Return the page that ends just above `position`, None when that is the first page."""
        found = self.read(Span(per_page + 1, after=position))
        if len(found) <= per_page:
            return None
        return self._linked(found[-per_page:], max(number, 1), True, True)

    def _linked(self, items: list[T], number: int, has_newer: bool, has_older: bool) -> Page[T]:
        newer: dict[str, Any] | None = None
        older: dict[str, Any] | None = None
        if has_newer:
            newer = {'page': max(number - 1, 1)}
            if items:
                newer['after'] = self._text(items[0])
        if has_older:
            older = {'page': number + 1, 'before': self._text(items[-1])}
        bottom_of_all = '-'.join('0' * self.position_size)
        return Page(items, newer, older, self._text(items[0]) if items else bottom_of_all)

    def _text(self, item: T) -> str:
        return '-'.join(map(str, self.position(item)))

    def _parse(self, text: str | None) -> Position | None:
        parts = (text or '').split('-')
        if len(parts) != self.position_size:
            return None
        if not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
            return None
        *others, id_ = map(int, parts)
        return (*others, min(id_, LARGEST_ID))


def beyond(columns: Sequence[ColumnElement[Any]], values: Sequence[Any], upward: bool) -> Any:
    """Return the condition that a row comes after `values` in the sort order of `columns`.

    The first column stands alone in front, which every planner turns into the start of an index.
    """
    first, *rest = columns
    if upward:
        bound, strictly = first >= values[0], first > values[0]
    else:
        bound, strictly = first <= values[0], first < values[0]
    if not rest:
        return strictly
    return and_(bound, or_(strictly, beyond(rest, values[1:], upward)))


def sort(
    statement: Select[Any], columns: Sequence[ColumnElement[Any]], upward: bool
) -> Select[Any]:
    """Sort by `columns`, the newest first, or the oldest first when reading upward."""
    return statement.order_by(*(c.asc() if upward else c.desc() for c in columns))


def cut_out(
    span: Span,
    statement: Select[Any],
    columns: Sequence[ColumnElement[Any]],
    values: Callable[[Position], Sequence[Any]] = tuple,
) -> Select[Any]:
    """Sort `statement` and cut `span` out of it; `values` has the columns of a position."""
    if span.position is not None:
        statement = statement.where(beyond(columns, values(span.position), span.upward))
    return sort(statement, columns, span.upward).limit(span.limit).offset(span.skip)
