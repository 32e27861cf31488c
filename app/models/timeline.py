"""The timelines: everybody's posts, one author's, and those that a reader follows (chapters 8, 9).

The feed of followed authors is the page that decides how large the site can grow. It is never a
join of all posts with all followers: each step below reads as many index entries as there are
authors or lines on the page, however many posts exist. No single shape of query is fast with every
planner and every reader, so `FollowedPosts` chooses by the number of people followed.

A timeline changes nothing, so it gives rows without a session behind them, in statements that are
put together once for each shape: both would cost more than the database does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    exists,
    false,
    func,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Mapped

from app.extensions import db
from app.models.avatar import Pictured
from app.models.base import Model
from app.models.followers import followers
from app.models.listing import Listing, Position, Span, beyond, sort
from app.models.media import Illustrated
from app.models.post import Post, is_original
from app.models.reaction import bookmarks
from app.models.tag import Tag, post_tags
from app.models.totals import total

EPOCH = datetime(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)
LAST_MICROSECOND = (datetime.max - EPOCH) // MICROSECOND

# One look into the index for each author costs a few microseconds: up to this many authors it is
# the quickest way. Above, the newest posts of the whole site are likely to fill the page.
MANY_AUTHORS = 200
RECENT_POSTS = 1000

POST: Any = Post.__table__.c
# Timelines show what begins a conversation; an answer stands under what it answers.
BEGINS = POST.is_answer == false()
CHOSEN: Any = select(POST.id, POST.timestamp)
READER = bindparam('reader', type_=Integer)
LIMIT = bindparam('limit', type_=Integer)


@dataclass(frozen=True, slots=True)
class Author(Pictured):
    """Who has written something, as a timeline shows them."""

    id: int
    username: str
    email: str
    avatar_digest: str | None = None


@dataclass(frozen=True, slots=True)
class Entry(Illustrated):
    """A post as a timeline shows it: what can be read of a `Post`, and nothing to change."""

    id: int
    body: str
    timestamp: datetime
    language: str | None
    user_id: int
    author: Author
    edited: datetime | None = None
    in_reply_to: int | None = None
    reply_count: int = 0
    like_count: int = 0
    repost_count: int = 0
    pictures_json: str | None = None
    sensitive: bool = False
    answers: str | None = None  # who wrote what it answers; '' if that was deleted
    # What put it there: itself, or a row that passes it on (or keeps it).
    place: tuple[datetime, int] = (EPOCH, 0)
    reposted_by: str | None = None

    repost_of = None


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


def _is_followed_by_reader(author_id: Any) -> ColumnElement[bool]:
    return exists().where(followers.c.follower_id == READER, followers.c.followed_id == author_id)


def _is_followed(author_id: Any) -> ColumnElement[bool]:
    return or_(author_id == READER, _is_followed_by_reader(author_id))


class Timeline(Listing[Entry]):
    """Posts by time, the newest first."""

    position_size = 2
    model = Post
    # Selects the ids and times of all that is in it, by which columns, and given which values.
    chosen: Select[Any]
    columns: Any = POST
    values: Mapping[str, Any] = {}

    def position(self, item: Entry) -> Position:
        timestamp, id_ = item.place
        return (timestamp - EPOCH) // MICROSECOND, id_

    def read(self, span: Span) -> list[Entry]:
        return _entries(_of(type(self), Shape.of(span)), span, **self.values)

    def newest(self, limit: int) -> list[Entry]:
        """Return the newest `limit` posts."""
        return self.read(Span(limit))

    def has_above(self, place: str) -> bool:
        """Tell whether something is above `place`, a `top` of a page; above nonsense is nothing."""
        position = self._parse(place)
        return position is not None and self._has_above(position)

    def _has_above(self, position: Position) -> bool:
        return bool(self.read(Span(1, after=position)))

    def total(self) -> int:
        """Return how many posts there are in all, or were lately where there are many."""
        return total(f'{type(self).__name__} {self.values}', self.chosen.params(self.values))


class AllPosts(Timeline):
    """Everybody's posts: the Explore page. Answers and reposts are not among them."""

    chosen = CHOSEN.where(BEGINS, is_original(POST))


