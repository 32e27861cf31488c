"""Deleting one's account, and coming back in time."""

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from app import db
from app.database import utcnow
from app.models import LoginSession, Post, User
from tests.api.conftest import Program
from tests.auth.conftest import app_with_mail, mailbox, wait_for_threads
from tests.conftest import MakeUser
from tests.mailbox import Mailbox
from tests.pages import errors, flashes

__all__ = ['app_with_mail', 'mailbox']

PAGE = '/settings/delete'


@pytest.fixture
def app(app_with_mail: Flask) -> Iterator[Flask]:
    yield app_with_mail
    wait_for_threads()


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    return make_user('Susan', 'cat')


def log_in(client: FlaskClient) -> TestResponse:
    return client.post(
        '/auth/login', data={'username': 'susan', 'password': 'cat'}, follow_redirects=True
    )


@pytest.fixture
def browser(client: FlaskClient, susan: User) -> FlaskClient:
    log_in(client)
    return client


def leave(browser: FlaskClient, username: str = 'susan') -> TestResponse:
    return browser.post(PAGE, data={'username': username}, follow_redirects=True)


def test_asking_for_it(app: Flask, browser: FlaskClient, susan: User, mailbox: Mailbox) -> None:
    other, program = app.test_client(), Program(app.test_client(), susan.get_token())
    named = Program(app.test_client(), susan.make_token('x', ['read'], None))
    db.session.add(Post(body='stays for now', author=susan))
    db.session.commit()
    log_in(other)
    link = f'/auth/reset_password/{susan.get_reset_password_token()}'
    page = browser.get(PAGE).text
    assert 'It will be deleted after 7 days.' in page

    [told] = flashes(leave(browser))
    assert re.fullmatch(r'Your account will be deleted on \w+ \d+, \d{4}\. To keep .*', told)
    [mail] = mailbox.wait_for(1)
    assert mail['Subject'] == '[Microblog] Your Account Will Be Deleted'
    text = mail.get_body(('plain',))
    assert text is not None
    when = re.search(r'on (\w+ \d+, \d{4})', told)
    assert when is not None
    assert when[1] in text.get_content()
    assert 'http://localhost/auth/login' in text.get_content()
    # Whoever was logged in is so no longer, nor is a program.
    for client in (browser, other):
        assert client.get('/index').status_code == 302
    for one in (program, named):
        assert one.get('/users/me').status_code == 401
    assert flashes(browser.get(link, follow_redirects=True))
    # A program that asks for a token each day takes nothing back.
    basic = {'Authorization': f'Basic {b64encode(b"susan:cat").decode()}'}
    assert client.post('/api/tokens', headers=basic).status_code == 401
    assert susan.deletion_at is not None
    assert timedelta(days=6) < susan.deletion_at - utcnow() <= timedelta(days=7)
    assert User.find('susan') is susan


def test_logging_in_takes_it_back(app: Flask, browser: FlaskClient, susan: User) -> None:
    other, token = app.test_client(), susan.get_token()
    db.session.commit()
    log_in(other)
    leave(browser)
    assert flashes(log_in(browser)) == ['Welcome back. Your account will not be deleted.']
    assert susan.deletion_at is None
    assert flashes(log_in(app.test_client())) == []
    # What was ended stays so.
    assert other.get('/index').status_code == 302
    assert User.check_token(token) is None
    assert browser.get('/index').status_code == 200


def test_who_is_due_goes_when_the_next_one_logs_in(
    app: Flask, susan: User, make_user: MakeUser
) -> None:
    john = make_user('john')
    john.ask_for_deletion(timedelta(0))
    db.session.commit()
    log_in(app.test_client())
    wait_for_threads()
    db.session.rollback()
    assert User.find('john') is None
    assert not User.is_free('john')


def test_a_name_typed_wrong(browser: FlaskClient, susan: User) -> None:
    for name in ('', 'john', 'susan2'):
        assert errors(browser.post(PAGE, data={'username': name}), 'username')
    assert susan.deletion_at is None


def test_it_takes_a_proof(client: FlaskClient, susan: User) -> None:
    log_in(client)
    db.session.execute(update(LoginSession).values(proved=utcnow() - timedelta(minutes=11)))
    db.session.commit()
    for response in (client.get(PAGE), client.post(PAGE, data={'username': 'susan'})):
        assert (response.location or '').startswith('/auth/prove?')
    assert susan.deletion_at is None


def test_without_a_delay(make_app: Callable[..., Flask], make_user: MakeUser, susan: User) -> None:
    app = make_app(DELETION_DELAY=0)
    client = app.test_client()
    log_in(client)
    assert 'This is done at once' in client.get(PAGE).text
    assert flashes(leave(client)) == ['Your account has been deleted.']
    db.session.rollback()
    assert User.find('susan') is None
    assert client.get('/index').status_code == 302


def test_the_name_of_who_left_is_for_nobody(
    app: Flask, browser: FlaskClient, susan: User, make_user: MakeUser
) -> None:
    program = Program(app.test_client(), susan.get_token())
    db.session.commit()
    assert program.delete('/users/me', {'password': 'cat'}).status_code == 204
    assert User.find('susan') is None
    data = {'username': 'SUSAN', 'email': 's@example.com', 'password': 'a good one, long'}
    page = app.test_client().post('/auth/register', data={**data, 'password2': data['password']})
    assert errors(page, 'username') == ['Please use a different username.']
    response = Program(app.test_client(), None).post('/users', data)
    assert response.status_code == 400
    assert response.get_json()['message'] == 'please use a different username'
    john = make_user('john', 'dog')
    program = Program(app.test_client(), john.get_token())
    db.session.commit()
    assert program.put(f'/users/{john.id}', {'username': 'susan'}).status_code == 400
    client = app.test_client()
    client.post('/auth/login', data={'username': 'john', 'password': 'dog'})
    page = client.post('/edit_profile', data={'username': 'susan', 'about_me': ''})
    assert errors(page, 'username') == ['Please use a different username.']
    # The address is free: it is nobody's name.
    made = Program(app.test_client(), None).post(
        '/users', {**data, 'username': 'susan2', 'email': 'Susan@example.com'}
    )
    assert made.status_code == 201
