"""What people write (chapter 4)."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Select, String, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from app.database import TABLE_OPTIONS, Timestamp, utcnow
from app.languages.detect import CODE_LENGTH, FEW_WORDS, detect_language
from app.models.base import Identifier, Model, UserId
from app.models.searchable import SearchableMixin
from app.text import BODY_LENGTH

LATELY = 20  # posts of an author that tell which languages they usually write in


def _language_of(context: Any) -> str:
    row = context.get_current_parameters()
    if len(row['body'].split()) > FEW_WORDS:
        return detect_language(row['body'])
    own = select(Post.language).where(Post.user_id == row['user_id'])
    newest_first = own.order_by(Post.timestamp.desc(), Post.id.desc()).limit(LATELY)
    usual = context.connection.scalars(newest_first)
    return detect_language(row['body'], filter(None, usual))


class Post(SearchableMixin, Model):
    __tablename__ = 'post'
    __searchable__ = ['body']

    id: Mapped[Identifier]
    body: Mapped[str] = mapped_column(String(BODY_LENGTH))
    timestamp: Mapped[datetime] = mapped_column(Timestamp, default=utcnow)
    user_id: Mapped[UserId]
    # BCP 47. Found out for every new post that does not say it; '' for an unknown one, and None
    # for posts older than chapter 14.
    language: Mapped[str | None] = mapped_column(String(CODE_LENGTH), default=_language_of)

    author = relationship('User', back_populates='posts')

    __table_args__ = (
        # Every timeline is read along one of these: everybody's posts, and one author's.
        Index('ix_post_timestamp', 'timestamp', 'id'),
        Index(None, 'user_id', 'timestamp', 'id'),
        TABLE_OPTIONS,
    )
    # Whoever deletes a post that another one has just deleted has got what they want.
    __mapper_args__ = {'confirm_deleted_rows': False}

    def __repr__(self) -> str:
        return f'<Post {self.body}>'

    @classmethod
    def select_by_ids(cls, ids: list[int]) -> Select[Any]:
        return super().select_by_ids(ids).options(joinedload(Post.author))
