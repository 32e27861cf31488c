"""How an upgrade runs: under a lock, and as a whole or not at all."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import event, text

from app import db
from tests.environment import SERVER_URL
from tests.migrations.conftest import NewDatabase
from tests.migrations.database import LAST_OF_TUTORIAL, MIGRATIONS, ROOT, Database
from tests.migrations.tutorial import EDITION_2021, FOLLOWERS, build

HEAD = ScriptDirectory(str(MIGRATIONS)).get_current_head()

FAILING = """
import sqlalchemy as sa
from alembic import op

revision = 'failing'
down_revision = 'HEAD'


def upgrade():
    op.create_table('half', sa.Column('id', sa.Integer))
    op.execute('INSERT INTO half VALUES (1)')
    op.drop_table('task')
    raise ValueError('half-way')
""".replace('HEAD', str(HEAD))


@pytest.fixture
def failing(tmp_path: Path) -> Path:
    """The migrations and one more, which fails in the middle."""
    directory = tmp_path / 'migrations'
    shutil.copytree(MIGRATIONS, directory)
    (directory / 'versions' / 'failing.py').write_text(FAILING)
    return directory


def test_a_failing_upgrade_changes_nothing(database: Database, failing: Path):
    build(
        database,
        EDITION_2021,
        FOLLOWERS,
        {
            'user': [{'id': 1, 'username': 'susan', 'email': None}],
            'post': [{'id': 1, 'body': None, 'timestamp': None, 'user_id': None}],
        },
    )
    before = database.schema()
    posts = database.rows('SELECT * FROM post')
    with pytest.raises(ValueError, match='half-way'):
        database.upgrade(directory=failing)
    if database.backend == 'mysql':
        # It cannot undo an ALTER, but all that came before is done and noted.
        assert database.revision() == HEAD
        return
    assert database.revision() == FOLLOWERS
    assert database.schema() == before
    assert database.rows('SELECT * FROM post') == posts
    database.upgrade()
    assert database.revision() == HEAD


@contextmanager
def _failing_statement(database: Database, number: int) -> Iterator[None]:
    """Let the `number`th statement that changes the schema or rows fail."""
    left = number

    def count_down(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        nonlocal left
        left -= statement.lstrip().startswith(('ALTER', 'CREATE', 'DROP', 'UPDATE', 'INSERT'))
        if left < 0:
            raise RuntimeError('interrupted')

    with database.app.app_context():
        event.listen(db.engine, 'before_cursor_execute', count_down)
        try:
            yield
        finally:
            event.remove(db.engine, 'before_cursor_execute', count_down)


# Where nothing is half done afterwards, there is little to try.
INTERRUPTIONS = range(0, 80, 3) if SERVER_URL.startswith(('mysql', 'mariadb')) else [11, 40]


@pytest.mark.parametrize('steps', INTERRUPTIONS)
def test_an_interrupted_upgrade_can_go_on(new_database: NewDatabase, steps: int):
    database, expected = new_database('latin1'), new_database()
    database.upgrade(LAST_OF_TUTORIAL)
    expected.create_all()
    with database.engine.begin() as connection:
        connection.execute(text('INSERT INTO followers VALUES (NULL, NULL), (NULL, NULL)'))
    with _failing_statement(database, steps), suppress(SystemExit):
        database.upgrade()
    database.upgrade()
    assert database.schema() == expected.schema()


def _start_upgrade(database: Database, folder: Path) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        'DATABASE_URL': database.url,
        'SECRET_KEY': 'for tests only, and long enough for any use',
        'INSTANCE_PATH': str(folder),
        'FLASK_APP': 'microblog.py',
    }
    return subprocess.Popen(
        [sys.executable, '-m', 'flask', 'db', 'upgrade'],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_two_at_once(new_database: NewDatabase, tmp_path: Path):
    database, expected = new_database(), new_database()
    expected.create_all()
    processes = [_start_upgrade(database, tmp_path) for _ in range(3)]
    messages = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], '\n'.join(messages)
    assert sum('Running upgrade' in message for message in messages) == 1
    assert database.schema() == expected.schema()


HOLD_LOCK = {
    'postgresql': f'SELECT pg_advisory_lock({0x6D6963726F})',
    'mysql': "SELECT GET_LOCK(MD5(CONCAT('migrations of ', DATABASE())), 1)",
    'sqlite': 'BEGIN IMMEDIATE',
}


def test_waiting_has_an_end(database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    directory = tmp_path / 'migrations'
    shutil.copytree(MIGRATIONS, directory)
    env = directory / 'env.py'
    env.write_text(env.read_text().replace('LOCK_TIMEOUT = 600', 'LOCK_TIMEOUT = 1'))
    with database.engine.connect() as connection:
        connection.execute(text(HOLD_LOCK[database.backend]))
        with pytest.raises(SystemExit):
            database.upgrade(directory=directory)
    assert 'has held the database for 1 seconds' in caplog.text
    assert database.schema() == {}
    database.upgrade(directory=directory)
    assert database.revision() == HEAD


SLOW = f"""
from alembic import op

revision = 'slow'
down_revision = '{HEAD}'


def upgrade():
    op.execute('SELECT {{sleep}}(1.5)')
"""
SLEEP = {'postgresql': 'pg_sleep', 'mysql': 'SLEEP'}


def test_a_migration_takes_as_long_as_it_must(
    new_database: NewDatabase, failing: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr('app.database.STATEMENT_TIMEOUT', 1)
    monkeypatch.setattr('app.database.ANSWER_TIMEOUT', 1)
    database = new_database()
    if database.backend == 'sqlite':
        pytest.skip('SQLite is no server')
    slow = SLOW.format(sleep=SLEEP[database.backend])
    (failing / 'versions' / 'failing.py').write_text(slow)
    database.upgrade(directory=failing)
    assert database.revision() == 'slow'


def test_the_connection_is_left_as_it_was(database: Database):
    if database.backend != 'sqlite':
        pytest.skip('only SQLite needs settings of the connection changed')
    with database.app.app_context():
        with db.engine.connect() as connection:
            before = _settings(connection)
        database.upgrade()
        with db.engine.connect() as connection:
            assert _settings(connection) == before
            connection.execute(text("INSERT INTO task (id) SELECT 'x' WHERE 1 = 0"))
            connection.rollback()
        assert before[0] == 1


def _settings(connection: Any) -> tuple[Any, ...]:
    names = ('foreign_keys', 'busy_timeout')
    values = [connection.scalar(text(f'PRAGMA {name}')) for name in names]
    return *values, connection.connection.dbapi_connection.isolation_level


DANGLING = """
from alembic import op

revision = 'dangling'
down_revision = 'HEAD'


def upgrade():
    op.execute("INSERT INTO followers VALUES (7, 8)")
""".replace('HEAD', str(HEAD))


def test_a_migration_cannot_leave_rows_that_refer_to_nothing(database: Database, failing: Path):
    if database.backend != 'sqlite':
        pytest.skip('the others check each statement')
    (failing / 'versions' / 'failing.py').write_text(DANGLING)
    database.upgrade()
    with pytest.raises(SystemExit):
        database.upgrade(directory=failing)
    assert database.revision() == HEAD
    assert database.rows('SELECT * FROM followers') == []
