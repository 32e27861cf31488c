"""What a page that is open asks the server for now and then (chapter 21)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Index, String, Text, bindparam, insert, select, text, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import TABLE_OPTIONS, UnixTime
from app.extensions import db
from app.models.base import Identifier, Model, UserId
from app.models.locks import BATCH, Lockable

END_OF_TIME = 2.0**53  # seconds since 1970; a number that every database can compare with
TICK = 1e-6  # seconds by which a notification is younger than the one before it


class Notification(Model):
    __tablename__ = 'notification'

    id: Mapped[Identifier]
    name: Mapped[str] = mapped_column(String(128))
    # Where there can be several of a name: what this one is about, such as the id of a task.
    subject: Mapped[str] = mapped_column(String(36), default='', server_default=text("''"))
    user_id: Mapped[UserId]
    timestamp: Mapped[float] = mapped_column(UnixTime, default=time.time)
    payload_json: Mapped[str] = mapped_column(Text)

    user = relationship('User', back_populates='notifications')

    __table_args__ = (
        Index(None, 'user_id', 'timestamp'),
        Index('ix_notification_user_id_name_subject', 'user_id', 'name', 'subject', unique=True),
        TABLE_OPTIONS,
    )

    def __repr__(self) -> str:
        return f'<Notification {self.name}>'

    def get_data(self) -> Any:
        """Return what the notification tells: anything that JSON can hold."""
        return json.loads(self.payload_json)


def _time_after(timestamps: Iterable[float]) -> float:
    """Never older than what a page has seen already, whichever machine's clock is slow."""
    return max(time.time(), max(timestamps, default=0.0) + TICK)


def tell(connection: Connection, name: str, data: Mapping[int, Any]) -> None:
    """Tell many accounts, which are held, each its value of `data`: without the session.

    For what happens while a session is writing; otherwise there is `add_notification`.
    """
    ids = list(data)
    for start in range(0, len(ids), BATCH):
        _tell(connection, name, {id_: data[id_] for id_ in ids[start : start + BATCH]})


def _tell(connection: Connection, name: str, data: Mapping[int, Any]) -> None:
    timestamps: dict[int, list[float]] = {id_: [] for id_ in data}
    present: set[int] = set()
    existing = select(
        Notification.user_id, Notification.name, Notification.subject, Notification.timestamp
    )
    for user_id, *key, timestamp in connection.execute(
        existing.where(Notification.user_id.in_(data))
    ):
        timestamps[user_id].append(timestamp)
        if key == [name, '']:
            present.add(user_id)
    rows = [
        {'recipient': id_, 'told': json.dumps(value), 'time': _time_after(timestamps[id_])}
        for id_, value in data.items()
    ]
    values: dict[str, Any] = {'payload_json': bindparam('told'), 'timestamp': bindparam('time')}
    old = [row for row in rows if row['recipient'] in present]
    new = [row for row in rows if row['recipient'] not in present]
    if old:
        own = (Notification.user_id == bindparam('recipient')) & (Notification.name == name)
        change = update(Notification).where(own, Notification.subject == '').values(values)
        connection.execute(change, old)
    if new:
        values |= {'user_id': bindparam('recipient')}
        connection.execute(insert(Notification).values(name=name, subject='', **values), new)


class Notified(Lockable):
    """What an account can do with notifications."""

    def add_notification(self, name: str, data: Any, subject: str = '') -> Notification:
        """Tell the user's open pages `data` under `name`, in place of what was told before.

        The caller commits.
        """
        # Two at once never write the same row.
        self.lock()
        own = select(Notification).where(Notification.user_id == self.id)
        # As they are: `tell` may have written since they were read.
        existing = db.session.scalars(own.execution_options(populate_existing=True)).all()
        notification = next(
            (n for n in existing if (n.name, n.subject) == (name, subject)),
            Notification(name=name, subject=subject, user_id=self.id),
        )
        notification.payload_json = json.dumps(data)
        notification.timestamp = _time_after(n.timestamp for n in existing)
        db.session.add(notification)
        return notification

    def notifications_since(self, timestamp: float) -> list[Notification]:
        """Return what was told after `timestamp` (seconds since 1970), the oldest first."""
        since = max(0.0, min(timestamp, END_OF_TIME))  # 0 for what is no number (NaN)
        own = (Notification.user_id == self.id) & (Notification.timestamp > since)
        return [
            *db.session.scalars(select(Notification).where(own).order_by(Notification.timestamp))
        ]
