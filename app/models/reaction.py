"""What people do with posts: like them, pass them on, keep them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from blinker import Signal
from sqlalchemy import (
    Column,
    CompoundSelect,
    ForeignKey,
    Index,
    Integer,
    Select,
    Table,
    bindparam,
    delete,
    inspect,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.orm.exc import ObjectDeletedError

from app.database import TABLE_OPTIONS, Base, Timestamp, insert_if_absent, utcnow
from app.extensions import db
from app.models.base import Model, rows_changed
from app.models.confirmation import Claimant
from app.models.locks import Lockable, hold
from app.models.mention import mentions
from app.models.post import Post

# Sent by an account that likes `post` from now on (`change` is 1), or no longer (-1), while it, the
# author and the post are held.
liking_changed = Signal()

likes = Table(
    'likes',
    Base.metadata,
    # The primary key lists who likes a post, the index what somebody likes.
    Column('post_id', Integer, ForeignKey('post.id', ondelete='CASCADE'), primary_key=True),
    Column('user_id', Integer, ForeignKey('user.id', ondelete='CASCADE'), primary_key=True),
    Column('timestamp', Timestamp, nullable=False),
    Index(None, 'user_id', 'post_id'),
    **TABLE_OPTIONS,
)

bookmarks = Table(
    'bookmarks',
    Base.metadata,
    Column('user_id', Integer, ForeignKey('user.id', ondelete='CASCADE'), primary_key=True),
    Column('post_id', Integer, ForeignKey('post.id', ondelete='CASCADE'), primary_key=True),
    Column('timestamp', Timestamp, nullable=False),
    Index(None, 'user_id', 'timestamp', 'post_id'),
    Index(None, 'post_id'),
    **TABLE_OPTIONS,
)


class Reacting(Lockable, Claimant):
    """What an account can do with posts. Doing something twice changes nothing.

    Each raises ObjectDeletedError when the post or the account is not there any more, and leaves
    it to the caller to commit.
    """

    def like(self, post: Post) -> bool:
        """Like `post` from now on; return whether that is new."""
        self.require_confirmed()
        self._hold(post)
        return self._tell_of_liking(post, self._put_into(likes, post), +1)

    def unlike(self, post: Post) -> bool:
        """Like `post` no longer; return whether that is new."""
        self._hold(post)
        return self._tell_of_liking(post, self._take_out_of(likes, post), -1)

    def bookmark(self, post: Post) -> bool:
        """Keep `post` among the bookmarks; return whether that is new."""
        self._hold(post)
        return self._put_into(bookmarks, post)

    def unbookmark(self, post: Post) -> bool:
        """Keep `post` no longer; return whether that is new."""
        return self._take_out_of(bookmarks, post)

    def repost(self, post: Post) -> bool:
        """Pass `post` on to those who follow the account; return whether that is new."""
        self.require_confirmed()
        self._hold(post)
        if self._repost_of(post) is not None:
            return False
        db.session.add(Post(body='', user_id=self.id, repost_of=post.id))
        db.session.flush()
        return True

    def unrepost(self, post: Post) -> bool:
        """Take that back; return whether there was something to take back."""
        self._hold(post)
        row = self._repost_of(post)
        if row is None:
            return False
        db.session.delete(row)
        db.session.flush()
        return True

    def _hold(self, post: Post) -> None:
        """Let nobody else change the account, the author or the post until the transaction ends."""
        db.session.flush()
        connection = db.session.connection()
        if self.id not in hold(connection, {self.id, post.user_id}):
            raise ObjectDeletedError(inspect(self))
        row = select(Post.id).where(Post.id == post.id).with_for_update(key_share=True)
        if connection.scalar(row) is None:
            raise ObjectDeletedError(inspect(post))

    def _tell_of_liking(self, post: Post, is_new: bool, change: int) -> bool:
        if is_new:
            liking_changed.send(self, post=post, change=change)
        return is_new

    def _repost_of(self, post: Post) -> Post | None:
        own = select(Post).where(Post.repost_of == post.id, Post.user_id == self.id)
        return db.session.scalars(own).first()

    def _put_into(self, table: Table, post: Post) -> bool:
        row = {'user_id': self.id, 'post_id': post.id, 'timestamp': utcnow()}
        return insert_if_absent(db.session.connection(), table, row)

    def _take_out_of(self, table: Table, post: Post) -> bool:
        own = delete(table).where(table.c.user_id == self.id, table.c.post_id == post.id)
        return rows_changed(own) > 0


class Context(NamedTuple):
    """What is shown with a post beside itself: what its reader did to it, whom it mentions."""

    liked: bool = False
    reposted: bool = False
    bookmarked: bool = False
    names: tuple[tuple[str, str], ...] = ()  # what those mentioned are called, by key


LIKED, REPOSTED, BOOKMARKED, MENTIONED = range(4)
NOTHING = Context()


def contexts(reader_id: int | None, post_ids: Iterable[int]) -> dict[int, Context]:
    """Return what a reader did to posts, and whom these mention: one query for a page.

    Of a post to which there is nothing to say, nothing.
    """
    ids = [*{*post_ids}]
    if not ids:
        return {}
    did: dict[int, set[int]] = defaultdict(set)
    names: dict[int, list[tuple[str, str]]] = defaultdict(list)
    found = db.session.connection().execute(_contexts(), {'reader': reader_id or 0, 'posts': ids})
    for kind, post_id, key, name in found:
        if kind == MENTIONED:
            names[post_id].append((key, name))
        else:
            did[post_id].add(kind)
    return {
        id_: Context(
            LIKED in did[id_], REPOSTED in did[id_], BOOKMARKED in did[id_], (*sorted(names[id_]),)
        )
        for id_ in {*did, *names}
    }


@dataclass(frozen=True, slots=True)
class Shown:
    """A post, an `Entry` of a timeline or a `Post`, and what is shown with it."""

    post: Any
    context: Context = NOTHING
    reposters: tuple[str, ...] = ()  # the names of those who put it there by passing it on
    # Who wrote what it answers: '' if that was deleted, None where the page says so anyway.
    answers: str | None = None
    is_alone: bool = False  # it is what the page is about

    @property
    def names(self) -> dict[str, str]:
        """What those are called whom it mentions, by the keys of app/markup.py."""
        return dict(self.context.names)


def shown(reader_id: int | None, posts: Iterable[Any]) -> list[Shown]:
    """Return what is shown of the posts of a page, in their order, each once: one query."""
    once: dict[int, tuple[Any, list[str]]] = {}
    for post in posts:
        _, reposters = once.setdefault(post.id, (post, []))
        if getattr(post, 'reposted_by', None):
            reposters.append(post.reposted_by)
    found = contexts(reader_id, once)
    return [
        Shown(post, found.get(id_, NOTHING), (*reposters,), getattr(post, 'answers', None))
        for id_, (post, reposters) in once.items()
    ]


@cache
def _contexts() -> CompoundSelect[Any]:
    reader = bindparam('reader', type_=Integer)
    posts: Any = bindparam('posts', expanding=True)
    post: Any = Post.__table__.c
    user = Model.metadata.tables['user'].c

    def done(kind: int, post_id: Any, user_id: Any) -> Select[Any]:
        mine = select(literal(kind).label('kind'), post_id.label('post_id'), null(), null())
        return mine.where(user_id == reader, post_id.in_(posts))

    mentioned = (
        select(literal(MENTIONED), mentions.c.post_id, mentions.c.name_key, user.username)
        .join(user.id.table, user.id == mentions.c.user_id)
        .where(mentions.c.post_id.in_(posts))
    )
    return union_all(
        mentioned,
        done(LIKED, likes.c.post_id, likes.c.user_id),
        done(REPOSTED, post.repost_of, post.user_id),
        done(BOOKMARKED, bookmarks.c.post_id, bookmarks.c.user_id),
    )
