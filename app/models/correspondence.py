"""The lists of messages: received, sent, and exchanged with one person.

They change nothing, so they give rows, in statements that are put together once (timeline.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, bindparam, select, union_all

from app.models.listing import Listing, Position, Span, sort
from app.models.message import MESSAGE, Message, is_received_by, is_sent_by
from app.models.timeline import LIMIT, Author, Shape, cut, post_position, rows
from app.models.totals import total
from app.models.user import User

OWNER = bindparam('owner', type_=Integer)
OTHER = bindparam('other', type_=Integer)


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

    def position(self, item: Letter) -> Position:
        return post_position(item)

    def total(self) -> int:
        """Return how many messages there are in all, or were lately where there are many."""
        raise NotImplementedError


class Received(Messages):
    """What others have sent to `user`."""

    def __init__(self, user: User) -> None:
        self.user = user

    def total(self) -> int:
        received = select(Message.id).where(is_received_by(self.user.id))
        return total(f'received {self.user.id}', received)

    def read(self, span: Span) -> list[Letter]:
        return _letters(_received(Shape.of(span)), span, owner=self.user.id)


class Sent(Messages):
    """What `user` has sent to others."""

    def __init__(self, user: User) -> None:
        self.user = user

    def total(self) -> int:
        return total(f'sent {self.user.id}', select(Message.id).where(is_sent_by(self.user.id)))

    def read(self, span: Span) -> list[Letter]:
        return _letters(_sent(Shape.of(span)), span, owner=self.user.id)


class Conversation(Messages):
    """What `user` and `other` have written to each other."""

    def __init__(self, user: User, other: User) -> None:
        self.user, self.other = user, other

    def total(self) -> int:
        name = f'conversation {self.user.id} {self.other.id}'
        to_user = is_received_by(self.user.id) & (Message.sender_id == self.other.id)
        from_user = is_sent_by(self.user.id) & (Message.recipient_id == self.other.id)
        return sum(
            total(f'{name} {direction}', select(Message.id).where(condition))
            for direction, condition in enumerate((to_user, from_user))
        )

    def read(self, span: Span) -> list[Letter]:
        values = {'owner': self.user.id, 'other': self.other.id, 'reach': span.skip + span.limit}
        return _letters(_exchanged(Shape.of(span)), span, **values)


def _letters(statement: Select[Any], span: Span, **values: Any) -> list[Letter]:
    """Return the messages that `statement` selects, the newest first."""
    found = [
        Letter(
            row.id,
            row.body,
            row.timestamp,
            row.sender_id,
            row.recipient_id,
            Author(row.sender_id, row.sender_name, row.sender_email),
            Author(row.recipient_id, row.recipient_name, row.recipient_email),
        )
        for row in rows(statement, span, **values)
    ]
    found.sort(key=lambda letter: (letter.timestamp, letter.id), reverse=True)
    return found


def _with_people(ids: Select[Any]) -> Select[Any]:
    """Select what a list shows of the messages whose ids are selected."""
    chosen = ids.subquery('chosen')
    sender: Any = User.__table__.alias('sender')
    recipient: Any = User.__table__.alias('recipient')
    found = chosen.join(Message.__table__, MESSAGE.id == chosen.c.id)
    found = found.join(sender, sender.c.id == MESSAGE.sender_id)
    found = found.join(recipient, recipient.c.id == MESSAGE.recipient_id)
    ends = MESSAGE.sender_id, MESSAGE.recipient_id
    people = [
        person.c[column].label(f'{end}_{label}')
        for end, person in (('sender', sender), ('recipient', recipient))
        for column, label in (('username', 'name'), ('email', 'email'))
    ]
    shown = select(MESSAGE.id, MESSAGE.body, MESSAGE.timestamp, *ends, *people)
    return shown.select_from(found)


@lru_cache
def _received(shape: Shape) -> Select[Any]:
    return _with_people(cut(select(MESSAGE.id).where(is_received_by(OWNER)), MESSAGE, shape))


@lru_cache
def _sent(shape: Shape) -> Select[Any]:
    return _with_people(cut(select(MESSAGE.id).where(is_sent_by(OWNER)), MESSAGE, shape))


@lru_cache
def _exchanged(shape: Shape) -> Select[Any]:
    # The newest of both directions are among the newest of each.
    ids = union_all(
        _direction(is_received_by(OWNER) & (MESSAGE.sender_id == OTHER), shape),
        _direction(is_sent_by(OWNER) & (MESSAGE.recipient_id == OTHER), shape),
    ).subquery()
    nearest = sort(select(ids.c.id), [ids.c.timestamp, ids.c.id], shape.upward).limit(LIMIT)
    skip = bindparam('skip', type_=Integer) if shape.skipping else None
    return _with_people(nearest.offset(skip))


def _direction(own: ColumnElement[bool], shape: Shape) -> Select[Any]:
    whole = Shape(shape.bounded, shape.upward, skipping=False)
    reach = bindparam('reach', type_=Integer)
    statement = select(MESSAGE.timestamp, MESSAGE.id).where(own)
    return select(cut(statement, MESSAGE, whole, reach).subquery())
