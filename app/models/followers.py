"""Who follows whom (chapter 8)."""

from __future__ import annotations

from collections.abc import Iterable

from blinker import Signal
from sqlalchemy import (
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    Table,
    and_,
    delete,
    select,
)

from app.database import TABLE_OPTIONS, Base, insert_if_absent
from app.extensions import db
from app.models.base import rows_changed
from app.models.confirmation import Claimant
from app.models.locks import Lockable

# Sent by an account that follows the account `followed` from now on (`change` is 1), or no longer
# (-1), while both are held.
following_changed = Signal()

followers = Table(
    'followers',
    Base.metadata,
    Column('follower_id', Integer, ForeignKey('user.id', ondelete='CASCADE'), primary_key=True),
    Column('followed_id', Integer, ForeignKey('user.id', ondelete='CASCADE'), primary_key=True),
    CheckConstraint('follower_id <> followed_id', name='not_oneself'),
    # The primary key lists whom one follows, this lists by whom one is followed.
    Index(None, 'followed_id', 'follower_id'),
    **TABLE_OPTIONS,
)


class Follower(Lockable, Claimant):
    """What an account can do about following others."""

    def follow(self, user: Follower) -> bool:
        """Follow `user` from now on; return whether that is new."""
        self.require_confirmed()
        self._lock_with(user)
        row = {'follower_id': self.id, 'followed_id': user.id}
        is_new = insert_if_absent(db.session.connection(), followers, row)
        return self._tell_of_following(user, is_new, +1)

    def unfollow(self, user: Follower) -> bool:
        """Follow `user` no longer; return whether that is new."""
        self._lock_with(user)
        is_new = rows_changed(delete(followers).where(self._pair_with(user))) > 0
        return self._tell_of_following(user, is_new, -1)

    def is_following(self, user: Follower) -> bool:
        pair = select(followers.c.followed_id).where(self._pair_with(user))
        return db.session.scalar(pair) is not None

    def followed_among(self, people: Iterable[Follower]) -> set[int]:
        """Return the ids of those of `people` whom the user follows."""
        ids = [person.id for person in people]
        pairs = select(followers.c.followed_id).where(
            followers.c.follower_id == self.id, followers.c.followed_id.in_(ids)
        )
        return set(db.session.scalars(pairs)) if ids else set()

    def _pair_with(self, user: Follower) -> ColumnElement[bool]:
        return and_(followers.c.follower_id == self.id, followers.c.followed_id == user.id)

    def _tell_of_following(self, user: Follower, is_new: bool, change: int) -> bool:
        if is_new:
            following_changed.send(self, followed=user, change=change)
        return is_new
