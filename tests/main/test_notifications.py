"""What an open page asks for (chapter 21)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from app import db
from app.models import User
from tests.conftest import MakeUser
from tests.statements import statements

LogIn = Callable[[User], FlaskClient]


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    return make_user('susan', last_seen=datetime(2020, 1, 1))


def told(client: FlaskClient, since: str = '0') -> list[dict[str, Any]]:
    """What an open page is told."""
    response = client.get(f'/notifications?since={since}')
    assert response.status_code == 200
    found: list[dict[str, Any]] = response.get_json()
    return found


def test_what_is_new(log_in: LogIn, susan: User, make_user: MakeUser) -> None:
    client = log_in(susan)
    assert told(client) == []
    susan.add_notification('one', 1)
    susan.add_notification('two', {'a': ['b']})
    make_user('john').add_notification('three', 3)
    db.session.commit()
    found = told(client)
    assert [(item['name'], item['data']) for item in found] == [('one', 1), ('two', {'a': ['b']})]
    assert all(item.keys() == {'name', 'data', 'timestamp'} for item in found)
    times = [item['timestamp'] for item in found]
    assert times == sorted(times)
    assert isinstance(times[0], float)
    assert told(client, repr(times[0])) == found[1:]
    assert told(client, repr(times[1])) == []


def test_one_of_a_name(susan: User) -> None:
    susan.add_notification('one', 1)
    first = susan.notifications_since(0)[0].timestamp
    susan.add_notification('one', 2)
    db.session.commit()
    [notification] = susan.notifications_since(0)
    assert notification.get_data() == 2
    assert notification.timestamp > first
    susan.add_notification('one', 3, subject='a')
    susan.add_notification('one', 4, subject='b')
    db.session.commit()
    assert [n.get_data() for n in susan.notifications_since(0)] == [2, 3, 4]


def test_a_slow_clock_hides_nothing(susan: User, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = susan.add_notification('one', 1).timestamp
    db.session.commit()
    monkeypatch.setattr('time.time', lambda: 1.0)
    susan.add_notification('two', 2)
    db.session.commit()
    assert [n.name for n in susan.notifications_since(seen)] == ['two']


@pytest.mark.parametrize('since', ['x', '', 'nan', '-1', '-inf', '-1e999', '1e', '٣x', '%00'])
def test_since_that_makes_no_sense_is_the_beginning(log_in: LogIn, susan: User, since: str) -> None:
    susan.add_notification('one', 1)
    db.session.commit()
    assert [item['name'] for item in told(log_in(susan), since)] == ['one']


@pytest.mark.parametrize('since', ['1e999', 'inf', '1e308', '9' * 400])
def test_since_the_end_of_time(log_in: LogIn, susan: User, since: str) -> None:
    susan.add_notification('one', 1)
    db.session.commit()
    assert told(log_in(susan), since) == []


def test_a_poll_costs_one_query_beside_the_user(log_in: LogIn, susan: User) -> None:
    client = log_in(susan)
    with statements() as made:
        assert client.get('/notifications?since=5').status_code == 200
    assert [statement.split()[0] for statement in made] == ['SELECT', 'SELECT']
    assert susan.last_seen == datetime(2020, 1, 1)
