"""Tags: words in posts that begin with #, in any spelling of the same letters."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    insert,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.database import TABLE_OPTIONS, Base, Timestamp, insert_if_absent
from app.extensions import db
from app.markup import TAG_KEY_LENGTH, tag_key, tags
from app.models.base import Identifier, Model
from app.text import BODY_LENGTH, is_storable


class Tag(Model):
    __tablename__ = 'tag'

    id: Mapped[Identifier]
    # Without regard to case and accents.
    key: Mapped[str] = mapped_column(String(TAG_KEY_LENGTH), unique=True, index=True)
    # As it was spelled first.
    name: Mapped[str] = mapped_column(String(BODY_LENGTH))

    __table_args__ = (TABLE_OPTIONS,)

    def __repr__(self) -> str:
        return f'<Tag {self.name}>'

    @staticmethod
    def find(word: str) -> Tag | None:
        """Return the tag of that spelling, or of another one that means the same."""
        if len(word) > BODY_LENGTH or not is_storable(word):
            return None
        return db.session.scalars(select(Tag).where(Tag.key == tag_key(word))).first()


post_tags = Table(
    'post_tags',
    Base.metadata,
    Column('post_id', Integer, ForeignKey('post.id', ondelete='CASCADE'), primary_key=True),
    Column('tag_id', Integer, ForeignKey('tag.id', ondelete='CASCADE'), primary_key=True),
    # That of the post: the posts with a tag are read along an index of their own.
    Column('timestamp', Timestamp, nullable=False),
    Index(None, 'tag_id', 'timestamp', 'post_id'),
    **TABLE_OPTIONS,
)


def put_under_tags(connection: Connection, post_id: int, timestamp: datetime, body: str) -> None:
    """Let a post be found under the tags in `body`."""
    spellings = tags(body)
    if not spellings:
        return
    table: Any = Tag.__table__
    # In one order: of two who write the same new tags at once, one waits for the other.
    for key, name in sorted(spellings.items()):
        insert_if_absent(connection, table, {'key': key, 'name': name})
    ids = connection.scalars(select(Tag.id).where(Tag.key.in_(spellings)))
    rows = [{'post_id': post_id, 'tag_id': id_, 'timestamp': timestamp} for id_ in ids]
    connection.execute(insert(post_tags), rows)
