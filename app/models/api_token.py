"""What a program shows instead of a password (chapter 23)."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import (
    ColumnElement,
    Index,
    String,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from app.database import TABLE_OPTIONS, Timestamp, utcnow
from app.extensions import db
from app.models.base import Identifier, Model, UserId, rows_changed
from app.models.locks import Lockable
from app.models.message import NEVER
from app.models.tokens import FINGERPRINT_LENGTH

RANDOM_BYTES = 24  # which are 32 characters
NAME_LENGTH = 64
MOST_NAMED = 50  # of an account
USE_INTERVAL = timedelta(minutes=5)  # between two notes of when a token was used
# What a token may be good for; which operation wants which is said where it asks (app/api).
SCOPES = READ, WRITE, MESSAGES, ACCOUNT = 'read', 'write', 'messages', 'account'


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
    # None of one that has no end.
    expiration: Mapped[datetime | None] = mapped_column(Timestamp)
    # Those that a person has made have a name; the tutorial's, for an hour, have none.
    name: Mapped[str | None] = mapped_column(String(NAME_LENGTH))
    scopes: Mapped[str] = mapped_column(
        String(64), default=' '.join(SCOPES), server_default=' '.join(SCOPES)
    )
    last_used: Mapped[datetime | None] = mapped_column(Timestamp)  # of those with a name

    user = relationship('User', back_populates='api_tokens')

    __table_args__ = (Index(None, 'user_id', 'expiration'), TABLE_OPTIONS)

    def __repr__(self) -> str:
        return f'<ApiToken {self.id}>'

    @staticmethod
    def find(token: str) -> ApiToken | None:
        """Return what is known of `token`, None for one that is no good in any way."""
        found = db.session.scalars(
            select(ApiToken)
            .where(ApiToken.token_hash == digest(token), _is_alive())
            .options(joinedload(ApiToken.user))
        ).first()
        if found is None or found.password_mark != found.user.password_mark():
            return None
        return found

    def is_use_due(self) -> bool:
        """Tell whether it is time to note that the token is used."""
        return self.name is not None and (self.last_used or NEVER) <= utcnow() - USE_INTERVAL

    def note_use(self) -> None:
        """Note that the token is used; of several at once one does. The caller commits."""
        now = utcnow()
        due = func.coalesce(ApiToken.last_used, NEVER) <= now - USE_INTERVAL
        rows_changed(update(ApiToken).where(ApiToken.id == self.id, due).values(last_used=now))


def _is_alive() -> ColumnElement[bool]:
    return or_(ApiToken.expiration.is_(None), ApiToken.expiration > utcnow())


class TooManyTokensError(Exception):
    """An account has as many tokens as one may."""


class TokenOwner(Lockable):
    """What an account can do with tokens of the API."""

    if TYPE_CHECKING:
        shown_token: ApiToken  # by which the account was found

        def password_mark(self) -> str: ...

    def get_token(self, expires_in: float = 3600) -> str:
        """Return a token of the API that is good for `expires_in` seconds. Removes dead ones.

        As in the tutorial, to commit is left to the caller. Every call gives another token.
        """
        return self._new_token(expires_in)

    def make_token(self, name: str, scopes: Iterable[str], expires_in: float | None) -> str:
        """Return a token for a program of that name, good for `scopes` alone; None is no end.

        The caller commits. Raises TooManyTokensError.
        """
        self.lock()
        if len(self.named_tokens()) >= MOST_NAMED:
            raise TooManyTokensError
        return self._new_token(expires_in, name=name, scopes=' '.join(scopes))

    def _new_token(self, expires_in: float | None, **columns: Any) -> str:
        token = secrets.token_urlsafe(RANDOM_BYTES)
        mark = self.password_mark()
        is_dead = or_(ApiToken.expiration <= utcnow(), ApiToken.password_mark != mark)
        db.session.execute(delete(ApiToken).where(ApiToken.user_id == self.id, is_dead))
        end = None if expires_in is None else utcnow() + timedelta(seconds=expires_in)
        db.session.add(
            ApiToken(
                user_id=self.id,
                token_hash=digest(token),
                password_mark=mark,
                expiration=end,
                **columns,
            )
        )
        return token

    def named_tokens(self) -> list[ApiToken]:
        """Return the tokens that the person has made and that are good, the latest first."""
        own = (ApiToken.user_id == self.id, ApiToken.password_mark == self.password_mark())
        named = select(ApiToken).where(*own, ApiToken.name.is_not(None), _is_alive())
        return [*db.session.scalars(named.order_by(ApiToken.id.desc()))]

    def end_token(self, id_: int) -> bool:
        """End one of the user's tokens; return whether there was such a one. The caller commits."""
        own = delete(ApiToken).where(ApiToken.id == id_, ApiToken.user_id == self.id)
        return rows_changed(own) > 0

    @classmethod
    def check_token(cls, token: str) -> Self | None:
        """Return the user whom `token` was given to, None for one that is no good in any way."""
        found = ApiToken.find(token)
        if found is None:
            return None
        owner: Self = found.user
        owner.shown_token = found
        return owner

    def revoke_token(self, token: str | None = None) -> None:
        """End a token of the user, or all of them."""
        statement = delete(ApiToken).where(ApiToken.user_id == self.id)
        if token is not None:
            statement = statement.where(ApiToken.token_hash == digest(token))
        db.session.execute(statement)
