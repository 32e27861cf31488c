"""What a page that is open asks the server for now and then (chapter 21)."""

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import TABLE_OPTIONS, UnixTime
from app.models.base import Identifier, Model, UserId


class Notification(Model):
    __tablename__ = 'notification'

    id: Mapped[Identifier]
    name: Mapped[str] = mapped_column(String(128))
    user_id: Mapped[UserId]
    timestamp: Mapped[float] = mapped_column(UnixTime)
    payload_json: Mapped[str] = mapped_column(Text)

    user = relationship('User', back_populates='notifications')

    __table_args__ = (Index(None, 'user_id', 'timestamp'), TABLE_OPTIONS)

    def __repr__(self) -> str:
        return f'<Notification {self.name}>'
