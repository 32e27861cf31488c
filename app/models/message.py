"""Private messages (chapter 21)."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import TABLE_OPTIONS, Timestamp, utcnow
from app.models.base import Identifier, Model, UserId


class Message(Model):
    __tablename__ = 'message'

    id: Mapped[Identifier]
    sender_id: Mapped[UserId]
    recipient_id: Mapped[UserId]
    body: Mapped[str] = mapped_column(String(140))
    timestamp: Mapped[datetime] = mapped_column(Timestamp, default=utcnow)

    # Named `author` so that the template of a post can show a message as well.
    author = relationship('User', foreign_keys='Message.sender_id', back_populates='messages_sent')
    recipient = relationship(
        'User', foreign_keys='Message.recipient_id', back_populates='messages_received'
    )

    __table_args__ = (
        Index(None, 'sender_id', 'timestamp', 'id'),
        Index(None, 'recipient_id', 'timestamp', 'id'),
        TABLE_OPTIONS,
    )

    def __repr__(self) -> str:
        return f'<Message {self.body}>'
