"""What `flask db ...` runs: applies the files of `versions` to the application's database.

Several processes may start at once after a release, each with an upgrade of its own. So whoever
comes first takes a lock before it so much as reads which revision the database is at; the others
wait, and then find nothing left to do.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, cast

from alembic import context
from alembic.util import CommandError
from flask import current_app
from flask.logging import default_handler
from sqlalchemy import Connection, Engine, MetaData, text
from sqlalchemy.exc import OperationalError

from app.database import unlimited

LOCK_TIMEOUT = 600  # seconds: longer than an upgrade of a large database takes
POSTGRESQL_LOCK_ID = 0x6D6963726F  # any number that nobody else locks: "micro"

log = logging.getLogger('alembic')


class NoAnswerError(CommandError):
    """The database is away, or lets nobody in: one line for those who wait for it (boot.sh)."""

    def __init__(self, error: OperationalError) -> None:
        reason = str(error.orig).strip().splitlines()[0]
        super().__init__(f'The database does not answer: {reason}')


class StillLockedError(CommandError):
    """Another process holds the database for longer than an upgrade should take."""

    def __init__(self) -> None:
        super().__init__(
            f'Another upgrade, or another writer, has held the database for {LOCK_TIMEOUT} '
            'seconds. Nothing was changed; try again when it is done.'
        )


@contextmanager
def postgresql_lock(connection: Connection) -> Iterator[None]:
    """Run everything in one transaction, which the lock ends with."""
    with connection.begin():
        connection.execute(text('SET LOCAL statement_timeout = 0'))
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}s'"))
        try:
            connection.execute(text(f'SELECT pg_advisory_xact_lock({POSTGRESQL_LOCK_ID})'))
        except OperationalError as error:
            raise StillLockedError from error
        yield


@contextmanager
def mysql_lock(connection: Connection) -> Iterator[None]:
    """Hold a lock of the connection, since every CREATE or ALTER commits a transaction."""
    # Never given back to the pool: however this ends, the lock ends with the connection.
    connection.detach()
    # The name holds for the whole server, hence the name of the database in it.
    take = text("SELECT GET_LOCK(MD5(CONCAT('migrations of ', DATABASE())), :seconds)")
    if connection.scalar(take, {'seconds': LOCK_TIMEOUT}) != 1:
        raise StillLockedError
    connection.commit()
    yield


@contextmanager
def sqlite_lock(connection: Connection) -> Iterator[None]:
    """Run everything in one transaction that other writers wait for, and readers do not see."""
    driver = cast(Any, connection.connection.dbapi_connection)
    busy_timeout = connection.scalar(text('PRAGMA busy_timeout'))
    isolation_level = driver.isolation_level
    connection.rollback()
    # The driver of Python would begin a transaction late, before the first INSERT, and so leave
    # a CREATE TABLE outside; without a level of its own it leaves beginning to us.
    driver.isolation_level = None
    driver.execute(f'PRAGMA busy_timeout = {LOCK_TIMEOUT * 1000}')
    # While a table is made anew under its own name, the rows that refer to it must stay.
    driver.execute('PRAGMA foreign_keys = OFF')
    try:
        with connection.begin():
            try:
                connection.exec_driver_sql('BEGIN IMMEDIATE')
            except OperationalError as error:
                raise StillLockedError from error
            dangling = _dangling_rows(connection)
            yield
            # (Rows that dangled before are for the revisions to repair, in their turn.)
            if _dangling_rows(connection) > dangling:
                raise CommandError('The migration would leave rows that refer to nothing.')
    finally:
        driver.execute('PRAGMA foreign_keys = ON')
        driver.execute(f'PRAGMA busy_timeout = {busy_timeout}')
        driver.isolation_level = isolation_level


def _dangling_rows(connection: Connection) -> int:
    return connection.scalar(text('SELECT count(*) FROM pragma_foreign_key_check')) or 0


LOCKS: dict[str, Callable[[Connection], AbstractContextManager[None]]] = {
    'postgresql': postgresql_lock,
    'mysql': mysql_lock,
    'sqlite': sqlite_lock,
}


@contextmanager
def connected(engine: Engine) -> Iterator[Connection]:
    try:
        connection = engine.connect()
    except OperationalError as error:
        raise NoAnswerError(error) from error
    with connection:
        yield connection


def models(metadata: MetaData) -> MetaData:
    """Return a copy of the models' tables, whose constraints have got their names by now.

    A revision must mean the same for ever: it must not name anything by the naming convention
    that the application happens to have, which Alembic would take from the original.
    """
    copy = MetaData()
    for table in metadata.tables.values():
        table.to_metadata(copy)
    return copy


def omit_empty_revision(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """Let `flask db migrate` write no file when the models are what the database is."""
    options = context.config.cmd_opts
    if getattr(options, 'autogenerate', False) and directives[0].upgrade_ops.is_empty():
        directives.clear()
        log.info('No changes in schema detected.')


def show_progress() -> None:
    """Print which revision is running, unless the program has a log that it goes to."""
    log.setLevel(logging.INFO)
    if not logging.root.handlers:
        log.addHandler(default_handler)


def run() -> None:
    if context.is_offline_mode():
        raise CommandError('--sql is not possible: what there is to do depends on the rows.')
    show_progress()
    extension = current_app.extensions['migrate']
    options: dict[str, Any] = {
        'process_revision_directives': omit_empty_revision,
        **extension.configure_args,
    }
    with (
        connected(extension.db.engine) as connection,
        unlimited(connection),
        LOCKS[connection.dialect.name](connection),
    ):
        context.configure(
            connection=connection,
            target_metadata=models(extension.db.metadata),
            transactional_ddl=connection.dialect.name != 'mysql',
            **options,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
