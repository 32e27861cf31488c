"""Answering, liking, passing on and keeping posts through the API."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app import db
from app.api.views import post_or_404
from app.models import Post, User
from tests.api.conftest import Program, ProgramOf
from tests.conftest import MakeUser

KINDS = {'like': 'liked', 'repost': 'reposted', 'bookmark': 'bookmarked'}
COUNTED = {'like': 'like_count', 'repost': 'repost_count'}


@pytest.fixture
def his(program_of: ProgramOf, john: User) -> Program:
    """What acts for john."""
    return program_of(john)


@pytest.fixture
def post(his: Program) -> str:
    """The path of a post of john's."""
    return write(his, 'a post of john')


def write(program: Program, body: str, **fields: Any) -> str:
    response = program.post('/posts', {'body': body, **fields})
    assert response.status_code == 201
    path: str = response.get_json()['_links']['self']
    return path.removeprefix('/api')


def id_of(path: str) -> int:
    return int(path.rpartition('/')[2])


def bodies(program: Program, path: str) -> list[str]:
    response = program.get(path)
    assert response.status_code == 200
    return [post['body'] for post in response.get_json()['items']]


def following(program: Program, path: str) -> list[list[str]]:
    """The bodies of the pages from `path` on."""
    pages = []
    link: str | None = path
    while link is not None:
        page = program.get(link.removeprefix('/api')).get_json()
        pages.append([post['body'] for post in page['items']])
        link = page['_links']['next']
    return pages


@pytest.mark.parametrize('kind', KINDS)
def test_doing_it_twice_changes_nothing(
    program: Program, his: Program, post: str, kind: str
) -> None:
    before = program.get(post).get_json()
    counter = COUNTED.get(kind)
    for _ in range(2):
        response = program.put(f'{post}/{kind}')
        assert (response.status_code, response.data) == (204, b'')
    counted = {counter: 1} if counter else {}
    assert program.get(post).get_json() == {**before, KINDS[kind]: True, **counted}
    assert his.get(post).get_json() == {**before, **counted}
    [found] = program.get('/posts').get_json()['items']
    assert found == program.get(post).get_json()
    for _ in range(2):
        response = program.delete(f'{post}/{kind}')
        assert (response.status_code, response.data) == (204, b'')
    assert program.get(post).get_json() == before


@pytest.mark.parametrize('kind', COUNTED)
def test_who_did_it(
    program: Program, program_of: ProgramOf, make_user: MakeUser, post: str, kind: str
) -> None:
    people = [make_user(f'person{number}') for number in range(3)]
    for person in (people[1], people[0], people[2]):
        program_of(person).put(f'{post}/{kind}')
    first = program.get(f'{post}/{kind}s?per_page=2').get_json()
    assert [person['username'] for person in first['items']] == ['person2', 'person1']
    assert first['_meta']['total_items'] == 3
    assert first['items'][0] == program.get(f'/users/{people[2].id}').get_json()
    second = program.get(first['_links']['next'].removeprefix('/api')).get_json()
    assert [person['username'] for person in second['items']] == ['person0']
    assert second['_links']['next'] is None


def test_bookmarks_are_their_owners_alone(program: Program, his: Program, post: str) -> None:
    write(his, 'another one')
    program.put(f'{post}/bookmark')
    assert bodies(program, '/bookmarks') == ['a post of john']
    assert bodies(his, '/bookmarks') == []
    assert his.get(post).get_json()['bookmarked'] is False


def test_reading_on_while_bookmarks_are_removed(program: Program, his: Program) -> None:
    paths = [write(his, str(number)) for number in range(5)]
    for path in (paths[3], paths[0], paths[4], paths[1], paths[2]):
        assert program.put(f'{path}/bookmark').status_code == 204
    assert following(program, '/bookmarks?per_page=2') == [['2', '1'], ['4', '0'], ['3']]
    first = program.get('/bookmarks?per_page=2').get_json()
    assert first['_meta']['total_items'] == 5
    for path in (paths[2], paths[1]):
        program.delete(f'{path}/bookmark')
    assert following(program, first['_links']['next']) == [['4', '0'], ['3']]


@pytest.mark.parametrize('before', ['7', 'x', '-', '', '1-', '1-2-3', '%00', '9' * 19 + '-1'])
def test_bookmarks_before_nothing(program: Program, before: str) -> None:
    response = program.get(f'/bookmarks?before={before}')
    assert response.status_code == 400
    assert set(response.get_json()['errors']) == {'before'}


