"""What a program shows instead of a password (chapter 23)."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import Index, String, delete, or_, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from app.database import TABLE_OPTIONS, Timestamp, utcnow
from app.extensions import db
from app.models.base import Identifier, Model, UserId
from app.models.tokens import FINGERPRINT_LENGTH

RANDOM_BYTES = 24  # which are 32 characters


def digest(token: str) -> str:
    """Return what is stored of a token. It is random enough to need no salt and no slowness."""
    return sha256(token.encode('utf-8', 'surrogatepass')).hexdigest()


class ApiToken(Model):
    """A token that was handed out: of the token itself, nothing but a hash is kept."""

    __tablename__ = 'api_token'

    id: Mapped[Identifier]
    user_id: Mapped[UserId]
    token_hash: Mapped[str] = mapped_column(String(64), index=True, unique=True)
    # Of the password it was given for: like a session, it is worth nothing under a new one.
    password_mark: Mapped[str] = mapped_column(String(FINGERPRINT_LENGTH))
    expiration: Mapped[datetime] = mapped_column(Timestamp)

    user = relationship('User', back_populates='api_tokens')

    __table_args__ = (Index(None, 'user_id', 'expiration'), TABLE_OPTIONS)

    def __repr__(self) -> str:
        return f'<ApiToken {self.id}>'


class TokenOwner:
    """What an account can do with tokens of the API."""

    if TYPE_CHECKING:
        id: Any

        def password_mark(self) -> str: ...

    def get_token(self, expires_in: float = 3600) -> str:
        """Return a token of the API that is good for `expires_in` seconds. Removes dead ones.

        As in the tutorial, to commit is left to the caller. Every call gives another token.
        """
        token = secrets.token_urlsafe(RANDOM_BYTES)
        mark = self.password_mark()
        is_dead = or_(ApiToken.expiration <= utcnow(), ApiToken.password_mark != mark)
        db.session.execute(delete(ApiToken).where(ApiToken.user_id == self.id, is_dead))
        db.session.add(
            ApiToken(
                user_id=self.id,
                token_hash=digest(token),
                password_mark=mark,
                expiration=utcnow() + timedelta(seconds=expires_in),
            )
        )
        return token

    @classmethod
    def check_token(cls, token: str) -> Self | None:
        """Return the user whom `token` was given to, None for one that is no good in any way."""
        found = db.session.scalars(
            select(ApiToken)
            .where(ApiToken.token_hash == digest(token), ApiToken.expiration > utcnow())
            .options(joinedload(ApiToken.user))
        ).first()
        if found is None or found.password_mark != found.user.password_mark():
            return None
        owner: Self = found.user
        return owner

    def revoke_token(self, token: str | None = None) -> None:
        """End a token of the user, or all of them."""
        statement = delete(ApiToken).where(ApiToken.user_id == self.id)
        if token is not None:
            statement = statement.where(ApiToken.token_hash == digest(token))
        db.session.execute(statement)
