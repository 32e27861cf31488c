"""Setting a new password by mail (chapter 10), through a real mail server."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import db
from app.models import User
from tests.auth.conftest import AtOnce, wait_for_threads
from tests.conftest import MakeUser
from tests.mailbox import Mailbox
from tests.pages import errors, flashes, heading, title

SENT = 'Check your email for the instructions to reset your password'
INVALID = 'This link is invalid or has expired.'
PASSWORDS = {'password': 'a new one', 'password2': 'a new one'}


@pytest.fixture
def app(app_with_mail: Flask) -> Flask:
    return app_with_mail


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    return make_user('susan', 'the old one')


def ask(client: FlaskClient, email: str) -> None:
    response = client.post('/auth/reset_password_request', data={'email': email})
    assert (response.status_code, response.location) == (302, '/auth/login')
    assert flashes(client.get('/auth/login')) == [SENT]


def test_the_pages(client: FlaskClient, susan: User) -> None:
    response = client.get('/auth/reset_password_request')
    assert title(response) == 'Reset Password - Microblog'
    assert heading(response) == 'Reset Password'
    assert 'value="Request Password Reset"' in response.text
    assert 'Forgot Your Password?' in client.get('/auth/login').text
    response = client.get(f'/auth/reset_password/{susan.get_reset_password_token()}')
    assert title(response) == 'Set a new password - Microblog'
    assert heading(response) == 'Reset Your Password'
    assert 'value="Set a new password"' in response.text


def test_no_mail_is_promised_where_none_is_sent(
    make_app: Callable[..., Flask], log_in: Callable[[User], FlaskClient], susan: User
) -> None:
    client = make_app(MAIL_SERVER=None).test_client()
    for email in (susan.email, 'nobody@example.com'):
        client.post('/auth/reset_password_request', data={'email': email})
        assert flashes(client.get('/auth/login')) == [
            'This site sends no mails. '
            'Please ask its administrators for the link, which is in their log.'
        ]
    wait_for_threads()


def test_the_whole_story(client: FlaskClient, susan: User, mailbox: Mailbox) -> None:
    ask(client, 'SUSAN@example.com')
    [mail] = mailbox.wait_for(1)
    assert mail['Subject'] == '[Microblog] Reset Your Password'
    assert mail['To'] == 'susan@example.com'
    assert mail['From'] == 'your-email@example.com'
    text, html = (mail.get_body((kind,)) for kind in ('plain', 'html'))
    assert text is not None
    assert html is not None
    body = text.get_content()
    assert 'Dear susan,' in body
    assert 'The Microblog Team' in body
    [link] = re.findall(r'http://localhost/auth/reset_password/\S+', body)
    assert f'href="{link}"' in html.get_content()

    path = link.removeprefix('http://localhost')
    response = client.post(path, data=PASSWORDS)
    assert (response.status_code, response.location) == (302, '/auth/login')
    assert flashes(client.get('/auth/login')) == ['Your password has been reset.']
    assert susan.check_password('a new one')
    assert not susan.check_password('the old one')

    response = client.post(path, data=PASSWORDS)
    assert response.location == '/index'
    assert INVALID in flashes(client.get('/auth/login'))


def test_an_unknown_address_gets_the_same_answer_and_no_mail(
    client: FlaskClient, susan: User, mailbox: Mailbox
) -> None:
    ask(client, 'nobody@example.com')
    wait_for_threads()
    assert mailbox.mails == []


NO_ADDRESSES = ['', 'nonsense', 'a@b', 'josé@example.com', 'a@example.com\r\nBcc: b@example.com']


@pytest.mark.parametrize('email', NO_ADDRESSES)
def test_what_is_no_address(client: FlaskClient, mailbox: Mailbox, email: str) -> None:
    response = client.post('/auth/reset_password_request', data={'email': email})
    assert response.status_code == 200
    assert errors(response, 'email')
    assert mailbox.mails == []


def test_a_domain_may_have_any_letters(client: FlaskClient, mailbox: Mailbox) -> None:
    typed = {'username': 'susan', 'email': 'susan@bücher.example', **PASSWORDS}
    assert client.post('/auth/register', data=typed).status_code == 302
    client.post('/auth/reset_password_request', data={'email': 'susan@bücher.example'})
    [mail] = mailbox.wait_for(1)
    assert mail['To'] == 'susan@xn--bcher-kva.example'


def test_a_new_password_obeys_the_rules(client: FlaskClient, susan: User) -> None:
    path = f'/auth/reset_password/{susan.get_reset_password_token()}'
    short = client.post(path, data={'password': 'short', 'password2': 'short'})
    assert errors(short, 'password') == ['A password must have at least 8 characters.']
    own = client.post(path, data={'password': 'susan-susan', 'password2': 'susan-susan'})
    assert 'too close to your name' in errors(own, 'password')[0]
    different = client.post(path, data={'password': 'a new one', 'password2': 'another'})
    assert errors(different, 'password2') == ['Field must be equal to password.']
    assert susan.check_password('the old one')


def test_of_four_at_once_one_uses_the_link(app: Flask, susan: User, at_once: AtOnce) -> None:
    path = f'/auth/reset_password/{susan.get_reset_password_token()}'
    passwords = [f'new one {number}' for number in range(4)]
    clients = {password: app.test_client() for password in passwords}
    responses = at_once(
        User,
        'verify_reset_password_token',
        [
            partial(client.post, path, data={'password': password, 'password2': password})
            for password, client in clients.items()
        ],
    )
    locations = sorted(str(response.location) for response in responses)
    assert locations == ['/auth/login', '/index', '/index', '/index']
    db.session.rollback()
    [password] = [p for p in passwords if susan.check_password(p)]
    for other, client in clients.items():
        told = 'Your password has been reset.' if other == password else INVALID
        assert told in flashes(client.get('/auth/login'))


def forged(app: Flask, susan: User, **changes: object) -> str:
    """A token like susan's own but for `changes`."""
    key = app.config['SECRET_KEY']
    claims = jwt.decode(susan.get_reset_password_token(), key, algorithms=['HS256'])
    return jwt.encode({**claims, **changes}, key, algorithm='HS256')


