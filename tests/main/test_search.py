"""The search box and the page of results (chapter 16)."""

import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from flask import Flask, current_app
from flask.testing import FlaskClient

from app import db
from app.models import Post, User
from tests.conftest import MakeUser, session_of
from tests.main.test_query_counts import count
from tests.pages import bodies, heading, link, tabs, title

LogIn = Callable[[User], FlaskClient]


def write(author: User, *texts: str) -> None:
    for text in texts:
        db.session.add(Post(body=text, author=author))
        db.session.commit()


def test_for_members_only(client: FlaskClient) -> None:
    response = client.get('/search?q=fox')
    assert response.status_code == 302
    assert response.location.startswith('/auth/login?next=')
    assert 'name="q"' not in client.get('/auth/login').text


@pytest.mark.parametrize(
    'path', ['/index', '/explore', '/user/susan', '/edit_profile', '/search?q=x', '/nothing']
)
def test_the_box_is_on_every_page(log_in: LogIn, susan: User, path: str) -> None:
    page = log_in(susan).get(path).text
    box = re.search(r'<form[^>]*role="search".*?</form>', page, re.S)
    assert box is not None
    assert 'action="/search"' in box[0]
    assert 'method=' not in box[0]
    assert 'csrf' not in box[0]
    field = re.search(r'<input[^>]*name="q"[^>]*>', box[0])
    assert field is not None
    for attribute in ('class="form-control"', 'placeholder="Search"'):
        assert attribute in field[0]


def test_the_page(log_in: LogIn, susan: User) -> None:
    write(susan, 'a red fox', 'green', 'the <b>Réd</b> car')
    response = log_in(susan).get('/search?q=red')
    assert title(response) == 'Search - Microblog'
    assert heading(response) == 'Search Results'
    assert bodies(response) == ['the <b>Réd</b> car', 'a red fox']
    assert tabs(response) == ['*Posts 2', 'People 0']
    assert 'a <mark>red</mark> fox' in response.text
    assert '&lt;b&gt;<mark>Réd</mark>&lt;/b&gt;' in response.text
    assert 'value="red"' in response.text


def test_marks_in_links(log_in: LogIn, susan: User) -> None:
    write(susan, 'see https://example.org/fox')
    page = log_in(susan).get('/search?q=fox').text
    assert 'href="https://example.org/fox"' in page
    assert 'https://example.org/<mark>fox</mark></a>' in page


def test_pages(make_app: Callable[..., Flask], log_in: LogIn, susan: User) -> None:
    write(susan, *(f'fox {number}' for number in range(7)))
    susan_id = session_of(susan)
    client = make_app(POSTS_PER_PAGE=3).test_client()
    with client.session_transaction() as session:
        session['_user_id'] = susan_id
    first = client.get('/search?q=fox')
    assert bodies(first) == ['fox 6', 'fox 5', 'fox 4']
    assert link(first, 'Previous results') is None
    assert link(first, 'Next results') == '/search?q=fox&page=2'
    second = client.get('/search?q=fox&page=2')
    assert tabs(second) == ['*Posts 7', 'People 0']
    assert link(second, 'Previous results') == '/search?q=fox&page=1'
    last = client.get('/search?q=fox&page=3')
    assert bodies(last) == ['fox 0']
    assert link(last, 'Next results') is None
    newest = client.get('/search?q=fox&order=newest')
    assert link(newest, 'Next results') == '/search?q=fox&order=newest&page=2'
    for page in ('99', '99999999999999999999', '0', '-1', 'x', ''):
        response = client.get(f'/search?q=fox&page={page}')
        assert response.status_code == 200
        assert bodies(response) == ([] if page.startswith('99') else bodies(first))


