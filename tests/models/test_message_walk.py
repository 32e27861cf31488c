"""Whatever people do with messages at the same time, the numbers are those of the rows."""

from random import Random

import pytest
from flask import Flask
from sqlalchemy import select

from app import db
from app.models import Message, Notification, User
from app.models.correspondence import Conversation, Received
from app.models.message import UNREAD
from tests.models.test_message import unread_rows
from tests.models.walks import Step, leave, walk_at_once

STEPS = 50


def send(walk: Random, one: User, other: User) -> None:
    one.send_message(other, 'hello')


def read(_walk: Random, one: User, _other: User) -> None:
    one.lock()
    Received(one).page(1, 5)
    one.mark_messages_read()


def read_conversation(_walk: Random, one: User, other: User) -> None:
    one.lock()
    Conversation(one, other).page(1, 5)
    one.mark_conversation_read(other)


def delete_a_message(walk: Random, one: User, other: User) -> None:
    messages = db.session.scalars(
        select(Message).where(
            (Message.recipient_id == one.id) | (Message.sender_id == one.id),
        )
    ).all()
    if messages:
        one.delete_message(walk.choice(messages))


def delete_a_message_for_both(walk: Random, one: User, other: User) -> None:
    messages = db.session.scalars(select(Message).where(Message.recipient_id == one.id)).all()
    if messages:
        db.session.delete(walk.choice(messages))


STEPS_AND_WEIGHTS: dict[Step, int] = {
    send: 10,
    read: 2,
    read_conversation: 6,
    delete_a_message: 6,
    delete_a_message_for_both: 3,
    leave: 1,
}


@pytest.mark.parametrize('seed', [1, 2])
def test_counters_are_rows(app: Flask, seed: int) -> None:
    walk_at_once(app, STEPS_AND_WEIGHTS, seed, STEPS)
    people = db.session.scalars(select(User)).all()
    found = {user.username: user.unread_message_count for user in people}
    assert found == {user.username: unread_rows(user) for user in people}
    told = select(Notification).where(Notification.name == UNREAD)
    for notification in db.session.scalars(told):
        assert notification.get_data() == notification.user.unread_message_count