TOKENS: dict[str, Callable[[Flask, User], str]] = {
    'expired': lambda app, susan: susan.get_reset_password_token(expires_in=-1),
    'tampered': lambda app, susan: susan.get_reset_password_token()[:-2] + 'xx',
    'of another purpose': lambda app, susan: susan.get_change_email_token('x@example.com'),
    'with another key': lambda app, susan: jwt.encode(
        {'reset_password': susan.id, 'exp': datetime.now(UTC) + timedelta(hours=1)},
        'x' * 32,
        'HS256',
    ),
    'unsigned': lambda app, susan: jwt.encode({'reset_password': susan.id}, '', algorithm='none'),
    'without an end': lambda app, susan: jwt.encode(
        {'reset_password': susan.id}, app.config['SECRET_KEY'], 'HS256'
    ),
    'of nobody': lambda app, susan: forged(app, susan, reset_password=999),
    'of a text': lambda app, susan: forged(app, susan, reset_password='1'),
    'of a number beyond all': lambda app, susan: forged(app, susan, reset_password=2**70),
    'of another state': lambda app, susan: forged(app, susan, state='x'),
    'no token': lambda app, susan: 'nonsense',
    'three dots': lambda app, susan: '...',
    'not even text': lambda app, susan: '%00%ff',
}


@pytest.mark.parametrize('kind', TOKENS)
def test_tokens_that_are_no_good(app: Flask, client: FlaskClient, susan: User, kind: str) -> None:
    token = TOKENS[kind](app, susan)
    assert User.verify_reset_password_token(token) is None
    for response in (
        client.get(f'/auth/reset_password/{token}'),
        client.post(f'/auth/reset_password/{token}', data=PASSWORDS),
    ):
        assert (response.status_code, response.location) == (302, '/index')
    assert susan.check_password('the old one')


def test_a_token_of_a_deleted_account(susan: User) -> None:
    token = susan.get_reset_password_token()
    assert User.verify_reset_password_token(token) == susan
    db.session.delete(susan)
    db.session.commit()
    assert User.verify_reset_password_token(token) is None


def test_a_foreign_host_never_gets_into_a_link(
    client: FlaskClient, susan: User, mailbox: Mailbox
) -> None:
    response = client.post(
        '/auth/reset_password_request',
        data={'email': susan.email},
        headers={'Host': 'evil.example'},
    )
    assert response.location == '/auth/login'
    wait_for_threads()
    assert mailbox.mails == []


@pytest.mark.parametrize(
    ('site', 'mounted_at', 'address'),
    [
        ('https://microblog.example', '', 'https://microblog.example'),
        ('https://microblog.example/under', '', 'https://microblog.example/under'),
        ('https://microblog.example', '/blog', 'https://microblog.example/blog'),
        ('https://microblog.example/blog', '/blog', 'https://microblog.example/blog'),
        (None, '/blog', 'http://localhost/blog'),
        (None, '', 'http://localhost'),
    ],
)
def test_the_sites_own_address_is_in_the_link(
    make_app: Callable[..., Flask],
    susan: User,
    mailbox: Mailbox,
    site: str | None,
    mounted_at: str,
    address: str,
) -> None:
    app = make_app(
        MAIL_SERVER='127.0.0.1', MAIL_PORT=mailbox.port, MAIL_SUPPRESS_SEND=False, SITE_URL=site
    )
    app.test_client().post(
        '/auth/reset_password_request',
        data={'email': susan.email},
        environ_overrides={'SCRIPT_NAME': mounted_at},
    )
    [mail] = mailbox.wait_for(1)
    wait_for_threads()
    part = mail.get_body(('plain',))
    assert part is not None
    assert f'\n{address}/auth/reset_password/' in part.get_content()


def test_a_link_leads_to_this_machine_under_its_ipv6_address_too(
    client: FlaskClient, susan: User, mailbox: Mailbox
) -> None:
    data = {'email': susan.email}
    client.post('/auth/reset_password_request', data=data, headers={'Host': '[::1]:5000'})
    [mail] = mailbox.wait_for(1)
    wait_for_threads()
    part = mail.get_body(('plain',))
    assert part is not None
    assert '\nhttp://[::1]:5000/auth/reset_password/' in part.get_content()


def test_a_host_that_is_not_ours_gets_the_error_page(make_app: Callable[..., Flask]) -> None:
    client = make_app(TRUSTED_HOSTS=['microblog.example']).test_client()
    response = client.get('/auth/login', headers={'Host': 'evil.example'})
    assert response.status_code == 400
    assert heading(response) == 'Bad Request'
    assert client.get('/auth/login', headers={'Host': 'microblog.example'}).status_code == 200
