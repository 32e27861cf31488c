"""The list of one's sessions, and ending them."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import db
from app.models import LoginSession, User
from app.models.login_session import MOST, kind_of_browser
from tests.api.conftest import PASSWORD, PASSWORD_HASH
from tests.conftest import MakeUser, session_of
from tests.pages import flashes

FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0'
PHONE = (
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 '
    '(KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1'
)
Enter = Callable[..., FlaskClient]


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    return make_user('susan', password_hash=PASSWORD_HASH)


@pytest.fixture
def enter(app: Flask, susan: User) -> Enter:
    """Log susan in with a browser of a kind, from an address."""

    def enter(agent: str = FIREFOX, address: str = '203.0.113.1') -> FlaskClient:
        client = app.test_client()
        client.environ_base |= {'HTTP_USER_AGENT': agent, 'REMOTE_ADDR': address}
        client.post('/auth/login', data={'username': 'susan', 'password': PASSWORD})
        return client

    return enter


def devices(client: FlaskClient) -> list[tuple[str, bool, str | None]]:
    """The kind of each browser in the list, whether it is this one, and the value of its button."""
    page = client.get('/settings/devices').text
    found = []
    for item in re.findall('<li>.*?</li>', page[page.index('<main') :], re.S):
        kind = re.search('<strong.*?><bdi>(.*?)</bdi>', item)
        button = re.search('name="end" value="(.*?)"', item)
        assert kind
        found.append((kind[1], 'This one' in item, button and button[1]))
    return found


def is_in(client: FlaskClient) -> bool:
    return client.get('/edit_profile').status_code == 200


def test_the_list(enter: Enter) -> None:
    laptop = enter()
    phone = enter(PHONE, '2001:db8::1')
    assert [entry[:2] for entry in devices(phone)] == [
        ('Safari (iPhone)', True),
        ('Firefox (Linux)', False),
    ]
    assert devices(phone)[0][2] is None
    assert {entry[:2] for entry in devices(laptop)} == {
        ('Safari (iPhone)', False),
        ('Firefox (Linux)', True),
    }
    page = laptop.get('/settings/devices').text
    assert '203.0.113.1' in page
    assert '2001:db8::1' in page


def test_one_is_ended(enter: Enter) -> None:
    laptop, phone, other = enter(), enter(PHONE), enter('curl/8.5')
    ends = {kind: end for kind, _is_this, end in devices(laptop)}
    response = laptop.post('/settings/devices', data={'end': ends['Safari (iPhone)']})
    assert flashes(laptop.get(response.location)) == ['The device is logged out.']
    assert [is_in(client) for client in (laptop, phone, other)] == [True, False, True]


def test_all_others_are_ended(enter: Enter) -> None:
    laptop, phone, other = enter(), enter(PHONE), enter('curl/8.5')
    laptop.post('/settings/devices', data={'others': '1'})
    assert [is_in(client) for client in (laptop, phone, other)] == [True, False, False]
    assert 'name="others"' not in laptop.get('/settings/devices').text


@pytest.mark.parametrize('end', ['', 'x', '-1', '0', '²', '9' * 30, '999999'])
def test_what_is_no_session_of_ones_own_is_left_alone(enter: Enter, end: str) -> None:
    laptop, phone = enter(), enter(PHONE)
    assert laptop.post('/settings/devices', data={'end': end}).status_code == 302
    assert is_in(laptop)
    assert is_in(phone)


def test_nobody_ends_the_session_of_another(enter: Enter, make_user: MakeUser) -> None:
    john = make_user('john')
    session_of(john)
    id_ = db.session.scalars(select(LoginSession.id)).one()
    enter().post('/settings/devices', data={'end': id_})
    assert db.session.get(LoginSession, id_) is not None
    assert john.sessions()[0].id == id_


def test_no_account_has_too_many(susan: User) -> None:
    keys = [session_of(susan) for _ in range(MOST + 2)]
    assert len(susan.sessions()) == MOST
    assert [User.of_session(key) is None for key in keys[:3]] == [True, True, False]


@pytest.mark.parametrize(
    ('user_agent', 'kind'),
    [
        (FIREFOX, 'Firefox (Linux)'),
        (PHONE, 'Safari (iPhone)'),
        (
            'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) '
            'Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0',
            'Edge (Windows)',
        ),
        (
            'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) '
            'Chrome/126.0.0.0 Mobile Safari/537.36',
            'Chrome (Android)',
        ),
        (
            'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 '
            '(KHTML, like Gecko) Version/17.5 Safari/605.1.15',
            'Safari (macOS)',
        ),
        ('curl/8.5.0', 'curl'),
        ('python-requests/2.32', 'python-requests'),
        ('', ''),
        ('<script>', ''),
        ('x' * 1000, 'x' * 64),
    ],
)
def test_kinds_of_browsers(user_agent: str, kind: str) -> None:
    assert kind_of_browser(user_agent) == kind
