"""Who somebody is, in a few lines (chapter 20)."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app import db
from app.models import Post, User
from tests.conftest import MakeUser
from tests.main.test_query_counts import count
from tests.pages import flashes

LogIn = Callable[[User], FlaskClient]


@pytest.fixture
def john(make_user: MakeUser) -> User:
    return make_user('john', about_me='I <3 cats\nand https://example.org')


def test_a_popup(log_in: LogIn, susan: User, john: User) -> None:
    response = log_in(susan).get('/user/John/popup')
    assert response.status_code == 200
    text = response.text
    assert '<html' not in text
    assert 'href="/user/john"' in text
    assert 's=64' in text
    assert 'I &lt;3 cats' in text
    assert 'Last seen on: <time' in text
    assert 'data-format="lll"' in text
    assert '0 followers, 0 following' in text
    assert 'action="/follow/john"' in text
    assert 'value="Follow"' in text


def test_following_and_unfollowing(log_in: LogIn, susan: User, john: User) -> None:
    client = log_in(susan)
    script = {'X-Requested-With': 'popup'}
    response = client.post('/follow/john', headers=script)
    assert (response.status_code, response.location) == (303, '/user/john/popup')
    text = client.get('/user/john/popup').text
    assert '1 follower, 0 following' in text
    assert 'action="/unfollow/john"' in text
    assert 'value="Unfollow"' in text
    assert client.post('/unfollow/john', headers=script).status_code == 303
    assert 'action="/follow/john"' in client.get('/user/john/popup').text
    # Nothing is left over to be said on the next page.
    assert flashes(client.get('/index')) == []


def test_ones_own(log_in: LogIn, susan: User) -> None:
    assert '<form' not in log_in(susan).get('/user/susan/popup').text


def test_unsaid_things_are_left_out(log_in: LogIn, susan: User, make_user: MakeUser) -> None:
    make_user('ghost', last_seen=None)
    db.session.execute(db.update(User).where(User.username == 'ghost').values(last_seen=None))
    db.session.commit()
    text = log_in(susan).get('/user/ghost/popup').text
    assert 'Last seen' not in text
    assert 'about' not in text


def test_nobody(log_in: LogIn, client: FlaskClient, susan: User) -> None:
    assert log_in(susan).get('/user/nobody/popup').status_code == 404
    response = client.get('/user/susan/popup')
    assert response.status_code == 302
    assert response.location.startswith('/auth/login')


def test_names_in_posts_have_one(log_in: LogIn, susan: User, make_user: MakeUser) -> None:
    db.session.add(Post(body='hello', author=make_user('a+b@ü')))
    db.session.commit()
    text = log_in(susan).get('/explore').text
    assert '<span class="user_popup"><a href="/user/a+b@%C3%BC"' in text


def test_queries(log_in: LogIn, susan: User, john: User) -> None:
    client = log_in(susan)
    client.get('/index')
    assert count(client, '/user/john/popup') == 3
