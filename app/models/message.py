"""Private messages (chapter 21): who has sent and received what, and what is unread.

How many are unread is kept with the account, like all numbers that pages show. Who sends holds the
recipient's account until the transaction ends, and so does who reads: a message is either on the
page that marks it as read, or counted.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Index,
    ScalarSelect,
    String,
    and_,
    event,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Mapper, mapped_column, relationship
from sqlalchemy.orm.attributes import set_committed_value

from app.database import TABLE_OPTIONS, Timestamp, utcnow
from app.extensions import db
from app.models.base import Identifier, Model, UserId
from app.models.notification import Notified

if TYPE_CHECKING:
    from app.models.user import User

UNREAD = 'unread_message_count'  # the name of the notification that tells the number
NEVER = datetime(1900, 1, 1)  # when those have looked who never did


class Message(Model):
    __tablename__ = 'message'

    id: Mapped[Identifier]
    sender_id: Mapped[UserId]
    recipient_id: Mapped[UserId]
    body: Mapped[str] = mapped_column(String(140))
    timestamp: Mapped[datetime] = mapped_column(Timestamp, default=utcnow)
    # Each side can delete its own copy. The row goes with the second one.
    kept_by_sender: Mapped[bool] = mapped_column(default=True, server_default='1')
    kept_by_recipient: Mapped[bool] = mapped_column(default=True, server_default='1')

    # Named `author` so that the template of a post can show a message as well.
    author = relationship('User', foreign_keys='Message.sender_id', back_populates='messages_sent')
    recipient = relationship(
        'User', foreign_keys='Message.recipient_id', back_populates='messages_received'
    )

    __table_args__ = (
        # Along these are read: what one has sent, what one has received, and one direction of a
        # conversation.
        Index(None, 'sender_id', 'timestamp', 'id'),
        Index(None, 'recipient_id', 'timestamp', 'id'),
        Index(None, 'sender_id', 'recipient_id', 'timestamp', 'id'),
        TABLE_OPTIONS,
    )

    def __repr__(self) -> str:
        return f'<Message {self.body}>'


class Correspondent(Notified):
    """What an account can do with messages."""

    if TYPE_CHECKING:
        last_message_read_time: Mapped[datetime | None]
        unread_message_count: Mapped[int]

        def _lock_with(self, user: User) -> None: ...

    def new_messages(self) -> int:
        """Return the number of received messages that are newer than the last look at them."""
        return self.unread_message_count

    def send_message(self, recipient: User, body: str) -> Message:
        """Write to `recipient` and tell them the number of unread messages; the caller commits.

        Raises ValueError for a message to oneself.
        """
        if recipient.id == self.id:
            raise ValueError('a message to oneself')
        self._lock_with(recipient)
        message = Message(author=self, recipient=recipient, body=body)
        db.session.add(message)
        db.session.flush()
        db.session.refresh(recipient, ['unread_message_count'])
        recipient._notify(UNREAD, recipient.new_messages())
        return message

    def mark_messages_read(self) -> None:
        """Note that the user is looking at what has been received; the caller commits."""
        db.session.flush()
        user = Model.metadata.tables['user'].c
        # Whatever the counter has become since the account was loaded. From here on the account is
        # held: whoever sends now waits, and is counted.
        looked = {'last_message_read_time': utcnow(), 'unread_message_count': 0}
        db.session.execute(update(user.id.table).where(user.id == self.id).values(looked))
        for name, value in looked.items():
            set_committed_value(self, name, value)
        self._notify(UNREAD, 0)

    def mark_conversation_read(self, other: User) -> None:
        """The same for what `other` has sent, if nobody else has sent anything unread.

        There is one read time for all messages, as in the tutorial: what others have sent must not
        become read by looking at something else.
        """
        if self.unread_message_count == 0:
            return
        is_unread = _is_unread(self.id, self.last_message_read_time or NEVER)
        others = select(Message.id).where(is_unread, Message.sender_id != other.id)
        if db.session.scalar(others.limit(1)) is None:
            self.mark_messages_read()

    def own_message(self, id_: int) -> Message | None:
        """Return the message with that id if the user has a copy of it."""
        copy = or_(
            (Message.sender_id == self.id) & Message.kept_by_sender,
            (Message.recipient_id == self.id) & Message.kept_by_recipient,
        )
        return db.session.scalars(select(Message).where(Message.id == id_, copy)).one_or_none()

    def delete_message(self, message: Message) -> None:
        """Delete the user's own copy of `message`, the other side keeps theirs; the caller commits.

        A message that nobody has a copy of is gone.
        """
        self.lock()
        row = select(Message).where(Message.id == message.id).with_for_update()
        if db.session.scalar(row.execution_options(populate_existing=True)) is None:
            return  # somebody who pressed the button twice was quicker
        if message.recipient_id == self.id and message.kept_by_recipient:
            message.kept_by_recipient = False
            _count_unread(db.session.connection(), message, -1)
            db.session.refresh(self, ['unread_message_count'])
            self._notify(UNREAD, self.new_messages())
        if message.sender_id == self.id:
            message.kept_by_sender = False
        if not message.kept_by_sender and not message.kept_by_recipient:
            db.session.delete(message)


def _is_unread(recipient_id: Any, since: Any) -> ColumnElement[bool]:
    """Return the condition that a message is unread by somebody who last looked at `since`."""
    return and_(
        Message.recipient_id == recipient_id,
        Message.kept_by_recipient,
        Message.timestamp > since,
    )


def unread_count(recipient_id: int, since: datetime | None) -> ScalarSelect[int]:
    """Return the query for how many messages are unread by somebody who last looked at `since`."""
    is_unread = _is_unread(recipient_id, since or NEVER)
    return select(func.count()).where(is_unread).scalar_subquery()


def discount_messages_of(connection: Connection, sender_id: int) -> None:
    """Let nobody have unread messages from an account that is about to be deleted."""
    user = Model.metadata.tables['user'].c
    is_unread = _is_unread(user.id, func.coalesce(user.last_message_read_time, NEVER))
    lost = select(func.count()).where(is_unread, Message.sender_id == sender_id)
    number = lost.correlate_except(Message).scalar_subquery()
    recipients = select(Message.recipient_id).where(Message.sender_id == sender_id)
    connection.execute(
        update(user.id.table)
        .where(user.id.in_(recipients))
        .values(unread_message_count=user.unread_message_count - number)
    )


def _count_unread(connection: Connection, message: Message, change: int) -> None:
    """Count a message as unread, or no longer, unless it is older than the last look."""
    user = Model.metadata.tables['user'].c
    statement = update(user.id.table).where(user.id == message.recipient_id)
    if message.timestamp is not None:
        since = user.last_message_read_time
        statement = statement.where(func.coalesce(since, NEVER) < message.timestamp)
    connection.execute(statement.values(unread_message_count=user.unread_message_count + change))


@event.listens_for(Message, 'before_insert')
def _count_new_message(_mapper: Mapper[Any], connection: Connection, message: Message) -> None:
    is_new = message.timestamp is None
    _count_unread(connection, message, +1)
    if is_new:
        # Not before the recipient is held: it would be older than a look that did not find it.
        message.timestamp = utcnow()


@event.listens_for(Message, 'before_delete')
def _discount_message(_mapper: Mapper[Any], connection: Connection, message: Message) -> None:
    if message.kept_by_recipient:
        _count_unread(connection, message, -1)
