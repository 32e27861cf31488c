"""Pages of entries and their links (chapter 23)."""

from collections.abc import Callable

import pytest
from sqlalchemy import insert, select, update

from app import db
from app.models import Post, User, followers, totals
from tests.api.conftest import Program
from tests.conftest import MakeUser
from tests.statements import statements

Address = Callable[[str], str]


@pytest.fixture
def people(susan: User) -> list[User]:
    """25 people who follow susan and whom she follows; each has written twice."""
    counts = {'follower_count': 25, 'followed_count': 25}
    db.session.execute(update(User).where(User.id == susan.id).values(counts))
    names = [f'user{number}' for number in range(25)]
    counts = {'follower_count': 1, 'followed_count': 1}
    people = [User(username=name, email=f'{name}@example.com', **counts) for name in names]
    db.session.add_all(people)
    db.session.flush()
    pairs = [(susan.id, person.id) for person in people]
    pairs += [(followed, follower) for follower, followed in pairs]
    rows = [{'follower_id': follower, 'followed_id': followed} for follower, followed in pairs]
    db.session.execute(insert(followers), rows)
    for person in people:
        texts = [f'{n} of {person.username}' for n in range(2)]
        db.session.add_all(Post(body=text, language='en', author=person) for text in texts)
    db.session.commit()
    return people


@pytest.fixture
def address(people: list[User], susan: User) -> Address:
    """Fill in the ids, which MariaDB counts on from one test to the next."""
    return lambda path: path.format(susan=susan.id, user0=people[0].id)


@pytest.fixture
def posts(people: list[User]) -> list[int]:
    """The ids of all posts, the newest first."""
    return list(db.session.scalars(select(Post.id).order_by(Post.id.desc())))


PATHS = ['/users', '/users/{susan}/followers', '/users/{susan}/followed']
TIMELINES = ['/posts', '/timeline', '/users/{user0}/posts']
TOTALS = {'/users': 26, '/users/{susan}/followers': 25, '/users/{susan}/followed': 25}
TOTALS |= {'/posts': 50, '/timeline': 50, '/users/{user0}/posts': 2}