class PostsBy(Timeline):
    """The posts of one author, and those that they pass on."""

    chosen = CHOSEN.where(POST.user_id == bindparam('author'), BEGINS)

    def __init__(self, author: Reader) -> None:
        self.author = author
        self.values = {'author': author.id}

    def total(self) -> int:
        return self.author.post_count


class AnswersBy(PostsBy):
    """The answers of one author to posts."""

    chosen = CHOSEN.where(POST.user_id == bindparam('author'), POST.is_answer == true())
    total = Timeline.total


class AnswersTo(Timeline):
    """The answers to a post: the oldest first, so that `before` is above and `after` below."""

    chosen = CHOSEN.where(POST.in_reply_to == bindparam('post'))

    def __init__(self, post: Post) -> None:
        self.post = post
        self.values = {'post': post.id}

    def total(self) -> int:
        return self.post.reply_count

    def read(self, span: Span) -> list[Entry]:
        shape = Shape(Shape.of(span).bounded, not span.upward, span.skip > 0)
        return _entries(_of(type(self), shape), span, **self.values)[::-1]


class PostsUnder(Timeline):
    """All that has a tag."""

    columns = post_tags.c
    chosen = select(columns.post_id.label('id'), columns.timestamp).where(
        columns.tag_id == bindparam('tag')
    )

    def __init__(self, tag: Tag) -> None:
        self.values = {'tag': tag.id}


class Bookmarked(Timeline):
    """What a reader keeps: what was kept last comes first."""

    columns = bookmarks.c
    chosen = select(columns.post_id.label('id'), columns.timestamp).where(columns.user_id == READER)

    def __init__(self, reader: Reader) -> None:
        self.values = {'reader': reader.id}


class FollowedPosts(Timeline):
    """The reader's own posts and those of everybody the reader follows: the home page."""

    chosen = CHOSEN.where(BEGINS, _is_followed(POST.user_id))

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.values = {'reader': reader.id}

    def total(self) -> int:
        authors = _authors().subquery('followed')
        user = Model.metadata.tables['user'].c
        counted = select(func.sum(user.post_count)).where(user.id.in_(select(authors.c.author_id)))
        return int(db.session.scalar(counted, self.values) or 0)

    def read(self, span: Span) -> list[Entry]:
        if self.reader.followed_count == 0:
            return PostsBy(self.reader).read(span)
        if self.reader.followed_count <= MANY_AUTHORS:
            return self._skip_among_authors(span) if span.skip else self._of_newest_authors(span)
        if span.skip:
            return self._skip_among_all(span)
        entries = self._among_recent(span)
        if len(entries) == span.limit or self._recent_are_all(span):
            return entries
        return self._of_newest_authors(span)

    def _has_above(self, position: Position) -> bool:
        """Tell whether others have something above `position`, at a cost that has a limit."""
        if self.reader.followed_count == 0:
            return False
        if self.reader.followed_count <= MANY_AUTHORS:
            span = Span(1, after=position)
            return bool(rows(_newest_authors(Shape.of(span), True), span, **self.values))
        # Of what is older than the newest posts of the whole site, an earlier question has told.
        found = self._among_recent(Span(1), of_others=True)
        return any(self.position(entry) > position for entry in found)

    def _of_newest_authors(self, span: Span) -> list[Entry]:
        """The newest n posts can only be by the n authors whose newest post is the newest."""
        found = rows(_newest_authors(Shape.of(span)), span, **self.values)
        # Merge the newest posts of each of these.
        authors = {f'author_{n}': author for n, (author,) in enumerate(found)}
        return _entries(_merge(len(authors), Shape.of(span)), span, **authors) if authors else []

    def _among_recent(self, span: Span, of_others: bool = False) -> list[Entry]:
        """Look through the newest posts of the whole site."""
        statement = _recent(Shape.of(span), of_others)
        return _entries(statement, span, recent=RECENT_POSTS, **self.values)

    def _recent_are_all(self, span: Span) -> bool:
        """Tell whether there is nothing beyond the posts that `_among_recent` has looked through.

        So it is near both ends of the list, such as on the way back to the first page.
        """
        next_one = Span(1, span.before, span.after, skip=RECENT_POSTS)
        return not rows(_ids_of_all(Shape.of(next_one)), next_one)

    def _skip_among_all(self, span: Span) -> list[Entry]:
        return super().read(span)

    def _skip_among_authors(self, span: Span) -> list[Entry]:
        authors = db.session.scalars(_authors(), self.values).all()
        return _entries(_of_some(Shape.of(span)), span, authors=authors)


