"""Posts, timelines and following through the API."""

import re
from typing import Any

import pytest

from app import db
from app.database import utcnow
from app.models import Post, User
from tests.api.conftest import Program, ProgramOf


def test_writing_and_reading(program: Program, susan: User) -> None:
    response = program.post('/posts', {'body': ' Hello\r\nworld ', 'id': 7, 'user_id': 8})
    assert response.status_code == 201
    post = response.get_json()
    assert response.headers['Location'] == post['_links']['self'] == f'/api/posts/{post["id"]}'
    assert set(post) == {
        'id',
        'body',
        'timestamp',
        'edited',
        'language',
        'media',
        'sensitive',
        'user_id',
        'username',
        'in_reply_to',
        'reply_count',
        'like_count',
        'repost_count',
        'liked',
        'reposted',
        'bookmarked',
        'reposted_by',
        '_links',
    }
    assert (post['body'], post['user_id'], post['username']) == ('Hello\nworld', susan.id, 'susan')
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z', post['timestamp'])
    path = f'/api/posts/{post["id"]}'
    assert post['_links'] == {
        'self': path,
        'replies': f'{path}/replies',
        'likes': f'{path}/likes',
        'reposts': f'{path}/reposts',
        'author': f'/api/users/{susan.id}',
        'avatar': susan.avatar(128),
    }
    assert program.get(f'/posts/{post["id"]}').get_json() == post
    assert program.get('/users/me').get_json()['post_count'] == 1


def test_changing(program: Program, program_of: ProgramOf, susan: User, john: User) -> None:
    post = program.post('/posts', {'body': 'Helo'}).get_json()
    path = f'/posts/{post["id"]}'
    response = program.put(path, {'body': 'Hello'})
    assert response.status_code == 200
    assert response.get_json() == {
        **post,
        'body': 'Hello',
        'edited': response.get_json()['edited'],
        'language': response.get_json()['language'],
    }
    assert post['edited'] is None
    assert post['timestamp'] < response.get_json()['edited'] < f'{utcnow().isoformat()}Z'
    assert program.get(path).get_json() == response.get_json()
    for method, data in (('PUT', {'body': 'x'}), ('DELETE', None)):
        refusal = program_of(john).open(method, path, data)
        assert refusal.status_code == 403
        assert refusal.get_json() == {'error': 'Forbidden'}
    assert program.get(path).get_json()['body'] == 'Hello'


def test_deleting(program: Program, susan: User) -> None:
    path = f'/posts/{program.post("/posts", {"body": "x"}).get_json()["id"]}'
    response = program.delete(path)
    assert (response.status_code, response.data) == (204, b'')
    for method in ('GET', 'PUT', 'DELETE'):
        response = program.open(method, path, {'body': 'x'})
        assert response.status_code == 404
    assert program.get('/users/me').get_json()['post_count'] == 0


