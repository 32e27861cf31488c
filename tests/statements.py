"""What the database is asked, for tests that count it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from app import db


@contextmanager
def statements() -> Iterator[list[str]]:
    """Note the statements that the database of the present application gets meanwhile."""
    noted: list[str] = []

    def note(*arguments: Any) -> None:
        noted.append(arguments[2])

    event.listen(db.engine, 'before_cursor_execute', note)
    try:
        yield noted
    finally:
        event.remove(db.engine, 'before_cursor_execute', note)
