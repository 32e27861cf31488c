"""How many rows there are, without counting a growing table for every request."""

from time import monotonic
from typing import Any

from flask import current_app
from sqlalchemy import Select, func, select

from app.extensions import db

COUNTED = 10_000  # rows; up to here counting takes a millisecond, and the number is exact
MAX_AGE = 60  # seconds that a greater number is used again
MANY_NAMES = 1000


def total(name: str, rows: Select[Any]) -> int:
    """Return the number of `rows`, which is remembered under `name` when there are many."""
    remembered: dict[str, tuple[float, int]] = current_app.extensions.setdefault('totals', {})
    if name in remembered:
        counted_at, number = remembered[name]
        if monotonic() - counted_at < MAX_AGE:
            return number
    number = _count(rows.limit(COUNTED + 1))
    if number > COUNTED:
        number = _count(rows)
        if len(remembered) >= MANY_NAMES:
            remembered.clear()
        remembered[name] = monotonic(), number
    return number


def _count(rows: Select[Any]) -> int:
    return db.session.scalar(select(func.count()).select_from(rows.subquery())) or 0
