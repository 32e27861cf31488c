"""Jobs that run outside the request (chapter 22)."""

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import TABLE_OPTIONS
from app.models.base import Model, UserId


class Task(Model):
    __tablename__ = 'task'

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
    description: Mapped[str | None] = mapped_column(String(128))
    user_id: Mapped[UserId]
    complete: Mapped[bool] = mapped_column(default=False)

    user = relationship('User', back_populates='tasks')

    __table_args__ = (Index(None, 'user_id', 'complete'), TABLE_OPTIONS)

    def __repr__(self) -> str:
        return f'<Task {self.name}>'
