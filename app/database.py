"""What the three kinds of database need to behave alike: SQLite, PostgreSQL, MariaDB (MySQL)."""

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from sqlalchemy import URL, DateTime, Double, Engine, Insert, MetaData, Table, event, make_url
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase

# Primary keys keep each database's own names; everything else has the same name everywhere.
NAMING_CONVENTION = {
    'ix': 'ix_%(table_name)s_%(column_0_N_name)s',
    'uq': 'uq_%(table_name)s_%(column_0_N_name)s',
    'ck': 'ck_%(table_name)s_%(constraint_name)s',
    'fk': 'fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s',
}

# Every character of Unicode can be stored, and e is never equal to é (nor a to A).
TABLE_OPTIONS: dict[str, Any] = {'mysql_charset': 'utf8mb4', 'mysql_collate': 'utf8mb4_bin'}

# To the microsecond, which MariaDB alone has to be asked for. Always UTC, without a time zone.
Timestamp = DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql')
UnixTime: Double[float] = Double()

LARGEST_ID = 2**31 - 1  # what a column for ids holds; PostgreSQL refuses to compare with more

SQLITE_BUSY_TIMEOUT = 5  # seconds that a writer waits for another process's write
CONNECT_TIMEOUT = 5  # seconds that a database server may take to answer


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
        return options | {'connect_args': {'timeout': SQLITE_BUSY_TIMEOUT}}
    options |= {
        'connect_args': {'connect_timeout': CONNECT_TIMEOUT},
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


@event.listens_for(Engine, 'connect')
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute('PRAGMA foreign_keys = ON')
        # Readers and the one writer do not wait for each other.
        connection.execute('PRAGMA journal_mode = WAL')


def insert_if_absent(table: Table, row: Mapping[str, Any], backend: str) -> Insert:
    """Return an INSERT that leaves a row with the same key alone instead of failing.

    Its `rowcount` is 1 when the row is new and 0 when it was there, also when two processes try
    at once. `backend` is the name of the dialect.
    """
    if backend == 'mysql':
        statement = table.insert().prefix_with('IGNORE').values(row)
    else:
        dialect = {'sqlite': sqlite, 'postgresql': postgresql}[backend]
        statement = dialect.insert(table).values(row).on_conflict_do_nothing()
    return statement.execution_options(preserve_rowcount=True)


def init_app(app: Flask) -> None:
    """Give Flask-SQLAlchemy the options for the database of `app`; settings of its own win."""
    options = engine_options(make_url(app.config['SQLALCHEMY_DATABASE_URI']), app.config)
    app.config['SQLALCHEMY_ENGINE_OPTIONS'] = {
        **options,
        **app.config.get('SQLALCHEMY_ENGINE_OPTIONS', {}),
    }