def test_an_answer(program: Program, his: Program, post: str) -> None:
    answer = write(program, 'an answer', in_reply_to=id_of(post))
    assert program.get(answer).get_json()['in_reply_to'] == id_of(post)
    assert program.get(post).get_json()['in_reply_to'] is None
    assert his.get(post).get_json()['reply_count'] == 1
    [found] = program.get(f'{post}/replies').get_json()['items']
    assert found == program.get(answer).get_json()
    # It stands under what it answers and among its author's answers, nowhere else.
    assert bodies(program, '/posts') == ['a post of john']
    assert bodies(program, '/timeline') == []
    susan = found['user_id']
    assert bodies(program, f'/users/{susan}/posts') == []
    assert bodies(his, f'/users/{susan}/answers') == ['an answer']


def test_answers_stay_when_what_they_answer_goes(program: Program, his: Program, post: str) -> None:
    answer = write(program, 'an answer', in_reply_to=id_of(post))
    his.delete(post)
    assert program.get(answer).get_json()['in_reply_to'] == id_of(post)
    assert program.get(f'{post}/replies').status_code == 404


def test_answers_are_read_from_the_oldest_on(program: Program, his: Program, post: str) -> None:
    paths = [write(program, str(number), in_reply_to=id_of(post)) for number in range(5)]
    assert following(program, f'{post}/replies?per_page=2') == [['0', '1'], ['2', '3'], ['4']]
    first = program.get(f'{post}/replies?per_page=2').get_json()
    assert first['_meta']['total_items'] == 5
    assert first['_links']['next'].endswith(f'&after={id_of(paths[1])}')
    for path in paths[:2]:
        program.delete(path)
    assert following(program, first['_links']['next']) == [['2', '3'], ['4']]
    assert bodies(program, f'{post}/replies?after={10**30}') == []
    assert program.get(f'{post}/replies?after=x').status_code == 400


def test_what_cannot_be_answered(program: Program, his: Program, post: str) -> None:
    deleted = write(his, 'deleted')
    his.delete(deleted)
    program.put(f'{post}/repost')
    for id_ in (id_of(deleted), the_repost(), 0, -1, 2**31, 2**64, 10**30):
        response = program.post('/posts', {'body': 'x', 'in_reply_to': id_})
        message = 'there is no such post to answer'
        assert (response.status_code, response.get_json()) == (
            400,
            {'error': 'Bad Request', 'message': message, 'errors': {'in_reply_to': [message]}},
        )
    values: tuple[Any, ...] = ('x', 1.5, True, [], {})
    for value in values:
        response = program.post('/posts', {'body': 'x', 'in_reply_to': value})
        assert response.status_code == 400
        assert set(response.get_json()['errors']) == {'in_reply_to'}
    assert program.post('/posts', {'body': 'x', 'in_reply_to': None}).status_code == 201
    # A post stays what it is.
    response = his.put(post, {'body': 'changed', 'in_reply_to': id_of(deleted)})
    assert response.get_json()['in_reply_to'] is None


def the_repost() -> int:
    [id_] = db.session.scalars(db.select(Post.id).where(Post.repost_of.is_not(None)))
    return int(id_)


@pytest.mark.parametrize('id_', ['{repost}', '2000000000', '0', str(2**31), '9' * 20])
def test_no_such_post(program: Program, post: str, id_: str) -> None:
    """What passes a post on is none, for nobody."""
    program.put(f'{post}/repost')
    path = f'/posts/{id_.format(repost=the_repost())}'
    for method in ('GET', 'PUT', 'DELETE'):
        assert program.open(method, path, {'body': 'x'}).status_code == 404
    for what in ('replies', 'likes', 'reposts'):
        assert program.get(f'{path}/{what}').status_code == 404
    for kind in KINDS:
        for method in ('PUT', 'DELETE'):
            assert program.open(method, f'{path}/{kind}').status_code == 404
    assert program.get(post).get_json()['repost_count'] == 1


@pytest.mark.parametrize('method', ['PUT', 'DELETE'])
@pytest.mark.parametrize('kind', COUNTED)
def test_the_post_is_deleted_at_once(
    program: Program, post: str, monkeypatch: pytest.MonkeyPatch, method: str, kind: str
) -> None:
    program.open('PUT' if method == 'DELETE' else 'DELETE', f'{post}/{kind}')

    def find(id: int) -> Post:
        found = post_or_404(id)
        with db.engine.begin() as other:
            other.execute(db.delete(Post).where(Post.id == id))
        return found

    monkeypatch.setattr('app.api.reactions.post_or_404', find)
    response = program.open(method, f'{post}/{kind}')
    assert response.status_code == 409
    assert response.get_json()['error'] == 'Conflict'


