"""Whatever people do with messages at the same time, the numbers are those of the rows."""

from collections.abc import Callable
from itertools import count
from random import Random
from threading import Thread

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app import db
from app.database.errors import is_away, is_conflict
from app.models import Message, Notification, User
from app.models.correspondence import Conversation, Received
from app.models.message import UNREAD
from tests.conftest import MakeUser
from tests.models.test_message import unread_rows

PEOPLE, WALKERS, STEPS = 4, 4, 50

numbers = count(1)


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


def leave(_walk: Random, one: User, other: User) -> None:
    name = f'new{next(numbers)}'
    db.session.add(User(username=name, email=f'{name}@example.com'))
    db.session.delete(one)


STEPS_AND_WEIGHTS: dict[Callable[[Random, User, User], None], int] = {
    send: 10,
    read: 2,
    read_conversation: 6,
    delete_a_message: 6,
    delete_a_message_for_both: 3,
    leave: 1,
}


@pytest.mark.parametrize('seed', [1, 2])
def test_counters_are_rows(app: Flask, make_user: MakeUser, seed: int) -> None:
    for number in range(PEOPLE):
        make_user(f'person{number}')
    wrong: list[BaseException] = []
    done: list[str] = []

    def step(walk: Random) -> str:
        one, other = walk.sample(db.session.scalars(select(User)).all(), 2)
        [do] = walk.choices([*STEPS_AND_WEIGHTS], [*STEPS_AND_WEIGHTS.values()])
        do(walk, one, other)
        db.session.commit()
        return do.__name__

    def go(walk: Random) -> None:
        for _ in range(STEPS):
            with app.app_context():
                try:
                    done.append(step(walk))
                except SQLAlchemyError as error:
                    db.session.rollback()
                    # Somebody has just left; rarely, two wait for each other and one gives up.
                    if not is_conflict(error) and not is_away(error):
                        wrong.append(error)
                except BaseException as error:
                    wrong.append(error)
                    raise

    threads = [Thread(target=go, args=[Random(f'{seed} {n}')]) for n in range(WALKERS)]  # noqa: S311
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert {*done} == {do.__name__ for do in STEPS_AND_WEIGHTS}
    assert len(done) > WALKERS * STEPS * 0.8
    db.session.rollback()
    people = db.session.scalars(select(User)).all()
    found = {user.username: user.unread_message_count for user in people}
    assert found == {user.username: unread_rows(user) for user in people}
    told = select(Notification).where(Notification.name == UNREAD)
    for notification in db.session.scalars(told):
        assert notification.get_data() == notification.user.unread_message_count