@pytest.mark.parametrize('path', [*PATHS, *TIMELINES])
def test_the_first_page(program: Program, address: Address, path: str) -> None:
    total = TOTALS[path]
    path = address(path)
    response = program.get(path)
    assert response.status_code == 200
    page = response.get_json()
    pages = -(-total // 10)
    assert set(page) == {'items', '_meta', '_links'}
    assert len(page['items']) == min(total, 10)
    assert page['_meta'] == {
        'page': 1,
        'per_page': 10,
        'total_pages': pages,
        'total_items': total,
    }
    assert page['_links']['self'] == f'/api{path}?page=1&per_page=10'
    assert page['_links']['prev'] is None
    if pages == 1:
        assert page['_links']['next'] is None
    else:
        assert page['_links']['next'].startswith(f'/api{path}?page=2&per_page=10')


@pytest.mark.parametrize('path', [*PATHS, *TIMELINES])
@pytest.mark.parametrize('per_page', [3, 10])
def test_following_the_links_shows_everything_once(
    program: Program, address: Address, path: str, per_page: int
) -> None:
    link = f'{address(path)}?per_page={per_page}'
    seen: list[int] = []
    while True:
        page = program.get(link).get_json()
        seen += [entry['id'] for entry in page['items']]
        if page['_links']['next'] is None:
            break
        link = page['_links']['next'].removeprefix('/api')
    assert len(seen) == len(set(seen)) == TOTALS[path]
    assert page['_meta']['page'] == page['_meta']['total_pages']
    if page['_meta']['page'] > 1:
        assert f'page={page["_meta"]["page"] - 1}&' in page['_links']['prev']


def test_everybody_in_the_order_of_registering(program: Program, people: list[User]) -> None:
    items = program.get('/users?page=2').get_json()['items']
    assert [item['id'] for item in items] == [person.id for person in people[9:19]]


@pytest.mark.parametrize(
    ('arguments', 'page', 'per_page', 'length'),
    [
        ('page=3', 3, 10, 6),
        ('page=4', 4, 10, 0),
        ('per_page=1000', 1, 100, 26),
        ('per_page=100', 1, 100, 26),
        ('per_page=0', 1, 1, 1),
        ('per_page=-1', 1, 1, 1),
        ('per_page=-99999999999999999999', 1, 1, 1),
        ('per_page=-0', 1, 1, 1),
        ('per_page=99999999999999999999', 1, 100, 26),
        ('per_page=+3', 1, 3, 3),
        ('per_page=%2B3', 1, 3, 3),
        ('per_page=000000000000000003', 1, 3, 3),
        ('per_page=--3', 1, 10, 10),
        ('per_page=3.5', 1, 10, 10),
        ('per_page=²', 1, 10, 10),
        ('per_page=x', 1, 10, 10),
        ('per_page=', 1, 10, 10),
        ('page=0', 1, 10, 10),
        ('page=-1', 1, 10, 10),
        ('page=1.5', 1, 10, 10),
        ('page=%00', 1, 10, 10),
        ('page=²', 1, 10, 10),
        ('page=99999999999999999999', 10**12, 10, 0),
    ],
)
def test_numbers(
    program: Program, people: list[User], arguments: str, page: int, per_page: int, length: int
) -> None:
    for path in ('/users', '/posts'):
        response = program.get(f'{path}?{arguments}')
        assert response.status_code == 200
        found = response.get_json()
        assert (found['_meta']['page'], found['_meta']['per_page']) == (page, per_page)
        if path == '/users':
            assert len(found['items']) == length


def test_reading_on_while_others_post(
    program: Program, people: list[User], posts: list[int]
) -> None:
    first = program.get('/posts').get_json()
    db.session.add_all(Post(body='new', author=people[0]) for _ in range(5))
    db.session.commit()
    second = program.get(first['_links']['next'].removeprefix('/api')).get_json()
    assert [post['id'] for post in first['items'] + second['items']] == posts[:20]
    assert second['_links']['self'] == f'/api/posts?page=2&per_page=10&before={posts[9]}'
    again = program.get(f'/posts?before={posts[9]}').get_json()
    assert again['items'] == second['items']


def test_reading_on_from_a_post_that_is_gone(program: Program, posts: list[int]) -> None:
    db.session.delete(db.session.get(Post, posts[9]))
    db.session.commit()
    for path in ('/posts', '/timeline'):
        items = program.get(f'{path}?before={posts[9]}&per_page=3').get_json()['items']
        assert [post['id'] for post in items] == posts[10:13]


def test_before_everything(program: Program, posts: list[int]) -> None:
    assert program.get(f'/posts?before={posts[-1]}').get_json()['items'] == []
    assert program.get('/posts?before=1').get_json()['items'] == []


def test_before_what_is_yet_to_come(program: Program, posts: list[int]) -> None:
    items = program.get(f'/posts?before={10**30}').get_json()['items']
    assert items[0]['id'] == posts[0]


@pytest.mark.parametrize('before', ['x', '', '1.5', '%00', '9' * 5000, '0', '-7', f'-{10**30}'])
def test_before_nothing_that_is_an_id(program: Program, before: str) -> None:
    response = program.get(f'/posts?before={before}')
    assert response.status_code == 400
    assert set(response.get_json()['errors']) == {'before'}


def test_an_empty_collection(program: Program) -> None:
    page = program.get('/posts').get_json()
    assert page['items'] == []
    assert page['_meta'] == {'page': 1, 'per_page': 10, 'total_pages': 0, 'total_items': 0}


@pytest.mark.parametrize(
    ('path', 'queries'),
    [*zip(PATHS, (3, 2, 2), strict=True), *zip(TIMELINES, (4, 5, 4), strict=True)],
)
@pytest.mark.parametrize('per_page', [2, 100])
def test_a_page_makes_a_fixed_number_of_queries(
    program: Program, address: Address, path: str, per_page: int, queries: int
) -> None:
    path = address(path)
    with statements() as made:
        assert program.get(f'{path}?per_page={per_page}').status_code == 200
    assert len(made) == queries


# What 25 people did with a post: how many entries there are, and queries for a page of them.
APPLAUSE = {
    '/posts/{post}/likes?': (25, 3),
    '/posts/{post}/reposts?': (25, 3),
    '/posts/{post}/replies?': (25, 4),
    '/users/{susan}/answers?': (25, 4),
    '/tags/tag/posts?': (25, 5),
    '/bookmarks?': (25, 4),
    '/activity?': (27, 4),
    '/search?q=answer&': (25, 3),
    '/users?q=fan&': (25, 2),
}


@pytest.fixture
def applauded(make_user: MakeUser, susan: User, john: User) -> int:
    """The id of a post of susan's that 25 people like, pass on and answer with a tag.

    She answers, likes, passes on and keeps all that they wrote.
    """
    post = Post(body='applauded', author=susan)
    db.session.add(post)
    db.session.flush()
    for number in range(25):
        fan = User(username=f'fan.{number}', email=f'fan{number}@example.com')
        answer = Post(body=f'answer {number} #tag', author=fan, in_reply_to=post.id)
        db.session.add(answer)
        db.session.flush()
        fan.like(post)
        fan.repost(post)
        db.session.add(Post(body='well said', author=susan, in_reply_to=answer.id))
        susan.like(answer)
        susan.repost(answer)
        susan.bookmark(answer)
    db.session.commit()
    return post.id


@pytest.mark.parametrize('path', APPLAUSE)
@pytest.mark.parametrize('per_page', [2, 100])
def test_a_page_of_applause_makes_a_fixed_number_of_queries(
    program: Program, applauded: int, susan: User, path: str, per_page: int
) -> None:
    total, queries = APPLAUSE[path]
    path = path.format(post=applauded, susan=susan.id)
    program.get(f'{path}per_page=1')  # the first search makes its index
    with statements() as made:
        page = program.get(f'{path}per_page={per_page}').get_json()
    assert len(page['items']) == min(per_page, total)
    assert page['_meta']['total_items'] == total
    assert len(made) == queries


@pytest.mark.parametrize('path', APPLAUSE)
def test_following_the_links_of_applause_shows_everything_once(
    program: Program, applauded: int, susan: User, path: str
) -> None:
    total, _ = APPLAUSE[path]
    path = path.format(post=applauded, susan=susan.id)
    link: str | None = f'{path}per_page=4'
    seen: list[int] = []
    while link is not None:
        page = program.get(link.removeprefix('/api')).get_json()
        seen += [entry['id'] for entry in page['items']]
        link = page['_links']['next']
    assert len(seen) == len(set(seen)) == total


def test_great_numbers_are_counted_once_a_minute(
    program: Program,
    people: list[User],
    make_user: MakeUser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def counted() -> int:
        number: int = program.get('/users').get_json()['_meta']['total_items']
        return number

    monkeypatch.setattr(totals, 'COUNTED', 10)
    assert counted() == 26
    make_user('one_more')
    assert counted() == 26
    monkeypatch.setattr(totals, 'MAX_AGE', 0)
    assert counted() == 27
