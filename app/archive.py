"""The archive of all that a person has written, made piece by piece."""

from collections.abc import Callable, Iterator
from typing import Any

from flask import json
from sqlalchemy import select

from app.extensions import db
from app.models import Post
from app.models.listing import beyond, sort

BATCH = 1000  # posts held in memory at a time


def archive(user_id: int, done: Callable[[int], object] | None = None) -> Iterator[str]:
    """Give the JSON archive of a user's posts, the oldest first, in pieces.

    Together they are what `json.dumps({'posts': [...]}, indent=4)` gives. `done` is called with the
    number of posts after each one. Between two batches no transaction is open.
    """
    yield '{\n    "posts": ['
    count = 0
    for count, entry in enumerate(_entries(user_id), start=1):
        lines = json.dumps(entry, indent=4, sort_keys=False).replace('\n', '\n' + ' ' * 8)
        yield f'{"," if count > 1 else ""}\n        {lines}'
        if done is not None:
            done(count)
    yield '\n    ]\n}' if count else ']\n}'


def _entries(user_id: int) -> Iterator[dict[str, str]]:
    columns: list[Any] = [Post.timestamp, Post.id]
    statement = sort(select(*columns, Post.body).where(Post.user_id == user_id), columns, True)
    rows = db.session.execute(statement.limit(BATCH)).all()
    while rows:
        # Nothing holds the database while somebody slow reads.
        db.session.rollback()
        for timestamp, _id, body in rows:
            yield {'body': body, 'timestamp': f'{timestamp.isoformat()}Z'}
        last: list[Any] = [*rows[-1][:2]]
        rows = db.session.execute(
            statement.where(beyond(columns, last, upward=True)).limit(BATCH)
        ).all()
