"""Profiles, editing one's own, and following (chapters 6 and 8)."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from urllib.parse import quote

import pytest
from flask import current_app
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import db
from app.forms.validators import FreeUsername
from app.models import Post, User
from tests.conftest import MakeUser
from tests.pages import bodies, errors, flashes, heading, link, people, tabs, title

LogIn = Callable[[User], FlaskClient]


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    return make_user('susan', about_me='I like\nhttps://example.org')


@pytest.fixture
def john(make_user: MakeUser) -> User:
    return make_user('john')


def test_ones_own_profile(log_in: LogIn, susan: User) -> None:
    response = log_in(susan).get('/user/susan')
    assert title(response) == 'susan - Microblog'
    assert heading(response) == 'User: susan'
    assert 'I like\n<a href="https://example.org"' in response.text
    assert re.search(r'Last seen on: <time [^>]*data-format="LLL"', response.text)
    assert susan.avatar(128).replace('&', '&amp;') in response.text
    assert link(response, 'Edit your profile') == '/edit_profile'
    assert 'value="Follow"' not in response.text
    assert 'value="Unfollow"' not in response.text


def test_somebody_elses_profile(log_in: LogIn, susan: User, john: User) -> None:
    response = log_in(john).get('/user/susan')
    assert heading(response) == 'User: susan'
    assert 'Edit your profile' not in response.text
    assert 'value="Follow"' in response.text


def test_a_profile_without_a_text_or_a_visit(log_in: LogIn, susan: User, john: User) -> None:
    john.last_seen = None
    db.session.commit()
    response = log_in(susan).get('/user/john')
    assert 'class="about"' not in response.text
    assert 'Last seen' not in response.text


def test_posts_and_answers_are_apart(log_in: LogIn, susan: User, john: User) -> None:
    post = Post(body='a post', author=susan)
    db.session.add(post)
    db.session.flush()
    for number in range(3):
        db.session.add(Post(body=f'answer {number}', author=susan, in_reply_to=post.id))
        db.session.commit()
    current_app.config['POSTS_PER_PAGE'] = 2
    client = log_in(john)
    posts = client.get('/user/susan')
    assert bodies(posts) == ['a post']
    assert tabs(posts) == ['*Posts', 'Answers']
    path = link(posts, 'Answers')
    assert path == '/user/susan/answers'
    answers = client.get(path)
    assert title(answers) == 'Answers by susan - Microblog'
    assert heading(answers) == 'User: susan'
    assert tabs(answers) == ['Posts', '*Answers']
    assert bodies(answers) == ['answer 2', 'answer 1']
    assert 'value="Follow"' in answers.text
    older = link(answers, 'Older posts')
    assert older is not None
    assert older.startswith('/user/susan/answers?')
    assert bodies(client.get(older)) == ['answer 0']
    assert 'There are no answers here.' in client.get('/user/john/answers').text


@pytest.mark.parametrize('name', ['SUSAN', 'ｓｕｓａｎ'])
def test_the_case_of_an_address_does_not_matter(log_in: LogIn, susan: User, name: str) -> None:
    assert heading(log_in(susan).get(f'/user/{name}')) == 'User: susan'


@pytest.mark.parametrize('name', ['a@b+c.d', 'мария', '小林', 'x' * 64, '100%25'])
def test_names_in_addresses(log_in: LogIn, make_user: MakeUser, name: str) -> None:
    user = make_user(name)
    page = log_in(user).get('/index')
    address = link(page, 'Profile')
    assert address is not None
    assert heading(log_in(user).get(address)) == f'User: {name}'


@pytest.mark.parametrize(
    'path',
    ['nobody', '%00', 'a%00b', '%ED%A0%80', '%FF', 'x' * 10_000, "'%20OR%201=1", '%25', '..']
    + ['susan/', 'nobody/followers', 'nobody/following', 'nobody/answers'],
)
def test_unknown_people(log_in: LogIn, susan: User, path: str) -> None:
    response = log_in(susan).get(f'/user/{path}')
    assert response.status_code == 404
    assert heading(response) == 'File Not Found'


def test_following(log_in: LogIn, susan: User, john: User) -> None:
    client = log_in(john)
    assert client.get('/follow/susan').status_code == 405
    response = client.post('/follow/susan')
    assert (response.status_code, response.location) == (302, '/user/susan')
    response = client.get('/user/susan')
    assert flashes(response) == ['You are following susan!']
    assert 'value="Unfollow"' in response.text
    assert '>1 follower</a>' in response.text
    assert '>0 following</a>' in response.text
    assert link(response, '1 follower') == '/user/susan/followers'
    assert link(response, '0 following') == '/user/susan/following'
    assert '>1 following</a>' in client.get('/user/john').text

    client.post('/follow/susan')
    assert '>1 follower</a>' in client.get('/user/susan').text

    response = client.post('/unfollow/susan')
    assert response.location == '/user/susan'
    response = client.get('/user/susan')
    assert flashes(response) == ['You are not following susan.']
    assert '>0 followers</a>' in response.text


@pytest.mark.parametrize(
    ('path', 'message', 'location'),
    [
        ('/follow/nobody', 'User nobody not found.', '/index'),
        ('/unfollow/nobody', 'User nobody not found.', '/index'),
        ('/follow/%00', 'User \0 not found.', '/index'),
        ('/follow/SUSAN', 'You cannot follow yourself!', '/user/susan'),
        ('/unfollow/susan', 'You cannot unfollow yourself!', '/user/susan'),
    ],
)
def test_who_cannot_be_followed(
    log_in: LogIn, susan: User, path: str, message: str, location: str
) -> None:
    client = log_in(susan)
    response = client.post(path)
    assert (response.status_code, response.location) == (302, location)
    assert flashes(client.get(location)) == [message]
    assert (susan.follower_count, susan.followed_count) == (0, 0)


def test_unfollowing_whom_one_does_not_follow(log_in: LogIn, susan: User, john: User) -> None:
    assert log_in(john).post('/unfollow/susan').location == '/user/susan'
    assert (susan.follower_count, john.followed_count) == (0, 0)


def test_lists_of_people(log_in: LogIn, make_user: MakeUser, susan: User) -> None:
    fans = [make_user(f'fan{number}', about_me='<b>fan</b>') for number in range(1, 6)]
    for fan in fans:
        fan.follow(susan)
    susan.follow(fans[0])
    db.session.commit()
    current_app.config['POSTS_PER_PAGE'] = 2
    client = log_in(susan)

    first = client.get('/user/Susan/followers')
    assert heading(first) == 'Followers of susan'
    assert people(first) == ['fan5', 'fan4']
    assert '<b>' not in first.text
    assert link(first, 'Newer members') is None
    older = link(first, 'Older members')
    assert older is not None
    second = client.get(older)
    assert people(second) == ['fan3', 'fan2']
    newer = link(second, 'Newer members')
    assert newer is not None
    assert people(client.get(newer)) == ['fan5', 'fan4']
    assert people(client.get('/user/susan/followers?page=3')) == ['fan1']
    assert people(client.get('/user/susan/followers?page=99999999999999999999')) == []
    assert people(client.get('/user/susan/followers?before=999999999999999999')) == ['fan5', 'fan4']

    response = client.get('/user/susan/following')
    assert heading(response) == 'Followed by susan'
    assert people(response) == ['fan1']
    assert 'Nobody yet.' in client.get('/user/fan2/followers').text


def buttons(response: TestResponse) -> list[tuple[str, str]]:
    """What the buttons in a list of people say to a screen reader, and what they ask for."""
    found = re.findall(
        r'<button [^>]*form="following" formaction="([^"]*)" aria-label="([^"]*)">', response.text
    )
    return [(label, action) for action, label in found]


@pytest.mark.parametrize('path', ['/people', '/user/mary/followers', '/search?q=john&kind=people'])
def test_following_from_a_list_leads_back_to_it(
    log_in: LogIn, susan: User, john: User, make_user: MakeUser, path: str
) -> None:
    mary = make_user('mary')
    db.session.add_all(Post(body='hello', author=author) for author in (susan, john))
    for fan in (susan, john):
        fan.follow(mary)
    db.session.commit()
    client = log_in(susan)
    response = client.get(path)
    # Nobody follows themselves.
    assert buttons(response) == [('Follow john', '/follow/john')]
    assert response.text.count('<form id="following"') == 1
    back = re.search(r'name="next" value="([^"]*)"', response.text)
    assert back is not None
    response = client.post('/follow/john', data={'next': unescape(back[1])})
    assert (response.status_code, response.location) == (302, path)
    response = client.get(path)
    assert flashes(response) == ['You are following john!']
    assert buttons(response) == [('Unfollow john', '/unfollow/john')]
    assert client.post('/unfollow/john', data={'next': path}).location == path
    assert buttons(client.get(path)) == [('Follow john', '/follow/john')]


@pytest.mark.parametrize('next_page', ['//evil.example', 'https://evil.example', '/\\evil', ''])
def test_following_leads_nowhere_else(
    log_in: LogIn, susan: User, john: User, next_page: str
) -> None:
    client = log_in(susan)
    assert client.post('/follow/john', data={'next': next_page}).location == '/user/john'
    assert client.post('/follow/nobody', data={'next': next_page}).location == '/index'


def test_people_who_wrote_lately(
    log_in: LogIn, susan: User, john: User, make_user: MakeUser
) -> None:
    mary, fan, silent = (make_user(name) for name in ('mary', 'fan', 'silent'))
    start = datetime(2024, 1, 1)
    for minute, author in enumerate([mary, susan, john, john, susan]):
        timestamp = start + timedelta(minutes=minute)
        db.session.add(Post(body='hello', author=author, timestamp=timestamp))
    db.session.commit()
    post = db.session.scalars(mary.posts.select()).one()
    # An answer and a repost are nothing that Explore shows.
    db.session.add(Post(body='an answer', author=silent, in_reply_to=post.id))
    fan.repost(post)
    db.session.commit()
    client = log_in(silent)
    assert link(client.get('/explore'), 'Find people') == '/people'
    response = client.get('/people')
    assert title(response) == 'People who wrote lately - Microblog'
    assert heading(response) == 'People who wrote lately'
    assert people(response) == ['susan', 'john', 'mary']
    assert link(response, 'Previous page') is None
    assert link(response, 'Next page') is None

    current_app.config['POSTS_PER_PAGE'] = 2
    first = client.get('/people')
    assert people(first) == ['susan', 'john']
    older = link(first, 'Next page')
    assert older is not None
    second = client.get(older)
    assert people(second) == ['mary']
    newer = link(second, 'Previous page')
    assert newer is not None
    assert people(client.get(newer)) == ['susan', 'john']
    assert people(client.get('/people?page=2')) == ['mary']
    for nonsense in ('page=x', 'before=x', 'after=1-2-3', 'before=9-99999999999999999999'):
        assert people(client.get(f'/people?{nonsense}')) == ['susan', 'john']
    assert people(client.get('/people?page=99999999999999999999')) == []


def test_who_has_not_written_lately_is_not_listed(
    log_in: LogIn, susan: User, john: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('app.models.people.LATELY', 3)
    start = datetime(2024, 1, 1)
    for minute, author in enumerate([john, susan, susan, susan]):
        timestamp = start + timedelta(minutes=minute)
        db.session.add(Post(body='hello', author=author, timestamp=timestamp))
    db.session.commit()
    assert people(log_in(john).get('/people')) == ['susan']


def test_the_form_shows_what_is_stored(log_in: LogIn, susan: User) -> None:
    response = log_in(susan).get('/edit_profile')
    assert title(response) == 'Edit Profile - Microblog'
    assert heading(response) == 'Edit Profile'
    assert 'value="susan"' in response.text
    assert 'I like\nhttps://example.org</textarea>' in response.text


@pytest.mark.parametrize(
    ('username', 'about_me'),
    [
        ('susan', ''),
        ('SUSAN', 'new'),
        ('zoë', 'x' * 140),
        ('susan', '😀' * 140),
        ('susan', 'one\r\ntwo'),
    ],
)
def test_editing(log_in: LogIn, susan: User, username: str, about_me: str) -> None:
    client = log_in(susan)
    response = client.post('/edit_profile', data={'username': username, 'about_me': about_me})
    assert (response.status_code, response.location) == (302, '/edit_profile')
    assert flashes(client.get('/edit_profile')) == ['Your changes have been saved.']
    assert (susan.username, susan.about_me) == (username, about_me.replace('\r', ''))
    assert client.get(f'/user/{quote(username)}').status_code == 200


TAKEN = 'Please use a different username.'


@pytest.mark.parametrize(
    ('field', 'value', 'message'),
    [
        ('username', 'john', TAKEN),
        ('username', 'JOHN', TAKEN),
        ('username', '', 'This field is required.'),
        ('username', 'x' * 65, 'A username can have at most 64 characters.'),
        ('username', 'a b', 'A username is made of letters'),
        ('username', '...', 'A username needs a letter or a digit.'),
        ('username', 'sus\u0430n', 'A word in a username cannot mix'),
        ('username', 'n\u0315\u0316\u0317', 'A letter in a username can have at most two marks.'),
        ('about_me', 'x' * 141, 'At most 140 characters'),
        ('about_me', 'a\0b', 'This text contains characters that cannot be stored.'),
    ],
)
def test_what_cannot_be_saved(
    log_in: LogIn, susan: User, john: User, field: str, value: str, message: str
) -> None:
    typed = {'username': 'susanna', 'about_me': 'typed', field: value}
    response = log_in(susan).post('/edit_profile', data=typed)
    assert response.status_code == 200
    assert any(error.startswith(message) for error in errors(response, field))
    if field == 'username':
        assert 'typed</textarea>' in response.text
    assert susan.username == 'susan'
    assert susan.about_me != 'typed'


def test_somebody_took_the_name_meanwhile(
    log_in: LogIn, susan: User, john: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = FreeUsername.__call__
    checks = []

    def overlook_once(self: FreeUsername, form: object, field: object) -> None:
        checks.append(field)
        if len(checks) > 1:
            check(self, form, field)

    monkeypatch.setattr(FreeUsername, '__call__', overlook_once)
    response = log_in(susan).post('/edit_profile', data={'username': 'John', 'about_me': ''})
    assert response.status_code == 200
    assert errors(response, 'username') == [TAKEN]
    assert heading(log_in(susan).get('/index')) == 'Hi, susan!'


TURNS = {*map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)])}
OLD_NAMES = ['Susan B. Anthony', ' susan ', '...', '\ufb01ona', 'sus\u0430n', '\u202ex', '\u3164']


@pytest.mark.parametrize('name', OLD_NAMES)
def test_a_profile_of_a_legacy_name_keeps_it(log_in: LogIn, susan: User, name: str) -> None:
    """A name that today's rules refuse was fine in the tutorial: its owner can still save."""
    susan.username = name
    db.session.commit()
    client = log_in(susan)
    typed = {'username': name, 'about_me': 'hello'}
    assert client.post('/edit_profile', data=typed).status_code == 302
    assert (susan.username, susan.about_me) == (name, 'hello')
    typed = {'username': name, 'about_me': 'x' * 141}
    assert errors(client.post('/edit_profile', data=typed), 'username') == []