class Reader:
    """What an account can do with timelines."""

    if TYPE_CHECKING:
        id: Any
        post_count: Mapped[int]
        followed_count: Mapped[int]

    def followed_posts(self) -> FollowedPosts:
        """Return the timeline of the user's own posts and those of everybody followed."""
        return FollowedPosts(self)


def rows(statement: Select[Any], span: Span, **values: Any) -> Sequence[Any]:
    """Return what `statement` selects for `span` and the other `values` of its parameters."""
    if span.position is not None:
        values['timestamp'], values['id'] = position_values(span.position)
    if span.skip:
        values['skip'] = span.skip
    db.session.flush()
    return db.session.connection().execute(statement, {'limit': span.limit, **values}).all()


def _entries(statement: Select[Any], span: Span, **values: Any) -> list[Entry]:
    """Return the posts that `statement` selects, the newest first."""
    found = [_entry(*row) for row in rows(statement, span, **values)]
    found.sort(key=lambda entry: entry.place, reverse=True)
    return found


def _entry(
    at: datetime, row_id: int, reposter: str | None, answers: str | None, *columns: Any
) -> Entry:
    *post, username, email, avatar_digest = columns
    author = Author(post[4], username, email, avatar_digest)
    if answers is None and post[6] is not None:
        answers = ''
    shown: Any = *post[:5], author, *post[5:], answers, (at, row_id), reposter
    return Entry(*shown)


@dataclass(frozen=True)
class Shape:
    """What statements for several spans have in common, so that each is put together once."""

    bounded: bool
    upward: bool
    skipping: bool

    @classmethod
    def of(cls, span: Span) -> Shape:
        return cls(span.before is not None or span.upward, span.upward, span.skip > 0)


def author_columns(user: Any) -> list[Any]:
    """Return what is selected of an account for an `Author`, beside the id."""
    return [user.username, user.email, user.avatar_digest]


def _with_authors(build: Callable[..., Select[Any]]) -> Callable[..., Select[Any]]:
    """Let a statement that selects ids of posts select what a timeline shows of these; once."""

    @lru_cache(maxsize=256)
    def built(*arguments: Any) -> Select[Any]:
        chosen = build(*arguments).subquery('chosen')
        row, answered = Post.__table__.alias('row'), Post.__table__.alias('answered')
        user = Model.metadata.tables['user']
        reposter, answered_author = user.alias('reposter'), user.alias('answered_author')
        found = chosen.join(row, row.c.id == chosen.c.id)
        found = found.join(Post.__table__, POST.id == func.coalesce(row.c.repost_of, row.c.id))
        found = found.join(user, user.c.id == POST.user_id)
        passed_on = and_(row.c.repost_of.is_not(None), reposter.c.id == row.c.user_id)
        found = found.outerjoin(reposter, passed_on)
        found = found.outerjoin(answered, answered.c.id == POST.in_reply_to)
        found = found.outerjoin(answered_author, answered_author.c.id == answered.c.user_id)
        return select(
            chosen.c.timestamp,
            chosen.c.id,
            reposter.c.username,
            answered_author.c.username,
            POST.id,
            POST.body,
            POST.timestamp,
            POST.language,
            POST.user_id,
            POST.edited,
            POST.in_reply_to,
            POST.reply_count,
            POST.like_count,
            POST.repost_count,
            POST.pictures_json,
            POST.sensitive,
            *author_columns(user.c),
        ).select_from(found)

    return built


