"""The settings, as they are read from the environment."""

import os
import runpy
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any
from unittest.mock import patch

import pytest
from flask import Flask

from config import Config, database_uri
from tests.environment import PROJECT, bare

KEY = 'sixteen letters.'
START = "from app import create_app; print(create_app().config['SECRET_KEY'])"


def start(folder: Path, **environment: str) -> 'subprocess.CompletedProcess[str]':
    """Start a process in `folder`, where it may write its log."""
    return subprocess.run(
        [sys.executable, '-c', START],
        cwd=folder,
        env=bare(PYTHONPATH=str(PROJECT), PUBLIC_PATH=str(folder / 'public'), **environment),
        capture_output=True,
        text=True,
        check=False,
    )


def settings(**environment: str) -> dict[str, Any]:
    """Read all settings anew from an environment in which there is nothing else."""
    with patch.dict(os.environ, bare(**environment), clear=True):
        return {**vars(runpy.run_path(str(PROJECT / 'config.py'))['Config'])}


def secret_key(**environment: str) -> str:
    """Return the key of an application that is made in such an environment."""
    app = Flask('app')
    app.config.from_mapping(settings(**environment))
    Config.init_app(app)
    key: str = app.config['SECRET_KEY']
    return key


def problem(**environment: str) -> str:
    """Return what ends a process with such an environment."""
    with pytest.raises(SystemExit) as caught:
        settings(**environment)
    return str(caught.value)


def test_defaults() -> None:
    values = settings()
    assert values['SQLALCHEMY_DATABASE_URI'] == f'sqlite:///{PROJECT}/app.db'
    assert values['POSTS_PER_PAGE'] == 25
    assert values['LANGUAGES'] == Config.LANGUAGES
    assert values['ADMINS'] == ['your-email@example.com']
    assert values['PASSWORD_MIN_LENGTH'] == 8
    assert values['PUBLIC'] is False


def test_values_from_the_environment() -> None:
    values = settings(
        DATABASE_URL='postgres://u:p@host/db',
        POSTS_PER_PAGE='3',
        ADMINS='a@example.com, b@example.com',
        LANGUAGES='en,es',
        SECRET_KEY=KEY,
    )
    assert values['SQLALCHEMY_DATABASE_URI'] == 'postgresql+psycopg://u:p@host/db'
    assert values['POSTS_PER_PAGE'] == 3
    assert values['ADMINS'] == ['a@example.com', 'b@example.com']
    assert values['LANGUAGES'] == ['en', 'es']
    assert values['SECRET_KEY'] == KEY


def test_addresses_of_servers() -> None:
    values = settings(ELASTICSEARCH_URL='https://u:p@host', REDIS_URL='rediss://:p@host:6380/1')
    assert values['ELASTICSEARCH_URL'] == 'https://u:p@host:443'
    assert values['REDIS_URL'] == 'rediss://:p@host:6380/1'


@pytest.mark.parametrize(
    ('given', 'read'),
    [
        ('rediss://:p%40@host:6380', 'rediss://:p%40@host:6380?ssl_cert_reqs=none'),
        ('rediss://host/1?ssl_cert_reqs=required', 'rediss://host/1?ssl_cert_reqs=none'),
        ('rediss://host?socket_timeout=9', 'rediss://host?socket_timeout=9&ssl_cert_reqs=none'),
        ('redis://host:6379/0', 'redis://host:6379/0'),
    ],
)
def test_a_certificate_that_nobody_signed_is_believed_when_told(given: str, read: str) -> None:
    assert settings(REDIS_URL=given)['REDIS_URL'] == given
    values = settings(REDIS_URL=given, REDIS_TLS_VERIFY='0')
    assert values['REDIS_URL'] == values['RATELIMIT_STORAGE_URI'] == read


