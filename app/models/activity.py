"""What concerns somebody: who followed, answered, mentioned, liked or reposted."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Connection,
    ForeignKey,
    Index,
    String,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship
from sqlalchemy.orm.attributes import set_committed_value

from app.database import TABLE_OPTIONS, Timestamp, utcnow
from app.extensions import db
from app.models.base import NUMBER, Identifier, Model, UserId, write_each
from app.models.listing import Listing, Position, Span, cut_out
from app.models.locks import BATCH
from app.models.message import NEVER
from app.models.notification import Notified, tell
from app.models.post import Post
from app.models.reaction import Shown
from app.models.timeline import position_values, post_position
from app.models.totals import total

FOLLOW, ANSWER, MENTION, LIKE, REPOST = 'follow', 'answer', 'mention', 'like', 'repost'
KINDS = (FOLLOW, ANSWER, MENTION, LIKE, REPOST)  # whoever wants none of one is not told
TOGETHER = (LIKE, REPOST)  # of these all that concern a post are one entry
UNREAD = 'unread_activity_count'  # the name of the notification that tells the number
MOST_UNREAD = 100  # nobody wants to know more, and counting stays cheap
TICK = timedelta(microseconds=1)  # by which an entry is younger than the look before it


class Activity(Model):
    __tablename__ = 'activity'

    id: Mapped[Identifier]
    user_id: Mapped[UserId]  # whom it concerns
    kind: Mapped[str] = mapped_column(String(16))
    # Who did it; of several, one of them.
    actor_id: Mapped[int] = mapped_column(ForeignKey('user.id', ondelete='CASCADE'))
    # The answer, the post with the mention, or the one that is liked; None for `follow`.
    post_id: Mapped[int | None] = mapped_column(ForeignKey('post.id', ondelete='CASCADE'))
    timestamp: Mapped[datetime] = mapped_column(Timestamp)

    actor = relationship('User', foreign_keys='Activity.actor_id')
    post = relationship('Post')

    __table_args__ = (
        Index(None, 'user_id', 'timestamp', 'id'),
        Index(None, 'actor_id', 'kind'),
        Index(None, 'post_id', 'kind'),
        TABLE_OPTIONS,
    )
    __mapper_args__ = {'confirm_deleted_rows': False}

    def __repr__(self) -> str:
        return f'<Activity {self.kind}>'

    def people(self, post: Shown | None) -> int:
        """Return how many the entry tells of: of likes and reposts, all but the author's own."""
        if post is None or self.kind not in TOGETHER:
            return 1
        number, own = {
            LIKE: (post.post.like_count, post.context.liked),
            REPOST: (post.post.repost_count, post.context.reposted),
        }[self.kind]
        return max(int(number) - own, 1)


TABLE: Any = Activity.__table__


def note(
    connection: Connection,
    kind: str,
    actor_id: int,
    told: Iterable[int],
    post_id: int | None = None,
) -> None:
    """Tell accounts, which are held, what another one has done; nobody hears of themselves."""
    ids = {*told} - {actor_id}
    if not ids:
        return
    connection.execute(
        delete(TABLE).where(_same(kind, actor_id, post_id), TABLE.c.user_id.in_(ids))
    )
    user = Model.metadata.tables['user'].c
    looked = connection.execute(
        select(user.id, user.last_activity_read_time, user.unwanted_activity).where(
            user.id.in_(ids)
        )
    )
    now = utcnow()
    rows = [
        # A look that did not find it is older, whichever machine's clock is slow.
        {'user_id': id_, 'timestamp': max(now, (since or NEVER) + TICK)}
        for id_, since, unwanted in looked
        if kind not in (unwanted or '').split()
    ]
    if rows:
        values = {'kind': kind, 'actor_id': actor_id, 'post_id': post_id}
        connection.execute(insert(TABLE), [{**row, **values} for row in rows])
    count_unread(connection, ids)


