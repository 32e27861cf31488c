"""Invitations, without which nobody registers where REGISTRATION=invite."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, String, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.database import LARGEST_ID, TABLE_OPTIONS, Timestamp, utcnow
from app.extensions import db
from app.models.api_token import RANDOM_BYTES, digest
from app.models.base import Identifier, Model, rows_changed

MOST_OPEN = 20  # of one person, at a time
MOST_USES = 100
LONGEST = 90  # days


class InvalidInvitationError(Exception):
    """There is no such invitation, or none any more."""


class Invitation(Model):
    """An invitation that was handed out: of its code, nothing but a hash is kept."""

    __tablename__ = 'invitation'

    id: Mapped[Identifier]
    # Whose it is; None for those of the site's administrators.
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey('user.id', ondelete='CASCADE'), index=True
    )
    code_hash: Mapped[str] = mapped_column(String(64), index=True, unique=True)
    most: Mapped[int]
    used: Mapped[int] = mapped_column(default=0, server_default='0')
    expiration: Mapped[datetime] = mapped_column(Timestamp)

    __table_args__ = (TABLE_OPTIONS,)
    __mapper_args__ = {'confirm_deleted_rows': False}

    def __repr__(self) -> str:
        return f'<Invitation {self.id}>'

    @staticmethod
    def make(user_id: int | None, most: int, days: int) -> str:
        """Return the code of a new invitation, good `most` times; the caller commits."""
        code = secrets.token_urlsafe(RANDOM_BYTES)
        end = utcnow() + timedelta(days=days)
        db.session.add(
            Invitation(user_id=user_id, code_hash=digest(code), most=most, expiration=end)
        )
        return code

    @staticmethod
    def of(user_id: int) -> Sequence[Invitation]:
        """Return the invitations that somebody has made, the last one first."""
        found = select(Invitation).where(Invitation.user_id == user_id)
        return db.session.scalars(found.order_by(Invitation.id.desc())).all()

    @staticmethod
    def revoke(user_id: int, id_: int) -> None:
        """Let an invitation of somebody be good no more; the caller commits."""
        own = Invitation.user_id == user_id
        db.session.execute(delete(Invitation).where(own, Invitation.id == min(id_, LARGEST_ID)))

    @staticmethod
    def use(code: str) -> None:
        """Use the invitation once; of two at once who want the last use, one gets it.

        It counts with the transaction. Raises InvalidInvitationError where there is nothing to use.
        """
        used = update(Invitation).where(*_is_good(code)).values(used=Invitation.used + 1)
        if not rows_changed(used):
            raise InvalidInvitationError

    @staticmethod
    def is_good(code: str) -> bool:
        """Tell whether the invitation can be used."""
        return db.session.scalar(select(Invitation.id).where(*_is_good(code))) is not None

    def is_open(self) -> bool:
        """Tell whether somebody can use it still."""
        return self.used < self.most and self.expiration > utcnow()


def _is_good(code: str) -> tuple[Any, ...]:
    is_left = Invitation.used < Invitation.most
    return Invitation.code_hash == digest(code), is_left, Invitation.expiration > utcnow()
