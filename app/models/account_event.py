"""What has happened to an account lately: logins, failures, changes, and from where."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Index, String, delete, insert, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from app.database import TABLE_OPTIONS, Timestamp, utcnow
from app.extensions import db
from app.models.base import Identifier, Model, UserId
from app.models.listing import Listing, Position, Span, beyond, sort
from app.models.locks import hold
from app.models.login_session import ADDRESS_LENGTH, BROWSER_LENGTH, LoginSession

KEPT = timedelta(days=90)
MOST = 100  # of each kind: what somebody repeats pushes nothing else out
LOGIN = 'login'
# What somebody can make happen again and again is written once in a while.
SELDOM = {'login limited', 'codes limited'}
WHILE = timedelta(minutes=1)


class AccountEvent(Model):
    __tablename__ = 'account_event'

    id: Mapped[Identifier]
    user_id: Mapped[UserId]
    what: Mapped[str] = mapped_column(String(48))
    timestamp: Mapped[datetime] = mapped_column(Timestamp)
    address: Mapped[str] = mapped_column(String(ADDRESS_LENGTH))
    browser: Mapped[str] = mapped_column(String(BROWSER_LENGTH))

    __table_args__ = (Index(None, 'user_id', 'id'), TABLE_OPTIONS)

    def __repr__(self) -> str:
        return f'<AccountEvent {self.what}>'


def record(user_id: int, what: str, address: str, browser: str) -> None:
    """Note that `what` has happened to an account, and forget what is old; the caller commits."""
    if not hold(db.session.connection(), {user_id}):
        return  # it has gone
    event = AccountEvent
    now = utcnow()
    own, is_same = event.user_id == user_id, event.what == what
    if what in SELDOM:
        lately = select(event.id).where(own, is_same, event.timestamp > now - WHILE)
        if db.session.scalar(lately.limit(1)) is not None:
            return
    db.session.execute(
        insert(event).values(
            user_id=user_id, what=what, timestamp=now, address=address, browser=browser
        )
    )
    too_many = select(event.id).where(own, is_same).order_by(event.id.desc()).offset(MOST).limit(1)
    last = db.session.scalar(too_many) or 0
    is_old = or_(event.timestamp < now - KEPT, is_same & (event.id <= last))
    db.session.execute(
        delete(event).where(own, is_old).execution_options(synchronize_session=False)
    )


class Events(Listing[AccountEvent]):
    """What has happened to an account, the newest first."""

    def __init__(self, user_id: int) -> None:
        self.user_id = user_id

    def position(self, item: AccountEvent) -> Position:
        return (item.id,)

    def read(self, span: Span) -> list[AccountEvent]:
        columns: list[Any] = [AccountEvent.id]
        statement = select(AccountEvent).where(AccountEvent.user_id == self.user_id)
        position = span.after if span.upward else span.before
        if position is not None:
            statement = statement.where(beyond(columns, position, span.upward))
        statement = sort(statement, columns, span.upward).limit(span.limit).offset(span.skip)
        found: Sequence[AccountEvent] = db.session.scalars(statement).all()
        return sorted(found, key=self.position, reverse=True)


class Watched:
    """What is known of an account's logins."""

    if TYPE_CHECKING:
        id: Any

    def is_new_device(self, browser: str, address: str) -> bool:
        """Tell whether others have logged in to the account before, and none from there.

        What is asked is what has been before: the present login is not to be noted yet.
        """
        event, session = AccountEvent, LoginSession
        logins = select(event.browser, event.address).where(
            event.user_id == self.id, event.what == LOGIN
        )
        sessions = select(session.browser, session.address).where(session.user_id == self.id)
        known = {tuple(row) for row in db.session.execute(logins.union(sessions))}
        return bool(known) and (browser, address) not in known
