"""What the three kinds of database need to behave alike: SQLite, PostgreSQL, MariaDB (MySQL)."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psycopg
import pymysql
from flask import Flask
from psycopg.pq import TransactionStatus
from sqlalchemy import (
    URL,
    Connection,
    DateTime,
    Dialect,
    Double,
    Engine,
    MetaData,
    Table,
    event,
    make_url,
)
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase

# Primary keys keep each database's own names; everything else has the same name everywhere.
NAMING_CONVENTION = {
    'ix': 'ix_%(table_name)s_%(column_0_N_name)s',
    'uq': 'uq_%(table_name)s_%(column_0_N_name)s',
    'ck': 'ck_%(table_name)s_%(constraint_name)s',
    'fk': 'fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s',
}

TABLE_OPTIONS: dict[str, Any] = {
    # Every character of Unicode can be stored, and e is never equal to é (nor a to A).
    'mysql_charset': 'utf8mb4',
    'mysql_collate': 'utf8mb4_bin',
    # The id of what was deleted is never given to something else, as with the two servers.
    'sqlite_autoincrement': True,
}

# To the microsecond, which MariaDB alone has to be asked for. Always UTC, without a time zone.
Timestamp = DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql')
UnixTime: Double[float] = Double()

LARGEST_ID = 2**31 - 1  # what a column for ids holds; PostgreSQL refuses to compare with more

BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
SQLITE_BUSY_TIMEOUT = 5  # seconds that a writer waits for another process's write
CONNECT_TIMEOUT = 5  # seconds that a database server may take to let us in
STATEMENT_TIMEOUT = 20  # seconds after which PostgreSQL gives a statement up
ANSWER_TIMEOUT = 25  # seconds after which we give up a server that does not answer a statement


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING_CONVENTION)


def utcnow() -> datetime:
    """Return the time in UTC as the database stores it: without a time zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def engine_options(url: URL, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keyword arguments for `create_engine` that suit the database at `url`."""
    # What people typed is nobody's business who reads the log.
    options: dict[str, Any] = {'hide_parameters': True}
    backend = url.get_backend_name()
    if backend == 'sqlite':
        options |= {'connect_args': {'timeout': SQLITE_BUSY_TIMEOUT}}
        in_memory = url.database in (None, '', ':memory:') or url.query.get('mode') == 'memory'
        return options if in_memory else options | {'pool_timeout': config['DATABASE_POOL_TIMEOUT']}
    options |= {
        'connect_args': _server_arguments(url),
        # A connection that was lost while nobody used it is replaced before anybody does.
        'pool_pre_ping': True,
        'pool_size': config['DATABASE_POOL_SIZE'],
        'max_overflow': config['DATABASE_MAX_OVERFLOW'],
        'pool_timeout': config['DATABASE_POOL_TIMEOUT'],
        'pool_recycle': config['DATABASE_POOL_RECYCLE'],
    }
    if backend == 'mysql':
        # Read what is there now, as the other two do, not what was there at the first query.
        options |= {'isolation_level': 'READ COMMITTED'}
    return options


def _server_arguments(url: URL) -> dict[str, Any]:
    """Return what keeps us from waiting without end for a database server or its network.

    What the address says itself comes first.
    """
    arguments: dict[str, Any] = {'connect_timeout': CONNECT_TIMEOUT}
    if url.get_backend_name() == 'mysql':
        # Until we are let in; see `set_answer_timeout`.
        arguments |= {'read_timeout': CONNECT_TIMEOUT, 'write_timeout': ANSWER_TIMEOUT}
        return {name: value for name, value in arguments.items() if name not in url.query}
    arguments |= {
        'keepalives_idle': 30,
        'keepalives_interval': 10,
        'keepalives_count': 3,
        'tcp_user_timeout': int(ANSWER_TIMEOUT * 1000),
    }
    arguments = {name: value for name, value in arguments.items() if name not in url.query}
    theirs = ' '.join(url.normalized_query.get('options', ()))
    ours = f'-c statement_timeout={STATEMENT_TIMEOUT}s'
    return arguments | {'options': f'{ours} {theirs}'.rstrip()}


class PostgreSQLConnection(psycopg.Connection[Any]):
    """A connection that is closed when the server does not answer a statement in time.

    Its own `statement_timeout` is of no use when it is the server that hangs.
    """

    answer_timeout: float | None = None  # seconds

    def wait(self, *args: Any, **kwargs: Any) -> Any:
        kwargs.setdefault('timeout', self.answer_timeout)
        try:
            return super().wait(*args, **kwargs)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                # In the middle of a statement: nobody can use it any more.
                self.close()
            raise


@event.listens_for(Engine, 'do_connect')
def _connect_to_postgresql(dialect: Dialect, _record: Any, args: Any, options: Any) -> Any:
    return PostgreSQLConnection.connect(*args, **options) if dialect.driver == 'psycopg' else None


def set_answer_timeout(connection: Any, seconds: float | None) -> None:
    """Wait at most so long for each answer to a driver's connection; None is without end."""
    if isinstance(connection, PostgreSQLConnection):
        connection.answer_timeout = seconds
    elif isinstance(connection, pymysql.Connection):
        # Its one time-out for reading also holds for the handshake, which has to be quicker.
        connection._read_timeout = seconds  # type: ignore[attr-defined]  # its own


@contextmanager
def unlimited(connection: Connection) -> Iterator[None]:
    """Wait without end for the answers to `connection`: a migration takes as long as it must."""
    driver = connection.connection.dbapi_connection
    set_answer_timeout(driver, None)
    try:
        yield
    finally:
        set_answer_timeout(driver, ANSWER_TIMEOUT)


def use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Let readers and the one writer not wait for each other; the file remembers it."""
    end = monotonic() + SQLITE_BUSY_TIMEOUT
    while True:
        try:
            connection.execute('PRAGMA journal_mode = WAL')
        except sqlite3.OperationalError as error:
            # Two that open a new file at the same moment: SQLite itself does not wait here.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() > end:
                raise
            sleep(0.01)
        else:
            return


def remove_if_broken(path: str | Path, error: sqlite3.Error) -> None:
    """Remove a file that cannot be read, where a missing one is made again."""
    if getattr(error, 'sqlite_errorcode', 0) & 0xFF in BROKEN:
        for suffix in ('', '-wal', '-shm'):
            with suppress(OSError):
                Path(f'{path}{suffix}').unlink()


@event.listens_for(Engine, 'connect')
def _prepare(connection: Any, _record: Any) -> None:
    set_answer_timeout(connection, ANSWER_TIMEOUT)
    if isinstance(connection, sqlite3.Connection):
        connection.execute('PRAGMA foreign_keys = ON')
        use_write_ahead_log(connection)


@contextmanager
def waiting_for_writers(connection: Connection, seconds: float) -> Iterator[None]:
    """Wait at most so long for another process's write to SQLite, which locks the whole file."""
    driver: Any = connection.connection.dbapi_connection
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    (usual,) = driver.execute('PRAGMA busy_timeout').fetchone()
    driver.execute(f'PRAGMA busy_timeout = {round(seconds * 1000)}')
    try:
        yield
    finally:
        driver.execute(f'PRAGMA busy_timeout = {usual}')


def id_in(text: str) -> int | None:
    """Return the id that `text` is, None for what cannot be one."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST_ID))
    return int(text) if is_number and int(text) <= LARGEST_ID else None


def insert_if_absent(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row, unless there is one with the same key, also when two processes try at once.

    Return whether it is new.
    """
    if connection.dialect.name == 'mysql':
        statement = table.insert().prefix_with('IGNORE').values(row)
    else:
        dialect = {'sqlite': sqlite, 'postgresql': postgresql}[connection.dialect.name]
        statement = dialect.insert(table).values(row).on_conflict_do_nothing()
    return connection.execute(statement.execution_options(preserve_rowcount=True)).rowcount > 0


def init_app(app: Flask) -> None:
    """Give Flask-SQLAlchemy the options for the database of `app`; settings of its own win."""
    options = engine_options(make_url(app.config['SQLALCHEMY_DATABASE_URI']), app.config)
    app.config['SQLALCHEMY_ENGINE_OPTIONS'] = {
        **options,
        **app.config.get('SQLALCHEMY_ENGINE_OPTIONS', {}),
    }
