"""Passkeys: making, naming, using and removing them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app import db
from app.database import utcnow
from app.models import LoginSession, Passkey, User
from app.models.passkey import MOST
from tests.api.conftest import PASSWORD, PASSWORD_HASH
from tests.auth.conftest import app_with_mail, mailbox, wait_for_threads  # noqa: F401 (fixtures)
from tests.authenticator import Authenticator, give_passkey, options_for
from tests.codes import give_codes
from tests.conftest import MakeUser
from tests.mailbox import Mailbox
from tests.pages import errors, flashes, link

PAGE = '/settings/passkeys'


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    return make_user('susan', password_hash=PASSWORD_HASH)


def log_in(app: Flask) -> FlaskClient:
    client = app.test_client()
    client.post('/auth/login', data={'username': 'susan', 'password': PASSWORD})
    return client


def test_from_adding_to_removing(
    app_with_mail: Flask,  # noqa: F811 (a fixture)
    mailbox: Mailbox,  # noqa: F811 (a fixture)
    susan: User,
) -> None:
    owner = log_in(app_with_mail)
    assert 'You have no passkey.' in owner.get(PAGE).text
    owner.environ_base['HTTP_USER_AGENT'] = 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0'
    give_passkey(owner)
    assert flashes(owner.get(PAGE)) == ['The passkey was added.']
    path = link(owner.get(PAGE), 'Firefox (Linux)')
    assert path is not None
    assert 'Not used yet' in owner.get(PAGE).text
    assert owner.post(path, data={'name': ' The blue one '}).location == PAGE
    assert link(owner.get(PAGE), 'The blue one') == path
    for name in ('', 'x' * 65, '\0'):
        assert errors(owner.post(path, data={'name': name}), 'name')
    assert owner.post(path, data={'remove': 'y'}).location == PAGE
    assert owner.get(path).status_code == 404
    assert 'You have no passkey.' in owner.get(PAGE).text
    mails = [mail.get_body(['plain']) for mail in mailbox.wait_for(2)]
    bodies = [body.get_content() for body in mails if body is not None]
    for what in ('A passkey was added to your account.', 'A passkey of your account was removed.'):
        assert sum(what in body for body in bodies) == 1


@pytest.mark.parametrize('has_second_factor', [False, True])
@pytest.mark.parametrize('remember', [False, True])
def test_a_passkey_is_enough_to_log_in(
    app: Flask, susan: User, has_second_factor: bool, remember: bool
) -> None:
    device = give_passkey(log_in(app))
    if has_second_factor:
        give_codes(susan)
    client = app.test_client()
    data = {'credential': device.show(options_for(client))}
    if remember:
        data['remember_me'] = 'y'
    response = client.post('/auth/login?next=/explore', data=data)
    assert response.location == '/explore'
    assert (client.get_cookie('remember_token') is not None) == remember
    assert 'Last used:' in client.get(PAGE).text  # a proof, too


def test_a_passkey_in_place_of_the_code(app: Flask, susan: User) -> None:
    device = give_passkey(log_in(app))
    give_codes(susan)
    client = log_in(app)
    assert client.get('/index').status_code == 302
    options = options_for(client, '/auth/passkey_options?step=2')
    assert len(options['allowCredentials']) == 1
    answer = {'credential': device.show(options)}
    response = client.post('/auth/second_factor?next=/explore', data=answer)
    assert response.location == '/explore'
    assert client.get('/index').status_code == 200
    # To a stranger nothing is told of whose passkeys there are.
    stranger = options_for(app.test_client(), '/auth/passkey_options?step=2')
    assert not stranger.get('allowCredentials')


def test_a_passkey_is_a_proof_in_place_of_the_password(app: Flask, susan: User) -> None:
    client = log_in(app)
    assert 'data-passkey' not in client.get('/auth/prove').text
    device = give_passkey(client)
    yesterday = utcnow() - timedelta(days=1)
    db.session.execute(update(LoginSession).values(proved=yesterday))
    db.session.commit()
    prove = client.get(PAGE).location
    assert 'data-passkey' in client.get(prove).text
    answer = {'credential': device.show(options_for(client))}
    assert client.post(prove, data=answer).location == PAGE
    assert client.get(PAGE).status_code == 200


def test_an_account_has_so_many_and_each_once(app: Flask, susan: User) -> None:
    owner = log_in(app)
    device = give_passkey(owner)
    options = options_for(owner, f'{PAGE}/options')
    assert len(options['excludeCredentials']) == 1
    owner.post(PAGE, data={'credential': device.make(options)})
    assert len(susan.passkeys()) == 1
    for _ in range(MOST):
        give_passkey(owner)
    assert len(susan.passkeys()) == MOST


def test_they_go_with_the_account_or_when_an_admin_resets_it(
    app: Flask, susan: User, make_user: MakeUser
) -> None:
    give_passkey(log_in(app))
    app.test_cli_runner().invoke(args=['user', 'reset-2fa', 'susan'])
    wait_for_threads()
    assert susan.passkeys() == []
    give_passkey(log_in(app))
    db.session.delete(susan)
    db.session.commit()
    assert db.session.query(Passkey).all() == []


@pytest.mark.parametrize(
    ('site', 'domain', 'origin'),
    [
        ('https://microblog.example', 'microblog.example', 'https://microblog.example'),
        ('https://Microblog.example:443/blog', 'microblog.example', 'https://microblog.example'),
        ('http://localhost:5000', 'localhost', 'http://localhost:5000'),
    ],
)
def test_they_belong_to_the_address_that_the_site_has(
    make_app: Callable[..., Flask], susan: User, site: str, domain: str, origin: str
) -> None:
    app = make_app(SITE_URL=site)
    owner = log_in(app)
    options = options_for(owner, f'{PAGE}/options')
    assert options['rp']['id'] == domain
    answer = Authenticator().make(options, origin=origin, domain=domain)
    owner.post(PAGE, data={'credential': answer})
    assert len(susan.passkeys()) == 1


def test_where_the_site_has_no_name_there_is_no_button(
    make_app: Callable[..., Flask], susan: User
) -> None:
    nameless = make_app(SITE_URL='http://10.1.2.3:5000')
    assert 'data-passkey' not in nameless.test_client().get('/auth/login').text
    page = log_in(nameless).get(PAGE).text
    assert 'takes a site with a name' in page
    assert 'data-passkey' in make_app().test_client().get('/auth/login').text
