"""Passkeys: the public halves of keys that people's devices hold, and when each was used."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, LargeBinary, String, delete, func, select, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import TABLE_OPTIONS, Timestamp, utcnow
from app.extensions import db
from app.models.base import Identifier, Model, UserId, rows_changed
from app.models.locks import Lockable

MOST = 20  # of one account
NAME_LENGTH = 64
CREDENTIAL_LENGTH = 512  # of its id, in base64


class Passkey(Model):
    """A key that a device of its owner has made for this site."""

    __tablename__ = 'passkey'

    id: Mapped[Identifier]
    user_id: Mapped[UserId] = mapped_column(index=True)
    # By which browsers and devices know it.
    credential_id: Mapped[str] = mapped_column(String(CREDENTIAL_LENGTH), index=True, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    # How often the device says to have used it; always 0 for those that do not count.
    sign_count: Mapped[int] = mapped_column(BigInteger)
    # When the last challenge was made that it has answered, in microseconds since 1970.
    last_challenge: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    timestamp: Mapped[datetime] = mapped_column(Timestamp, default=utcnow)
    last_used: Mapped[datetime | None] = mapped_column(Timestamp)

    user = relationship('User')

    __table_args__ = (TABLE_OPTIONS,)

    def __repr__(self) -> str:
        return f'<Passkey {self.id}>'

    def note_use(self, challenge_time: int, sign_count: int) -> bool:
        """Note that it has answered a challenge; return whether that is a new one.

        One answer is good once, also for two at the same moment. To commit is left to the caller.
        """
        used = (
            update(Passkey)
            .where(
                Passkey.id == self.id,
                Passkey.last_challenge < challenge_time,
                Passkey.sign_count == self.sign_count,
            )
            .values(last_challenge=challenge_time, sign_count=sign_count, last_used=utcnow())
        )
        return rows_changed(used) == 1


class PasskeyOwner(Lockable):
    """What an account can do with passkeys. To commit is left to the caller."""

    if TYPE_CHECKING:
        id: Any

    def passkeys(self) -> Sequence[Passkey]:
        """Return the passkeys of the account, the oldest first."""
        own = select(Passkey).where(Passkey.user_id == self.id)
        return db.session.scalars(own.order_by(Passkey.id)).all()

    def passkey(self, id_: int) -> Passkey | None:
        """Return the passkey of that number, if it is the account's."""
        own = select(Passkey).where(Passkey.user_id == self.id, Passkey.id == id_)
        return db.session.scalars(own).first()

    def add_passkey(self, **columns: Any) -> bool:
        """Add a passkey; return whether the account may have one more, and nobody has this one."""
        self.lock()
        count = select(func.count()).where(Passkey.user_id == self.id)
        same = select(Passkey.id).where(Passkey.credential_id == columns['credential_id'])
        if (db.session.scalar(count) or 0) >= MOST or db.session.scalar(same) is not None:
            return False
        db.session.add(Passkey(user_id=self.id, **columns))
        return True

    def remove_passkeys(self, id_: int | None = None) -> int:
        """Remove the passkey of that number, or all of the account; return how many there were."""
        own = delete(Passkey).where(Passkey.user_id == self.id)
        return rows_changed(own if id_ is None else own.where(Passkey.id == id_))
