"""What the application asks of a search engine."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Literal

from app.search.query import Query

Order = Literal['best', 'newest']

# The words of an entry, folded, with a space between them; see `document`.
Document = str
Documents = Mapping[int, Document]
Changes = Mapping[int, Document | None]

# No word has it: a phrase does not reach from one field of an entry into the next.
FIELD_END = '|'

DEEPEST_HIT = 10_000  # pages past it are empty


class SearchUnavailable(Exception):  # noqa: N818 - a state that passes, not a mistake
    """The engine is away, slow or in trouble; the text says why."""


class Refused(SearchUnavailable):
    """The engine is there, but did not do what it was asked for this time."""


class Engine(ABC):
    """One search engine. An index is known by its name, its entries by their ids.

    Every method raises SearchUnavailable, and nothing else.
    """

    @abstractmethod
    def exists(self, index: str) -> bool:
        """Tell whether there is such an index."""

    @abstractmethod
    def write(self, index: str, changes: Changes) -> None:
        """Add or replace entries, and remove those that are None, all at once.

        Without the index nothing happens. What is written while it is being rebuilt reaches the new
        index as well.
        """

    @abstractmethod
    def query(
        self, index: str, query: Query, offset: int, limit: int, order: Order
    ) -> tuple[list[int], int]:
        """Return the ids from `offset` on, and how many entries there are in all.

        The best have more of the wanted words and rarer ones: they are sorted by the sum of the
        words' rarities, ln(1 + (N - n + 0.5) / (n + 0.5)) for a word that n of N entries have.
        Among equals, and in the order 'newest', the highest id is first. Without the index, there
        is nothing. Offset and limit stay within DEEPEST_HIT.
        """

    @abstractmethod
    def rebuild(self, index: str) -> AbstractContextManager[Callable[[Documents], None]]:
        """Fill a new index, through the function that is given, and let it replace the old one.

        The old one is searched until the end of the `with` block, and stays after an exception.
        An entry that was written or removed in the meantime is left alone by the function.
        """

    @abstractmethod
    def is_being_rebuilt(self, index: str) -> bool:
        """Tell whether somebody is at it (and has not given up long ago)."""


REBUILDING_LIMIT = 900  # seconds; a rebuilding that began before is thought dead
