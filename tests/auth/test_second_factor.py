"""Logging in to an account that asks for a code beside the password."""

from datetime import timedelta
from time import time

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from app import db
from app.database import utcnow
from app.models import LoginSession, User
from app.web import second_step
from tests.codes import code_of, give_codes
from tests.conftest import MakeUser
from tests.pages import errors, flashes, heading

PASSWORD = 'a good one'
PAGE = '/auth/second_factor'


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    return make_user('susan', PASSWORD)


@pytest.fixture
def key(susan: User) -> str:
    return give_codes(susan)[0]


def send(client: FlaskClient, path: str = '/auth/login', **fields: str) -> TestResponse:
    return client.post(path, data={'username': 'susan', 'password': PASSWORD, **fields})


def is_in(client: FlaskClient) -> bool:
    return client.get('/index').status_code == 200


def test_the_code_is_asked_for_after_the_password(client: FlaskClient, key: str) -> None:
    response = send(client, '/auth/login?next=/explore')
    assert response.location == f'{PAGE}?next=/explore'
    page = client.get(response.location)
    assert heading(page) == 'One more step'
    assert 'autocomplete="one-time-code"' in page.text
    assert not is_in(client)
    assert client.post(response.location, data={'code': code_of(key)}).location == '/explore'
    assert is_in(client)
    assert client.get(PAGE).location == '/index'


def test_a_recovery_code_goes_into_the_same_field(client: FlaskClient, susan: User) -> None:
    _, codes = give_codes(susan)
    send(client)
    assert client.post(PAGE, data={'code': codes[0]}).location == '/index'
    assert is_in(client)


@pytest.mark.parametrize('remember', [True, False])
def test_remember_me_is_kept_until_the_code(client: FlaskClient, key: str, remember: bool) -> None:
    send(client, **({'remember_me': 'y'} if remember else {}))
    assert client.get_cookie('remember_token') is None
    client.post(PAGE, data={'code': code_of(key)})
    assert (client.get_cookie('remember_token') is not None) is remember


@pytest.mark.parametrize('code', ['', '000000', 'AAAAA-AAAAA-AAAAA-AAAAA-AAAAA', 'x'])
def test_a_wrong_code(client: FlaskClient, key: str, code: str) -> None:
    send(client)
    response = client.post(PAGE, data={'code': code})
    assert response.status_code == 200
    assert len(errors(response, 'code')) == 1
    assert not is_in(client)
    assert client.post(PAGE, data={'code': code_of(key)}).location == '/index'


def test_a_wrong_password_asks_for_no_code(client: FlaskClient, key: str) -> None:
    assert send(client, password='a bad one').location == '/auth/login'
    response = client.get(PAGE)
    assert response.location == '/auth/login'


def test_the_code_may_be_owed_for_ten_minutes(
    client: FlaskClient, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(client)
    later = timedelta(minutes=10).total_seconds() + time()
    monkeypatch.setattr(second_step, 'time', lambda: later)
    response = client.post(f'{PAGE}?next=/explore', data={'code': code_of(key)})
    assert response.location == '/auth/login?next=/explore'
    assert flashes(client.get('/auth/login')) == ['Please log in again: that took too long.']
    assert not is_in(client)


def test_another_password_ends_what_the_old_one_has_begun(
    client: FlaskClient, susan: User, key: str
) -> None:
    send(client)
    susan.set_password('another one')
    db.session.commit()
    assert client.post(PAGE, data={'code': code_of(key)}).location == '/auth/login'
    assert not is_in(client)


def test_a_reset_of_the_password_keeps_the_second_factor(
    client: FlaskClient, susan: User, key: str
) -> None:
    new = {'password': 'another one', 'password2': 'another one'}
    client.post(f'/auth/reset_password/{susan.get_reset_password_token()}', data=new)
    assert send(client, password='another one').location == PAGE
    assert not is_in(client)


@pytest.mark.parametrize(
    ('fields', 'is_proof'),
    [
        ({'code': 'right'}, True),
        ({'current_password': PASSWORD}, True),
        ({'code': '000000'}, False),
        ({'current_password': 'a bad one', 'code': 'right'}, False),
        ({}, False),
    ],
)
def test_a_code_is_a_proof_in_place_of_the_password(
    client: FlaskClient,
    susan: User,
    fields: dict[str, str],
    is_proof: bool,
) -> None:
    key, codes = give_codes(susan)
    send(client)
    client.post(PAGE, data={'code': codes[0]})
    yesterday = utcnow() - timedelta(days=1)
    db.session.execute(update(LoginSession).values(proved=yesterday))
    db.session.commit()
    if fields.get('code') == 'right':
        fields = {**fields, 'code': code_of(key)}
    response = client.post('/auth/prove', data=fields)
    assert (response.status_code == 302) is is_proof
    assert (client.get('/settings/second_factor').status_code == 200) is is_proof


def test_an_account_without_one_is_asked_for_the_password_alone(
    client: FlaskClient, susan: User
) -> None:
    assert send(client).location == '/index'
    assert 'name="code"' not in client.get('/auth/prove').text
