"""What all tests share: an application, a client and a command runner on a database of their own.

The database is SQLite unless TEST_DATABASE_URL names an empty PostgreSQL or MariaDB database.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextvars import Context
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, has_app_context
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import text
from werkzeug.test import TestResponse

from app import cli, create_app, db
from app.models import User
from config import Config, database_uri

SERVER_URL = os.environ.get('TEST_DATABASE_URL', '')


@pytest.fixture(scope='session')
def config_class(tmp_path_factory: pytest.TempPathFactory) -> type[Config]:
    """The settings of the tests; a test that wants others makes a subclass."""
    folder = tmp_path_factory.mktemp('instance')

    class TestConfig(Config):
        TESTING = True
        SECRET_KEY = 'for tests only, and long enough for any use'
        INSTANCE_PATH = str(folder)
        PUBLIC_PATH = str(folder / 'public')
        SQLALCHEMY_DATABASE_URI = database_uri(SERVER_URL or f'sqlite:///{folder}/test.db')
        WTF_CSRF_ENABLED = False
        RATELIMIT_ENABLED = False

    return TestConfig


@pytest.fixture(scope='session')
def _schema(config_class: type[Config]) -> Iterator[None]:
    """The tables, made once."""
    app = create_app(config_class)
    with app.app_context():
        db.drop_all()
        db.create_all()
        db.engine.dispose()
        if not SERVER_URL:
            path = Path(db.engine.url.database or '')
            shutil.copy(path, path.with_suffix('.empty'))
    yield
    if SERVER_URL:
        with app.app_context():
            db.drop_all()
            db.engine.dispose()


@pytest.fixture
def _empty_database(config_class: type[Config], _schema: None) -> None:
    """No rows from another test, and no search index, which is made when it is first needed."""
    for leftover in Path(config_class.INSTANCE_PATH).glob('search-*'):
        leftover.unlink()
    app = create_app(config_class)
    with app.app_context():
        if not SERVER_URL:
            path = Path(db.engine.url.database or '')
            for leftover in path.parent.glob(f'{path.name}-*'):
                leftover.unlink()
            shutil.copy(path.with_suffix('.empty'), path)
            return
        with db.engine.begin() as connection:
            if db.engine.dialect.name == 'postgresql':
                names = ', '.join(f'"{table.name}"' for table in db.metadata.sorted_tables)
                connection.execute(text(f'TRUNCATE {names} RESTART IDENTITY CASCADE'))
            else:
                for table in reversed(db.metadata.sorted_tables):
                    connection.execute(table.delete())
        db.engine.dispose()


class Visitor(FlaskClient):
    """A client whose requests share nothing with the test but the database."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        # A request that began inside the test's application context would use its `g`, and with it
        # the person whom an earlier request found logged in.
        if has_app_context():
            db.session.rollback()
        run = (lambda f: f()) if self.preserve_context else Context().run
        # Buffered: read to the end and closed, also when it is a file.
        request = partial(super().open, *args, buffered=True, **kwargs)
        response: TestResponse = run(request)
        # What the request wrote, the test reads.
        if has_app_context():
            db.session.rollback()
        return response


@pytest.fixture
def make_app(config_class: type[Config], _empty_database: None) -> Iterator[Callable[..., Flask]]:
    """Make applications on the test's database: `make_app(POSTS_PER_PAGE=3)`."""
    apps = []

    def make(**settings: object) -> Flask:
        app = create_app(type('TestConfig', (config_class,), settings))
        app.test_client_class = Visitor
        cli.register(app)
        apps.append(app)
        return app

    yield make
    for app in apps:
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Iterator[Flask]:
    """An application with its context pushed, as in `flask shell`."""
    app = make_app()
    with app.app_context():
        yield app
        db.session.remove()


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


@pytest.fixture
def log_in(app: Flask) -> Callable[[User], FlaskClient]:
    """Return a client that is logged in as a user, without the login form."""

    def log_in(user: User) -> FlaskClient:
        client = app.test_client()
        with client.session_transaction() as session:
            session['_user_id'] = user.get_id()
            session['_fresh'] = True
        return client

    return log_in
