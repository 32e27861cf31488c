"""What all tests share: an application, a client and a command runner on a database of their own.

The database is SQLite unless TEST_DATABASE_URL names an empty PostgreSQL or MariaDB database.
Where several processes share the tests, each makes one of its own beside it.
"""

from tests.environment import SERVER_URL, WORKER

# isort: split
# What is imported from here on reads the environment that the line above has made.
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from contextvars import Context
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from flask import Flask, has_app_context
from flask.testing import FlaskClient, FlaskCliRunner
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import (
    Engine,
    NullPool,
    QueuePool,
    create_engine,
    event,
    exists,
    literal,
    make_url,
    select,
    text,
    union_all,
    update,
)
from werkzeug.routing import Rule
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse
from xdist.scheduler import LoadScopeScheduling

from app import cli, create_app, db, search
from app.database import utcnow
from app.languages import translate
from app.models import LoginSession, User, passwords
from config import Config, database_uri
from tests.servers import PATIENCE

# As good as any other where nobody attacks, and a hundred times as quick.
generate_password_hash.__defaults__ = ('scrypt:128:8:1', 16)

# What a test with such a fixture, or with such a parameter of a fixture, has started for it.
SERVERS = {'live_server', 'redis_server', 'rq', 'redis', 'Redis', 'elasticsearch', 's3_server'}
SLOW_FOLDERS = ('tests/browser/', 'tests/deployment/')
# Fixtures on the database that TEST_DATABASE_URL names, or beside it.
DATABASES = {'_empty_database', 'new_database'}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make test` leaves to `make test-all`, and what depends on the kind of database."""
    for item in items:
        parameters = item.callspec.params.values() if hasattr(item, 'callspec') else ()
        names = {*getattr(item, 'fixturenames', ()), *(p for p in parameters if isinstance(p, str))}
        if item.nodeid.startswith(SLOW_FOLDERS) or names & SERVERS:
            item.add_marker('slow')
        if names & DATABASES:
            item.add_marker('database')


class Scheduling(LoadScopeScheduling):
    """Gives one process of pytest-xdist all that shares a server, or the ports of this machine.

    (Its own groups are without effect under pytest 9.2.)
    """

    def _split_scope(self, nodeid: str) -> str:
        shared = (*SLOW_FOLDERS, 'elasticsearch', 's3_server')
        return next((what for what in shared if what in nodeid), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return Scheduling(config, log)


@event.listens_for(Engine, 'connect')
def _wait_for_no_disk(connection: Any, _record: Any) -> None:
    """What a test writes need not survive a loss of power."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute('PRAGMA synchronous = OFF')


@pytest.fixture(scope='session')
def _server_url() -> Iterator[str]:
    """The address of the database of this process on a server, '' for SQLite."""
    if not SERVER_URL or not WORKER:
        yield SERVER_URL
        return
    url = make_url(SERVER_URL)
    name = f'{url.database}_{WORKER}'
    administrate(f'DROP DATABASE IF EXISTS {name}')
    administrate(f'CREATE DATABASE {name}')
    yield url.set(database=name).render_as_string(hide_password=False)
    # A statement that a test has given up may still be running there.
    force = 'WITH (FORCE)' if url.get_backend_name().startswith('postgres') else ''
    administrate(f'DROP DATABASE {name} {force}')


def administrate(statement: str) -> None:
    """Tell the database server something that is no matter of one database."""
    engine = create_engine(
        database_uri(SERVER_URL), poolclass=NullPool, isolation_level='AUTOCOMMIT'
    )
    with engine.connect() as connection:
        connection.execute(text(statement))


@pytest.fixture(scope='session')
def config_class(tmp_path_factory: pytest.TempPathFactory, _server_url: str) -> type[Config]:
    """The settings of the tests; a test that wants others makes a subclass."""
    folder = tmp_path_factory.mktemp('instance')

    class TestConfig(Config):
        TESTING = True
        SECRET_KEY = 'for tests only, and long enough for any use'
        INSTANCE_PATH = str(folder)
        PUBLIC_PATH = str(folder / 'public')
        SQLALCHEMY_DATABASE_URI = database_uri(_server_url or f'sqlite:///{folder}/test.db')
        LOG_TO_STDOUT = False
        WTF_CSRF_ENABLED = False
        RATELIMIT_ENABLED = False

    return TestConfig


@pytest.fixture(scope='session')
def shared_app(config_class: type[Config]) -> Iterator[Flask]:
    """The application of all tests that need no settings of their own, with the tables made."""
    app = application(config_class)
    with app.app_context():
        db.drop_all()
        db.create_all()
    yield app
    if SERVER_URL:
        with app.app_context():
            db.drop_all()
    close(app)


@pytest.fixture(scope='session')
def _empty(shared_app: Flask) -> Callable[[], None]:
    """Return what takes all rows out of the database."""
    with shared_app.app_context():
        engine = db.engine
    if not SERVER_URL:
        empty = sqlite3.connect(':memory:')
        _copy(engine, empty)
        return partial(_copy_back, engine, empty)
    return partial(_delete_rows, engine)


def _copy(engine: Engine, target: sqlite3.Connection) -> None:
    with closing(sqlite3.connect(engine.url.database or '')) as source:
        source.backup(target)


def _copy_back(engine: Engine, source: sqlite3.Connection) -> None:
    with closing(sqlite3.connect(engine.url.database or '')) as target:
        target.execute('PRAGMA synchronous = OFF')
        source.backup(target)


def _delete_rows(engine: Engine) -> None:
    """Empty those tables of a database server that are not empty."""
    tables = db.metadata.sorted_tables
    filled = union_all(
        *(select(literal(table.name)).where(exists(select(table))) for table in tables)
    )
    with engine.begin() as connection:
        names = set(connection.scalars(filled))
        for table in reversed(tables):
            if table.name in names:
                connection.execute(table.delete())


@pytest.fixture(autouse=True)
def _no_slow_hashes() -> None:
    """A login takes as long as the slowest hash that the process has seen, here in this test."""
    passwords.times.clear()


@pytest.fixture
def _empty_database(config_class: type[Config], _empty: Callable[[], None]) -> None:
    """No rows from another test, nothing counted or translated, no search index: made anew."""
    translate.translation.cache_clear()
    for pattern in ('search-*', 'limits.db*'):
        for leftover in Path(config_class.INSTANCE_PATH).glob(pattern):
            leftover.unlink()
    shutil.rmtree(Path(config_class.INSTANCE_PATH, 'media'), ignore_errors=True)
    _empty()


class Visitor(FlaskClient):
    """A client whose requests share nothing with the test but the database."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        # A request that began inside the test's application context would use its `g`, and with it
        # the person whom an earlier request found logged in.
        if has_app_context():
            db.session.rollback()
        run = (lambda f: f()) if self.preserve_context else Context().run
        # Buffered: read to the end and closed, also when it is a file.
        request = partial(super().open, *args, **{**kwargs, 'buffered': True})
        response: TestResponse = run(request)
        # What the request wrote, the test reads.
        if has_app_context():
            db.session.rollback()
        return response


_builders: dict[str, Any] = {}
_compile_builder = Rule._compile_builder


def _compile_builder_once(rule: Rule, append_unknown: bool = True) -> Any:
    """Half of the time that an application takes is spent on this, the same each time."""
    key = f'{rule._trace} {rule.defaults} {append_unknown}'
    if key not in _builders:
        _builders[key] = _compile_builder(rule, append_unknown)
    return _builders[key]


Rule._compile_builder = _compile_builder_once  # type: ignore[assignment]


def application(config_class: type[Config]) -> Flask:
    """Return a new application as tests have it."""
    app = create_app(config_class)
    app.test_client_class = Visitor
    # Templates are compiled once, not by each application.
    app.jinja_env.bytecode_cache = _templates
    cli.register(app)
    return app


def close(app: Flask) -> None:
    """Close the connections of an application, when no thread of it uses one any more.

    One that is given back later would never be closed: some other test would be told of it.
    """
    with app.app_context():
        pool = db.engine.pool
        end = monotonic() + PATIENCE
        while isinstance(pool, QueuePool) and pool.checkedout():
            assert monotonic() < end, 'a connection to the database is still in use'
            sleep(0.01)
        db.engine.dispose()


class _Templates(BytecodeCache):
    """What Jinja has compiled, for all applications of this process."""

    def __init__(self) -> None:
        self.compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.compiled:
            bucket.bytecode_from_string(self.compiled[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.compiled[bucket.key] = bucket.bytecode_to_string()


_templates = _Templates()


@pytest.fixture
def make_app(config_class: type[Config], _empty_database: None) -> Iterator[Callable[..., Flask]]:
    """Make applications of the test's own on its database: `make_app(POSTS_PER_PAGE=3)`."""
    apps = []

    def make(**settings: object) -> Flask:
        app = application(type('TestConfig', (config_class,), settings))
        apps.append(app)
        return app

    yield make
    for app in apps:
        close(app)


@pytest.fixture
def app(shared_app: Flask, _empty_database: None) -> Iterator[Flask]:
    """An application with its context pushed, as in `flask shell`.

    It is the same one for all tests, as good as new each time: what it remembers beside its
    database is kept in `app.config` and `app.extensions`. Whoever wants to register something with
    an application asks `make_app` for one.
    """
    config, extensions = dict(shared_app.config), dict(shared_app.extensions)
    with shared_app.app_context():
        yield shared_app
        db.session.remove()
    shared_app.config.clear()
    shared_app.config.update(config)
    shared_app.extensions.clear()
    shared_app.extensions.update(extensions)
    search.init_app(shared_app)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    return app.test_cli_runner()


MakeUser = Callable[..., User]


@pytest.fixture
def make_user(app: Flask) -> MakeUser:
    """Make accounts: `make_user('susan', password='...')`; without a password none can log in."""

    def make(username: str, password: str | None = None, **columns: object) -> User:
        user = User(**{'username': username, 'email': f'{username}@example.com', **columns})
        if password is not None:
            user.set_password(password)
        db.session.add(user)
        db.session.commit()
        return user

    return make


def session_of(user: User) -> str:
    """Start a session of `user`, who has not lately proved to be that: what its cookie holds."""
    user.start_session()
    assert user.present_session is not None
    own = LoginSession.id == user.present_session.id
    yesterday = utcnow() - timedelta(days=1)
    db.session.execute(update(LoginSession).where(own).values(proved=yesterday))
    db.session.commit()
    return user.get_session_id()


@pytest.fixture
def log_in(app: Flask) -> Callable[[User], FlaskClient]:
    """Return a client that is logged in as a user, without the login form."""

    def log_in(user: User) -> FlaskClient:
        client = app.test_client()
        with client.session_transaction() as session:
            session['_user_id'] = session_of(user)
            session['_fresh'] = True
        return client

    return log_in
