"""Leaving: an account that is to go may come back for some days, and then has no way back.

What goes with it, and in which order, is in app/tasks/purge.py.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import String, delete, inspect, select
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm.exc import ObjectDeletedError

from app.database import TABLE_OPTIONS, Timestamp, utcnow
from app.extensions import db
from app.models.base import Model
from app.models.locks import Lockable
from app.models.message import NEVER
from app.models.tokens import FINGERPRINT_LENGTH, fingerprint
from app.text import case_key

RETIRED_FOR = timedelta(days=90)  # in which nobody gets the name of somebody who has left
BEGUN = NEVER  # when those were to go who are going: before any other time


class RetiredName(Model):
    """A name that nobody may have for a while. Whose it was can be read nowhere."""

    __tablename__ = 'retired_name'

    mark: Mapped[str] = mapped_column(String(FINGERPRINT_LENGTH), primary_key=True)
    until: Mapped[datetime] = mapped_column(Timestamp, index=True)

    __table_args__ = (TABLE_OPTIONS,)

    def __repr__(self) -> str:
        return f'<RetiredName {self.mark}>'


def _mark(username: str) -> str:
    return fingerprint('retired', case_key(username))


def is_retired(username: str) -> bool:
    """Tell whether somebody who had that name, in any case, has left lately."""
    found = select(RetiredName.mark).where(
        RetiredName.mark == _mark(username), RetiredName.until > utcnow()
    )
    return db.session.scalar(found) is not None


class Leaver(Lockable):
    """What an account can do about its end."""

    if TYPE_CHECKING:
        username: Any
        email: Any
        claimed_email: Any
        about_me: Any
        password_hash: Any
        avatar_digest: Any
        # When it goes; None for those who stay.
        deletion_at: Mapped[datetime | None]

        def end_access(self) -> None: ...

        def lock_unchanged(self) -> bool: ...

    def ask_for_deletion(self, delay: timedelta) -> datetime:
        """Let the account go after `delay`, and return when that is; the caller commits.

        Whoever is logged in, and each token, is so no longer.
        """
        self.lock()
        self.deletion_at = utcnow() + delay
        self.end_access()
        return self.deletion_at

    def stay(self) -> bool:
        """Take that back; return whether it was not too late. The caller commits."""
        if not self.lock_unchanged():
            return False
        self.deletion_at = None
        return True

    def begin_to_leave(self) -> None:
        """Take the way from which there is none back; the caller commits.

        From here on nobody can log in. What is left for others to see has another name. Raises
        ObjectDeletedError when somebody else was so much quicker.
        """
        self.lock()
        if db.session.get(type(self), self.id, populate_existing=True) is None:
            raise ObjectDeletedError(inspect(self))
        if self.deletion_at == BEGUN:
            return
        self.end_access()
        now = utcnow()
        db.session.execute(delete(RetiredName).where(RetiredName.until <= now))
        db.session.merge(RetiredName(mark=_mark(self.username), until=now + RETIRED_FOR))
        self.deletion_at = BEGUN
        self.username = f'deleted-{secrets.token_hex(8)}'
        self.email = f'{self.username}@invalid'
        self.password_hash = self.claimed_email = self.about_me = self.avatar_digest = None
