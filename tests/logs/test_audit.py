"""What the log says about the safety of accounts."""

import logging
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import db
from app.models import User
from tests.api.conftest import PASSWORD, PASSWORD_HASH
from tests.auth.conftest import app_with_mail, mailbox, wait_for_threads
from tests.conftest import MakeUser
from tests.logs.test_logs import in_production

__all__ = ['app_with_mail', 'in_production', 'mailbox']

NEW = 'another good one'
NEW_PASSWORDS = {'current_password': PASSWORD, 'password': NEW, 'password2': NEW}
NEW_EMAIL = {'email': 'new@example.com', 'current_password': PASSWORD}
Act = Callable[[FlaskClient, User], object]


@pytest.fixture
def app(app_with_mail: Flask) -> Flask:
    return app_with_mail


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    return make_user('susan', password_hash=PASSWORD_HASH)


def log_in(client: FlaskClient, username: str = 'susan', password: str = PASSWORD) -> None:
    client.post('/auth/login', data={'username': username, 'password': password})


def bearer(client: FlaskClient) -> dict[str, str]:
    token = client.post('/api/tokens', auth=('susan', PASSWORD)).get_json()['token']
    return {'Authorization': f'Bearer {token}'}


def logged_in(path: str, data: dict[str, str]) -> Act:
    def act(client: FlaskClient, _susan: User) -> None:
        log_in(client)
        client.post(path, data=data)

    return act


def by_token(method: str, path: str, data: dict[str, str] | None = None) -> Act:
    def act(client: FlaskClient, susan: User) -> None:
        path_ = path.format(id=susan.id)
        client.open(path_, method=method, json=data, headers=bearer(client))

    return act


def by_link(path: str, make_token: Callable[[User], str], data: dict[str, str]) -> Act:
    return lambda client, susan: client.post(f'{path}/{make_token(susan)}', data=data)


ACTS: dict[str, tuple[Act, list[str]]] = {
    'a login': (lambda c, _: log_in(c, 'SUSAN'), ['login: S']),
    'a wrong password': (lambda c, _: log_in(c, 'Susan', NEW), ['login failed: S']),
    'nobody': (lambda c, _: log_in(c, PASSWORD, NEW), ['login failed: -']),
    'no text': (lambda c, _: log_in(c, '\0' * 999, NEW), ['login failed: -']),
    'nobody in the API': (
        lambda c, _: c.post('/api/tokens', auth=(PASSWORD, 'x')),
        ['login failed: -'],
    ),
    'a wrong password in the API': (
        lambda c, _: c.post('/api/tokens', auth=('susan', NEW)),
        ['login failed: S'],
    ),
    'no password in the API': (lambda c, _: c.post('/api/tokens'), []),
    'a token': (lambda c, _: bearer(c), ['token made: S']),
    'the end of a token': (
        by_token('DELETE', '/api/tokens'),
        ['token made: S', 'token ended: S'],
    ),
    'a new password': (
        logged_in('/auth/change_password', NEW_PASSWORDS),
        ['login: S', 'password changed: S'],
    ),
    'no new password': (
        logged_in('/auth/change_password', {**NEW_PASSWORDS, 'current_password': NEW}),
        ['login: S'],
    ),
    'a new password in the API': (
        by_token('PUT', '/api/users/me/password', NEW_PASSWORDS),
        ['token made: S', 'password changed: S'],
    ),
    'a forgotten password': (
        by_link('/auth/reset_password', User.get_reset_password_token, NEW_PASSWORDS),
        ['password reset: S'],
    ),
    'a new address': (
        logged_in('/auth/change_email', NEW_EMAIL),
        ['login: S', 'change of email asked for: S'],
    ),
    'a new address in the API': (
        by_token('PUT', '/api/users/{id}', NEW_EMAIL),
        ['token made: S', 'change of email asked for: S'],
    ),
    'a confirmed address': (
        by_link('/auth/confirm_email', lambda s: s.get_change_email_token('n@example.com'), {}),
        ['email changed: S'],
    ),
}


def lines(caplog: pytest.LogCaptureFixture, susan: User) -> list[str]:
    """What was noted, with S for susan; each line with the visitor's network address."""
    pattern = r"(.*): account (-|\d+ '\w+'), address 127\.0\.0\.1"
    found = [re.fullmatch(pattern, record.getMessage()) for record in caplog.records]
    db.session.rollback()
    accounts = {'-': '-', f"{susan.id} 'susan'": 'S'}
    return [f'{match[1]}: {accounts[match[2]]}' for match in found if match is not None]


@pytest.mark.parametrize('what', ACTS)
def test_what_happens_to_an_account(
    client: FlaskClient, susan: User, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    caplog.set_level(logging.INFO)
    act, expected = ACTS[what]
    act(client, susan)
    wait_for_threads()
    assert lines(caplog, susan) == expected
    for secret in (PASSWORD, NEW, 'eyJ'):
        assert secret not in caplog.text


def test_logins_that_are_limited(
    make_app: Callable[..., Flask], susan: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    client = make_app(RATELIMIT_ENABLED=True).test_client()
    for number in range(100):
        log_in(client, 'susan' if number < 50 else PASSWORD, NEW)
        client.post('/api/tokens', auth=('susan', NEW))
    found = set(lines(caplog, susan))
    assert found == {f'login {how}: {who}' for how in ('failed', 'limited') for who in 'S-'}
    assert PASSWORD not in caplog.text


def test_a_line_names_its_request(
    in_production: Callable[..., Flask], susan: User, tmp_path: Path
) -> None:
    client = in_production().test_client()
    form = {'username': 'susan', 'password': PASSWORD}
    response = client.post(
        '/auth/login', data=form, environ_overrides={'REMOTE_ADDR': '2001:db8::7'}
    )
    log = (tmp_path / 'logs' / 'microblog.log').read_text()
    [line] = [line for line in log.splitlines() if 'login: ' in line]
    assert f"INFO: login: account {susan.id} 'susan', address 2001:db8::7 [in " in line
    assert line.endswith(f'[{response.headers["X-Request-ID"]}]')
