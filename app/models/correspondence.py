"""The lists of messages: received, sent, and exchanged with one person.

They change nothing, so they give rows, in statements that are put together once (timeline.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, bindparam, select, union_all

from app.models.listing import Listing, Position, Span
from app.models.message import MESSAGE, Message, is_received_by, is_sent_by
from app.models.timeline import Author, Shape, author_columns, cut, post_position, rows
from app.models.totals import total
from app.models.user import User

OWNER = bindparam('owner', type_=Integer)
OTHER = bindparam('other', type_=Integer)
REACH = bindparam('reach', type_=Integer)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as a list shows it: what can be read of a `Message`, and nothing to change."""

    id: int
    body: str
    timestamp: datetime
    sender_id: int
    recipient_id: int
    author: Author
    recipient: Author


class Messages(Listing[Letter]):
    """Messages by time, the newest first."""

    position_size = 2
    model = Message
    # The conditions of which each message that belongs to the list meets one.
    directions: tuple[ColumnElement[bool], ...]

    def __init__(self, user: User, other: User | None = None) -> None:
        self.people = {'owner': user.id, **({'other': other.id} if other else {})}

    def position(self, item: Letter) -> Position:
        return post_position(item)

    def total(self) -> int:
        """Return how many messages there are in all, or were lately where there are many."""
        return sum(
            total(
                f'{type(self).__name__} {n} of {self.people}',
                select(MESSAGE.id).where(direction).params(self.people),
            )
            for n, direction in enumerate(self.directions)
        )

    def read(self, span: Span) -> list[Letter]:
        reach = {'reach': span.skip + span.limit} if len(self.directions) > 1 else {}
        found = rows(_statement(type(self), Shape.of(span)), span, **self.people, **reach)
        letters = [
            Letter(
                id_,
                body,
                timestamp,
                sender_id,
                recipient_id,
                Author(sender_id, *people[:3]),
                Author(recipient_id, *people[3:]),
            )
            for id_, body, timestamp, sender_id, recipient_id, *people in found
        ]
        return sorted(letters, key=self.position, reverse=True)


class Received(Messages):
    """What others have sent to `user`."""

    directions = (is_received_by(OWNER),)


class Sent(Messages):
    """What `user` has sent to others."""

    directions = (is_sent_by(OWNER),)


class Conversation(Messages):
    """What `user` and `other` have written to each other."""

    directions = (
        is_received_by(OWNER) & (MESSAGE.sender_id == OTHER),
        is_sent_by(OWNER) & (MESSAGE.recipient_id == OTHER),
    )


@lru_cache
def _statement(messages: type[Messages], shape: Shape) -> Select[Any]:
    """Select what a list shows of the messages that meet one of the conditions."""
    if len(messages.directions) == 1:
        chosen = cut(select(MESSAGE.id).where(*messages.directions), MESSAGE, shape)
    else:
        # The newest of all are among the newest of each.
        whole = Shape(shape.bounded, shape.upward, skipping=False)
        newest = (
            cut(select(MESSAGE.timestamp, MESSAGE.id).where(condition), MESSAGE, whole, REACH)
            for condition in messages.directions
        )
        ids = union_all(*(select(some.subquery()) for some in newest)).subquery()
        chosen = cut(select(ids.c.id), ids.c, Shape(False, shape.upward, shape.skipping))
    found = chosen.subquery('chosen')
    sender: Any = User.__table__.alias('sender')
    recipient: Any = User.__table__.alias('recipient')
    return (
        select(MESSAGE.id, MESSAGE.body, MESSAGE.timestamp, MESSAGE.sender_id, MESSAGE.recipient_id)
        .add_columns(*author_columns(sender.c), *author_columns(recipient.c))
        .join_from(found, Message.__table__, MESSAGE.id == found.c.id)
        .join(sender, sender.c.id == MESSAGE.sender_id)
        .join(recipient, recipient.c.id == MESSAGE.recipient_id)
    )
