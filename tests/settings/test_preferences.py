"""What a person chooses: language and colours, what they are told, who may write to them."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app import db
from app.models import Activity, Post, User
from app.models.activity import KINDS
from tests.conftest import MakeUser
from tests.pages import flashes

LogIn = Callable[[User], FlaskClient]
DARK = re.compile(r'<link rel="stylesheet" href="[^"]*/dark[^"]*"( media="[^"]*")?>')


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    return make_user('susan')


@pytest.fixture
def john(make_user: MakeUser) -> User:
    return make_user('john')


@pytest.mark.parametrize(
    ('chosen', 'meta', 'link'),
    [
        ('', 'light dark', ' media="(prefers-color-scheme: dark)"'),
        ('dark', 'dark', None),
        ('light', 'light', 'none'),
    ],
)
def test_colors(log_in: LogIn, susan: User, chosen: str, meta: str, link: str | None) -> None:
    client = log_in(susan)
    # Of somebody else nothing is kept for this page.
    before = client.get('/settings/look').text
    assert '<meta name="color-scheme" content="light dark">' in before
    client.post('/settings/look', data={'language': '', 'color_scheme': chosen})
    for path in ('/settings/look', '/nothing'):
        page = client.get(path).text
        assert f'<meta name="color-scheme" content="{meta}">' in page
        found = DARK.search(page)
        assert (found[1] if found else 'none') == link
    stranger = client.application.test_client()
    assert '<meta name="color-scheme" content="light dark">' in stranger.get('/auth/login').text


def test_the_language(log_in: LogIn, susan: User) -> None:
    client = log_in(susan)
    client.post('/settings/look', data={'language': 'es', 'color_scheme': ''})
    page = client.get('/settings/look')
    assert flashes(page) == ['Se han guardado los cambios.']
    assert 'lang="es"' in page.text
    client.post('/settings/look', data={'language': '', 'color_scheme': ''})
    page = client.get('/settings/look', headers={'Accept-Language': 'fr'})
    assert 'lang="fr"' in page.text
    bad = client.post('/settings/look', data={'language': 'xx', 'color_scheme': 'pink'})
    assert bad.status_code == 200
    db.session.refresh(susan)
    assert (susan.language, susan.color_scheme) == (None, None)


def do(kind: str, actor: User, post: Post) -> None:
    """Let `actor` do to the author of `post` what that kind of activity tells of."""
    author = post.author
    {
        'follow': lambda: actor.follow(author),
        'answer': lambda: db.session.add(Post(body='x', author=actor, in_reply_to=post.id)),
        'mention': lambda: db.session.add(Post(body=f'@{author.username}', author=actor)),
        'like': lambda: actor.like(post),
        'repost': lambda: actor.repost(post),
    }[kind]()
    db.session.commit()


@pytest.mark.parametrize('kind', KINDS)
def test_what_is_not_wanted_is_not_told(log_in: LogIn, susan: User, john: User, kind: str) -> None:
    post = Post(body='hello', author=susan)
    db.session.add(post)
    db.session.commit()
    wanted = {each: 'y' for each in KINDS if each != kind}
    client = log_in(susan)
    saved = client.post('/settings/notices', data={**wanted, 'submit': '1'})
    assert saved.location == '/settings/notices'
    page = client.get('/settings/notices').text
    assert page.count(' checked') == len(KINDS) - 1
    for each in KINDS:
        do(each, john, post)
    told = db.session.scalars(db.select(Activity.kind).where(Activity.user_id == susan.id))
    assert sorted(told) == sorted(wanted)
    db.session.refresh(susan)
    assert susan.unread_activity_count == len(KINDS) - 1
    # Taking back what nobody was told of is no trouble.
    john.unfollow(susan)
    john.unlike(post)
    john.unrepost(post)
    db.session.commit()


@pytest.mark.parametrize(
    ('choice', 'of_stranger', 'of_followed'),
    [('everybody', True, True), ('followed', False, True), ('nobody', False, False)],
)
def test_who_may_write(
    log_in: LogIn, susan: User, john: User, choice: str, of_stranger: bool, of_followed: bool
) -> None:
    susan.send_message(john, 'I write to you')  # which lets nobody answer
    db.session.commit()
    log_in(susan).post('/settings/messages', data={'messages_from': choice})
    token = john.get_token()
    db.session.commit()
    pages = log_in(john)
    name = susan.id, {'Authorization': f'Bearer {token}'}
    for is_allowed in (of_stranger, of_followed):
        received = number_received(susan)
        for path in ('/send_message/susan', '/messages/with/susan'):
            assert ('takes no messages from you' in pages.get(path).text) != is_allowed
            sent = pages.post(path, data={'message': 'hello'})
            assert (sent.status_code == 302) == is_allowed
        answer = pages.post(
            '/api/messages', json={'recipient_id': name[0], 'body': 'hello'}, headers=name[1]
        )
        assert answer.status_code == (201 if is_allowed else 403)
        if not is_allowed:
            assert answer.get_json()['message'] == 'this person takes no messages from you'
        assert number_received(susan) == received + (3 if is_allowed else 0)
        susan.follow(john)
        db.session.commit()


def number_received(user: User) -> int:
    db.session.refresh(user)
    return user.unread_message_count
