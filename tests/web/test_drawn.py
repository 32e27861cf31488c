"""A post's HTML is kept and shown to many: what it shows is never old, and never one reader's."""

from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask, current_app
from flask.testing import FlaskClient

from app import db
from app.models import Post, User
from tests.conftest import MakeUser
from tests.pages import bodies

LogIn = Callable[[User], FlaskClient]


@pytest.fixture
def readers(make_user: MakeUser) -> list[User]:
    return [make_user('john'), make_user('mary')]


@pytest.fixture
def post(make_user: MakeUser) -> Post:
    post = Post(body='Guten Tag', author=make_user('susan'), language='de')
    db.session.add(post)
    db.session.commit()
    return post


@pytest.fixture
def drawings(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids of posts that were drawn, one for each time."""
    app.extensions['drawn'].clear()
    module = app.jinja_env.get_template('_post.html').module
    drawn, draw = [], module.draw  # type: ignore[attr-defined]

    def spy(post: Post, *arguments: object) -> str:
        drawn.append(post.id)
        html: str = draw(post, *arguments)
        return html

    monkeypatch.setattr(module, 'draw', spy)
    return drawn


def test_a_post_is_drawn_once_for_all(
    log_in: LogIn, readers: list[User], post: Post, drawings: list[int]
) -> None:
    pages = [log_in(reader).get(path) for reader in readers for path in ('/explore', '/user/susan')]
    assert [bodies(page) for page in pages] == [['Guten Tag']] * 4
    assert drawings == [post.id]
    for html in current_app.extensions['drawn'].values():
        assert 'john' not in html
        assert 'csrf' not in html


@pytest.mark.parametrize(
    ('name', 'value', 'shown'),
    [
        ('body', 'Good day', 'Good day'),
        ('language', 'en', 'lang="en"'),
        ('edited', datetime(2026, 11, 21), '<time datetime="2026-11-21'),
        ('reply_count', 3, '>Answer 3<'),
        ('like_count', 3, '>Like 3<'),
        ('repost_count', 3, '>Repost 3<'),
        ('author.username', 'suse', 'href="/user/suse"'),
        ('author.avatar_digest', 'ab' * 16, f'<img src="/media/ab/{"ab" * 16}-96.webp"'),
        ('author.email', 'b@example.com', 'https://www.gravatar.com/avatar/'),
    ],
)
def test_what_changes_is_seen(
    log_in: LogIn, readers: list[User], post: Post, name: str, value: object, shown: str
) -> None:
    client = log_in(readers[0])
    before = client.get('/explore').text
    *path, attribute = name.split('.')
    setattr(post.author if path else post, attribute, value)
    db.session.commit()
    after = client.get('/explore').text
    assert shown in after
    assert before.count('<article') == after.count('<article') == 1
    assert before.partition('<article')[2] != after.partition('<article')[2]


def test_each_reader_has_their_own_language_and_links(
    app: Flask, log_in: LogIn, readers: list[User], post: Post
) -> None:
    app.config['MS_TRANSLATOR_KEY'] = 'key'
    john, mary = readers
    mary.language = 'de'
    db.session.commit()
    in_english, in_german = log_in(john).get('/explore').text, log_in(mary).get('/explore').text
    assert ' said <a href=/post/' in in_english
    assert ' said <a href=/post/' not in in_german
    translation = f'id="translation{post.id}"'
    assert translation in in_english
    assert translation not in in_german
    # Nobody is offered a translation of what they have written.
    assert translation not in log_in(post.author).get('/explore').text


def test_links_stay_below_the_path_of_the_application(
    log_in: LogIn, readers: list[User], post: Post
) -> None:
    client = log_in(readers[0])
    assert 'href="/user/susan"' in client.get('/explore').text
    below = client.get('/explore', environ_overrides={'SCRIPT_NAME': '/blog'}).text
    assert 'href="/blog/user/susan"' in below
    assert 'href="/user/susan"' not in below


def test_what_was_looked_for_is_marked_there_only(
    log_in: LogIn, readers: list[User], post: Post
) -> None:
    client = log_in(readers[0])
    assert '<mark>' not in client.get('/explore').text
    assert '<mark>Tag</mark>' in client.get('/search?q=tag').text
    assert '<mark>' not in client.get('/explore').text


def test_what_all_pages_have_is_kept_for_each_language_and_kind_of_visitor(
    app: Flask, client: FlaskClient, log_in: LogIn, readers: list[User]
) -> None:
    app.extensions['drawn'].clear()
    german = {'Accept-Language': 'de'}
    for _once_more in range(2):
        login, ours = client.get('/auth/login').text, log_in(readers[0]).get('/explore').text
        assert 'aria-current="page">' in login.partition('/auth/login')[2].partition('</a>')[0]
        assert '/auth/logout' not in login
        assert '/auth/logout' in ours
        assert 'js/notifications' in ours
        assert 'js/notifications' not in login
        assert 'data-hour="an hour ago"' in login
        assert '<button name="language" value="en"' in login
        assert 'aria-current="true">English' in login
        in_german = client.get('/auth/login', headers=german).text
        assert 'data-hour="vor einer Stunde"' in in_german
        assert 'aria-current="true">Deutsch' in in_german
        assert 'Benutzername' in in_german
        assert 'href="/auth/register"' in in_german
        typed = client.post('/auth/login', data={'username': 'somebody', 'password': ''}).text
        assert 'value="somebody"' in typed
        assert 'This field is required.' in typed
        assert 'This field is required.' not in client.get('/auth/login').text
