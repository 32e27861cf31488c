"""Turning the second factor on and off."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.models import User
from tests.auth.conftest import app_with_mail, mailbox  # noqa: F401 (fixtures)
from tests.codes import code_of, give_codes
from tests.conftest import MakeUser
from tests.mailbox import Mailbox
from tests.pages import errors

PASSWORD = 'a good one'
PAGE = '/settings/second_factor'


@pytest.fixture
def owner(app_with_mail: Flask, make_user: MakeUser) -> FlaskClient:  # noqa: F811 (a fixture)
    make_user('susan', PASSWORD)
    client = app_with_mail.test_client()
    client.post('/auth/login', data={'username': 'susan', 'password': PASSWORD})
    return client


def susan() -> User:
    found = User.find('susan')
    assert found is not None
    return found


def shown_key(page: str) -> str:
    found = re.search(r'id="key"[^>]*>(.*?)</code>', page)
    assert found is not None
    return found[1].replace(' ', '')


def shown_codes(page: str) -> list[str]:
    return re.findall(r'<li><code [^>]*>(.*?)</code>', page)


def test_from_turning_on_to_turning_off(owner: FlaskClient, mailbox: Mailbox) -> None:  # noqa: F811 (a fixture)
    page = owner.get(PAGE).text
    key = shown_key(page)
    assert shown_key(owner.get(PAGE).text) == key  # as often as it is looked at
    address = unescape(re.findall(r'href="(otpauth:[^"]*)"', page)[0])
    assert address == f'otpauth://totp/Microblog:susan?secret={key}&issuer=Microblog'
    assert 'src="data:image/svg+xml' in page
    wrong = owner.post(PAGE, data={'code': '000000'})
    assert errors(wrong, 'code')
    assert shown_key(wrong.text) == key
    assert susan().second_factor() is None

    done = owner.post(PAGE, data={'code': code_of(key)})
    codes = shown_codes(done.text)
    assert len(codes) == 10
    page = owner.get(PAGE).text
    assert key not in page
    assert not any(code in page for code in codes)
    assert 'You have 10 recovery codes left.' in page
    assert not susan().use_code(code_of(key))  # it was the one that turned it on

    new = shown_codes(owner.post(PAGE, data={'renew': 'y'}).text)
    assert len({*codes, *new}) == 20
    assert owner.post(PAGE, data={'turn_off': 'y'}).location == '/settings'
    assert susan().second_factor() is None
    assert susan().recovery_code_count() == 0
    assert shown_key(owner.get(PAGE).text) != key

    bodies = [mail.get_body(['plain']) for mail in mailbox.wait_for(3)]
    for what in (
        'The second factor of your account was turned on.',
        'New recovery codes were made for your account.',
        'The second factor of your account was turned off.',
    ):
        assert sum(what in body.get_content() for body in bodies if body is not None) == 1


def test_a_key_is_shown_to_nobody_else(owner: FlaskClient, make_user: MakeUser) -> None:
    keys = {shown_key(owner.get(PAGE).text)}
    make_user('john', PASSWORD)
    for name in ('john', 'susan'):
        owner.get('/auth/logout')
        owner.post('/auth/login', data={'username': name, 'password': PASSWORD})
        keys.add(shown_key(owner.get(PAGE).text))
    assert len(keys) == 3


def test_a_session_alone_turns_nothing_on_or_off(
    log_in: Callable[[User], FlaskClient], make_user: MakeUser
) -> None:
    user = make_user('susan', PASSWORD)
    client = log_in(user)
    assert client.get(PAGE).location == '/auth/prove?next=/settings/second_factor'
    give_codes(user)
    for fields in ({'renew': 'y'}, {'turn_off': 'y'}):
        assert client.post(PAGE, data=fields).location.startswith('/auth/prove')
    assert susan().recovery_code_count() == 10


def test_it_is_turned_on_once(log_in: Callable[[User], FlaskClient], make_user: MakeUser) -> None:
    user = make_user('susan', PASSWORD)
    _, codes = give_codes(user)
    assert user.turn_on_second_factor('A' * 32, code_of('A' * 32)) is None
    assert user.use_code(codes[0])
