"""The timelines: everybody's posts, one author's, and those that a reader follows (chapters 8, 9).

The feed of followed authors is the page that decides how large the site can grow. It is never a
join of all posts with all followers: each step below reads as many index entries as there are
authors or lines on the page, however many posts exist. No single shape of query is fast with every
planner and every reader, so `FollowedPosts` chooses by the number of people followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased, joinedload

from app.extensions import db
from app.models.followers import followers
from app.models.listing import Listing, Position, Span, beyond, sort
from app.models.post import Post
from app.models.totals import total
from app.models.user import User

EPOCH = datetime(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)
LAST_MICROSECOND = (datetime.max - EPOCH) // MICROSECOND

# One look into the index for each author costs a few microseconds: up to this many authors it is
# the quickest way. Above, the newest posts of the whole site are likely to fill the page.
MANY_AUTHORS = 200
RECENT_POSTS = 1000


def post_position(post: Any) -> Position:
    """Return the place of a post (or message): microseconds since 1970, and the id."""
    return (post.timestamp - EPOCH) // MICROSECOND, post.id


def position_values(position: Position) -> tuple[datetime, int]:
    """Return the timestamp and the id that `position` stands for."""
    microseconds, post_id = position
    return EPOCH + min(microseconds, LAST_MICROSECOND) * MICROSECOND, post_id


def place_of(entries: Any, id_: int) -> str:
    """Return the place of a post (or message) as the argument of a page; it may be gone by now."""
    nearest = select(entries.timestamp).where(entries.id <= id_)
    timestamp = db.session.scalar(nearest.order_by(entries.id.desc()).limit(1))
    return '0-0' if timestamp is None else f'{(timestamp - EPOCH) // MICROSECOND}-{id_}'


class Timeline(Listing[Post]):
    """Posts by time, the newest first, each with its author loaded."""

    position_size = 2
    model = Post

    def position(self, item: Post) -> Position:
        return post_position(item)

    def newest(self, limit: int) -> list[Post]:
        """Return the newest `limit` posts."""
        return self.read(Span(limit))

    def read(self, span: Span) -> list[Post]:
        ids = self._ids(span)
        statement = select(Post).where(Post.id.in_(ids)).options(joinedload(Post.author))
        posts = list(db.session.scalars(statement)) if ids else []
        return sorted(posts, key=self.position, reverse=True)

    def total(self) -> int:
        """Return how many posts there are in all, or were lately where there are many."""
        raise NotImplementedError

    def _ids(self, span: Span) -> Sequence[int]:
        raise NotImplementedError


class AllPosts(Timeline):
    """Everybody's posts: the Explore page."""

    def total(self) -> int:
        return total('posts', select(Post.id))

    def _ids(self, span: Span) -> Sequence[int]:
        return db.session.scalars(cut(select(Post.id), Post, span)).all()


class PostsBy(Timeline):
    """The posts of one author."""

    def __init__(self, author: User) -> None:
        self.author = author

    def total(self) -> int:
        return self.author.post_count

    def _ids(self, span: Span) -> Sequence[int]:
        own = select(Post.id).where(Post.user_id == self.author.id)
        return db.session.scalars(cut(own, Post, span)).all()


