"""Sessions of people who are logged in: a row for each, so that ending one ends it everywhere."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from flask import current_app
from sqlalchemy import (
    ColumnElement,
    Index,
    Select,
    String,
    and_,
    bindparam,
    delete,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import TABLE_OPTIONS, Timestamp, utcnow
from app.extensions import db
from app.models.api_token import RANDOM_BYTES, digest
from app.models.base import Identifier, Model, UserId
from app.models.locks import Lockable
from app.models.tokens import FINGERPRINT_LENGTH

ADDRESS_LENGTH = 45  # characters of the longest IPv6 address
BROWSER_LENGTH = 64
MOST = 100  # of one account; with one more, the one that was used longest ago ends

# The first that is found is it: many call themselves by the names of others, too.
_BROWSERS = {
    'Edg': 'Edge',
    'OPR': 'Opera',
    'SamsungBrowser': 'Samsung Internet',
    'Firefox': 'Firefox',
    'FxiOS': 'Firefox',
    'Chrome': 'Chrome',
    'CriOS': 'Chrome',
    'Safari': 'Safari',
}
_SYSTEMS = {
    'Android': 'Android',
    'iPhone': 'iPhone',
    'iPad': 'iPad',
    'CrOS': 'ChromeOS',
    'Windows': 'Windows',
    'Mac OS X': 'macOS',
    'Linux': 'Linux',
}
_PRODUCT = re.compile(r'[\w.-]+')


def kind_of_browser(user_agent: str) -> str:
    """Return what a person knows a browser by, in no language: 'Firefox (Linux)', 'curl', ''."""
    browser = _first(_BROWSERS, user_agent)
    if browser is None:
        product = _PRODUCT.match(user_agent)
        return '' if product is None else product[0][:BROWSER_LENGTH]
    system = _first(_SYSTEMS, user_agent)
    return browser if system is None else f'{browser} ({system})'


def _first(names: dict[str, str], user_agent: str) -> str | None:
    return next((name for sign, name in names.items() if sign in user_agent), None)


class LoginSession(Model):
    """Somebody's login in one browser: of what its cookie holds, nothing but a hash is kept."""

    __tablename__ = 'login_session'

    id: Mapped[Identifier]
    user_id: Mapped[UserId]
    token_hash: Mapped[str] = mapped_column(String(64), index=True, unique=True)
    # Of the password that it was started under: it is worth nothing under a new one.
    password_mark: Mapped[str] = mapped_column(String(FINGERPRINT_LENGTH))
    browser: Mapped[str] = mapped_column(String(BROWSER_LENGTH))
    address: Mapped[str] = mapped_column(String(ADDRESS_LENGTH))
    remembered: Mapped[bool]
    created: Mapped[datetime] = mapped_column(Timestamp)
    last_used: Mapped[datetime] = mapped_column(Timestamp)
    # When the visitor has shown last who they are: app/web/proof.py.
    proved: Mapped[datetime] = mapped_column(Timestamp)

    user = relationship('User', back_populates='login_sessions')

    __table_args__ = (Index(None, 'user_id', 'last_used'), TABLE_OPTIONS)

    def __repr__(self) -> str:
        return f'<LoginSession {self.id}>'


class PresentSession(NamedTuple):
    """What a request knows of its session: read with the account, and no part of what is kept."""

    id: int
    password_mark: str
    remembered: bool
    created: datetime
    last_used: datetime
    proved: datetime

    def is_in_time(self) -> bool:
        """Tell whether the session has neither rested nor lasted for too long."""
        now, config = utcnow(), current_app.config
        idle = config['SESSION_IDLE_REMEMBERED' if self.remembered else 'SESSION_IDLE']
        return bool(now - self.last_used < idle and now - self.created < config['SESSION_LONGEST'])


@cache
def _with_session(user: Any) -> Select[Any]:
    """Return the query for an account and one of its sessions: made once, it costs a page less."""
    columns = (getattr(LoginSession, name) for name in PresentSession._fields)
    return (
        select(user, *columns)
        .join(LoginSession, LoginSession.user_id == user.id)
        .where(LoginSession.token_hash == bindparam('key'))
    )