@pytest.mark.parametrize(
    ('given', 'read'),
    [
        ('redis://', 'redis://localhost'),
        ('redis:///1', 'redis://localhost/1'),
        ('redis://?db=1', 'redis://localhost?db=1'),
        ('redis://:6380', 'redis://localhost:6380'),
        ('redis://:p@', 'redis://:p@localhost'),
        ('rediss://u:p@:6380/1', 'rediss://u:p@localhost:6380/1'),
        ('redis://host', 'redis://host'),
        ('redis://[::1]:6380', 'redis://[::1]:6380'),
    ],
)
def test_redis_without_a_host_is_on_this_machine(given: str, read: str) -> None:
    values = settings(REDIS_URL=given)
    assert values['REDIS_URL'] == values['RATELIMIT_STORAGE_URI'] == read


def test_redis_behind_a_socket() -> None:
    values = settings(REDIS_URL='unix:///run/redis.sock?db=1')
    assert values['REDIS_URL'] == 'unix:///run/redis.sock?db=1'
    assert values['RATELIMIT_STORAGE_URI'] == 'redis+unix:///run/redis.sock?db=1'


def test_an_empty_variable_is_as_good_as_none() -> None:
    values = settings(POSTS_PER_PAGE='', DATABASE_URL=' ')
    assert values['POSTS_PER_PAGE'] == 25
    assert values['SQLALCHEMY_DATABASE_URI'] == settings()['SQLALCHEMY_DATABASE_URI']


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        ('POSTS_PER_PAGE', 'many'),
        ('POSTS_PER_PAGE', '0'),
        ('POSTS_PER_PAGE', '-5'),
        ('PASSWORD_MIN_LENGTH', '8.5'),
        ('MAIL_PORT', 'smtp'),
        ('MAIL_PORT', '99999999'),
        ('ADMINS', ','),
        ('ADMINS', 'nobody'),
        ('LANGUAGES', ','),
        ('LANGUAGES', 'en, xx-nowhere'),
        ('SECURITY_CONTACT', 'security@microblog.example'),
        ('SECURITY_CONTACT', 'mailto:security@microblog.example, http://microblog.example'),
        ('TRUSTED_HOSTS', 'https://microblog.example'),
        ('ELASTICSEARCH_URL', 'localhost:9200'),
        ('ELASTICSEARCH_URL', 'http://'),
        ('ELASTICSEARCH_URL', 'http://localhost:port'),
        ('REDIS_URL', 'localhost:6379'),
        ('REDIS_URL', 'http://localhost:6379'),
        ('REDIS_URL', 'redis://localhost:port'),
        ('REDIS_TLS_VERIFY', 'none'),
        ('MAIL_USE_TLS', 'maybe'),
        ('SITE_URL', 'microblog.example'),
        ('SITE_URL', 'https://microblog.example/?x=1'),
        ('SITE_URL', 'https://microblog.example:port'),
        ('SITE_URL', 'https://microblog.example:99999'),
        ('MS_TRANSLATOR_URL', 'http://localhost:port'),
        ('RATELIMIT_ENABLED', '2'),
        ('PROXY_COUNT', '-1'),
        ('PROXY_COUNT', 'true'),
        ('DATABASE_POOL_SIZE', '0'),
        ('DATABASE_POOL_RECYCLE', '1h'),
        ('DATABASE_URL', 'nonsense'),
        ('DATABASE_URL', 'oracle://localhost/microblog'),
        ('DATABASE_URL', 'postgresql://host:port/microblog'),
        ('DATABASE_URL', 'mysql+oursql://host/microblog'),
        ('DATABASE_URL', 'postgresql+psycopg2://host/microblog'),
        ('DATABASE_URL', 'postgresql+psycopg_async://host/microblog'),
    ],
)
def test_a_malformed_setting_is_named(name: str, text: str) -> None:
    said = problem(**{name: text})
    assert said.startswith(f'{name} must be ')
    assert '\n' not in said


