"""What happens before every request."""

import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app import database, db
from app.database import utcnow
from app.main import hooks
from app.models import User
from tests.conftest import MakeUser
from tests.environment import SERVER_URL
from tests.statements import statements

LONG_AGO = datetime(2026, 1, 1)


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    return make_user('susan', last_seen=LONG_AGO)


def test_a_visit_is_noted(log_in: Callable[[User], FlaskClient], susan: User) -> None:
    before = utcnow()
    log_in(susan).get('/explore')
    assert susan.last_seen is not None
    assert before <= susan.last_seen <= utcnow()


def test_at_most_once_a_minute(log_in: Callable[[User], FlaskClient], susan: User) -> None:
    client = log_in(susan)
    just_now = utcnow() - timedelta(seconds=30)
    susan.last_seen = just_now
    db.session.commit()
    client.get('/explore')
    assert susan.last_seen == just_now
    susan.last_seen = utcnow() - timedelta(seconds=61)
    db.session.commit()
    client.get('/explore')
    assert susan.last_seen > just_now


@pytest.mark.parametrize('path', ['/static/css/app.css', '/bootstrap/static/css/bootstrap.min.css'])
def test_a_file_is_no_visit(log_in: Callable[[User], FlaskClient], susan: User, path: str) -> None:
    assert log_in(susan).get(path).status_code == 200
    assert susan.last_seen == LONG_AGO


def test_anonymous_visitors_touch_no_database(client: FlaskClient) -> None:
    with statements() as made:
        for path in ('/auth/login', '/auth/register', '/nothing', '/static/css/app.css', '/'):
            client.get(path)
    assert made == []


def test_a_visit_that_cannot_be_noted_is_a_visit_all_the_same(
    log_in: Callable[[User], FlaskClient], susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OperationalError('UPDATE', {}, Exception('database is locked'))

    monkeypatch.setattr(hooks, 'update', fail)
    assert log_in(susan).get('/explore').status_code == 200
    assert susan.last_seen == LONG_AGO


@pytest.mark.skipif(bool(SERVER_URL), reason='only SQLite is locked as a whole')
def test_a_page_does_not_wait_for_a_writer(
    app: Flask,
    log_in: Callable[[User], FlaskClient],
    susan: User,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = log_in(susan)
    path = db.engine.url.database
    assert path
    other = sqlite3.connect(path, isolation_level=None)
    other.execute('BEGIN IMMEDIATE')
    begin = monotonic()
    for _ in range(20):
        assert client.get('/explore').status_code == 200
    # Tried once, and shortly.
    assert monotonic() - begin < database.SQLITE_BUSY_TIMEOUT / 2
    assert caplog.text.count('last_seen was not written') == 1
    other.close()
    with db.engine.connect() as connection:
        usual = connection.scalar(text('PRAGMA busy_timeout'))
        assert usual == database.SQLITE_BUSY_TIMEOUT * 1000
    client.get('/explore')
    assert susan.last_seen == LONG_AGO
    monkeypatch.setattr(hooks, 'PAUSED_UNTIL', 'some time later')
    client.get('/explore')
    assert susan.last_seen is not None
    assert susan.last_seen > LONG_AGO