def test_doubles_that_an_upgrade_told_apart(log_in: LogIn, make_user: MakeUser, john: User) -> None:
    """Of two names that differ in case alone, one has a key with a mark."""
    make_user('susan', email='other@example.com')
    double = make_user('double', email='double@example.com')
    double.username, double.email = 'Susan', 'JOHN@example.com'
    double.username_key, double.email_key = 'susan#2', 'john@example.com#2'
    db.session.commit()
    client = log_in(double)
    for typed in (
        {'username': 'Susan', 'about_me': ''},
        {'username': 'Susan', 'about_me': 'hello'},
    ):
        response = client.post('/edit_profile', data=typed)
        assert (response.status_code, response.location) == (302, '/edit_profile')
        assert double.about_me == typed['about_me']
    assert (double.username_key, double.email_key) == ('susan#2', 'john@example.com#2')
    for name in ('susan', 'SUSAN'):
        response = client.post('/edit_profile', data={'username': name, 'about_me': ''})
        assert errors(response, 'username') == [TAKEN]
    assert client.post('/edit_profile', data={'username': 'suzanne'}).status_code == 302
    assert double.username_key == 'suzanne'


def test_a_name_turns_nothing_that_stands_around_it(log_in: LogIn, susan: User, john: User) -> None:
    """An account of the tutorial can have a name that turns the direction of writing."""
    john.username = '\u202enhoj\u2067'
    db.session.commit()
    client, name = log_in(susan), quote(john.username)
    for path in (
        f'/user/{name}',
        f'/user/{name}/followers',
        f'/user/{name}/following',
        f'/messages/with/{name}',
        f'/send_message/{name}',
    ):
        response = client.get(path)
        assert 'nhoj' in heading(response)
        for text in (title(response), heading(response)):
            assert not TURNS & {*text}
        # Elsewhere it is held off by an element of its own.
        assert not TURNS & {*re.sub(r'<bdi>.*?</bdi>|<[^>]*>', '', response.text)}
    client.post(f'/follow/{name}')
    assert flashes(client.get('/')) == ['You are following nhoj!']
    client.post('/follow/a%E2%80%AEb')
    assert flashes(client.get('/')) == ['User ab not found.']
    assert heading(log_in(john).get('/')) == 'Hi, nhoj!'