def test_a_malformed_setting_stops_the_start_with_one_line(tmp_path: Path) -> None:
    result = start(tmp_path, POSTS_PER_PAGE='many')
    assert result.returncode != 0
    assert result.stdout == ''
    assert result.stderr == problem(POSTS_PER_PAGE='many') + '\n'


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        ('DATABASE_URL', 'oracle://u:hush-hush@host/db'),
        ('DATABASE_URL', 'postgresql://u:hush-hush@host:port/db'),
        ('DATABASE_URL', 'u:hush-hush@host/db'),
        ('REDIS_URL', 'http://:hush-hush@host:6379'),
        ('REDIS_URL', ':hush-hush@host:6379'),
        ('REDIS_URL', 'redis://:hush-hush@host:port'),
        ('ELASTICSEARCH_URL', 'u:hush-hush@host:9200'),
        ('MS_TRANSLATOR_URL', 'https://u:hush-hush@host:port'),
        ('SITE_URL', 'https://u:hush-hush@host:port'),
    ],
)
def test_a_malformed_setting_that_can_hold_a_secret_is_not_shown(name: str, text: str) -> None:
    said = problem(**{name: text})
    assert said.startswith(f'{name} must be ')
    assert 'hush' not in said


def test_a_malformed_setting_that_holds_no_secret_is_shown() -> None:
    assert problem(POSTS_PER_PAGE='many').endswith(", not 'many'")


@pytest.mark.parametrize(
    ('given', 'uri'),
    [
        ('postgres://u:p@host/db', 'postgresql+psycopg://u:p@host/db'),
        ('postgresql://u:p@host:5433/db', 'postgresql+psycopg://u:p@host:5433/db'),
        ('postgresql+psycopg://u:p@host/db', 'postgresql+psycopg://u:p@host/db'),
        ('mysql://u:p@host/db', 'mysql+pymysql://u:p@host/db?charset=utf8mb4'),
        ('mysql+pymysql://u:p@host/db', 'mysql+pymysql://u:p@host/db?charset=utf8mb4'),
        ('mariadb://u:p%40s@host/db', 'mysql+pymysql://u:p%40s@host/db?charset=utf8mb4'),
        ('sqlite:////tmp/some.db', 'sqlite:////tmp/some.db'),
        ('sqlite:///some.db', f'sqlite:///{PROJECT}/some.db'),
        ('sqlite://', 'sqlite://'),
    ],
)
def test_database_addresses(given: str, uri: str) -> None:
    assert database_uri(given) == uri


def test_a_random_key_is_made_once_and_kept_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    environment = {'INSTANCE_PATH': str(tmp_path / 'instance'), 'DATABASE_URL': 'sqlite://'}
    key = secret_key(**environment)
    assert len(key) == 64
    assert 'SECRET_KEY is not set' in caplog.text
    caplog.clear()
    assert secret_key(**environment) == key
    assert caplog.text == ''
    mode = (tmp_path / 'instance' / 'secret_key').stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


