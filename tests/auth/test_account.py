"""Changing the password and the e-mail address while logged in."""

import re
from functools import partial

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import db
from app.models import User
from tests.auth.conftest import AtOnce, wait_for_threads
from tests.conftest import MakeUser
from tests.mailbox import Mailbox
from tests.pages import errors, flashes, heading

OLD, NEW = 'the old one', 'the new one'
OWN = 'This password is too close to your name, your address or the name of this site.'


@pytest.fixture
def app(app_with_mail: Flask) -> Flask:
    return app_with_mail


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    return make_user('susan', OLD)


def log_in(app: Flask, password: str = OLD, **fields: str) -> FlaskClient:
    client = app.test_client()
    client.post('/auth/login', data={'username': 'susan', 'password': password, **fields})
    return client


def test_a_new_password_ends_the_other_sessions(app: Flask, susan: User) -> None:
    here, there = log_in(app, remember_me='y'), log_in(app, remember_me='y')
    token = susan.get_reset_password_token()
    typed = {'current_password': OLD, 'password': NEW, 'password2': NEW}
    response = here.post('/auth/change_password', data=typed)
    assert (response.status_code, response.location) == (302, '/edit_profile')
    assert flashes(here.get('/edit_profile')) == ['Your password has been changed.']
    assert there.get('/index').status_code == 302
    here.delete_cookie('session')
    assert here.get('/index').status_code == 200
    assert User.verify_reset_password_token(token) is None
    assert log_in(app, OLD).get('/index').status_code == 302
    assert log_in(app, NEW).get('/index').status_code == 200


def test_of_two_at_once_one_changes_the_password(app: Flask, susan: User, at_once: AtOnce) -> None:
    clients = {password: log_in(app) for password in ('new one 1', 'new one 2')}
    responses = at_once(
        User,
        'check_password',
        [
            partial(
                client.post,
                '/auth/change_password',
                data={'current_password': OLD, 'password': password, 'password2': password},
            )
            for password, client in clients.items()
        ],
    )
    refused, changed = sorted(responses, key=lambda response: response.status_code)
    assert errors(refused, 'current_password') == ['This is not your password.']
    assert changed.location == '/edit_profile'
    db.session.rollback()
    [password] = [p for p in clients if susan.check_password(p)]
    assert clients[password].get('/index').status_code == 200


@pytest.mark.parametrize(
    ('field', 'value', 'message'),
    [
        ('current_password', 'wrong', 'This is not your password.'),
        ('current_password', '', 'This field is required.'),
        ('password', 'short', 'A password must have at least 8 characters.'),
        ('password', 'password1', 'This password is one of the commonest: everybody would try it.'),
        ('password', 'susan1234', OWN),
        ('password2', 'another', 'Field must be equal to password.'),
    ],
)
def test_passwords_that_are_refused(
    app: Flask, susan: User, field: str, value: str, message: str
) -> None:
    typed = {'current_password': OLD, 'password': NEW, 'password2': NEW, field: value}
    response = log_in(app).post('/auth/change_password', data=typed)
    assert response.status_code == 200
    assert errors(response, field) == [message]
    assert susan.check_password(OLD)


def test_a_new_address(app: Flask, susan: User, mailbox: Mailbox) -> None:
    client = log_in(app)
    typed = {'email': 'new@example.com', 'current_password': OLD}
    assert client.post('/auth/change_email', data=typed).location == '/edit_profile'
    [mail] = mailbox.wait_for(1)
    assert mail['To'] == 'new@example.com'
    assert susan.email == 'susan@example.com'

    text = mail.get_body(('plain',))
    assert text is not None
    [path] = re.findall(r'http://localhost(/auth/confirm_email/\S+)', text.get_content())
    other_browser = app.test_client()
    response = other_browser.get(path)
    assert heading(response) == 'Confirm Email'
    assert 'new@example.com' in response.text
    assert susan.email == 'susan@example.com'
    assert other_browser.post(path).status_code == 302
    assert susan.email == 'new@example.com'
    told = mailbox.wait_for(2)[1]
    assert told['To'] == 'susan@example.com'
    assert told['Subject'] == '[Microblog] Your Email Address Was Changed'
    assert other_browser.post(path).location == '/index'


def test_of_two_at_once_one_uses_the_link(
    app: Flask, susan: User, at_once: AtOnce, mailbox: Mailbox
) -> None:
    addresses = ['one@example.com', 'two@example.com']
    paths = [f'/auth/confirm_email/{susan.get_change_email_token(a)}' for a in addresses]
    clients = [app.test_client() for _ in paths]
    at_once(
        User,
        'verify_change_email_token',
        [partial(client.post, path) for client, path in zip(clients, paths, strict=True)],
    )
    told = sorted(flash for client in clients for flash in flashes(client.get('/auth/login')))
    assert told == ['This link is invalid or has expired.', 'Your email address has been changed.']
    db.session.rollback()
    assert susan.email in addresses
    wait_for_threads()
    [mail] = mailbox.mails
    assert mail['To'] == 'susan@example.com'


@pytest.mark.parametrize(
    ('field', 'value', 'message'),
    [
        ('current_password', 'wrong', 'This is not your password.'),
        ('email', 'John@Example.com', 'Please use a different email address.'),
        ('email', 'nonsense', 'Invalid email address.'),
        ('email', 'josé@example.com', 'Invalid email address.'),
    ],
)
def test_addresses_that_are_refused(
    app: Flask, make_user: MakeUser, susan: User, field: str, value: str, message: str
) -> None:
    make_user('john')
    typed = {'email': 'new@example.com', 'current_password': OLD, field: value}
    response = log_in(app).post('/auth/change_email', data=typed)
    assert response.status_code == 200
    assert errors(response, field) == [message]


def test_the_address_was_taken_meanwhile(app: Flask, make_user: MakeUser, susan: User) -> None:
    token = susan.get_change_email_token('JOHN@example.com')
    make_user('john')
    client = log_in(app)
    assert client.post(f'/auth/confirm_email/{token}').location == '/index'
    assert flashes(client.get('/index')) == ['Please use a different email address.']
    assert susan.email == 'susan@example.com'