def test_what_is_to_be_answered_is_deleted_at_once(
    program: Program, post: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Post.find

    def find(id_: int) -> Post | None:
        found = original(id_)
        with db.engine.begin() as other:
            other.execute(db.delete(Post).where(Post.id == id_))
        return found

    monkeypatch.setattr(Post, 'find', find)
    response = program.post('/posts', {'body': 'x', 'in_reply_to': id_of(post)})
    assert response.status_code == 409
    monkeypatch.undo()
    assert bodies(program, f'/users/{the_caller(program)}/answers') == []


def the_caller(program: Program) -> int:
    id_: int = program.get('/users/me').get_json()['id']
    return id_


def test_what_several_pass_on_is_there_once(
    program: Program, his: Program, program_of: ProgramOf, make_user: MakeUser, john: User
) -> None:
    mary, eve = make_user('mary'), make_user('eve')
    for person in (john, mary):
        program.post(f'/users/{person.id}/follow')
    paths = [write(program_of(eve), str(number)) for number in range(3)]
    for path in paths:
        his.put(f'{path}/repost')
    program_of(mary).put(f'{paths[2]}/repost')
    page = program.get('/timeline').get_json()
    assert [(post['body'], post['reposted_by']) for post in page['items']] == [
        ('2', ['mary', 'john']),
        ('1', ['john']),
        ('0', ['john']),
    ]
    assert page['items'][0]['username'] == 'eve'
    assert page['items'][0]['_links']['self'] == f'/api{paths[2]}'
    assert program.get(paths[2]).get_json()['reposted_by'] == []
    [post] = program.get(f'/users/{mary.id}/posts').get_json()['items']
    assert (post['body'], post['reposted_by']) == ('2', ['mary'])
    # Each page goes on where the one before has ended.
    assert following(program, '/timeline?per_page=2') == [['2'], ['1', '0']]
    assert bodies(program, '/posts') == ['2', '1', '0']


@pytest.mark.parametrize('kind', KINDS)
def test_who_has_a_post_already_hears_of_marks_and_numbers(
    program: Program, his: Program, post: str, kind: str
) -> None:
    """The answers to two people differ by their marks, and so do their tags."""
    response = program.get(post)
    assert {'Authorization'} <= set(response.vary)
    known = {'If-None-Match': response.headers['ETag']}
    assert program.get(post, headers=known).status_code == 304
    assert his.get(post, headers=known).status_code == 304
    program.put(f'{post}/{kind}')
    changed = program.get(post, headers=known)
    assert changed.status_code == 200
    assert changed.get_json()[KINDS[kind]] is True
    assert his.get(post, headers=known).status_code == (200 if kind in COUNTED else 304)
    known = {'If-None-Match': changed.headers['ETag']}
    assert program.get(post, headers=known).status_code == 304
    assert his.get(post, headers=known).status_code == 200


def test_marks_of_what_a_search_finds(program: Program, his: Program, post: str) -> None:
    program.put(f'{post}/like')
    [found] = program.get('/search?q=john').get_json()['items']
    assert found == program.get(post).get_json()
    [found] = his.get('/search?q=john').get_json()['items']
    assert (found['liked'], found['like_count']) == (False, 1)


@pytest.mark.parametrize('kind', KINDS)
def test_applause_has_a_limit(
    make_app: Callable[..., Flask], program: Program, post: str, kind: str
) -> None:
    limited = Program(make_app(RATELIMIT_ENABLED=True).test_client(), program.token)
    for _ in range(120):
        assert limited.put(f'{post}/{kind}').status_code == 204
    assert limited.put(f'{post}/{kind}').status_code == 429
    assert limited.delete(f'{post}/{kind}').status_code == 204


@pytest.mark.parametrize('word', ['sun', 'SUN', 'Sün', '%EF%BC%B3%EF%BC%B5%EF%BC%AE'])
def test_a_tag_in_any_spelling(program: Program, his: Program, word: str) -> None:
    post = write(his, 'The #Sun shines')
    write(his, 'The sun shines, and #sunday comes')
    answer = write(program, 'On the #sun?', in_reply_to=id_of(post))
    items = program.get(f'/tags/{word}/posts').get_json()['items']
    assert items == [program.get(path).get_json() for path in (answer, post)]


def test_a_tag_that_nobody_has_used(program: Program) -> None:
    page = program.get('/tags/moon/posts').get_json()
    assert page['items'] == []
    assert page['_meta'] == {'page': 1, 'per_page': 10, 'total_pages': 0, 'total_items': 0}
    assert page['_links']['self'] == '/api/tags/moon/posts?page=1&per_page=10'


@pytest.mark.parametrize(
    'word', ['%00', 'a%00b', '123', '_', 'two%20words', '%23sun', 'a-b', '%ff']
)
def test_what_can_be_no_tag(program: Program, word: str) -> None:
    response = program.get(f'/tags/{word}/posts')
    assert response.status_code == 404
    assert response.get_json() == {'error': 'Not Found'}


def test_tags_follow_a_change(program: Program, post: str) -> None:
    path = write(program, 'about #cats')
    program.put(path, {'body': 'about #dogs'})
    assert bodies(program, '/tags/cats/posts') == []
    assert bodies(program, '/tags/dogs/posts') == ['about #dogs']
