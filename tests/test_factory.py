"""The application factory (chapter 15)."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, current_app
from flask.testing import FlaskClient

from app import create_app, db
from config import Config
from tests.conftest import MakeUser

PROJECT = Path(__file__).parent.parent


def test_the_test_application_is_testing(app: Flask) -> None:
    assert app.testing
    assert current_app.name == 'app'


def test_without_test_settings_it_is_not_testing(config_class: type[Config]) -> None:
    class PlainConfig(Config):
        SECRET_KEY = 'x' * 16
        INSTANCE_PATH = config_class.INSTANCE_PATH

    app = create_app(PlainConfig)
    assert not app.testing
    assert not app.debug


def test_the_blueprints(app: Flask) -> None:
    assert {'main', 'auth', 'errors'} <= set(app.blueprints)
    assert app.blueprints['auth'].url_prefix is None  # the prefix is given when registering


def test_two_applications_live_side_by_side(make_app: Callable[..., Flask]) -> None:
    few, many = make_app(POSTS_PER_PAGE=3), make_app(POSTS_PER_PAGE=100)
    with few.app_context():
        assert current_app.config['POSTS_PER_PAGE'] == 3
        with many.app_context():
            assert current_app.config['POSTS_PER_PAGE'] == 100
            assert db.engine is not None


def test_configuration_needs_a_context() -> None:
    with pytest.raises(RuntimeError, match='outside of application context'):
        _ = current_app.config


@pytest.mark.parametrize(
    ('endpoint', 'values', 'path'),
    [
        ('main.index', {}, '/index'),
        ('main.explore', {}, '/explore'),
        ('main.user', {'username': 'susan'}, '/user/susan'),
        ('main.user', {'username': 'John Doe'}, '/user/John%20Doe'),
        ('main.user', {'username': 'a@b+c.d', 'page': 2}, '/user/a@b+c.d?page=2'),
        ('main.user', {'username': 'мария'}, '/user/%D0%BC%D0%B0%D1%80%D0%B8%D1%8F'),
        ('main.edit_profile', {}, '/edit_profile'),
        ('main.follow', {'username': 'susan'}, '/follow/susan'),
        ('main.unfollow', {'username': 'susan'}, '/unfollow/susan'),
        ('auth.login', {}, '/auth/login'),
        ('auth.logout', {}, '/auth/logout'),
        ('auth.register', {}, '/auth/register'),
    ],
)
def test_addresses(app: Flask, endpoint: str, values: dict[str, Any], path: str) -> None:
    with app.test_request_context():
        assert app.url_for(endpoint, **values) == path


def test_a_changed_setting_reaches_one_application_only(make_app: Callable[..., Flask]) -> None:
    make_app(POSTS_PER_PAGE=1)
    assert make_app().config['POSTS_PER_PAGE'] == Config.POSTS_PER_PAGE


def test_login_works_under_the_old_address_no_more(client: FlaskClient) -> None:
    assert client.get('/login').status_code == 404


def test_the_shell_knows_the_models(make_user: MakeUser) -> None:
    code = 'from microblog import app; app.app_context().push(); print(*app.make_shell_context())'
    output = subprocess.run(
        [sys.executable, '-c', code], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout
    assert {'app', 'db', 'User', 'Post', 'Message', 'Notification', 'Task'} <= set(output.split())


def test_flask_finds_the_application() -> None:
    """By the names that `flask --app` may be given, in one process."""
    names = ['microblog.py', 'app', 'app:create_app', 'app:create_app()']
    code = """
import sys
from flask.cli import ScriptInfo
for name in sys.argv[1:]:
    print(name, 'main.index' in ScriptInfo(name).load_app().view_functions)
"""
    output = subprocess.run(
        [sys.executable, '-c', code, *names],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    shown = [line for line in output.splitlines() if line.endswith('True')]
    assert shown == [f'{name} True' for name in names]