def test_best_or_newest_first(log_in: LogIn, susan: User) -> None:
    write(susan, 'red fox', 'red')
    client = log_in(susan)
    best = client.get('/search?q=red+fox')
    assert bodies(best) == ['red fox', 'red']
    newest = link(best, 'Newest first')
    assert newest == '/search?q=red+fox&order=newest'
    assert bodies(client.get(newest)) == ['red', 'red fox']
    assert bodies(client.get('/search?q=red+fox&order=nonsense')) == ['red fox', 'red']


@pytest.mark.parametrize('query', ['', 'q=', 'q=%20', 'x=1', 'q=%00', 'q=%0A'])
def test_nothing_asked_for(log_in: LogIn, susan: User, query: str) -> None:
    response = log_in(susan).get(f'/search?{query}')
    assert (response.status_code, response.location) == (302, '/explore')


@pytest.mark.parametrize(
    'q',
    [
        '"',
        '(((',
        '*',
        'NEAR(',
        '\\',
        'AND OR NOT',
        '-fox',
        'fox\0',
        '<script>alert(1)</script>',
        "' OR 1=1 --",
        'x' * 8000,
        '京' * 2000,
    ],
)
@pytest.mark.parametrize('more', [{}, {'order': 'newest'}, {'kind': 'people'}, {'page': '2'}])
def test_whatever_is_typed(log_in: LogIn, susan: User, q: str, more: dict[str, str]) -> None:
    write(susan, 'hello')
    response = log_in(susan).get('/search?' + urlencode({'q': q, **more}))
    assert response.status_code == 200
    assert '<script>alert' not in response.text


def test_half_of_a_surrogate_pair(log_in: LogIn, susan: User) -> None:
    assert log_in(susan).get('/search?q=fox%ED%A0%80').status_code == 200


def test_people(log_in: LogIn, make_user: MakeUser) -> None:
    susan = make_user('susan', about_me='I am Susan')
    john = make_user('john')
    write(john, 'hello susan', 'susan?')
    john.follow(susan)
    db.session.commit()
    client = log_in(john)
    posts = client.get('/search?q=SUSAN&order=newest')
    assert tabs(posts) == ['*Posts 2', 'People 1']
    assert 'I am Susan' not in posts.text
    path = link(posts, 'People')
    assert path == '/search?q=SUSAN&kind=people'
    people = client.get(path)
    assert tabs(people) == ['Posts 2', '*People 1']
    assert link(people, 'Posts') == '/search?q=SUSAN'
    assert '<bdi><mark>susan</mark></bdi>' in people.text
    assert 'I am Susan' in people.text
    assert 'aria-label="Unfollow susan"' in people.text
    assert bodies(people) == []
    nobody = client.get('/search?q=nobody&kind=people')
    assert tabs(nobody) == ['Posts 0', '*People 0']
    assert 'No people here. Try another name.' in nobody.text


def test_many_people(log_in: LogIn, make_user: MakeUser) -> None:
    users = [make_user(f'susan.{number}') for number in range(8)]
    current_app.config['POSTS_PER_PAGE'] = 5
    client = log_in(users[0])
    path, shown = '/search?q=susan&kind=people', []
    for page in range(2):
        response = client.get(path)
        assert tabs(response) == ['Posts 0', '*People 8']
        shown += re.findall(r'<a class="author" href="/user/([^"]*)"', response.text)
        following = link(response, 'Next results')
        assert (following is None) == (page == 1)
        path = following or ''
    assert shown == [f'susan.{number}' for number in reversed(range(8))]


def test_queries(log_in: LogIn, make_user: MakeUser, susan: User) -> None:
    for number in range(5):
        write(make_user(f'fox.{number}'), 'fox one', 'fox two')
    client = log_in(susan)
    client.get('/search?q=fox')
    # One of them reads the visitor again, after the connection was given back for the search.
    assert count(client, '/search?q=fox') == 5
    assert count(client, '/search?q=fox&kind=people') == 5
    assert count(client, '/search?q=nothing') == 3
    assert count(client, '/search?q=nothing&kind=people') == 3