def test_two_delete_a_post_at_once(
    program: Program, susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one has found it before the first one is done, and counts nothing."""
    from app.api import posts

    program.post('/posts', {'body': 'stays'})
    path = f'/posts/{program.post("/posts", {"body": "x"}).get_json()["id"]}'
    original = posts.own_post

    def find(id: int) -> Post:
        post = original(id)
        with db.engine.begin() as other:
            other.execute(db.delete(Post).where(Post.id == id))
            other.execute(db.update(User).values(post_count=User.post_count - 1))
        return post

    monkeypatch.setattr(posts, 'own_post', find)
    assert program.delete(path).status_code == 204
    assert susan.post_count == 1


def test_changing_a_post_that_is_deleted_at_once(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.api import posts

    path = f'/posts/{program.post("/posts", {"body": "x"}).get_json()["id"]}'
    original = posts.own_post

    def find(id: int) -> Post:
        post = original(id)
        with db.engine.begin() as other:
            other.execute(db.delete(Post).where(Post.id == id))
        return post

    monkeypatch.setattr(posts, 'own_post', find)
    response = program.put(path, {'body': 'y'})
    assert response.status_code == 409
    assert response.get_json()['error'] == 'Conflict'


@pytest.mark.parametrize(
    'body',
    ['', ' \r\n ', 'x' * 141, 'a\0b', '\ud800', '\x07', 7, None, True, ['x'], {'x': 'y'}],
)
def test_what_cannot_be_written(program: Program, body: Any) -> None:
    post = program.post('/posts', {'body': 'before'}).get_json()
    for response in (
        program.post('/posts', {'body': body}),
        program.put(f'/posts/{post["id"]}', {'body': body}),
    ):
        assert response.status_code == 400
        assert list(response.get_json()['errors']) == ['body']
    assert program.get('/users/me').get_json()['post_count'] == 1


def test_a_post_needs_a_body(program: Program) -> None:
    bodies: tuple[Any, ...] = ({}, {'post': 'x'}, [], 'x', 7, None)
    for data in bodies:
        response = program.post('/posts', data)
        assert response.status_code == 400
        assert response.get_json()['message'] == 'must include body field'


@pytest.mark.parametrize('id_', ['2000000000', '0', str(2**31), str(2**64)])
def test_no_such_post(program: Program, id_: str) -> None:
    for method in ('GET', 'PUT', 'DELETE'):
        assert program.open(method, f'/posts/{id_}', {'body': 'x'}).status_code == 404


def test_what_is_typed_is_not_html(program: Program) -> None:
    body = '<script>alert("é")</script> & "quotes" 👩‍🚀'
    assert program.post('/posts', {'body': body}).get_json()['body'] == body


def test_following(program: Program, program_of: ProgramOf, susan: User, john: User) -> None:
    his = program_of(john).post('/posts', {'body': 'of john'}).get_json()
    path = f'/users/{john.id}/follow'
    assert program.get('/timeline').get_json()['items'] == []
    for _ in range(2):  # the second time changes nothing
        response = program.post(path)
        assert (response.status_code, response.data) == (204, b'')
    assert program.get('/timeline').get_json()['items'] == [his]
    assert program.get('/users/me').get_json()['followed_count'] == 1
    assert program.get(f'/users/{john.id}').get_json()['follower_count'] == 1
    [follower] = program.get(f'/users/{john.id}/followers').get_json()['items']
    assert follower['id'] == susan.id
    [followed] = program.get(f'/users/{susan.id}/followed').get_json()['items']
    assert followed['id'] == john.id
    for _ in range(2):
        assert program.delete(path).status_code == 204
    assert program.get('/timeline').get_json()['items'] == []
    assert program.get(f'/users/{john.id}').get_json()['follower_count'] == 0


def test_nobody_follows_oneself(program: Program, susan: User) -> None:
    for method in ('POST', 'DELETE'):
        response = program.open(method, f'/users/{susan.id}/follow')
        assert response.status_code == 400
        assert response.get_json()['message'] == 'you cannot follow yourself'


def test_following_nobody(program: Program) -> None:
    for id_ in ('2000000000', str(2**64)):
        for method in ('POST', 'DELETE'):
            assert program.open(method, f'/users/{id_}/follow').status_code == 404


def test_the_timelines(program: Program, program_of: ProgramOf, susan: User, john: User) -> None:
    mine = program.post('/posts', {'body': 'mine'}).get_json()
    his = program_of(john).post('/posts', {'body': 'his'}).get_json()
    assert program.get('/posts').get_json()['items'] == [his, mine]
    assert program.get('/timeline').get_json()['items'] == [mine]
    assert program.get(f'/users/{john.id}/posts').get_json()['items'] == [his]
    links = program.get(f'/users/{john.id}/posts').get_json()['_links']
    assert links['self'] == f'/api/users/{john.id}/posts?page=1&per_page=10'


def test_the_language_is_found_out(program: Program) -> None:
    post = program.post('/posts', {'body': 'Hoy hace muy buen tiempo en la playa'}).get_json()
    assert post['language'] == 'es'
    path = post['_links']['self'].removeprefix('/api')
    changed = program.put(path, {'body': 'The weather is very nice at the beach today'})
    assert changed.get_json()['language'] == 'en'
    assert program.put(path, {'body': '👍'}).get_json()['language'] == ''
