"""What anybody can read where PUBLIC=1, and that without it everything asks for a login."""

import re
from collections.abc import Callable, Iterator
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import db
from app.models import Post, User
from tests.conftest import MakeUser, session_of
from tests.pages import bodies, flashes, heading, link, people
from tests.statements import statements

SITE = 'https://microblog.example'
LogIn = Callable[[User], FlaskClient]
MakeApp = Callable[..., Flask]


@pytest.fixture
def app(make_app: MakeApp) -> Iterator[Flask]:
    app = make_app(PUBLIC=True, SITE_URL=SITE, POSTS_PER_PAGE=3, WTF_CSRF_ENABLED=True)
    with app.app_context():
        yield app
        db.session.remove()


@pytest.fixture
def susan(make_user: MakeUser) -> User:
    susan = make_user('susan', about_me='I like <b> & "cats"')
    db.session.add(Post(body='hello, world', author=susan))
    db.session.commit()
    return susan


def metas(response: TestResponse) -> dict[str, str]:
    """What the page says of itself to programs."""
    found = re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)">', response.text)
    return {name: unescape(content) for name, content in found}


def linked(response: TestResponse, rel: str) -> list[str]:
    return re.findall(rf'<link rel="{rel}"[^>]* href="([^"]+)"', response.text)


