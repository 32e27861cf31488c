"""Finding what an address names."""

from typing import TypeVar

from flask import abort

from app.database import LARGEST_ID
from app.extensions import db
from app.models import Post
from app.models.base import Model

T = TypeVar('T', bound=Model)


def entry_or_404(model: type[T], id: int) -> T:
    """Return the row with that id; a number that no id can be is nothing to ask a database for."""
    return db.get_or_404(model, id if id <= LARGEST_ID else 0)


def post_or_404(id: int) -> Post:
    """Return the post with that id. What passes a post on has an id, too, and is none."""
    return Post.find(id) or abort(404)
