"""The lists of messages: received, sent, and exchanged with one person."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, select, union_all
from sqlalchemy.orm import joinedload

from app.extensions import db
from app.models.listing import Listing, Position, Span, sort
from app.models.message import Message
from app.models.timeline import cut, post_position
from app.models.totals import total
from app.models.user import User


class Messages(Listing[Message]):
    """Messages by time, the newest first, each with both people loaded."""

    position_size = 2
    model = Message

    def position(self, item: Message) -> Position:
        return post_position(item)

    def read(self, span: Span) -> list[Message]:
        people = joinedload(Message.author), joinedload(Message.recipient)
        statement = self._select(span).options(*people)
        return sorted(db.session.scalars(statement), key=self.position, reverse=True)

    def total(self) -> int:
        """Return how many messages there are in all, or were lately where there are many."""
        raise NotImplementedError

    def _select(self, span: Span) -> Select[Any]:
        raise NotImplementedError


class Received(Messages):
    """What others have sent to `user`."""

    def __init__(self, user: User) -> None:
        self.user = user

    def total(self) -> int:
        return total(f'received {self.user.id}', select(Message.id).where(_received_by(self.user)))

    def _select(self, span: Span) -> Select[Any]:
        return cut(select(Message).where(_received_by(self.user)), Message, span)


class Sent(Messages):
    """What `user` has sent to others."""

    def __init__(self, user: User) -> None:
        self.user = user

    def total(self) -> int:
        return total(f'sent {self.user.id}', select(Message.id).where(_sent_by(self.user)))

    def _select(self, span: Span) -> Select[Any]:
        return cut(select(Message).where(_sent_by(self.user)), Message, span)


class Conversation(Messages):
    """What `user` and `other` have written to each other."""

    def __init__(self, user: User, other: User) -> None:
        self.user, self.other = user, other

    def total(self) -> int:
        name = f'conversation {self.user.id} {self.other.id}'
        to_user = _received_by(self.user) & (Message.sender_id == self.other.id)
        from_user = _sent_by(self.user) & (Message.recipient_id == self.other.id)
        return sum(
            total(f'{name} {direction}', select(Message.id).where(condition))
            for direction, condition in enumerate((to_user, from_user))
        )

    def _select(self, span: Span) -> Select[Any]:
        # The newest of both directions are among the newest of each.
        ids = union_all(
            self._direction(_received_by(self.user), Message.sender_id, span),
            self._direction(_sent_by(self.user), Message.recipient_id, span),
        ).subquery()
        columns = [ids.c.timestamp, ids.c.id]
        nearest = sort(select(ids.c.id), columns, span.upward).limit(span.limit)
        chosen = nearest.offset(span.skip or None).subquery()
        return select(Message).join(chosen, Message.id == chosen.c.id)

    def _direction(self, own: ColumnElement[bool], other_side: Any, span: Span) -> Select[Any]:
        columns: list[Any] = [Message.timestamp, Message.id]
        statement = select(*columns).where(own, other_side == self.other.id)
        reach = Span(span.skip + span.limit, span.before, span.after)
        return select(cut(statement, Message, reach).subquery())


def _received_by(user: User) -> ColumnElement[bool]:
    return (Message.recipient_id == user.id) & Message.kept_by_recipient


def _sent_by(user: User) -> ColumnElement[bool]:
    return (Message.sender_id == user.id) & Message.kept_by_sender
