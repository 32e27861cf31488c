"""The id of what was deleted is not given to something else, also after an upgrade."""

from itertools import count

import pytest
from sqlalchemy import column, select, table, text

from app import db
from app.models import User
from tests.migrations.conftest import NewDatabase
from tests.migrations.database import Database
from tests.migrations.test_tutorial_databases import STARTS, account
from tests.migrations.tutorial import build

USER = table('user', *map(column, ('id', 'username', 'unread_message_count')))
BEFORE = '3b8e5d1a7c94'

numbers = count(1)


def new_id(database: Database) -> int:
    """Open an account and delete it; return which id it had."""
    with database.app.app_context():
        name = f'new{next(numbers)}'
        user = User(username=name, email=f'{name}@example.com')
        db.session.add(user)
        db.session.commit()
        id_: int = user.id
        db.session.delete(user)
        db.session.commit()
        return id_


@pytest.mark.parametrize(('edition', 'revision'), STARTS)
def test_after_an_upgrade(new_database: NewDatabase, edition: str, revision: str) -> None:
    database = new_database()
    people = [account(id_, f'person{id_}', f'p{id_}@example.com') for id_ in range(1, 6)]
    build(database, edition, revision, {'user': people})
    with database.engine.begin() as connection:
        if database.backend == 'postgresql':
            # As if they had been given their ids one by one.
            connection.execute(text("SELECT setval('user_id_seq', 5)"))
        connection.execute(USER.delete().where(USER.c.id > 3))
    database.upgrade()
    ids = [new_id(database), new_id(database)]
    database.downgrade(BEFORE)
    database.upgrade()
    ids += [new_id(database), new_id(database)]
    assert [5, *ids] == sorted({5, *ids})


def test_a_new_database_begins_with_one(database: Database) -> None:
    database.upgrade()
    assert [new_id(database), new_id(database)] == [1, 2]


def test_numbers_that_went_wrong_are_put_right(database: Database) -> None:
    database.upgrade()
    with database.app.app_context():
        susan, john, david = people = [
            User(username=name, email=f'{name}@example.com') for name in ('susan', 'john', 'david')
        ]
        db.session.add_all(people)
        db.session.flush()
        for sender in (susan, david, susan):
            sender.send_message(john, 'hello')
        john.mark_conversation_read(susan)
        john.delete_message(susan.send_message(john, 'not kept'))
        susan.mark_messages_read()
        db.session.commit()
        assert john.unread_message_count == 1
        db.session.remove()
    database.downgrade(BEFORE)
    numbers = select(USER.c.username, USER.c.unread_message_count).order_by(USER.c.id)
    expected = [('susan', 0), ('john', 3), ('david', 0)]
    assert database.rows(numbers) == expected
    with database.engine.begin() as connection:
        connection.execute(USER.update().values(unread_message_count=-4))
    database.upgrade()
    assert database.rows(numbers) == expected
    told = "SELECT payload_json FROM notification WHERE name = 'unread_message_count'"
    assert sorted(database.rows(told)) == [('0',), ('3',)]
