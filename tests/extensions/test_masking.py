"""What somebody who sees how long compressed pages are cannot learn from that."""

import re
from collections.abc import Callable

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from itsdangerous.encoding import base64_decode, base64_encode

from tests.conftest import MakeUser, session_of
from tests.pages import bodies, csrf_token


def secret_of(token: str) -> str:
    """What the token says, without its mask."""
    mask = base64_decode(token)
    half = len(mask) // 2
    return bytes(one ^ other for one, other in zip(mask[:half], mask[half:], strict=True)).hex()


TOKEN = re.compile(r'(?:name="csrf_token"[^>]* value|data-csrf-token)="([^"]+)"')


@pytest.fixture
def client(make_app: Callable[..., Flask], make_user: MakeUser) -> FlaskClient:
    """A browser in which susan is logged in, who has a message and may have posts translated."""
    app = make_app(WTF_CSRF_ENABLED=True, MS_TRANSLATOR_KEY='key')
    client = app.test_client()
    susan, john = make_user('susan'), make_user('john')
    john.send_message(susan, 'hello')
    with client.session_transaction() as session:
        session['_user_id'] = session_of(susan)
    return client


@pytest.mark.parametrize(
    'path',
    ['/index', '/explore', '/user/john', '/user/john/popup', '/messages', '/messages/with/john']
    + ['/send_message/john', '/edit_profile', '/export_posts', '/auth/change_email', '/nothing'],
)
def test_a_token_reads_differently_in_each_answer(client: FlaskClient, path: str) -> None:
    pages = [client.get(path).text for _ in range(3)]
    tokens = [set(TOKEN.findall(page)) for page in pages]
    assert {len(found) for found in tokens} == {1}  # which compresses best
    assert len(set.union(*tokens)) == 3
    with client.session_transaction() as session:
        secret = session['csrf_token']
    # What Flask-WTF would write.
    plain = base64_encode(f'"{secret}"').decode()
    assert all(plain not in page and secret not in page for page in pages)
    assert all(secret_of(token) == secret for found in tokens for token in found)


def test_a_page_is_longer_by_chance(client: FlaskClient) -> None:
    lengths = {len(client.get('/index').data) for _ in range(50)}
    assert len(lengths) > 10
    assert max(lengths) - min(lengths) > 30


def test_every_token_of_the_session_is_good(client: FlaskClient) -> None:
    """Those of pages that were opened before the last one, and before tokens had masks, too."""
    older, newer = csrf_token(client, '/index'), csrf_token(client, '/index')
    with client:
        client.get('/index')
        good = [newer, older, older, g.csrf_token]
    for number, token in enumerate(good):
        data = {'post': f'post {number}', 'csrf_token': token}
        assert client.post('/index', data=data).status_code == 302
        headers = {'X-CSRFToken': token}
        assert client.post('/language', data={'language': 'en'}, headers=headers).status_code == 302
        # A form that is asked itself.
        assert client.post('/follow/john', data={'csrf_token': token}).status_code == 302
        assert '>1 follower<' in client.get('/user/john').text
        client.post('/unfollow/john', data={'csrf_token': token})
    assert bodies(client.get('/index')) == ['post 3', 'post 2', 'post 1', 'post 0']


@pytest.mark.parametrize(
    'spoil',
    [
        lambda token: '',
        lambda token: token[:1],
        lambda token: token[:-1],
        lambda token: token[:-4],
        lambda token: ('B' if token[0] == 'A' else 'A') + token[1:],
        lambda token: token + token,
        secret_of,
        lambda token: 'é😀',
        lambda token: 'A' * 20_000,
    ],
)
def test_no_other_token_is_good(client: FlaskClient, spoil: Callable[[str], str]) -> None:
    token = spoil(csrf_token(client, '/index'))
    assert client.post('/index', data={'post': 'hi', 'csrf_token': token}).status_code == 400
    assert client.post('/follow/john', data={'csrf_token': token}).location == '/index'
    assert '>0 followers<' in client.get('/user/john').text
    assert bodies(client.get('/index')) == []
