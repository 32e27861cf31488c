"""What is stored of a person, as a file."""

import csv
import json
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO, StringIO
from tempfile import TemporaryFile
from typing import Any
from zipfile import ZipFile

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app import db
from app.database import utcnow
from app.media.images import avatar, photograph
from app.models import LoginSession, Post, User
from app.tasks import archive, everything
from tests.conftest import MakeUser
from tests.pictures import a_file, decoded

FILE = '/settings/data/microblog.zip'


def picture(make: Callable[[Any], Any]) -> Any:
    with TemporaryFile() as file:
        file.write(a_file())
        file.seek(0)
        return make(file)


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    susan, john, mary = (
        make_user('susan', 'cat', about_me='<script>me'),
        make_user('john'),
        make_user('mary'),
    )
    susan.follow(john)
    mary.follow(susan)
    first = Post(body='<script>alert("mine")</script>', author=susan)
    theirs = Post(body='theirs @susan', author=john)
    db.session.add_all([first, theirs])
    db.session.commit()
    media = susan.keep(picture(photograph))
    first.illustrate([(media.id, '"quoted" <alt>')])
    db.session.commit()
    susan.set_avatar(picture(avatar))
    susan.like(theirs)
    susan.bookmark(theirs)
    susan.repost(theirs)
    susan.send_message(john, 'to john')
    john.send_message(susan, 'from john')
    deleted = susan.send_message(mary, 'deleted by me')
    susan.delete_message(deleted)
    john.send_message(mary, 'a secret of others')
    susan.make_token('backup', ['read'], None)
    db.session.commit()
    return susan


def log_in(client: FlaskClient) -> None:
    client.post('/auth/login', data={'username': 'susan', 'password': 'cat'})


def file_of(client: FlaskClient) -> ZipFile:
    response = client.get(FILE)
    assert response.status_code == 200
    assert response.content_type == 'application/zip'
    assert response.headers['Content-Disposition'] == 'attachment; filename=microblog.zip'
    return ZipFile(BytesIO(response.data))


def test_everything_is_in_it(client: FlaskClient, susan: User) -> None:
    log_in(client)
    file = file_of(client)
    assert file.testzip() is None
    posts, account = (json.loads(file.read(f'{name}.json')) for name in ('posts', 'account'))
    assert posts == json.loads(client.get(f'/archive/{susan.id}/posts.json').data)
    [entry] = posts['posts']
    assert entry['media'][0]['alt'] == '"quoted" <alt>'
    assert decoded(file.read(entry['media'][0]['file'])).size == (60, 40)
    assert (
        decoded(file.read('pictures/profile.webp')).width
        == decoded(file.read('pictures/profile.webp')).height
    )
    [profile] = account['profile']
    assert (profile['username'], profile['email']) == ('susan', 'susan@example.com')
    assert [(m['body'], m['username']) for m in account['messages_sent']] == [('to john', 'john')]
    received = [(m['body'], m['username']) for m in account['messages_received']]
    assert received == [('from john', 'john')]
    assert account['following'] == [{'username': 'john'}]
    assert account['followers'] == [{'username': 'mary'}]
    kinds = sorted((a['kind'], a['username']) for a in account['activity'])
    assert kinds == [('follow', 'mary'), ('mention', 'john')]
    assert account['tokens'] == [{'name': 'backup', 'scopes': 'read'}]
    [device] = account['devices']
    assert device['address'] == '127.0.0.1'
    assert [event['what'] for event in account['history']] == ['login']
    assert list(csv.reader(StringIO(file.read('following.csv').decode()))) == [
        ['username'],
        ['john'],
    ]


def test_no_secret_and_nothing_of_others_is_in_it(client: FlaskClient, susan: User) -> None:
    log_in(client)
    file = file_of(client)
    [token] = susan.named_tokens()
    session = db.session.scalars(db.select(LoginSession.token_hash)).one()
    secrets = [susan.password_hash, token.token_hash, session, 'a secret of others']
    secrets += ['john@example.com', 'deleted by me', susan.password_mark()]
    for name in file.namelist():
        for secret in secrets:
            assert str(secret).encode() not in file.read(name), (name, secret)


def test_the_pages_are_escaped_and_speak_the_language(client: FlaskClient, susan: User) -> None:
    susan.language = 'ar'
    db.session.commit()
    log_in(client)
    file = file_of(client)
    pages = [name for name in file.namelist() if name.endswith('.html')]
    for name in pages:
        text = file.read(name).decode()
        assert '<html lang="ar" dir="rtl">' in text
        assert '<script' not in text
        assert 'style=' not in text
    page = file.read('pages/posts-1.html').decode()
    assert '&lt;script&gt;alert(&#34;mine&#34;)&lt;/script&gt;' in page
    assert 'src="../pictures/' in page
    assert 'alt="&#34;quoted&#34; &lt;alt&gt;"' in page
    index = file.read('index.html').decode()
    for name in pages:
        assert name == 'index.html' or f'href="{name}"' in index


def test_it_takes_a_proof_and_is_ones_own(
    client: FlaskClient, susan: User, make_user: MakeUser, app: Flask
) -> None:
    assert client.get(FILE).status_code == 302
    log_in(client)
    db.session.execute(update(LoginSession).values(proved=utcnow() - timedelta(minutes=11)))
    db.session.commit()
    assert (client.get(FILE).location or '').startswith('/auth/prove?')
    make_user('eve', 'dog')
    other = app.test_client()
    other.post('/auth/login', data={'username': 'eve', 'password': 'dog'})
    account = json.loads(file_of(other).read('account.json'))
    assert [entry['username'] for entry in account['profile']] == ['eve']


def test_many_posts_are_read_in_batches(
    client: FlaskClient, susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (archive, everything):
        monkeypatch.setattr(module, 'BATCH', 2)
    db.session.add_all([Post(body=f'number {n}', author=susan) for n in range(4)])
    db.session.commit()
    log_in(client)
    file = file_of(client)
    pages = [name for name in file.namelist() if name.startswith('pages/posts-')]
    assert pages == [f'pages/posts-{n}.html' for n in (1, 2, 3)]
    assert 'href="posts-2.html"' in file.read('pages/posts-1.html').decode()
    assert len(json.loads(file.read('posts.json'))['posts']) == 5
