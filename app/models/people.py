"""The lists of people: everybody, who follows somebody, and whom somebody follows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, select

from app.extensions import db
from app.models.followers import followers
from app.models.listing import LARGEST_SKIP, Listing, Position, Span, beyond, sort
from app.models.totals import total
from app.models.user import User


def everybody(limit: int, skip: int) -> list[User]:
    """Return `limit` accounts, the oldest first, after the first `skip` ones."""
    if skip > LARGEST_SKIP:
        return []
    return list(db.session.scalars(select(User).order_by(User.id).limit(limit).offset(skip)))


def number_of_accounts() -> int:
    """Return how many accounts there are; of more than 10,000, how many there were lately."""
    return total('accounts', select(User.id))


class _People(Listing[User]):
    """The people at one end of following: the latest accounts first."""

    end: Column[int]
    other_end: Column[int]

    def __init__(self, user: User) -> None:
        self.user = user

    def position(self, item: User) -> Position:
        return (item.id,)

    def read(self, span: Span) -> list[User]:
        columns: list[Any] = [self.end]
        statement = (
            select(User).join(followers, self.end == User.id).where(self.other_end == self.user.id)
        )
        position = span.after if span.upward else span.before
        if position is not None:
            statement = statement.where(beyond(columns, position, span.upward))
        statement = sort(statement, columns, span.upward).limit(span.limit).offset(span.skip)
        return sorted(db.session.scalars(statement), key=self.position, reverse=True)


class Followers(_People):
    """The people who follow `user`."""

    end, other_end = followers.c.follower_id, followers.c.followed_id

    def total(self) -> int:
        return self.user.follower_count


class Followed(_People):
    """The people whom `user` follows."""

    end, other_end = followers.c.followed_id, followers.c.follower_id

    def total(self) -> int:
        return self.user.followed_count
