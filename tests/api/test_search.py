"""Searching through the API (chapter 16)."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from flask import Flask

from app import db, search
from app.models import Post, User
from tests.api.conftest import Program
from tests.conftest import MakeUser


@pytest.fixture
def posts(susan: User, john: User) -> list[Post]:
    posts = [
        Post(body=body, author=author)
        for author, body in (
            (susan, 'red apples'),
            (john, 'green apples and red pears'),
            (susan, 'red red wine'),
            (john, 'nothing'),
        )
    ]
    db.session.add_all(posts)
    db.session.commit()
    return posts


def bodies(program: Program, q: str, **arguments: object) -> list[str]:
    more = ''.join(f'&{name}={value}' for name, value in arguments.items())
    response = program.get(f'/search?q={quote(q)}{more}')
    assert response.status_code == 200
    return [post['body'] for post in response.get_json()['items']]


def test_posts(program: Program, posts: list[Post]) -> None:
    assert bodies(program, 'WINE') == ['red red wine']
    assert bodies(program, '"red apples"') == ['red apples']
    assert bodies(program, 'apples -green') == ['red apples']
    assert bodies(program, 'cheese') == []
    newest = ['red red wine', 'green apples and red pears', 'red apples']
    assert bodies(program, 'red', order='newest') == newest
    assert sorted(bodies(program, 'red')) == sorted(newest)


def test_a_post_is_what_it_is_elsewhere(program: Program, posts: list[Post]) -> None:
    [found] = program.get('/search?q=wine').get_json()['items']
    assert found == program.get(f'/posts/{found["id"]}').get_json()


def test_pages(program: Program, posts: list[Post]) -> None:
    first = program.get('/search?q=red&per_page=2&order=newest').get_json()
    assert first['_meta'] == {'page': 1, 'per_page': 2, 'total_pages': 2, 'total_items': 3}
    assert first['_links'] == {
        'self': '/api/search?page=1&per_page=2&q=red&order=newest',
        'next': '/api/search?page=2&per_page=2&q=red&order=newest',
        'prev': None,
    }
    second = program.get(first['_links']['next'].removeprefix('/api')).get_json()
    assert [post['body'] for post in second['items']] == ['red apples']
    assert second['_links']['next'] is None
    assert second['_links']['prev'] == first['_links']['self']
    beyond = program.get(f'/search?q=red&page={10**20}').get_json()
    assert beyond['items'] == []


def test_what_is_changed_and_deleted(program: Program) -> None:
    post = program.post('/posts', {'body': 'before'}).get_json()
    path = post['_links']['self'].removeprefix('/api')
    program.put(path, {'body': 'afterwards'})
    assert bodies(program, 'before') == []
    assert bodies(program, 'afterwards') == ['afterwards']
    program.delete(path)
    assert bodies(program, 'afterwards') == []


def test_people(program: Program, make_user: MakeUser) -> None:
    make_user('mary.smith')
    [found] = program.get('/search/users?q=Mary').get_json()['items']
    assert found['username'] == 'mary.smith'
    assert 'email' not in found
    page = program.get('/users?q=MARY').get_json()
    assert page['items'] == [found]
    assert page['_links']['self'] == '/api/users?page=1&per_page=10&q=MARY'
    assert program.get('/users?q=nobody').get_json()['items'] == []
    # Nothing to look for is as good as nothing said.
    for q in ('', '%20', '%00'):
        assert program.get(f'/users?q={q}').get_json() == program.get('/users').get_json()


@pytest.mark.parametrize('path', ['/search', '/search/users'])
def test_nothing_to_look_for(program: Program, path: str) -> None:
    for q in ('', '?q=', '?q=%20', '?q=%00'):
        response = program.get(path + q)
        assert response.status_code == 400
        assert response.get_json()['message'] == 'must include q field'
    response = program.get(f'{path}?q=x&order=random')
    assert response.status_code == 400
    assert set(response.get_json()['errors']) == {'order'}


@pytest.mark.parametrize('q', ['"', '-', '*', "'", 'a" OR "b', '%ff', '%ed%a0%80', 'x' * 5000])
def test_there_is_nothing_that_a_query_cannot_be(program: Program, q: str) -> None:
    response = program.get(f'/search?q={q if q.startswith("%") else quote(q)}')
    assert response.status_code == 200


def test_the_engine_is_away(
    program: Program, monkeypatch: pytest.MonkeyPatch, make_app: Callable[..., Flask]
) -> None:
    def away(*_: object) -> None:
        raise search.SearchUnavailable('secret detail')

    monkeypatch.setattr(search, 'query_index', away)
    for path in ('/search?q=x', '/search/users?q=x', '/users?q=x'):
        response = program.get(path)
        assert response.status_code == 503
        assert response.get_json() == {
            'error': 'Service Unavailable',
            'message': 'search is unavailable',
        }
        assert response.headers['Retry-After']
    assert program.get('/users').status_code == 200
