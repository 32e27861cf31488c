"""Connections to the database: how many there are, and what happens when one is lost."""

import socket
import sqlite3
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import NullPool, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from app import db
from app.database import engine_options, unlimited
from tests.conftest import MakeUser

# How another connection ends all others to the database that it is connected to.
HANG_UP = {
    'postgresql': (
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity'
        ' WHERE datname = current_database() AND pid <> pg_backend_pid()'
    ),
    'mysql': (
        'SELECT id FROM information_schema.processlist'
        ' WHERE db = DATABASE() AND id <> CONNECTION_ID()'
    ),
}


def hang_up(app: Flask) -> None:
    url = app.config['SQLALCHEMY_DATABASE_URI']
    engine = create_engine(url, poolclass=NullPool, isolation_level='AUTOCOMMIT')
    with engine.connect() as connection:
        found = list(connection.execute(text(HANG_UP[engine.dialect.name])))
        if engine.dialect.name == 'mysql':
            for (number,) in found:
                connection.execute(text(f'KILL {number}'))
        assert found


def test_a_lost_connection_is_replaced(
    app: Flask, make_user: MakeUser, log_in: Callable[..., FlaskClient]
) -> None:
    if db.engine.dialect.name == 'sqlite':
        pytest.skip('SQLite has no connections to lose')
    client = log_in(make_user('susan'))
    assert client.get('/index').status_code == 200
    db.session.remove()
    hang_up(app)
    assert client.get('/index').status_code == 200
    hang_up(app)
    assert client.post('/index', data={'post': 'still here'}).status_code == 302
    assert 'still here' in client.get('/index').text


@pytest.mark.parametrize('address', ['postgresql+psycopg://host/x', 'mysql+pymysql://host/x'])
def test_the_size_of_the_pool(address: str) -> None:
    settings: dict[str, Any] = {
        'DATABASE_POOL_SIZE': 2,
        'DATABASE_MAX_OVERFLOW': 3,
        'DATABASE_POOL_TIMEOUT': 4,
        'DATABASE_POOL_RECYCLE': 60,
    }
    options = engine_options(make_url(address), settings)
    assert options['pool_size'] == 2
    assert options['max_overflow'] == 3
    assert options['pool_timeout'] == 4
    assert options['pool_recycle'] == 60
    assert options['pool_pre_ping'] is True


SILENT = [
    'postgresql+psycopg://nobody@127.0.0.1:{port}/x',
    'mysql+pymysql://nobody@127.0.0.1:{port}/x',
]


@pytest.mark.parametrize('address', SILENT, ids=['postgresql', 'mysql'])
def test_a_server_that_lets_nobody_in(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    # psycopg takes 2 seconds for the least that anybody can mean.
    monkeypatch.setattr('app.database.CONNECT_TIMEOUT', 2)
    with socket.create_server(('127.0.0.1', 0)) as listener:
        url = address.format(port=listener.getsockname()[1])
        client = make_app(SQLALCHEMY_DATABASE_URI=url).test_client()
        begin = monotonic()
        response = client.post('/auth/login', data={'username': 'susan', 'password': 'x'})
        assert response.status_code == 503
        assert monotonic() - begin < 10


SLEEP = {'postgresql': 'SELECT pg_sleep(30)', 'mysql': 'SELECT SLEEP(30)'}


def test_a_server_that_stops_answering(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('app.database.ANSWER_TIMEOUT', 0.5)
    with make_app().app_context():
        statement = SLEEP.get(db.engine.dialect.name)
        if statement is None:
            pytest.skip('SQLite is no server')
        begin = monotonic()
        with pytest.raises(OperationalError), db.engine.connect() as connection:
            connection.execute(text(statement))
        assert monotonic() - begin < 5
        # That connection is not used again.
        with db.engine.connect() as connection:
            assert connection.scalar(text('SELECT 1')) == 1


def test_a_statement_that_takes_too_long(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('app.database.STATEMENT_TIMEOUT', 1)
    with make_app().app_context():
        if db.engine.dialect.name != 'postgresql':
            pytest.skip('only PostgreSQL is told')
        with db.engine.connect() as connection:
            assert connection.scalar(text('SHOW statement_timeout')) == '1s'
            with pytest.raises(OperationalError):
                connection.execute(text('SELECT pg_sleep(30)'))


def test_a_migration_takes_as_long_as_it_must(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('app.database.ANSWER_TIMEOUT', 0.2)
    with make_app().app_context():
        statement = SLEEP.get(db.engine.dialect.name)
        if statement is None:
            pytest.skip('SQLite is no server')
        with db.engine.connect() as connection, unlimited(connection):
            connection.execute(text(statement.replace('30', '0.5')))


def test_the_address_comes_first() -> None:
    settings = dict.fromkeys(
        ('DATABASE_POOL_SIZE', 'DATABASE_MAX_OVERFLOW', 'DATABASE_POOL_TIMEOUT')
        + ('DATABASE_POOL_RECYCLE',),
        1,
    )

    def arguments(address: str) -> dict[str, Any]:
        found: dict[str, Any] = engine_options(make_url(address), settings)['connect_args']
        return found

    assert 'read_timeout' not in arguments('mysql+pymysql://host/x?read_timeout=60')
    postgresql = arguments(
        'postgresql+psycopg://host/x?options=-csearch_path%3Da&keepalives_idle=5'
    )
    assert postgresql['options'] == '-c statement_timeout=20s -csearch_path=a'
    assert 'keepalives_idle' not in postgresql


def test_a_pool_of_sqlite_does_not_wait_long() -> None:
    settings = {'DATABASE_POOL_TIMEOUT': 4}
    assert engine_options(make_url('sqlite:///file.db'), settings)['pool_timeout'] == 4
    assert 'pool_timeout' not in engine_options(make_url('sqlite://'), settings)


class Contended(sqlite3.Connection):
    """A connection to a new file that another process opens at the same moment."""

    refusals = 2

    def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
        if 'journal_mode' in sql and self.refusals:
            self.refusals -= 1
            error = sqlite3.OperationalError('database is locked')
            error.sqlite_errorcode = sqlite3.SQLITE_BUSY
            raise error
        return super().execute(sql, *args)


def test_two_open_a_new_file_at_the_same_moment(tmp_path: Path) -> None:
    url = f'sqlite:///{tmp_path}/new.db'
    engine = create_engine(url, poolclass=NullPool, connect_args={'factory': Contended})
    with engine.connect() as connection:
        assert connection.scalar(text('PRAGMA journal_mode')) == 'wal'