@lru_cache
def _ids_of_all(shape: Shape) -> Select[Any]:
    return cut(select(POST.id).where(BEGINS), POST, shape)


@_with_authors
def _of(timeline: type[Timeline], shape: Shape) -> Select[Any]:
    return cut(timeline.chosen, timeline.columns, shape)


@_with_authors
def _of_some(shape: Shape) -> Select[Any]:
    by_one_of_them = POST.user_id.in_(bindparam('authors', expanding=True))
    return cut(CHOSEN.where(by_one_of_them, BEGINS), POST, shape)


@_with_authors
def _recent(shape: Shape, of_others: bool = False) -> Select[Any]:
    indexed = select(POST.id, POST.timestamp, POST.user_id).where(BEGINS)
    nearest = cut(indexed, POST, shape, bindparam('recent', type_=Integer))
    recent = nearest.subquery('recent').c
    is_wanted = (_is_followed_by_reader if of_others else _is_followed)(recent.user_id)
    of_followed = select(recent.id, recent.timestamp).where(is_wanted)
    return sort(of_followed, [recent.timestamp, recent.id], shape.upward).limit(LIMIT)


@_with_authors
def _merge(author_count: int, shape: Shape) -> Select[Any]:
    """Merge the newest posts of each of `author_count` authors."""

    def newest_by(author_id: ColumnElement[int]) -> Any:
        own = select(POST.timestamp, POST.id).where(POST.user_id == author_id, BEGINS)
        return select(cut(own, POST, shape).subquery())

    merged = union_all(
        *(newest_by(bindparam(f'author_{n}')) for n in range(author_count))
    ).subquery()
    chosen = select(merged.c.id, merged.c.timestamp)
    return sort(chosen, [merged.c.timestamp, merged.c.id], shape.upward).limit(LIMIT)


@lru_cache
def _newest_authors(shape: Shape, of_others: bool = False) -> Select[Any]:
    """Select the authors whose newest post is the newest."""
    author = (_followed() if of_others else _authors()).subquery('author')
    latest = Post.__table__.alias('latest').c

    def of_latest(column: Any) -> Any:
        own = select(column).where(
            latest.user_id == author.c.author_id, latest.is_answer == false()
        )
        return cut(own, latest, shape, 1).correlate(author).scalar_subquery()

    # Both values come straight from the index. With a join instead, a planner may find it
    # cheaper to read the whole table of posts once.
    places = select(
        author.c.author_id,
        of_latest(latest.timestamp).label('timestamp'),
        of_latest(latest.id).label('id'),
    ).subquery()
    with_posts = select(places.c.author_id).where(places.c.id.is_not(None))
    return sort(with_posts, [places.c.timestamp, places.c.id], shape.upward).limit(LIMIT)


@lru_cache
def _authors() -> Select[Any]:
    """Select the ids of the authors as `author_id`: everybody followed, and the reader."""
    authors = union_all(_followed(), select(READER)).subquery('authors')
    return select(authors.c.author_id)


def _followed() -> Select[Any]:
    """Select the ids of everybody followed as `author_id`."""
    followed = select(followers.c.followed_id.label('author_id'))
    return followed.where(followers.c.follower_id == READER)


def cut(statement: Select[Any], entries: Any, shape: Shape, limit: Any = LIMIT) -> Select[Any]:
    """Sort `statement` by the time of `entries` and cut a span of that shape out of it."""
    columns = [entries.timestamp, entries.id if 'id' in entries else entries.post_id]
    if shape.bounded:
        position: list[Any] = [bindparam('timestamp'), bindparam('id')]
        statement = statement.where(beyond(columns, position, shape.upward))
    skip = bindparam('skip', type_=Integer) if shape.skipping else None
    return sort(statement, columns, shape.upward).limit(limit).offset(skip)
