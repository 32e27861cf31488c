"""The lists of people: everybody, who wrote lately, who follows somebody, whom somebody follows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select

from app.extensions import db
from app.models.followers import followers
from app.models.listing import LARGEST_SKIP, Listing, Position, Span, cut_out, sort
from app.models.post import Post
from app.models.reaction import likes
from app.models.timeline import BEGINS, EPOCH, MICROSECOND, POST, position_values
from app.models.totals import total
from app.models.user import User

LATELY = 1000  # of the newest posts, whose authors are those who wrote lately


def everybody(limit: int, skip: int) -> list[User]:
    """Return `limit` accounts, the oldest first, after the first `skip` ones."""
    if skip > LARGEST_SKIP:
        return []
    return list(db.session.scalars(select(User).order_by(User.id).limit(limit).offset(skip)))


def number_of_accounts() -> int:
    """Return how many accounts there are; of more than 10,000, how many there were lately."""
    return total('accounts', select(User.id))


class People(Listing[User]):
    """The people at one end of what binds them to something: the latest accounts first."""

    end: Any  # the column with their ids
    other_end: Any  # the one with the id of what they are bound to
    number: str  # the name of what is kept of how many they are

    def __init__(self, other: Any) -> None:
        self.other = other

    def total(self) -> int:
        """Return how many they are."""
        return int(getattr(self.other, self.number))

    def position(self, item: User) -> Position:
        return (item.id,)

    def read(self, span: Span) -> list[User]:
        bound = select(User).join(self.end.table, self.end == User.id)
        statement = cut_out(span, bound.where(self.other_end == self.other.id), [self.end])
        return sorted(db.session.scalars(statement), key=self.position, reverse=True)


class Followers(People):
    """The people who follow `user`."""

    end, other_end = followers.c.follower_id, followers.c.followed_id
    number = 'follower_count'


class Followed(People):
    """The people whom `user` follows."""

    end, other_end = followers.c.followed_id, followers.c.follower_id
    number = 'followed_count'


class Likers(People):
    """The people who like a post."""

    end, other_end = likes.c.user_id, likes.c.post_id
    number = 'like_count'


class Reposters(People):
    """The people who have passed a post on."""

    end, other_end = Post.__table__.c.user_id, Post.__table__.c.repost_of
    number = 'repost_count'


class RecentAuthors(Listing[tuple[User, datetime]]):
    """The people who wrote lately, each with the time of their newest post: the last one first.

    Where it is to find somebody new for `reader`, they and all whom they follow are not among them.
    """

    position_size = 2

    def __init__(self, reader: User | None = None) -> None:
        self.reader = reader

    def position(self, item: tuple[User, datetime]) -> Position:
        user, timestamp = item
        return (timestamp - EPOCH) // MICROSECOND, user.id

    def read(self, span: Span) -> list[tuple[User, datetime]]:
        # However few of them are no reposts: no more than these are looked at.
        newest = select(POST.user_id, POST.timestamp, POST.repost_of).where(BEGINS)
        posts = sort(newest, [POST.timestamp, POST.id], False).limit(LATELY).subquery().c
        latest = func.max(posts.timestamp).label('timestamp')
        own = select(posts.user_id, latest).where(posts.repost_of.is_(None))
        authors = own.group_by(posts.user_id).subquery()
        statement = select(User, authors.c.timestamp).join(authors, authors.c.user_id == User.id)
        if self.reader is not None:
            pair = followers.c.follower_id == self.reader.id, followers.c.followed_id == User.id
            statement = statement.where(User.id != self.reader.id, ~exists().where(*pair))
        columns: list[Any] = [authors.c.timestamp, User.id]
        statement = cut_out(span, statement, columns, position_values)
        found = [(user, timestamp) for user, timestamp in db.session.execute(statement)]
        return sorted(found, key=self.position, reverse=True)
