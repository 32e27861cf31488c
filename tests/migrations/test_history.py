"""The chain of revisions, up and down, and that it ends in the models' schema."""

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import column, select, table, text

from app import db
from app.models import Message, Notification, Post, Task, User
from tests.migrations.conftest import NewDatabase
from tests.migrations.database import LAST_OF_TUTORIAL, MIGRATIONS, Database
from tests.migrations.tutorial import EDITION_2021, REVISIONS, tables


@pytest.fixture(scope='module')
def script() -> ScriptDirectory:
    config = AlembicConfig(MIGRATIONS / 'alembic.ini')
    config.set_main_option('script_location', str(MIGRATIONS))
    return ScriptDirectory.from_config(config)


def test_there_is_one_head(script: ScriptDirectory):
    assert len(script.get_heads()) == 1


def test_the_history_begins_with_the_tutorials(script: ScriptDirectory):
    history = [step.revision for step in script.walk_revisions()][::-1]
    assert history[:9] == [*REVISIONS]
    assert [script.get_revision(revision).doc for revision in REVISIONS] == [
        'users table',
        'posts table',
        'new fields in user model',
        'followers',
        'add language to posts',
        'private messages',
        'notifications',
        'tasks',
        'user tokens',
    ]


def test_every_revision_goes_both_ways(script: ScriptDirectory):
    for step in script.walk_revisions():
        assert callable(step.module.upgrade)
        assert callable(step.module.downgrade)
        assert Path(step.path).name.startswith(step.revision)


@pytest.mark.parametrize('charset', ['utf8mb4', 'latin1'])
def test_ends_in_the_models_schema(new_database: NewDatabase, charset: str):
    migrated, created = new_database(charset), new_database()
    if charset != 'utf8mb4' and migrated.backend != 'mysql':
        pytest.skip('only MariaDB has a character set for each database')
    migrated.upgrade()
    created.create_all()
    assert migrated.schema() == created.schema()


def test_alembic_finds_no_difference(database: Database):
    database.upgrade()
    with database.app.app_context(), db.engine.connect() as connection:
        options = {'compare_type': True, 'compare_server_default': True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, db.metadata) == []


@pytest.mark.parametrize('revision', REVISIONS)
def test_each_step_makes_what_the_tutorials_made(new_database: NewDatabase, revision: str):
    migrated, expected = new_database(), new_database()
    migrated.upgrade(revision)
    tables(EDITION_2021, revision).create_all(expected.engine)
    assert migrated.schema() == expected.schema()


def test_up_and_down_and_up_again(database: Database):
    database.upgrade()
    first = database.schema()
    database.downgrade('base')
    assert database.schema() == {}
    database.upgrade()
    assert database.schema() == first


def test_down_and_up_one_by_one(database: Database, script: ScriptDirectory):
    database.upgrade()
    expected = database.schema()
    steps = [step.revision for step in script.walk_revisions()]
    for revision in [*steps[1:], 'base']:
        database.downgrade(revision)
    for revision in reversed(steps):
        database.upgrade(revision)
    assert database.schema() == expected


def test_down_to_the_tutorials_tables(new_database: NewDatabase):
    database, expected = new_database(), new_database()
    expected.upgrade(LAST_OF_TUTORIAL)
    database.upgrade()
    database.downgrade(LAST_OF_TUTORIAL)
    before, after = expected.schema(), database.schema()
    assert after.keys() == before.keys()
    for name in before:
        for aspect in ('primary key', 'foreign keys', 'indexes', 'rules'):
            assert after[name][aspect] == before[name][aspect]
        assert _nullable(after[name]) == _nullable(before[name])


def _nullable(description: dict[str, Any]) -> dict[str, bool]:
    return {name: nullable for name, (_, nullable, _) in description['columns'].items()}


COLUMNS = {
    'user': 'id username email password_hash about_me',
    'post': 'id body timestamp user_id language',
    'followers': 'follower_id followed_id',
    'message': 'id sender_id recipient_id body timestamp',
    'notification': 'id name user_id timestamp payload_json',
    'task': 'id name description user_id complete',
}


def test_down_and_up_keeps_all_rows(database: Database):
    database.upgrade()
    with database.app.app_context():
        _write_rows()
    queries: list[Any] = [
        select(*map(column, columns.split())).select_from(table(name)).order_by(text('1, 2'))
        for name, columns in COLUMNS.items()
    ]
    # What concerned somebody goes with its table, and so does the number of it.
    number = "name <> 'unread_activity_count'"
    queries[4] = queries[4].where(text(number))
    before = [database.rows(query) for query in queries]
    assert all(before)
    database.downgrade(LAST_OF_TUTORIAL)
    assert [database.rows(query) for query in queries] == before
    database.upgrade()
    assert [database.rows(query) for query in queries] == before
    with database.app.app_context():
        susan = User.find('SUSAN')
        assert susan is not None
        assert susan.check_password('cat')
        assert (susan.post_count, susan.follower_count, susan.followed_count) == (2, 0, 1)


def _write_rows() -> None:
    susan = User(username='Susan', email='Susan@example.com', about_me='é ≠ e 🎉')
    susan.set_password('cat')
    david = User(username='david', email='david@example.com')
    db.session.add_all([susan, david])
    db.session.flush()
    susan.follow(david)
    moment = datetime(2024, 2, 29, 12, 30, 15, 123456)
    db.session.add_all(
        [
            Post(body='x' * 140, timestamp=moment, user_id=susan.id, language='en'),
            Post(body='line\nbreak 🎉', timestamp=moment, user_id=susan.id),
            Message(sender_id=susan.id, recipient_id=david.id, body='hi', timestamp=moment),
            Notification(
                name='unread', user_id=david.id, timestamp=1700000000.123456, payload_json='1'
            ),
            Task(id='a-b', name='export', description='?', user_id=david.id, complete=True),
        ]
    )
    db.session.commit()


def _flask(app: Flask, *arguments: str) -> Any:
    return app.test_cli_runner().invoke(args=['db', *arguments])


def test_commands(database: Database, tmp_path: Path):
    directory = tmp_path / 'migrations'
    shutil.copytree(MIGRATIONS, directory)
    files = sorted(directory.glob('versions/*.py'))
    app, option = database.app, ('-d', str(directory))
    assert _flask(app, 'upgrade', *option).exit_code == 0
    assert _flask(app, 'current', *option).exit_code == 0
    assert _flask(app, 'check', *option).exit_code == 0
    assert _flask(app, 'migrate', *option, '-m', 'nothing').exit_code == 0
    assert sorted(directory.glob('versions/*.py')) == files
    assert _flask(app, 'upgrade', *option, '--sql').exit_code == 1

    with database.engine.begin() as connection:
        connection.execute(text('ALTER TABLE post DROP COLUMN language'))
    assert _flask(app, 'check', *option).exit_code == 1
    assert _flask(app, 'migrate', *option, '-m', 'a change').exit_code == 0
    (new_file,) = {*directory.glob('versions/*.py')} - {*files}
    assert 'language' in new_file.read_text()
    assert _flask(app, 'upgrade', *option).exit_code == 0
    with app.app_context():
        assert db.session.scalars(select(Post.language)).all() == []
        db.session.remove()