def _is_in_time() -> ColumnElement[bool]:
    """Return the condition that a row is in time, too."""
    now, config = utcnow(), current_app.config
    return and_(
        LoginSession.created > now - config['SESSION_LONGEST'],
        or_(
            LoginSession.last_used > now - config['SESSION_IDLE'],
            and_(
                LoginSession.remembered,
                LoginSession.last_used > now - config['SESSION_IDLE_REMEMBERED'],
            ),
        ),
    )


class SessionOwner(Lockable):
    """What an account can do with its sessions."""

    if TYPE_CHECKING:
        id: Any
        # What the cookie of the present session holds, and what is known of that.
        session_id: str | None
        present_session: PresentSession | None

        def password_mark(self) -> str: ...
    else:
        session_id = present_session = None

    def get_session_id(self) -> str:
        """Return what the cookie of the present session holds. The account's number is for the log.

        Raises LookupError without a session.
        """
        if self.session_id is None:
            raise LookupError('no session was started, or loaded')
        return self.session_id

    @classmethod
    def of_session(cls, session_id: str) -> Self | None:
        """Return the account that a session belongs to, None when it is not good any more."""
        account: Any = cls
        found = db.session.execute(_with_session(account), {'key': digest(session_id)}).first()
        if found is None:
            return None
        user: Self = found[0]
        present = PresentSession._make(found[1:])
        if not present.is_in_time() or present.password_mark != user.password_mark():
            return None
        user.session_id, user.present_session = session_id, present
        return user

    def start_session(self, browser: str = '', address: str = '', remembered: bool = False) -> None:
        """Start a session, which becomes the present one. Removes dead ones; the caller commits."""
        now, mark = utcnow(), self.password_mark()
        # Two at once would wait for one another's rows.
        self.lock()
        own = LoginSession.user_id == self.id
        is_dead = or_(LoginSession.password_mark != mark, not_(_is_in_time()))
        db.session.execute(
            delete(LoginSession).where(own, is_dead).execution_options(synchronize_session=False)
        )
        by_age = select(LoginSession.id).where(own).order_by(LoginSession.last_used.desc())
        self._end(db.session.scalars(by_age.offset(MOST - 1)).all())
        self.session_id = f'{self.id}-{secrets.token_urlsafe(RANDOM_BYTES)}'
        row = LoginSession(
            user_id=self.id,
            token_hash=digest(self.session_id),
            password_mark=mark,
            browser=browser,
            address=address,
            remembered=remembered,
            created=now,
            last_used=now,
            proved=now,
        )
        db.session.add(row)
        db.session.flush()
        self.present_session = PresentSession(row.id, mark, remembered, now, now, now)

    def note_proof(self) -> None:
        """Note that whoever uses the present session has just shown who they are."""
        if self.present_session is not None:
            self.present_session = self.present_session._replace(proved=utcnow())
            self._store(proved=self.present_session.proved)

    def note_use(self, now: datetime) -> None:
        """Note that the present session is in use."""
        self._store(last_used=now)

    def _store(self, **values: datetime) -> None:
        if self.present_session is not None:
            own = LoginSession.id == self.present_session.id
            db.session.execute(update(LoginSession).where(own).values(**values))

    def sessions(self) -> Sequence[LoginSession]:
        """Return the sessions that are good, the last used first."""
        own = LoginSession.user_id == self.id, LoginSession.password_mark == self.password_mark()
        found = select(LoginSession).where(*own, _is_in_time())
        newest_first = LoginSession.last_used.desc(), LoginSession.id.desc()
        return db.session.scalars(found.order_by(*newest_first)).all()

    def end_session(self, id_: int) -> None:
        """End a session of the account, if there is one of that number; the caller commits."""
        self.lock()
        self._end([id_])

    def end_sessions(self, but: int | None = None) -> None:
        """End all sessions of the account, `but` one if that is given; the caller commits."""
        self.lock()
        others = LoginSession.user_id == self.id
        if but is not None:
            others &= LoginSession.id != but
        db.session.execute(
            delete(LoginSession).where(others).execution_options(synchronize_session=False)
        )

    def _end(self, ids: Sequence[int]) -> None:
        if ids:
            own = LoginSession.user_id == self.id, LoginSession.id.in_(ids)
            db.session.execute(
                delete(LoginSession).where(*own).execution_options(synchronize_session=False)
            )