class FollowedPosts(Timeline):
    """The reader's own posts and those of everybody the reader follows: the home page."""

    def __init__(self, reader: User) -> None:
        self.reader = reader

    def total(self) -> int:
        authors = self._authors().subquery('followed')
        counted = select(func.sum(User.post_count)).where(User.id.in_(select(authors.c.author_id)))
        return int(db.session.scalar(counted) or 0)

    def _ids(self, span: Span) -> Sequence[int]:
        if self.reader.followed_count == 0:
            return PostsBy(self.reader)._ids(span)
        if self.reader.followed_count <= MANY_AUTHORS:
            return self._skip_among_authors(span) if span.skip else self._of_newest_authors(span)
        if span.skip:
            return self._skip_among_all(span)
        ids = self._among_recent(span)
        if len(ids) == span.limit or self._recent_are_all(span):
            return ids
        return self._of_newest_authors(span)

    def _authors(self) -> Select[Any]:
        """Select the ids of the authors as `author_id`: everybody followed, and the reader."""
        followed = select(followers.c.followed_id.label('author_id')).where(
            followers.c.follower_id == self.reader.id
        )
        authors = union_all(followed, select(literal(self.reader.id))).subquery('authors')
        return select(authors.c.author_id)

    def _of_newest_authors(self, span: Span) -> Sequence[int]:
        """The newest n posts can only be by the n authors whose newest post is the newest."""
        author = self._authors().subquery('author')
        latest = aliased(Post)

        def of_latest(column: Any) -> Any:
            own = select(column).where(latest.user_id == author.c.author_id)
            return cut(own, latest, _first(span)).correlate(author).scalar_subquery()

        # Both values come straight from the index. With a join instead, a planner may find it
        # cheaper to read the whole table of posts once.
        places = select(
            author.c.author_id,
            of_latest(latest.timestamp).label('timestamp'),
            of_latest(latest.id).label('id'),
        ).subquery()
        with_posts = select(places.c.author_id).where(places.c.id.is_not(None))
        columns = [places.c.timestamp, places.c.id]
        newest = sort(with_posts, columns, span.upward).limit(span.limit)
        return self._newest_by(db.session.scalars(newest).all(), span)

    def _newest_by(self, authors: Sequence[int], span: Span) -> Sequence[int]:
        """Merge the newest posts of each of a few authors."""
        if not authors:
            return []
        values: dict[str, Any] = {f'author_{n}': author for n, author in enumerate(authors)}
        position = span.after if span.upward else span.before
        if position is not None:
            values['timestamp'], values['id'] = position_values(position)
        statement = _merge(len(authors), span.limit, position is not None, span.upward)
        return db.session.scalars(statement, values).all()

    def _among_recent(self, span: Span) -> Sequence[int]:
        """Look through the newest posts of the whole site."""
        indexed: list[Any] = [Post.id, Post.timestamp, Post.user_id]
        nearest = Span(RECENT_POSTS, span.before, span.after)
        recent = cut(select(*indexed), Post, nearest).subquery()
        columns = [recent.c.timestamp, recent.c.id]
        statement = select(recent.c.id).where(self._is_by_author(recent.c.user_id))
        return db.session.scalars(sort(statement, columns, span.upward).limit(span.limit)).all()

    def _recent_are_all(self, span: Span) -> bool:
        """Tell whether there is nothing beyond the posts that `_among_recent` has looked through.

        So it is near both ends of the list, such as on the way back to the first page.
        """
        next_one = Span(1, span.before, span.after, skip=RECENT_POSTS)
        return not db.session.scalars(cut(select(Post.id), Post, next_one)).all()

    def _skip_among_all(self, span: Span) -> Sequence[int]:
        statement = select(Post.id).where(self._is_by_author(Post.user_id))
        return db.session.scalars(cut(statement, Post, span)).all()

    def _skip_among_authors(self, span: Span) -> Sequence[int]:
        authors = db.session.scalars(self._authors()).all()
        statement = select(Post.id).where(Post.user_id.in_(authors))
        return db.session.scalars(cut(statement, Post, span)).all()

    def _is_by_author(self, author_id: Any) -> ColumnElement[bool]:
        followed = exists().where(
            followers.c.follower_id == self.reader.id, followers.c.followed_id == author_id
        )
        return or_(author_id == self.reader.id, followed)


@lru_cache(maxsize=256)
def _merge(author_count: int, limit: int, bounded: bool, upward: bool) -> Select[Any]:
    """Build the statement that merges the newest posts of each of `author_count` authors.

    It is kept, because putting it together takes several times as long as running it.
    """
    columns: list[Any] = [Post.timestamp, Post.id]

    def newest_by(author_id: ColumnElement[int]) -> Any:
        own = select(*columns).where(Post.user_id == author_id)
        if bounded:
            own = own.where(beyond(columns, [bindparam('timestamp'), bindparam('id')], upward))
        return select(sort(own, columns, upward).limit(limit).subquery())

    merged = union_all(
        *(newest_by(bindparam(f'author_{n}')) for n in range(author_count))
    ).subquery()
    return sort(select(merged.c.id), [merged.c.timestamp, merged.c.id], upward).limit(limit)


def _first(span: Span) -> Span:
    return Span(1, span.before, span.after)


def cut(statement: Select[Any], post: Any, span: Span) -> Select[Any]:
    """Sort `statement` by the time of `post` and cut `span` out of it."""
    columns = [post.timestamp, post.id]
    position = span.after if span.upward else span.before
    if position is not None:
        statement = statement.where(beyond(columns, position_values(position), span.upward))
    return sort(statement, columns, span.upward).limit(span.limit).offset(span.skip or None)
