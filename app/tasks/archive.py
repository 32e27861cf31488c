"""The archive of all that a person has written, made piece by piece."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import select

from app.extensions import db
from app.models import Post
from app.models.listing import beyond, sort

BATCH = 1000  # posts held in memory at a time
HEAD, TAIL = '{\n    "posts": [', '\n    ]\n}'


class Piece(NamedTuple):
    text: str
    post_count: int  # in all pieces up to this one


def archive(user_id: int) -> Iterator[Piece]:
    """Give the JSON archive of a user's posts, the oldest first, in pieces of some 100 KB.

    Together they are what `json.dumps({'posts': [...]}, indent=4)` gives. Between two pieces no
    transaction is open: nothing holds the database while somebody slow reads.
    """
    count = 0
    for entries in _batches(user_id):
        text = json.dumps({'posts': entries}, indent=4).removeprefix(HEAD).removesuffix(TAIL)
        text = f',{text}' if count else f'{HEAD}{text}'
        count += len(entries)
        yield Piece(text, count)
    yield Piece(TAIL if count else json.dumps({'posts': []}, indent=4), count)


def _batches(user_id: int) -> Iterator[list[dict[str, str]]]:
    columns: list[Any] = [Post.timestamp, Post.id]
    own = select(*columns, Post.body).where(Post.user_id == user_id)
    statement = sort(own, columns, upward=True).limit(BATCH)
    rows = db.session.execute(statement).all()
    while rows:
        db.session.rollback()
        yield [{'body': row.body, 'timestamp': f'{row.timestamp.isoformat()}Z'} for row in rows]
        if len(rows) < BATCH:
            return
        last: list[Any] = [rows[-1].timestamp, rows[-1].id]
        rows = db.session.execute(statement.where(beyond(columns, last, upward=True))).all()
