"""The mails about accounts: what they say, and how many one address gets."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import db
from app.auth.email import send_email_changed_email, send_password_reset_email
from app.models import User
from tests.auth.conftest import wait_for_threads
from tests.auth.test_account import OLD
from tests.auth.test_reset import SENT
from tests.conftest import MakeUser, session_of
from tests.mailbox import Mailbox
from tests.pages import flashes
from tests.servers import running_redis

ENOUGH = 'This address has been sent enough links for now. Please try again later.'
ASKED = 'Check your new email address for the instructions to confirm it'
MakeApps = Callable[..., list[Flask]]


@pytest.fixture(params=['file', 'Redis'])
def make_apps(
    request: pytest.FixtureRequest, make_app: Callable[..., Flask], mailbox: Mailbox, tmp_path: Path
) -> Iterator[MakeApps]:
    """Make applications that have limits, which count together."""
    settings: dict[str, Any] = {
        'MAIL_SERVER': '127.0.0.1',
        'MAIL_PORT': mailbox.port,
        'MAIL_SUPPRESS_SEND': False,
        'RATELIMIT_ENABLED': True,
    }
    if request.param == 'file':
        yield lambda number, **more: [make_app(**settings, **more) for _ in range(number)]
    else:
        with running_redis(tmp_path) as url:
            yield lambda number, **more: [
                make_app(**settings, **more, RATELIMIT_STORAGE_URI=url) for _ in range(number)
            ]
    wait_for_threads()


def ask_for_reset(client: FlaskClient, email: str, network_address: str) -> list[str]:
    client.post(
        '/auth/reset_password_request',
        data={'email': email},
        environ_overrides={'REMOTE_ADDR': network_address},
    )
    wait_for_threads()
    return flashes(client.get('/auth/login'))


def ask_for_change(client: FlaskClient, email: str) -> list[str]:
    client.post('/auth/change_email', data={'email': email, 'current_password': OLD})
    wait_for_threads()
    return flashes(client.get('/edit_profile'))


def client_of(app: Flask, user: User) -> FlaskClient:
    client = app.test_client()
    with client.session_transaction() as session:
        session['_user_id'] = session_of(user)
    return client


def recipients(mailbox: Mailbox) -> list[str]:
    return [str(mail['To']) for mail in mailbox.mails]


def test_an_address_gets_three_reset_links_an_hour(
    make_apps: MakeApps, make_user: MakeUser, mailbox: Mailbox
) -> None:
    make_user('susan')
    make_user('john')
    apps = make_apps(2)
    for number, email in enumerate(['susan@example.com', 'SUSAN@example.com'] * 2):
        client = apps[number % len(apps)].test_client()
        assert ask_for_reset(client, email, f'10.0.0.{number}') == [SENT]
    assert recipients(mailbox) == ['susan@example.com'] * 3
    assert ask_for_reset(apps[0].test_client(), 'john@example.com', '10.0.0.1') == [SENT]
    assert recipients(mailbox)[3:] == ['john@example.com']


def test_an_address_gets_three_links_of_all_kinds_and_people(
    make_apps: MakeApps, make_user: MakeUser, mailbox: Mailbox
) -> None:
    [app, *_] = make_apps(1)
    people = [make_user(name, OLD) for name in ('eve', 'mallory', 'trudy')]
    clients = [client_of(app, person) for person in people]
    spellings = ['new@faß.de', 'New@FAß.de', 'new@xn--fa-hia.de']
    for client, email in zip(clients, spellings, strict=True):
        assert ask_for_change(client, email) == [ASKED]
    assert ask_for_change(clients[0], 'new@faß.de') == [ENOUGH]
    make_user('late', email='new@xn--fa-hia.de')
    assert ask_for_reset(app.test_client(), 'new@xn--fa-hia.de', '10.0.0.1') == [SENT]
    assert len(mailbox.mails) == 3
    assert ask_for_change(clients[0], 'other@example.com') == [ASKED]
    assert recipients(mailbox)[3:] == ['other@example.com']


@pytest.mark.parametrize('is_known', [False, True])
def test_claiming_an_address_neither_tells_of_its_owner_nor_keeps_them_out(
    make_apps: MakeApps, make_user: MakeUser, mailbox: Mailbox, is_known: bool
) -> None:
    [app] = make_apps(1, CONFIRM_EMAIL=True)
    if is_known:
        make_user('susan', email='susan@example.com')
    eve = client_of(app, make_user('eve', OLD))
    for number in range(2):
        ask_for_reset(app.test_client(), 'susan@example.com', f'10.0.0.{number}')
    answers = [ask_for_change(eve, 'susan@example.com') for _ in range(4)]
    assert answers == [[ASKED]] * 3 + [[ENOUGH]]
    before = len(mailbox.mails)
    ask_for_reset(app.test_client(), 'susan@example.com', '10.0.0.9')
    assert len(mailbox.mails) - before == is_known


def test_nobody_uses_up_what_tells_the_owner(
    make_apps: MakeApps, make_user: MakeUser, mailbox: Mailbox
) -> None:
    [app, *_] = make_apps(1)
    susan = make_user('susan')
    with app.test_request_context():
        for _ in range(5):
            send_password_reset_email(susan)
        for _ in range(5):
            send_email_changed_email(susan, 'susan@example.com')
        wait_for_threads()
        db.session.rollback()
    subjects = sorted(str(mail['Subject']) for mail in mailbox.mails)
    reset, told = '[Microblog] Reset Your Password', '[Microblog] Your Email Address Was Changed'
    assert subjects == [reset] * 3 + [told]


@pytest.mark.parametrize(
    ('username', 'greeting'),
    [
        ('susan', 'Dear susan,'),
        ('süß-san_9', 'Dear süß-san_9,'),
        ('evil.com', 'Hello,'),
        ('evil.com/x', 'Hello,'),
        ('https://evil', 'Hello,'),
        ('your bill is due', 'Hello,'),
    ],
)
def test_a_name_cannot_be_an_advertisement(
    app_with_mail: Flask, make_user: MakeUser, mailbox: Mailbox, username: str, greeting: str
) -> None:
    user = make_user(username, email='stranger@example.com')
    with app_with_mail.test_request_context():
        send_password_reset_email(user)
        wait_for_threads()
    [mail] = mailbox.mails
    for kind in ('plain', 'html'):
        body = mail.get_body((kind,))
        assert body is not None
        text = body.get_content()
        assert greeting in text
        assert (username in text) is (username in greeting)
