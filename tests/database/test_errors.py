"""What an error of the database means, as the real ones say it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pymysql
import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, NullPool, create_engine, insert, text
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app import db
from app.database.errors import is_away, is_conflict
from app.models import Post, User, followers
from tests.environment import SERVER_URL

AWAY, CONFLICT, MISTAKE = 'away', 'conflict', 'mistake'
BACKEND = SERVER_URL.partition(':')[0] or 'sqlite'


def meaning(error: SQLAlchemyError) -> str:
    assert not (is_away(error) and is_conflict(error))
    return AWAY if is_away(error) else CONFLICT if is_conflict(error) else MISTAKE


def user(id: int = 1, **columns: Any) -> dict[str, Any]:
    name = f'user{id}'
    row = {'username': name, 'email': name, 'username_key': name, 'email_key': name}
    return {'id': id, **row, **columns}


def missing_table(connection: Connection) -> None:
    connection.execute(text('SELECT * FROM nowhere'))


def missing_column(connection: Connection) -> None:
    connection.execute(text('SELECT nothing FROM post'))


def no_sql(connection: Connection) -> None:
    connection.execute(text('SELEKT 1'))


def no_such_function(connection: Connection) -> None:
    connection.execute(text('SELECT nonsense(1)'))


def double(connection: Connection) -> None:
    connection.execute(insert(User), [user(1), user(2, username='user1')])


def double_key(connection: Connection) -> None:
    connection.execute(insert(User), [user(1), user(1)])


def refers_to_nothing(connection: Connection) -> None:
    connection.execute(insert(Post).values(body='x', language='', user_id=99))


def empty(connection: Connection) -> None:
    connection.execute(insert(User).values(user(email=None)))


def against_a_rule(connection: Connection) -> None:
    connection.execute(insert(User).values(user()))
    connection.execute(insert(followers).values(follower_id=1, followed_id=1))


@pytest.mark.parametrize(
    ('do', 'expected'),
    [
        (missing_table, MISTAKE),
        (missing_column, MISTAKE),
        (no_sql, MISTAKE),
        (no_such_function, MISTAKE),
        (empty, MISTAKE),
        (against_a_rule, MISTAKE),
        (double, CONFLICT),
        (double_key, CONFLICT),
        (refers_to_nothing, CONFLICT),
    ],
)
def test_what_the_database_refuses(
    app: Flask, do: Callable[[Connection], None], expected: str
) -> None:
    with pytest.raises(SQLAlchemyError) as caught, db.engine.connect() as connection:
        do(connection)
    assert meaning(caught.value) == expected


@contextmanager
def another(**changes: Any) -> Iterator[Engine]:
    """Yield an engine for the same server, with another database, or a file that is not there."""
    yield create_engine(db.engine.url.set(**changes), poolclass=NullPool)


def no_such_database() -> None:
    name = '/nowhere/at/all.db' if BACKEND == 'sqlite' else 'no_such_database'
    with another(database=name) as engine:
        engine.connect()


def nobody_listens() -> None:
    with another(host='127.0.0.1', port=1) as engine:
        engine.connect()


def nobody_of_that_name() -> None:
    with another(username='stranger', password='wrong') as engine:
        engine.connect()


LOCK = {
    'sqlite': ('PRAGMA busy_timeout = 50', 'UPDATE user SET post_count = 1'),
    'postgresql': ("SET lock_timeout = '50ms'", 'UPDATE "user" SET post_count = 1'),
    'mysql': ('SET innodb_lock_wait_timeout = 1', 'UPDATE user SET post_count = 1'),
}


def locked() -> None:
    patience, write = LOCK[BACKEND]
    with db.engine.begin() as connection:
        connection.execute(insert(User).values(user()))
    with another() as engine, engine.connect() as one, engine.connect() as other:
        one.execute(text(write))
        other.exec_driver_sql(patience)
        other.execute(text(write))


def deadlock() -> None:
    with db.engine.begin() as connection:
        connection.execute(insert(User), [user(1), user(2)])
    with another() as engine, engine.connect() as one, engine.connect() as other:
        _deadlock(one, other)


def _deadlock(one: Connection, other: Connection) -> None:
    from threading import Thread

    table = User.__table__
    write = [table.update().where(table.c.id == id_).values(post_count=1) for id_ in (1, 2)]
    errors: list[SQLAlchemyError] = []

    def run(connection: Connection, statement: Any) -> None:
        try:
            connection.execute(statement)
        except SQLAlchemyError as error:
            errors.append(error)
        connection.rollback()

    one.execute(write[0])
    other.execute(write[1])
    thread = Thread(target=run, args=[one, write[1]])
    thread.start()
    run(other, write[0])
    thread.join()
    [error] = errors
    raise error


def end_of_the_connection() -> None:
    own = {'postgresql': 'SELECT pg_backend_pid()', 'mysql': 'SELECT CONNECTION_ID()'}[BACKEND]
    end = {'postgresql': 'SELECT pg_terminate_backend(%s)', 'mysql': 'KILL %s'}[BACKEND]
    with another() as engine, engine.connect() as one, engine.connect() as other:
        other.exec_driver_sql(end, (one.scalar(text(own)),))
        one.execute(text('SELECT 1'))


def too_slow() -> None:
    patience, slow = {
        'postgresql': ("SET statement_timeout = '50ms'", 'SELECT pg_sleep(5)'),
        'mysql': (
            'SET max_statement_time = 0.05',
            'SELECT COUNT(*) FROM information_schema.collations a, information_schema.collations b,'
            ' information_schema.collations c, information_schema.collations d',
        ),
    }[BACKEND]
    with another() as engine, engine.connect() as connection:
        connection.exec_driver_sql(patience)
        connection.exec_driver_sql(slow)


def read_only() -> None:
    with another() as engine, engine.connect() as connection:
        connection.exec_driver_sql('SET TRANSACTION READ ONLY')
        connection.execute(insert(User).values(user()))


def full() -> None:
    with another() as engine, engine.connect() as connection:
        connection.exec_driver_sql('PRAGMA max_page_count = 1')
        for id_ in range(1, 100):
            connection.execute(insert(User).values(user(id_, password_hash='x' * 250)))


def no_connection_left() -> None:
    options: dict[str, Any] = {'pool_size': 1, 'max_overflow': 0, 'pool_timeout': 0.05}
    engine = create_engine(db.engine.url, **options)
    try:
        with engine.connect():
            engine.connect()
    finally:
        engine.dispose()


COMMON = [no_such_database, locked, no_connection_left]
SERVERS = [nobody_listens, nobody_of_that_name, deadlock, end_of_the_connection, too_slow]
OWN = {'sqlite': [full], 'postgresql': [*SERVERS, read_only], 'mysql': SERVERS}


@pytest.mark.parametrize('do', [*COMMON, *OWN[BACKEND]])
def test_what_will_pass(app: Flask, do: Callable[[], None]) -> None:
    with pytest.raises(SQLAlchemyError) as caught:
        do()
    assert meaning(caught.value) == AWAY


def sqlite_error(code: int, kind: type[sqlite3.Error] = sqlite3.OperationalError) -> Exception:
    error = kind('as SQLite says it')
    error.sqlite_errorcode = code
    return error


def postgresql_error(state: str) -> Exception:
    return psycopg.errors.lookup(state)('as PostgreSQL says it')


# What a test cannot bring about with a server that others use, too.
@pytest.mark.parametrize(
    ('driver', 'expected'),
    [
        (sqlite_error(sqlite3.SQLITE_IOERR_WRITE), AWAY),
        (sqlite_error(sqlite3.SQLITE_BUSY_SNAPSHOT), AWAY),
        (sqlite_error(sqlite3.SQLITE_LOCKED_SHAREDCACHE), AWAY),
        (sqlite_error(sqlite3.SQLITE_CORRUPT, sqlite3.DatabaseError), MISTAKE),
        (sqlite_error(sqlite3.SQLITE_READONLY), MISTAKE),
        (sqlite3.ProgrammingError('Cannot operate on a closed database.'), MISTAKE),
        (postgresql_error('53100'), AWAY),  # disk full
        (postgresql_error('53300'), AWAY),  # too many connections
        (postgresql_error('57P03'), AWAY),  # starting up
        (postgresql_error('58030'), AWAY),  # cannot read a file
        (postgresql_error('40001'), AWAY),
        (postgresql_error('42501'), MISTAKE),  # not allowed
        (postgresql_error('22001'), MISTAKE),  # too long
        (postgresql_error('XX000'), MISTAKE),
        (psycopg.OperationalError('server closed the connection unexpectedly'), AWAY),
        (psycopg.DataError('text fields cannot contain NUL bytes'), MISTAKE),
        (pymysql.OperationalError(1040, 'Too many connections'), AWAY),
        (pymysql.OperationalError(1021, 'Disk full'), AWAY),
        (pymysql.OperationalError(1114, 'The table is full'), AWAY),
        (pymysql.OperationalError(1290, '--read-only'), AWAY),
        (pymysql.OperationalError(2013, 'Lost connection'), AWAY),
        (pymysql.InterfaceError(0, ''), AWAY),
        (pymysql.OperationalError(1142, 'command denied'), MISTAKE),
        (pymysql.OperationalError(1054, 'Unknown column'), MISTAKE),
        (pymysql.DataError(1406, 'Data too long'), MISTAKE),
    ],
    ids=str,
)
def test_codes(driver: Exception, expected: str) -> None:
    kind = OperationalError if isinstance(driver, sqlite3.OperationalError) else DBAPIError
    assert meaning(kind('SELECT', {}, driver)) == expected


def test_what_is_no_error_of_a_driver() -> None:
    assert meaning(PoolTimeout()) == AWAY
    assert meaning(SQLAlchemyError()) == MISTAKE
    lost = DBAPIError('SELECT', {}, Exception(), connection_invalidated=True)
    assert meaning(lost) == AWAY