def take_back(
    connection: Connection,
    kind: str,
    actor_id: int,
    told: Iterable[int],
    post_id: int | None = None,
    others: Any = None,
) -> None:
    """Let accounts, which are held, not hear any more what another one has undone.

    `others` selects somebody else who has done the same, whose name stands there instead.
    """
    ids = {*told} - {actor_id}
    if not ids:
        return
    same = (_same(kind, actor_id, post_id), TABLE.c.user_id.in_(ids), TABLE.c.actor_id == actor_id)
    other = connection.scalar(others) if others is not None else None
    if other is not None:
        connection.execute(update(TABLE).where(*same).values(actor_id=other))
    else:
        connection.execute(delete(TABLE).where(*same))
        count_unread(connection, ids)


def _same(kind: str, actor_id: int, post_id: int | None) -> Any:
    """Return the condition for the entry that this one takes the place of."""
    if kind == FOLLOW:
        return (TABLE.c.actor_id == actor_id) & (TABLE.c.kind == kind)
    return (TABLE.c.post_id == post_id) & (TABLE.c.kind == kind)


def count_unread(connection: Connection, ids: Collection[int]) -> None:
    """Count anew what accounts, which are held, have not looked at, and tell them."""
    user = Model.metadata.tables['user'].c
    numbers: dict[int, int] = {}
    known = sorted(ids)
    for start in range(0, len(known), BATCH):
        some = user.id.in_(known[start : start + BATCH])
        looked = connection.execute(select(user.id, user.last_activity_read_time).where(some)).all()
        for id_, since in looked:
            unread = select(TABLE.c.id).where(
                TABLE.c.user_id == id_, TABLE.c.timestamp > (since or NEVER)
            )
            counted = select(func.count()).select_from(unread.limit(MOST_UNREAD).subquery())
            numbers[id_] = connection.scalar(counted) or 0
    write_each(connection, user.unread_activity_count, NUMBER, numbers)
    tell(connection, UNREAD, numbers)


class Activities(Listing[Activity]):
    """What concerns a person, the newest first."""

    position_size = 2
    model = Activity

    def __init__(self, person: Concerned) -> None:
        self.person = person

    def position(self, item: Activity) -> Position:
        return post_position(item)

    def total(self) -> int:
        """Return how many entries there are, or were lately where there are many."""
        own = select(Activity.id).where(Activity.user_id == self.person.id)
        return total(f'activity of {self.person.id}', own)

    def read(self, span: Span) -> list[Activity]:
        columns: list[Any] = [Activity.timestamp, Activity.id]
        own = select(Activity).where(Activity.user_id == self.person.id)
        statement = cut_out(span, own, columns, position_values).options(
            joinedload(Activity.actor), joinedload(Activity.post).joinedload(Post.author)
        )
        return sorted(db.session.scalars(statement), key=self.position, reverse=True)


class Concerned(Notified):
    """What an account can do with what concerns it."""

    if TYPE_CHECKING:
        last_activity_read_time: Mapped[datetime | None]
        unread_activity_count: Mapped[int]

    def new_activities(self) -> int:
        """Return the number of entries that have not been looked at, at most 100."""
        return self.unread_activity_count

    def mark_activities_read(self) -> None:
        """Note that the person is looking at what concerns them; the caller commits."""
        # Whoever does something now waits, and is counted.
        self.lock()
        newest = select(func.max(Activity.timestamp)).where(Activity.user_id == self.id)
        last = db.session.scalar(newest) or NEVER
        user = Model.metadata.tables['user'].c
        db.session.execute(
            update(user.id.table)
            .where(user.id == self.id)
            # Not before what is there already, whichever machine's clock is slow.
            .values(unread_activity_count=0, last_activity_read_time=max(utcnow(), last))
        )
        set_committed_value(self, 'unread_activity_count', 0)
        db.session.expire(self, ['last_activity_read_time'])
        self.add_notification(UNREAD, 0)
