"""A mail tells of a login from a device that is new; its link locks everybody out."""

import re
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import db
from app.database import utcnow
from app.models import User
from app.models.passkey import Passkey
from app.models.second_factor import SecondFactor
from tests.api.conftest import PASSWORD, PASSWORD_HASH
from tests.auth.conftest import wait_for_threads
from tests.conftest import MakeUser
from tests.mailbox import Mailbox
from tests.pages import flashes, heading

PHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1'
LAPTOP = 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0'
HOME, AWAY = '203.0.113.1', '198.51.100.7'
NEW = {'password': 'a new one of mine', 'password2': 'a new one of mine'}


@pytest.fixture
def app(app_with_mail: Flask) -> Flask:
    return app_with_mail


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    return make_user('susan', password_hash=PASSWORD_HASH)


Enter = Callable[..., FlaskClient]


@pytest.fixture
def enter(app: Flask, susan: User) -> Enter:
    """Log susan in, with a browser of a kind from an address."""

    def enter(agent: str, address: str, client: FlaskClient | None = None) -> FlaskClient:
        client = client or app.test_client()
        client.environ_base |= {'HTTP_USER_AGENT': agent, 'REMOTE_ADDR': address}
        response = client.post('/auth/login', data={'username': 'susan', 'password': PASSWORD})
        assert response.location == '/index'
        wait_for_threads()
        return client

    return enter


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(('plain',))
    assert body is not None
    return str(body.get_content())


def test_a_login_from_a_new_device_is_told(enter: Enter, susan: User, mailbox: Mailbox) -> None:
    susan.language = 'de'
    db.session.commit()
    enter(LAPTOP, HOME)
    assert mailbox.mails == []  # nobody has logged in before
    enter(PHONE, AWAY)
    [mail] = mailbox.mails
    assert mail['To'] == 'susan@example.com'
    assert mail['Subject'] == '[Microblog] Neue Anmeldung bei deinem Konto'
    assert f'Safari (iPhone), {AWAY}' in text_of(mail)


def test_what_is_known_is_not_told(enter: Enter, mailbox: Mailbox) -> None:
    laptop = enter(LAPTOP, HOME)
    laptop.get('/auth/logout')
    enter(LAPTOP, HOME)  # cookies were deleted
    enter(LAPTOP, AWAY, laptop)  # the same browser, on a journey
    enter(PHONE, AWAY)
    enter(PHONE, AWAY)
    assert len(mailbox.mails) == 1


def test_there_are_not_too_many(
    make_app: Callable[..., Flask], susan: User, enter: Enter, mailbox: Mailbox
) -> None:
    app = make_app(
        MAIL_SERVER='127.0.0.1',
        MAIL_PORT=mailbox.port,
        MAIL_SUPPRESS_SEND=False,
        RATELIMIT_ENABLED=True,
    )
    for number in range(8):
        enter(LAPTOP, f'203.0.113.{number}', app.test_client())
    assert len(mailbox.mails) == 5


def test_a_mail_that_cannot_be_sent_is_no_hindrance(enter: Enter, mailbox: Mailbox) -> None:
    mailbox.refuses = True
    enter(LAPTOP, HOME)
    assert enter(PHONE, AWAY).get('/edit_profile').status_code == 200


def test_the_link_locks_everybody_out_once(
    app: Flask, enter: Enter, susan: User, mailbox: Mailbox
) -> None:
    owner = enter(LAPTOP, HOME)
    thief = enter(PHONE, AWAY)
    token = susan.get_token()
    db.session.commit()
    found = re.search(r'/auth/deny_login/\S+', text_of(mailbox.mails[0]))
    assert found
    link = found[0]
    # A program that looks at links does nothing with it.
    assert heading(owner.get(link)) == 'It was not you?'
    assert thief.get('/edit_profile').status_code == 200

    response = owner.post(link)
    assert response.location.startswith('/auth/reset_password/')
    page = owner.get(response.location)
    assert heading(page) == 'Reset Your Password'
    for client in (owner, thief):
        assert client.get('/edit_profile').status_code == 302
    again = {'username': 'susan', 'password': PASSWORD}
    assert thief.post('/auth/login', data=again).location != '/index'
    assert User.check_token(token) is None

    assert owner.post(response.location, data=NEW).location == '/auth/login'
    stranger = app.test_client()
    for late in (stranger.get(link), stranger.post(link)):
        assert flashes(stranger.get(late.location, follow_redirects=True)) != []
        assert late.location == '/index'
    login = {'username': 'susan', 'password': NEW['password']}
    assert owner.post('/auth/login', data=login).location == '/index'


@pytest.mark.parametrize(('hours', 'are_kept'), [(-1, True), (1, False)])
def test_what_a_stranger_added_to_log_in_with_goes(
    app: Flask, susan: User, hours: int, are_kept: bool
) -> None:
    token = susan.get_deny_login_token()
    then = utcnow() + timedelta(hours=hours)
    id_ = susan.id
    db.session.add_all(
        [
            SecondFactor(user_id=id_, sealed_key='x', last_step=0, timestamp=then),
            Passkey(
                user_id=id_,
                credential_id='x',
                public_key=b'x',
                sign_count=0,
                last_challenge=0,
                name='x',
                timestamp=then,
            ),
        ]
    )
    db.session.commit()
    app.test_client().post(f'/auth/deny_login/{token}')
    assert (susan.second_factor() is not None) == are_kept
    assert len(susan.passkeys()) == are_kept


@pytest.mark.parametrize('token', ['x', 'reset'])
def test_another_token_locks_nobody_out(app: Flask, enter: Enter, susan: User, token: str) -> None:
    client = enter(LAPTOP, HOME)
    shown = susan.get_reset_password_token() if token == 'reset' else token
    assert app.test_client().post(f'/auth/deny_login/{shown}').location == '/index'
    assert client.get('/edit_profile').status_code == 200
