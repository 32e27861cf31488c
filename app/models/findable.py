"""What search engines may find on a public site: but for those who ask not to be found.

A file of a sitemap is a range of ids: nothing is counted, and nothing is skipped. Where rows have
been deleted, or people asked, a file is shorter.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select

from app.database import LARGEST_ID
from app.extensions import db
from app.models.base import Model
from app.models.post import Post, is_original
from app.models.user import User

# Ids of one file. (50,000 addresses may be in one, which would take half a second to write.)
RANGE = 2_000


def hides_somebody(posts: Iterable[Any]) -> bool:
    """Tell whether somebody who asked not to be found has written one of `posts`."""
    authors = {post.user_id for post in posts}
    asked = exists().where(User.id.in_(authors), User.noindex)
    return bool(authors) and bool(db.session.scalar(select(asked)))


def ranges(model: type[Model]) -> range:
    """Return the numbers of the files that hold all rows of `model`."""
    table: Any = model.__table__
    first, last = db.session.execute(select(func.min(table.c.id), func.max(table.c.id))).one()
    return range(0) if first is None else range(first // RANGE, last // RANGE + 1)


def people(number: int) -> Sequence[str]:
    """Return the names in a file, by id."""
    found = select(User.username).where(*_within(User.id, number), User.noindex.is_(False))
    return db.session.scalars(found.order_by(User.id)).all()


def posts(number: int) -> list[tuple[int, datetime]]:
    """Return the ids of the posts in a file, and when each was changed."""
    found = (
        select(Post.id, func.coalesce(Post.edited, Post.timestamp))
        .join(User, User.id == Post.user_id)
        .where(*_within(Post.id, number), is_original(Post), User.noindex.is_(False))
    )
    return [(id_, changed) for id_, changed in db.session.execute(found.order_by(Post.id))]


def _within(id_: Any, number: int) -> list[Any]:
    first = number * RANGE
    return [id_ >= first, id_ <= min(first + RANGE - 1, LARGEST_ID)]
