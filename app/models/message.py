"""Private messages (chapter 21): who has sent and received what, and what is unread.

How many are unread is kept with the account (counters.py), like all numbers that pages show. Who
sends holds the recipient's account until the transaction ends, and so does who reads: a message is
either on the page that marks it as read, or counted. Every time is taken while the account is held,
so that they are in the order in which things happened.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Index, String, and_, case, func, literal, select, update
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.orm.attributes import set_committed_value

from app.database import LARGEST_ID, TABLE_OPTIONS, Timestamp, utcnow
from app.extensions import db
from app.models.base import Identifier, Model, UserId
from app.models.notification import Notified
from app.text import BODY_LENGTH

UNREAD = 'unread_message_count'  # the name of the notification that tells the number
# Who may write to somebody.
EVERYBODY, FOLLOWED, NOBODY = 'everybody', 'followed', 'nobody'
NEVER = datetime(1900, 1, 1)  # when those have looked who never did


class NotWantedError(Exception):
    """The recipient takes no messages from the sender."""


class Message(Model):
    __tablename__ = 'message'

    id: Mapped[Identifier]
    sender_id: Mapped[UserId]
    recipient_id: Mapped[UserId]
    body: Mapped[str] = mapped_column(String(BODY_LENGTH))
    timestamp: Mapped[datetime] = mapped_column(Timestamp, default=utcnow)
    # Each side can delete its own copy. The row goes with the second one.
    kept_by_sender: Mapped[bool] = mapped_column(default=True, server_default='1')
    kept_by_recipient: Mapped[bool] = mapped_column(default=True, server_default='1')
    # In its conversation, while the one read time had to stay where it was for what others sent.
    read_by_recipient: Mapped[bool] = mapped_column(default=False, server_default='0')

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
    # Whoever deletes what another one has just deleted has got what they want.
    __mapper_args__ = {'confirm_deleted_rows': False}

    def __repr__(self) -> str:
        return f'<Message {self.body}>'


MESSAGE: Any = Message.__table__.c


class Correspondent(Notified):
    """What an account can do with messages."""

    if TYPE_CHECKING:
        messages_from: Mapped[str]

        def is_following(self, user: Any) -> bool: ...
        def require_confirmed(self) -> None: ...

        last_message_read_time: Mapped[datetime | None]
        unread_message_count: Mapped[int]

    def new_messages(self) -> int:
        """Return the number of received messages that have not been looked at."""
        return max(self.unread_message_count, 0)

    def send_message(self, recipient: Correspondent, body: str) -> Message:
        """Write to `recipient` and tell them the number of unread messages; the caller commits.

        Raises ValueError for a message to oneself, NotWantedError where the recipient takes none.
        """
        if recipient.id == self.id:
            raise ValueError('a message to oneself')
        self.require_confirmed()
        self._lock_with(recipient)
        if not recipient.takes_messages_of(self):
            raise NotWantedError
        message = Message(author=self, recipient=recipient, body=body)
        db.session.add(message)
        db.session.flush()
        db.session.refresh(recipient, ['unread_message_count'])
        recipient.add_notification(UNREAD, recipient.new_messages())
        return message

    def takes_messages_of(self, sender: Correspondent) -> bool:
        """Tell whether `sender` may write to the account, in answer to a message, too."""
        if self.messages_from == FOLLOWED:
            return self.is_following(sender)
        return self.messages_from != NOBODY

    def mark_messages_read(self) -> None:
        """Note that the user is looking at what has been received; the caller commits."""
        # Whoever sends now waits, and is counted.
        self.lock()
        newest = select(func.max(Message.timestamp)).where(Message.recipient_id == self.id)
        now, last = literal(utcnow(), Timestamp), newest.scalar_subquery()
        # Not before what is there already, whichever machine's clock is slow.
        self._note_look(0, last_message_read_time=case((last > now, last), else_=now))
        db.session.expire(self, ['last_message_read_time'])

    def mark_conversation_read(self, other: Correspondent) -> None:
        """The same for what `other` has sent; what anybody else has sent stays as it is.

        There is one read time for all messages, as in the tutorial. Where it cannot move, because
        others have sent something unread, each of these messages is marked by itself.
        """
        self.lock()
        user = Model.metadata.tables['user'].c
        since = select(user.last_message_read_time).where(user.id == self.id).scalar_subquery()
        unread = is_unread(self.id, func.coalesce(since, NEVER))
        shown = unread & (Message.sender_id == other.id)
        others = unread & (Message.sender_id != other.id)
        if not _is_there(shown):
            return
        if not _is_there(others):
            self.mark_messages_read()
            return
        marked = update(Message).where(shown).values(read_by_recipient=True)
        db.session.execute(marked.execution_options(synchronize_session=False))
        self._note_look(db.session.scalar(select(func.count()).where(unread)) or 0)

    def _note_look(self, unread: int, **looked: Any) -> None:
        user = Model.metadata.tables['user'].c
        statement = update(user.id.table).where(user.id == self.id)
        db.session.execute(statement.values(unread_message_count=unread, **looked))
        set_committed_value(self, 'unread_message_count', unread)
        self.add_notification(UNREAD, self.new_messages())

    def own_message(self, id_: int) -> Message | None:
        """Return the message with that id if the user has a copy of it; others' are not there."""
        if id_ > LARGEST_ID:
            return None
        copy = is_sent_by(self.id) | is_received_by(self.id)
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
            db.session.flush()
            db.session.expire(self, ['unread_message_count'])
        if message.sender_id == self.id:
            message.kept_by_sender = False
        if not message.kept_by_sender and not message.kept_by_recipient:
            db.session.delete(message)


def _is_there(condition: ColumnElement[bool]) -> bool:
    return db.session.scalar(select(Message.id).where(condition).limit(1)) is not None


def is_unread(recipient_id: Any, since: Any) -> ColumnElement[bool]:
    """Return the condition that a message is unread by somebody who last looked at `since`."""
    is_new = and_(~MESSAGE.read_by_recipient, MESSAGE.timestamp > since)
    return is_received_by(recipient_id) & is_new


def is_received_by(user_id: Any) -> ColumnElement[bool]:
    """Return the condition that a message was sent to somebody, who has kept it."""
    return and_(MESSAGE.recipient_id == user_id, MESSAGE.kept_by_recipient)


def is_sent_by(user_id: Any) -> ColumnElement[bool]:
    """Return the condition that a message was sent by somebody, who has kept it."""
    return and_(MESSAGE.sender_id == user_id, MESSAGE.kept_by_sender)
