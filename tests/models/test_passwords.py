"""Hashes of passwords: how long they take, and how old ones are made anew."""

from collections.abc import Callable
from functools import partial
from time import thread_time
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from werkzeug.http import parse_cookie
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse
from werkzeug.wrappers import Response

from app import db
from app.models import User, passwords
from app.web.known_browsers import browser_known_to, remember_browser
from tests.api.conftest import Program
from tests.api.test_tokens import basic
from tests.auth.conftest import AtOnce, at_once
from tests.conftest import MakeUser, session_of
from tests.pages import heading

__all__ = ['at_once']

PASSWORD = 'a good one'
NOBODYS_HASH = generate_password_hash('nobody', 'scrypt:32768:8:1')
OLD_METHOD = 'pbkdf2:sha256:260000'
NEW_HASH = 'scrypt:'


def log_in(client: FlaskClient, username: str = 'susan', password: str = PASSWORD) -> TestResponse:
    return client.post('/auth/login', data={'username': username, 'password': password})


def get_token(
    client: FlaskClient, username: str = 'susan', password: str = PASSWORD
) -> TestResponse:
    return client.post('/api/tokens', headers=basic(username, password))


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    return make_user('susan', password_hash=generate_password_hash(PASSWORD, OLD_METHOD))


def hash_of(user: User) -> str:
    db.session.rollback()
    return str(db.session.scalar(db.select(User.password_hash).where(User.id == user.id)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ('send', 'slowest'), [(log_in, 'scrypt'), (get_token, 'pbkdf2:sha256:900000')]
)
def test_a_wrong_password_takes_one_time(
    client: FlaskClient,
    make_user: MakeUser,
    monkeypatch: pytest.MonkeyPatch,
    send: Callable[..., TestResponse],
    slowest: str,
) -> None:
    """In time of the processor, which other programs do not change much."""
    # Not the quick kind that other tests have.
    monkeypatch.setattr(generate_password_hash, '__defaults__', ('scrypt:32768:8:1', 16))
    monkeypatch.setattr(passwords, 'nobodys_hash', lambda: NOBODYS_HASH)
    make_user('today', PASSWORD)
    make_user('silent')
    make_user('old', password_hash=generate_password_hash(PASSWORD, OLD_METHOD))
    make_user('older', password_hash=generate_password_hash(PASSWORD, 'pbkdf2:sha1:1000'))
    make_user('slow', password_hash=generate_password_hash(PASSWORD, slowest))
    make_user('unsafe', password_hash='sha256$abc$d9f2b1c6')
    names = ['today', 'silent', 'old', 'older', 'slow', 'unsafe', 'nobody']
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(4):
        for name in names:
            start = thread_time()
            send(client, name, 'a bad one')
            times[name].append(thread_time() - start)
    # The first round is where the process learns.
    medians = {name: sorted(found[1:])[1] for name, found in times.items()}
    assert max(medians.values()) < 1.35 * min(medians.values()), medians


@pytest.mark.parametrize('password_hash', [None, '', 'x', 'x$y$z', 'scrypt:1$a$b', '$$'])
@pytest.mark.parametrize('password', ['', 'nobody', 'x', '\ud800', '\0'])
def test_what_is_no_hash_has_no_password(password_hash: str | None, password: str) -> None:
    assert not passwords.matches(password_hash, password)


@pytest.mark.parametrize('send', [log_in, get_token])
def test_an_old_hash_is_made_anew_and_everything_goes_on(
    app: Flask, susan: User, send: Callable[..., TestResponse]
) -> None:
    laptop, phone, reset = app.test_client(), app.test_client(), app.test_client()
    with laptop.session_transaction() as session:
        session['_user_id'] = session_of(susan)
    program = Program(app.test_client(), susan.get_token())
    db.session.commit()
    link = f'/auth/reset_password/{susan.get_reset_password_token()}'
    old = hash_of(susan)
    assert old.startswith(OLD_METHOD)

    send(phone, password='a bad one')
    assert hash_of(susan) == old
    assert send(phone).status_code == (302 if send is log_in else 200)
    renewed = hash_of(susan)
    assert renewed.startswith(NEW_HASH)
    assert susan.check_password(PASSWORD)

    assert laptop.get('/index').status_code == 200
    assert program.get('/users/me').status_code == 200
    assert 'Repeat Password' in reset.get(link).text
    # Once is enough.
    send(app.test_client())
    assert hash_of(susan) == renewed

    new = {'password': 'another one', 'password2': 'another one'}
    assert reset.post(link, data=new).status_code == 302
    assert laptop.get('/index').status_code == 302
    assert program.get('/users/me').status_code == 401


def test_a_session_that_begins_with_a_new_hash_is_good(client: FlaskClient, susan: User) -> None:
    assert log_in(client).location == '/index'
    assert heading(client.get('/index')) == 'Hi, susan!'


def test_a_browser_stays_known_when_the_hash_is_made_anew(app: Flask, susan: User) -> None:
    client = app.test_client()
    with app.test_request_context():
        [entry] = parse_cookie(
            remember_browser(Response(), susan).headers['Set-Cookie'].partition(';')[0]
        ).values()
    log_in(client)
    with app.test_request_context(headers={'Cookie': f'known_browser={entry}'}):
        db.session.rollback()
        assert browser_known_to(susan) == entry.split('-')[1]


def test_two_logins_at_once_make_the_hash_anew_once(
    app: Flask, susan: User, at_once: AtOnce
) -> None:
    clients = [app.test_client(), app.test_client()]
    answers = at_once(passwords, 'make_hash', [partial(log_in, client) for client in clients])
    assert [answer.location for answer in answers] == ['/index'] * 2
    assert hash_of(susan).startswith(NEW_HASH)
    assert [client.get('/index').status_code for client in clients] == [200, 200]


def test_a_password_that_is_changed_meanwhile_lets_nobody_in(
    client: FlaskClient, susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = passwords.make_hash

    def make_hash(password: str) -> str:
        statement = db.update(User).where(User.id == susan_id)
        with db.engine.begin() as other:
            other.execute(statement.values(password_hash=original('another one')))
        return original(password)

    susan_id = susan.id
    monkeypatch.setattr(passwords, 'make_hash', make_hash)
    assert log_in(client).location == '/auth/login'
    db.session.rollback()
    assert susan.check_password('another one')


def test_a_hash_that_cannot_be_written_keeps_nobody_out(
    client: FlaskClient, susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: Any) -> None:
        raise OperationalError('', {}, Exception('locked'))

    monkeypatch.setattr(User, 'renew_hash', refuse)
    assert log_in(client).location == '/index'
    assert client.get('/index').status_code == 200
    assert hash_of(susan).startswith(OLD_METHOD)


def test_a_hash_from_elsewhere_ends_what_went_on_with_the_renewed_one(
    client: FlaskClient, susan: User
) -> None:
    log_in(client)
    assert client.get('/index').status_code == 200
    statement = db.update(User).where(User.id == susan.id)
    with db.engine.begin() as other:
        other.execute(statement.values(password_hash=generate_password_hash('another one')))
    assert client.get('/index').status_code == 302
