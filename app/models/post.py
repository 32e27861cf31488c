"""What people write (chapter 4): posts, answers to posts, and posts that are passed on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    Text,
    false,
    literal,
    select,
)
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship, validates

from app.database import LARGEST_ID, TABLE_OPTIONS, Timestamp, utcnow
from app.extensions import db
from app.languages.detect import CODE_LENGTH, FEW_WORDS, detect_language
from app.models.base import Identifier, Model, UserId
from app.models.media import Album
from app.models.searchable import SearchableMixin
from app.text import BODY_LENGTH

LATELY = 20  # posts of an author that tell which languages they usually write in
ANCESTORS = 20  # posts above an answer that are read with it


def _is_answer(context: Any) -> bool:
    return context.get_current_parameters().get('in_reply_to') is not None


def _language_of_new(context: Any) -> str:
    row = context.get_current_parameters()
    if row.get('repost_of') is not None:
        return ''
    return _language_of(row['body'], row['user_id'], context.connection)


def _language_of(body: str, author_id: int, connection: Any, but: int | None = None) -> str:
    """Return the language of a text, for which the author's other posts speak (`but` for one)."""
    if len(body.split()) > FEW_WORDS:
        return detect_language(body)
    own = select(Post.language).where(Post.user_id == author_id)
    if but is not None:
        own = own.where(Post.id != but)
    newest_first = own.order_by(Post.timestamp.desc(), Post.id.desc()).limit(LATELY)
    return detect_language(body, filter(None, connection.scalars(newest_first)))


def is_original(post: Any) -> ColumnElement[bool]:
    """Return the condition that a row of these columns is a post, and passes no other one on.

    Nearly all are. To SQLite a plain IS NULL looks rare: it would take the index of `repost_of`,
    and read and sort all posts. (PostgreSQL sees that this is the same.)
    """
    passes_on: ColumnElement[bool] = post.repost_of.is_not(None)
    return passes_on == false()


class Post(SearchableMixin, Album, Model):
    __tablename__ = 'post'
    __searchable__ = ['body']

    id: Mapped[Identifier]
    body: Mapped[str] = mapped_column(String(BODY_LENGTH))
    timestamp: Mapped[datetime] = mapped_column(Timestamp, default=utcnow)
    user_id: Mapped[UserId]
    # BCP 47. Found out for every new post that does not say it; '' for an unknown one, and None
    # for posts older than chapter 14.
    language: Mapped[str | None] = mapped_column(String(CODE_LENGTH), default=_language_of_new)

    # Its pictures, as `Shot` in media.py tells them, and whether they are covered at first.
    pictures_json: Mapped[str | None] = mapped_column(Text)
    sensitive: Mapped[bool] = mapped_column(default=False, server_default='0')
    # When it was last changed.
    edited: Mapped[datetime | None] = mapped_column(Timestamp)
    # No foreign key: an answer stays when what it answers is deleted, and still says that it
    # answered something. (An id is never given twice.)
    in_reply_to: Mapped[int | None]
    # The same, as what an index can begin with.
    is_answer: Mapped[bool] = mapped_column(default=_is_answer, server_default='0')
    # Of a row that stands in the timelines for another post: its author passed that on.
    repost_of: Mapped[int | None] = mapped_column(ForeignKey('post.id', ondelete='CASCADE'))
    # Kept in the transaction that changes what they count, as those of an account are.
    reply_count: Mapped[int] = mapped_column(default=0, server_default='0')
    like_count: Mapped[int] = mapped_column(default=0, server_default='0')
    repost_count: Mapped[int] = mapped_column(default=0, server_default='0')

    author = relationship('User', back_populates='posts')

    @validates('author')
    def _require_confirmed(self, _name: str, author: Any) -> Any:
        if author is not None:
            author.require_confirmed()
        return author

    if TYPE_CHECKING:
        # While it is saved (counters.py): whom it mentions, answers and passes on.
        mentioned: dict[str, int]
        answered: set[int]
        reposted: set[int]

    __table_args__ = (
        # Every timeline is read along one of these: everybody's posts, one author's (and their
        # answers), the answers to a post, and all that one author wrote.
        Index(None, 'is_answer', 'timestamp', 'id'),
        Index(None, 'user_id', 'is_answer', 'timestamp', 'id'),
        Index(None, 'in_reply_to', 'timestamp', 'id'),
        Index(None, 'user_id', 'timestamp', 'id'),
        # One passes a post on once.
        Index(None, 'repost_of', 'user_id', unique=True),
        TABLE_OPTIONS,
    )
    # Whoever deletes a post that another one has just deleted has got what they want.
    __mapper_args__ = {'confirm_deleted_rows': False}

    def __repr__(self) -> str:
        return f'<Post {self.body}>'

    @classmethod
    def select_by_ids(cls, ids: list[int]) -> Select[Any]:
        posts = super().select_by_ids(ids).where(is_original(Post))
        return posts.options(joinedload(Post.author))

    @classmethod
    def find(cls, id_: int) -> Post | None:
        """Return the post with that id; None also for the row of a repost, which is no post."""
        with_author = [joinedload(Post.author)]
        post = db.session.get(cls, id_, options=with_author) if id_ <= LARGEST_ID else None
        return post if post is not None and post.repost_of is None else None

    def edit(
        self, body: str, pictures: Sequence[tuple[int, str]] | None = None, sensitive: bool = False
    ) -> None:
        """Change what the post says, and its pictures, if they are given (see `illustrate`).

        It keeps its time and its place; the caller commits.
        """
        if pictures is not None:
            before = self.pictures_json, self.sensitive
            self.illustrate(pictures)
            self.sensitive = sensitive
            if before != (self.pictures_json, self.sensitive):
                self.edited = utcnow()
        if body != self.body:
            self.language = _language_of(body, self.user_id, db.session, but=self.id)
            self.body = body
            self.edited = utcnow()

    def ancestors(self) -> list[Post]:
        """Return what the post answers, and what that answers in turn: the topmost first.

        The first of the list still answers something if that has been deleted, or if there are
        more than 20.
        """
        if self.in_reply_to is None:
            return []
        above = (
            select(Post.id, Post.in_reply_to, literal(1).label('height'))
            .where(Post.id == self.in_reply_to)
            .cte('above', recursive=True)
        )
        next_one = select(Post.id, Post.in_reply_to, above.c.height + 1).where(
            Post.id == above.c.in_reply_to, above.c.height < ANCESTORS
        )
        above = above.union_all(next_one)
        found = select(Post).join(above, above.c.id == Post.id).order_by(above.c.height.desc())
        return list(db.session.scalars(found.options(joinedload(Post.author))))