def test_what_is_written_turns_nothing_that_stands_around_it(
    log_in: LogIn, susan: User, john: User
) -> None:
    text = '\u202eolleh\u2067'
    john.about_me = text
    db.session.add(Post(body=text, author=john))
    john.send_message(susan, text)
    db.session.commit()
    susan.follow(john)
    db.session.commit()
    client = log_in(susan)
    for path in (
        '/explore',
        '/search?q=olleh',
        '/user/john',
        '/user/john/popup',
        '/user/susan/following',
        '/messages',
        '/messages/with/john',
    ):
        page = client.get(path).text
        assert text in re.sub('<.*?>', '', page)
        # Such an element is written in its own order, whatever is in it.
        held = r'<p [^>]*dir="auto".*?</p>|<bdi.*?</bdi>'
        assert not TURNS & {*re.sub(held, '', page, flags=re.DOTALL)}


def test_what_people_say_about_themselves_is_counted(log_in: LogIn, susan: User) -> None:
    page = log_in(susan).get('/edit_profile').text
    assert re.search(r'<textarea[^>]*data-counter="about_me-count"[^>]*data-limit="140"', page)
    assert 'At most 140 characters' in page
    assert 'js/counter' in page


@pytest.mark.parametrize('page', ['/user/susan', '/user/susan/popup'])
def test_numbers_in_german(log_in: LogIn, susan: User, john: User, page: str) -> None:
    susan.language, susan.follower_count, susan.followed_count = 'de', 11, 10
    db.session.commit()
    shown = re.sub('<[^>]*>', '', log_in(susan).get(page).text)
    assert '11 Follower, folgt 10 Personen' in shown
