"""Registering (chapter 5)."""

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app import db
from app.forms.validators import FreeEmail, FreeUsername
from app.models import User
from tests.conftest import MakeUser
from tests.pages import errors, flashes, heading, title

GOOD = {
    'username': 'susan',
    'email': 'susan@example.com',
    'password': 'a good one',
    'password2': 'a good one',
}


def send(client: FlaskClient, **fields: str) -> TestResponse:
    return client.post('/auth/register', data={**GOOD, **fields})


def number_of_users() -> int | None:
    return db.session.scalar(select(func.count()).select_from(User))


def test_the_page(client: FlaskClient) -> None:
    response = client.get('/auth/register')
    assert title(response) == 'Register - Microblog'
    assert heading(response) == 'Register'
    for label in ('Username', 'Email', 'Password', 'Repeat Password'):
        assert f'>{label}</label>' in response.text


def test_registering_then_logging_in(client: FlaskClient) -> None:
    response = send(client)
    assert (response.status_code, response.location) == (302, '/auth/login')
    assert flashes(client.get('/auth/login')) == ['Congratulations, you are now a registered user!']
    user = db.session.scalars(select(User)).one()
    assert (user.username, user.email) == ('susan', 'susan@example.com')
    assert user.check_password('a good one')
    assert user.password_hash is not None
    assert 'a good one' not in user.password_hash
    assert client.get('/index').status_code == 302


@pytest.mark.parametrize(
    'username', ['мария', '小林', 'أمينة', 'प्रिया', 'a@b+c.d-e_f', 'x' * 64, '7']
)
def test_names_that_may_be_chosen(client: FlaskClient, username: str) -> None:
    assert send(client, username=username).status_code == 302
    assert User.find(username) is not None


TAKEN_NAME = 'Please use a different username.'
TAKEN_EMAIL = 'Please use a different email address.'
BAD_NAME = 'A username is made of letters, digits and these characters: _ . @ + -'
BAD_EMAIL = 'Invalid email address.'
REQUIRED = 'This field is required.'


@pytest.mark.parametrize(
    ('field', 'value', 'message'),
    [
        ('username', 'taken', TAKEN_NAME),
        ('username', 'TAKEN', TAKEN_NAME),
        ('username', 'ｔａｋｅｎ', TAKEN_NAME),
        ('username', '', REQUIRED),
        ('username', '   ', REQUIRED),
        ('username', 'x' * 65, 'A username can have at most 64 characters.'),
        ('username', 'x' * 10_000, 'A username can have at most 64 characters.'),
        ('username', 'john doe', BAD_NAME),
        ('username', '<script>alert(1)</script>', BAD_NAME),
        ('username', 'a\0b', BAD_NAME),
        ('username', 'a\u202eb', BAD_NAME),
        ('username', '😀', BAD_NAME),
        ('username', '...', 'A username needs a letter or a digit.'),
        (
            'username',
            'sus\u0430n',
            'A word in a username cannot mix letters or digits of different scripts.',
        ),
        ('email', 'taken@example.com', TAKEN_EMAIL),
        ('email', 'Taken@EXAMPLE.com', TAKEN_EMAIL),
        ('email', '', REQUIRED),
        ('email', 'nonsense', BAD_EMAIL),
        ('email', 'a@b', BAD_EMAIL),
        ('email', 'josé@example.com', BAD_EMAIL),
        ('email', 'ａ@example.com', BAD_EMAIL),
        ('email', 'a\0@example.com', 'This text contains characters that cannot be stored.'),
        ('email', 'a@example.com\r\nBcc: b@example.com', 'characters that cannot be stored'),
        ('email', 'x' * 120 + '@example.com', 'Field cannot be longer than 120 characters.'),
        ('password', '', REQUIRED),
        ('password', 'seven77', 'A password must have at least 8 characters.'),
        ('password', 'iloveyou1', 'one of the commonest'),
        ('password', 'Susan-1999', 'too close to your name'),
        ('password', 'microblog!', 'too close to your name'),
        ('password2', 'another one', 'Field must be equal to password.'),
    ],
)
def test_what_cannot_be_registered(
    client: FlaskClient, make_user: MakeUser, field: str, value: str, message: str
) -> None:
    make_user('taken')
    response = send(client, **{field: value})
    assert response.status_code == 200
    assert any(message in error for error in errors(response, field)), errors(response, field)
    assert number_of_users() == 1


def test_what_was_typed_is_kept_but_no_password(client: FlaskClient) -> None:
    response = send(client, email='nonsense')
    assert 'value="susan"' in response.text
    assert 'value="nonsense"' in response.text
    assert 'a good one' not in response.text


@pytest.mark.parametrize('password', ['пароль пароль', 'x y' * 43, ' 🦜 a b c d ', '中' * 8])
def test_passwords_are_any_text(client: FlaskClient, password: str) -> None:
    assert send(client, password=password, password2=password).status_code == 302
    typed = {'username': 'susan', 'password': password}
    assert client.post('/auth/login', data=typed).location == '/index'


def test_a_longer_password_can_be_demanded(make_app: Callable[..., Flask]) -> None:
    app = make_app(PASSWORD_MIN_LENGTH=20)
    response = send(app.test_client())
    assert errors(response, 'password') == ['A password must have at least 20 characters.']


@pytest.mark.parametrize(
    ('fields', 'place', 'message'),
    [
        ({'email': 'other@example.com'}, 'username', TAKEN_NAME),
        ({'username': 'SUSAN', 'email': 'other@example.com'}, 'username', TAKEN_NAME),
        ({'username': 'other'}, 'email', TAKEN_EMAIL),
        ({'username': 'other', 'email': 'SUSAN@example.com'}, 'email', TAKEN_EMAIL),
    ],
)
def test_somebody_else_was_quicker(
    client: FlaskClient,
    make_user: MakeUser,
    monkeypatch: pytest.MonkeyPatch,
    fields: dict[str, str],
    place: str,
    message: str,
) -> None:
    """The name is taken after the form was checked and before the account is written."""
    checks = []

    def check_then_lose(validator: type) -> None:
        check = validator.__call__

        def checked(self: object, form: object, field: object) -> None:
            check(self, form, field)
            checks.append(validator)
            if len(checks) == 2:
                make_user('susan')

        monkeypatch.setattr(validator, '__call__', checked)

    check_then_lose(FreeUsername)
    check_then_lose(FreeEmail)
    response = send(client, **fields)
    assert response.status_code == 200
    assert errors(response, place) == [message]
    assert number_of_users() == 1


def test_many_at_the_same_moment_make_one_account(app: Flask) -> None:
    people = 6
    barrier = Barrier(people)
    responses: list[TestResponse] = []

    def register(number: int) -> None:
        client = app.test_client()
        barrier.wait()
        username = 'susan' if number % 2 else 'Susan'
        responses.append(send(client, username=username, email=f'{number}@example.com'))

    threads = [Thread(target=register, args=[number]) for number in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(r.status_code for r in responses) == [200] * (people - 1) + [302]
    shown = [errors(response, 'username') for response in responses]
    assert sorted(shown) == [[]] + [[TAKEN_NAME]] * (people - 1)
    assert number_of_users() == 1
