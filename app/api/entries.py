"""Finding what an address names."""

from typing import TypeVar

from flask import abort

from app.database import LARGEST_ID
from app.extensions import db
from app.models.base import Model

T = TypeVar('T', bound=Model)


def entry_or_404(model: type[T], id: int) -> T:
    """Return the row with that id; a number that no id can be is nothing to ask a database for."""
    entry = db.session.get(model, id) if id <= LARGEST_ID else None
    if entry is None:
        abort(404)
    return entry