@pytest.mark.parametrize('path', ['/dev/null', '/proc/nowhere'])
def test_a_key_that_cannot_be_kept_stops_the_start_with_one_line(
    make_app: Callable[..., Flask], path: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        secret_key(INSTANCE_PATH=path, DATABASE_URL='sqlite://')
    said = str(caught.value)
    assert said.startswith('INSTANCE_PATH must be ')
    assert path in said
    assert '\n' not in said
    # Nothing else needs it.
    client = make_app(INSTANCE_PATH=path, SECRET_KEY=KEY).test_client()
    assert client.get('/auth/login').status_code == 200


def test_static_files_that_cannot_be_published_are_a_warning(tmp_path: Path) -> None:
    (tmp_path / 'public').touch()
    result = start(tmp_path, LOG_TO_STDOUT='1', DATABASE_URL='sqlite://', SECRET_KEY=KEY)
    assert result.returncode == 0
    assert 'WARNING: Static files are not published in PUBLIC_PATH: ' in result.stdout


@pytest.mark.parametrize('key', ['k', 'fifteen letters', 'x' + ' ' * 20])
@pytest.mark.parametrize('database', ['sqlite://', 'postgresql://u:p@127.0.0.1/db'])
def test_a_key_that_can_be_guessed_stops_the_start_with_one_line(key: str, database: str) -> None:
    with pytest.raises(SystemExit, match=r'^SECRET_KEY must have at least 16 ') as caught:
        secret_key(SECRET_KEY=key, DATABASE_URL=database)
    assert '\n' not in str(caught.value)
    assert 'fifteen letters' not in str(caught.value)


@pytest.mark.parametrize('content', ['', 'short'])
def test_a_file_without_a_key_stops_the_start_with_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / 'secret_key').write_text(content)
    with pytest.raises(SystemExit) as caught:
        secret_key(INSTANCE_PATH=str(tmp_path), DATABASE_URL='sqlite://')
    said = str(caught.value)
    assert said.startswith(f'SECRET_KEY is not set, and {tmp_path}/secret_key holds none')
    assert '\n' not in said


def test_a_blank_key_is_as_good_as_none(tmp_path: Path) -> None:
    settings = {'INSTANCE_PATH': str(tmp_path), 'DATABASE_URL': 'sqlite://', 'SECRET_KEY': ' '}
    assert len(secret_key(**settings)) == 64


@pytest.mark.slow
def test_processes_that_start_together_agree_on_the_key(tmp_path: Path) -> None:
    instance = tmp_path / 'instance'
    keys: list[str] = []

    def start_one() -> None:
        result = start(tmp_path, INSTANCE_PATH=str(instance), DATABASE_URL='sqlite://')
        keys.append(result.stdout)

    threads = [Thread(target=start_one) for _ in '1234']
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(keys)) == 1
    assert len(keys[0].strip()) == 64
    assert [path.name for path in instance.iterdir()] == ['secret_key']


def test_with_a_database_server_a_key_is_demanded(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r'^SECRET_KEY must be set') as caught:
        secret_key(INSTANCE_PATH=str(tmp_path), DATABASE_URL='postgresql://u:p@127.0.0.1/db')
    assert '\n' not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ('text', 'value'),
    [('1', True), ('t', True), ('TRUE', True), ('yes', True), ('on', True)]
    + [('0', False), ('False', False), ('no', False), ('off', False), ('', False)],
)
def test_booleans_are_read_by_their_value(text: str, value: bool) -> None:
    assert settings(MAIL_USE_TLS=text)['MAIL_USE_TLS'] is value


def test_the_host_of_the_site_is_trusted() -> None:
    assert settings()['TRUSTED_HOSTS'] is None
    assert settings(SITE_URL='https://m.example:8443/x/')['TRUSTED_HOSTS'] == ['m.example']
    assert settings(SITE_URL='https://m.example/x/')['SITE_URL'] == 'https://m.example/x'
    both = settings(SITE_URL='https://m.example', TRUSTED_HOSTS='m.example, www.m.example')
    assert both['TRUSTED_HOSTS'] == ['m.example', 'www.m.example']


@pytest.mark.parametrize(
    ('site', 'scheme', 'secure'),
    [
        ('https://m.example', 'https', True),
        ('http://m.example', 'http', False),
        ('', 'http', False),
    ],
)
def test_an_https_site_keeps_its_cookies_to_tls(site: str, scheme: str, secure: bool) -> None:
    values = settings(SITE_URL=site)
    assert values['PREFERRED_URL_SCHEME'] == scheme
    assert values['SESSION_COOKIE_SECURE'] is secure
    assert values['REMEMBER_COOKIE_SECURE'] is secure


def test_nobody_in_front_is_believed_unless_told() -> None:
    assert settings()['PROXY_COUNT'] == 0
    assert settings(PROXY_COUNT='2')['PROXY_COUNT'] == 2
