"""Connections to the database: how many there are, and what happens when one is lost."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import NullPool, create_engine, make_url, text

from app import db
from app.database import engine_options
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