@pytest.mark.parametrize('path', ['/explore', '/user/susan', '/user/SUSAN'])
def test_a_stranger_reads(client: FlaskClient, susan: User, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200
    assert bodies(response) == ['hello, world']
    assert link(response, 'Login') == '/auth/login'
    assert link(response, 'Register') == '/auth/register'
    for private in ['Logout', 'Messages', 'Home', 'Last seen', 'textarea', 'csrf_token']:
        assert private not in response.text
    # The language is all that can be sent.
    assert re.findall(r'<form action="([^"]+)"', response.text) == ['/language']
    assert '<script src="/static/js/notifications' not in response.text
    assert 'new-posts' not in response.text


@pytest.mark.parametrize('path', ['/explore', '/user/susan', '/user/nobody', '/explore.atom'])
def test_a_stranger_gets_no_session(client: FlaskClient, susan: User, path: str) -> None:
    response = client.get(path)
    assert 'Set-Cookie' not in response.headers
    assert 'Cookie' in response.headers['Vary']


def test_a_stranger_begins_at_explore(client: FlaskClient) -> None:
    for path in ['/', '/index']:
        response = client.get(path)
        assert (response.status_code, response.location) == (302, '/explore')
        assert 'Set-Cookie' not in response.headers
    assert heading(client.get('/explore')) == 'Explore'


def test_a_profile_leads_past_the_login_and_back(client: FlaskClient, susan: User) -> None:
    page = client.get('/user/susan')
    assert link(page, 'Log in to follow') == '/auth/login?next=/user/susan'
    assert '0 followers, 0 following.' in page.text


@pytest.mark.parametrize(
    'path',
    ['/user/susan/followers', '/user/susan/following', '/user/susan/popup', '/search?q=hello']
    + ['/messages', '/edit_profile', '/export_posts', '/notifications', '/send_message/susan'],
)
def test_the_rest_asks_for_a_login(client: FlaskClient, susan: User, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 302
    assert response.location.startswith('/auth/login?next=')


def test_members_have_what_they_had(log_in: LogIn, susan: User, make_user: MakeUser) -> None:
    client = log_in(make_user('john'))
    assert heading(client.get('/')) == 'Hi, john!'
    assert heading(client.get('/explore')) == 'Hi, john!'
    profile = client.get('/user/susan')
    assert 'value="Follow"' in profile.text
    assert link(profile, '0 followers') == '/user/susan/followers'
    assert profile.headers['Cache-Control'] == 'no-store'


@pytest.mark.parametrize(
    ('headers', 'status'),
    [
        ({'Sec-Fetch-Site': 'same-origin'}, 302),
        ({'Origin': 'http://localhost'}, 302),
        ({'Sec-Fetch-Site': 'cross-site', 'Origin': 'http://localhost'}, 400),
        ({'Origin': 'https://evil.example'}, 400),
        ({}, 400),
    ],
)
def test_a_stranger_chooses_the_language_on_this_site_only(
    make_app: MakeApp, headers: dict[str, str], status: int
) -> None:
    client = make_app(PUBLIC=True, WTF_CSRF_ENABLED=True).test_client()
    form = {'language': 'de', 'next': '/explore'}
    response = client.post('/language', data=form, headers=headers)
    assert response.status_code == status
    assert (heading(client.get('/explore')) == 'Entdecken') == (status == 302)


def test_a_member_needs_a_token_for_the_language(log_in: LogIn, susan: User) -> None:
    client = log_in(susan)
    headers = {'Sec-Fetch-Site': 'same-origin'}
    response = client.post('/language', data={'language': 'de'}, headers=headers)
    assert response.status_code == 400
    db.session.refresh(susan)
    assert susan.language is None


def test_what_a_profile_says_of_itself(client: FlaskClient, susan: User) -> None:
    response = client.get('/user/SUSAN?utm=x')
    said = metas(response)
    assert linked(response, 'canonical') == [f'{SITE}/user/susan']
    assert said['og:url'] == f'{SITE}/user/susan'
    assert said['og:type'] == 'profile'
    assert said['og:title'] == 'susan'
    assert said['og:site_name'] == 'Microblog'
    assert said['og:description'] == said['description'] == 'I like <b> & "cats"'
    assert said['og:image'] == susan.avatar(256)
    assert 'robots' not in said
    assert linked(response, 'alternate') == [f'{SITE}/user/susan.atom']


def test_a_stranger_reads_answers(client: FlaskClient, susan: User, make_user: MakeUser) -> None:
    john = make_user('john')
    post = db.session.scalars(susan.posts.select()).one()
    db.session.add(Post(body='hello, susan', author=john, in_reply_to=post.id))
    db.session.commit()
    assert bodies(client.get('/user/john')) == []
    response = client.get('/user/john/answers')
    assert bodies(response) == ['hello, susan']
    assert metas(response)['og:title'] == 'Answers by john'
    assert linked(response, 'canonical') == [f'{SITE}/user/john/answers']
    assert linked(response, 'alternate') == []
    assert 'Set-Cookie' not in response.headers
    john.noindex = True
    db.session.commit()
    assert metas(client.get('/user/john/answers'))['robots'] == 'noindex'


def test_a_stranger_finds_people(client: FlaskClient, susan: User, make_user: MakeUser) -> None:
    assert link(client.get('/explore'), 'Find people') == '/people'
    response = client.get('/people')
    assert people(response) == ['susan']
    assert link(response, 'Log in to follow') == '/auth/login?next=/people'
    assert '<button' not in re.sub('<footer.*', '', response.text, flags=re.S)
    assert 'csrf_token' not in response.text
    assert 'Set-Cookie' not in response.headers
    assert linked(response, 'canonical') == [f'{SITE}/people']
    assert metas(response)['og:title'] == 'People who wrote lately'
    susan.noindex = True
    db.session.commit()
    assert metas(client.get('/people'))['robots'] == 'noindex'


def test_what_explore_says_of_itself(client: FlaskClient, susan: User) -> None:
    response = client.get('/explore')
    assert linked(response, 'canonical') == [f'{SITE}/explore']
    assert linked(response, 'alternate') == [f'{SITE}/explore.atom']
    assert metas(response)['og:title'] == 'Explore'
    assert 'robots' not in metas(response)


@pytest.mark.parametrize('path', ['/explore', '/user/susan'])
def test_older_pages_are_left_out_by_search_engines(
    client: FlaskClient, susan: User, path: str
) -> None:
    db.session.add_all(Post(body=f'{number}', author=susan) for number in range(5))
    db.session.commit()
    older = link(client.get(path), 'Older posts')
    assert older is not None
    response = client.get(older)
    assert metas(response)['robots'] == 'noindex'
    assert linked(response, 'canonical') == []


def test_who_asks_is_not_found(client: FlaskClient, log_in: LogIn, susan: User) -> None:
    member = log_in(susan)
    form = member.get('/edit_profile')
    assert 'Ask search engines not to show my profile and my posts' in form.text
    assert re.search(r'<input [^>]*id="noindex"[^>]*>', form.text)
    token = re.search(r'name="csrf_token" type="hidden" value="([^"]+)"', form.text)
    assert token is not None
    fields = {'username': 'susan', 'about_me': '', 'csrf_token': token[1]}
    assert member.post('/edit_profile', data={**fields, 'noindex': 'y'}).status_code == 302
    assert re.search(r'<input checked [^>]*id="noindex"', member.get('/edit_profile').text)
    for path in ['/user/susan', '/explore']:
        response = client.get(path)
        assert metas(response)['robots'] == 'noindex'
        assert linked(response, 'canonical') == []
        assert bodies(response) == ['hello, world']

    assert member.post('/edit_profile', data=fields).status_code == 302
    assert 'robots' not in metas(client.get('/user/susan'))
    assert 'robots' not in metas(client.get('/explore'))


def test_who_asks_is_not_found_where_others_pass_it_on(
    client: FlaskClient, susan: User, make_user: MakeUser
) -> None:
    john = make_user('john')
    john.repost(db.session.scalars(susan.posts.select()).one())
    db.session.commit()
    assert bodies(client.get('/user/john')) == ['hello, world']
    assert 'robots' not in metas(client.get('/user/john'))
    susan.noindex = True
    db.session.commit()
    assert metas(client.get('/user/john'))['robots'] == 'noindex'


def test_a_stranger_reads_a_conversation(
    client: FlaskClient, susan: User, make_user: MakeUser
) -> None:
    john = make_user('john')
    post = db.session.scalars(susan.posts.select()).one()
    db.session.add(Post(body='hello yourself #greetings', author=john, in_reply_to=post.id))
    db.session.commit()
    path = f'/post/{post.id}'
    response = client.get(path)
    assert bodies(response) == ['hello, world', 'hello yourself #greetings']
    assert link(response, 'Log in to answer') == f'/auth/login?next={path}'
    assert re.findall(r'<form action="([^"]+)"', response.text) == ['/language']
    for private in ['textarea', 'csrf_token', 'formaction']:
        assert private not in response.text
    assert 'Set-Cookie' not in response.headers
    said = metas(response)
    assert linked(response, 'canonical') == [SITE + path]
    assert (said['og:url'], said['og:type']) == (SITE + path, 'article')
    assert (said['og:title'], said['og:description']) == ('susan: hello, world', 'hello, world')
    assert said['og:image'] == susan.avatar(256)
    assert 'robots' not in said

    tagged = client.get('/tag/greetings')
    assert bodies(tagged) == ['hello yourself #greetings']
    assert linked(tagged, 'canonical') == [f'{SITE}/tag/greetings']
    assert linked(tagged, 'alternate') == [f'{SITE}/tag/greetings.atom']
    assert 'Set-Cookie' not in tagged.headers

    # Lists of names are for those who read the post.
    for page in ['likes', 'reposts']:
        assert metas(client.get(f'{path}/{page}'))['robots'] == 'noindex'

    # Also where others have written what is on the page.
    john.noindex = True
    db.session.commit()
    for address in [path, '/tag/greetings', '/user/john/answers']:
        assert metas(client.get(address))['robots'] == 'noindex'
        assert linked(client.get(address), 'canonical') == []


def test_a_picture_of_ones_own_is_shown_beside_a_link(client: FlaskClient, susan: User) -> None:
    post = db.session.scalars(susan.posts.select()).one()
    susan.avatar_digest = 'ab' * 16
    db.session.commit()
    for path in ['/user/susan', f'/post/{post.id}']:
        assert metas(client.get(path))['og:image'] == SITE + susan.avatar(256)


@pytest.mark.parametrize('many', [False, True])
def test_pages_of_strangers_cost_little(client: FlaskClient, susan: User, many: bool) -> None:
    post = db.session.scalars(susan.posts.select()).one()
    texts = ['#tag @susan', *(f'#tag {number} @susan' for number in range(20 * many))]
    for text in texts:
        db.session.add(Post(body=text, author=susan))
        db.session.add(Post(body=text, author=susan, in_reply_to=post.id))
    db.session.commit()
    costs = {
        '/explore': 3,
        '/user/susan': 4,
        '/user/susan/answers': 4,
        '/people': 1,
        '/tag/tag': 4,
        f'/post/{post.id}': 4,
        '/explore.atom': 1,
        '/user/susan.atom': 3,
        '/tag/tag.atom': 2,
    }
    found = {}
    for path in costs:
        client.get(path)
        with statements() as made:
            assert client.get(path).status_code == 200
        found[path] = len(made)
    assert found == costs


def test_a_stranger_is_limited_and_a_member_is_not(make_app: MakeApp, make_user: MakeUser) -> None:
    app = make_app(PUBLIC=True, RATELIMIT_ENABLED=True)
    susan = make_user('susan')
    client, member = app.test_client(), app.test_client()
    with member.session_transaction() as session:
        session['_user_id'] = session_of(susan)
    statuses = [client.get('/explore.atom').status_code for _ in range(300)]
    assert statuses == [200] * 300
    response = client.get('/explore')
    assert response.status_code == 429
    assert 0 < int(response.headers['Retry-After']) <= 60
    assert client.get('/auth/login').status_code == 200
    assert member.get('/explore').status_code == 200
    elsewhere = {'REMOTE_ADDR': '127.0.0.2'}
    assert client.get('/explore', environ_overrides=elsewhere).status_code == 200


@pytest.mark.parametrize(
    'path', ['/', '/index', '/explore', '/people', '/user/susan', '/user/susan/answers']
)
def test_a_private_site_asks_for_a_login(make_app: MakeApp, susan: User, path: str) -> None:
    client = make_app(PUBLIC=False).test_client()
    response = client.get(path)
    assert response.status_code == 302
    assert response.location.startswith('/auth/login?next=')
    page = client.get('/auth/login')
    assert flashes(page) == ['Please log in to access this page.']
    assert link(page, 'Home') == '/index'


@pytest.mark.parametrize(
    'path',
    ['/explore.atom', '/user/susan.atom', '/sitemap.xml', '/sitemap-people-0.xml'],
)
def test_a_private_site_has_nothing_for_programs(make_app: MakeApp, susan: User, path: str) -> None:
    assert make_app(PUBLIC=False).test_client().get(path).status_code == 404


def test_a_private_site_says_nothing_of_itself(make_app: MakeApp, make_user: MakeUser) -> None:
    susan = make_user('susan')
    client = make_app(PUBLIC=False).test_client()
    with client.session_transaction() as session:
        session['_user_id'] = session_of(susan)
    for path in ['/explore', '/user/susan', '/edit_profile']:
        text = client.get(path).text
        for word in ['og:', 'canonical', 'application/atom', 'noindex']:
            assert word not in text
