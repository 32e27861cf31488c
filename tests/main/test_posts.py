"""A post on a page of its own: answers, editing, deleting, applause, tags, activity."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, delete, select

from app import db
from app.models import Activity, Post, User
from app.models.locks import hold
from app.models.mention import mentions
from tests.conftest import MakeUser
from tests.pages import flashes, title
from tests.statements import statements

LogIn = Callable[[User], FlaskClient]


@pytest.fixture
def john(make_user: MakeUser) -> User:
    return make_user('john')


def write(author: User, body: str, above: Post | None = None) -> Post:
    post = Post(body=body, author=author, in_reply_to=above.id if above else None)
    db.session.add(post)
    db.session.commit()
    return post


def bodies(text: str) -> list[str]:
    found = re.findall(r'<span id="post\d+">(.*?)</span>', text, re.DOTALL)
    return [re.sub('<.*?>', '', body) for body in found]


def test_the_time_of_a_post_leads_to_it(log_in: LogIn, susan: User) -> None:
    post = write(susan, 'hello, world')
    client = log_in(susan)
    assert re.search(rf'said <a href=/post/{post.id}><time', client.get('/explore').text)
    response = client.get(f'/post/{post.id}')
    assert title(response) == 'susan: hello, world - Microblog'
    assert bodies(response.text) == ['hello, world']


def test_a_title_has_the_beginning_of_a_long_text(log_in: LogIn, susan: User) -> None:
    post = write(susan, 'word ' * 27)
    beginning = ' '.join(['word'] * 12)
    assert title(log_in(susan).get(f'/post/{post.id}')) == f'susan: {beginning}… - Microblog'


@pytest.mark.parametrize('path', ['0', '7', '99999999999999999999', '9' * 5000, '%00', '-1', 'x'])
def test_there_is_no_such_post(log_in: LogIn, susan: User, path: str) -> None:
    client = log_in(susan)
    for page in ('', '/edit', '/delete', '/likes', '/reposts'):
        assert client.get(f'/post/{path}{page}').status_code == 404
    assert client.post(f'/post/{path}/like').status_code == 404


def test_an_answer_stands_under_what_it_answers_and_nowhere_else(
    log_in: LogIn, susan: User, john: User
) -> None:
    post = write(susan, 'who is there?')
    john.follow(susan)
    db.session.commit()
    client = log_in(john)
    response = client.post(f'/post/{post.id}', data={'post': 'me'})
    assert response.headers['Location'] == f'/post/{post.id}'
    page = client.get(f'/post/{post.id}')
    assert flashes(page) == ['Your answer is now live!']
    assert bodies(page.text) == ['who is there?', 'me']
    assert '>Answer 1</a>' in page.text
    for path in ('/index', '/explore'):
        assert bodies(client.get(path).text) == ['who is there?']
    assert bodies(client.get('/user/john').text) == []
    answer = db.session.scalars(select(Post).where(Post.body == 'me')).one()
    assert bodies(client.get(f'/post/{answer.id}').text) == ['who is there?', 'me']


def test_one_s_answer_is_seen_however_many_there_are(log_in: LogIn, susan: User) -> None:
    post, client = write(susan, 'first'), log_in(susan)
    for number in range(25):
        write(susan, f'answer {number}', post)
    response = client.post(f'/post/{post.id}', data={'post': 'mine'})
    mine = db.session.scalars(select(Post).where(Post.body == 'mine')).one()
    assert response.headers['Location'] == f'/post/{post.id}?page=2#post{mine.id}'
    assert bodies(client.get(response.headers['Location']).text) == ['first', 'mine']


@pytest.mark.parametrize('text', ['', ' ', 'x' * 141, '\0'])
def test_an_answer_has_1_to_140_characters(log_in: LogIn, susan: User, text: str) -> None:
    post = write(susan, 'hello')
    response = log_in(susan).post(f'/post/{post.id}', data={'post': text})
    assert response.status_code == 200
    assert 'invalid-feedback' in response.text
    assert post.reply_count == 0


def test_answers_are_read_from_the_oldest_page_by_page(log_in: LogIn, susan: User) -> None:
    post = write(susan, 'first')
    for number in range(30):
        write(susan, f'answer {number}', post)
    client, path, found = log_in(susan), f'/post/{post.id}', []
    pages = []
    while path:
        text = client.get(path).text
        pages.append(path)
        found += bodies(text)[1:]
        links = dict(re.findall(r'<a class="btn[^>]*href="([^"]*)"[^>]*rel="(next|prev)"', text))
        following = [address for address, way in links.items() if way == 'next']
        path = following[0].replace('&amp;', '&') if following else ''
    assert found == [f'answer {number}' for number in range(30)]
    assert len(pages) == 2


def test_a_deep_conversation_is_shown_from_its_beginning(log_in: LogIn, susan: User) -> None:
    posts = [write(susan, 'level 0')]
    for level in range(1, 25):
        posts.append(write(susan, f'level {level}', posts[-1]))
    client = log_in(susan)
    assert bodies(client.get(f'/post/{posts[5].id}').text) == [f'level {n}' for n in range(7)]
    text = client.get(f'/post/{posts[24].id}').text
    assert bodies(text) == [f'level {n}' for n in range(4, 25)]
    # By way of the topmost one, whether or not what is above that has been deleted.
    assert f'<a href="/post/{posts[4].id}">Earlier posts of this conversation</a>' in text
    db.session.delete(posts[3])
    db.session.commit()
    assert client.get(f'/post/{posts[24].id}').text.count('Earlier posts') == 1
    assert 'This post was deleted.' in client.get(f'/post/{posts[4].id}').text


def test_editing_says_so_and_keeps_the_place(log_in: LogIn, susan: User, john: User) -> None:
    post, _later = write(susan, 'helo #one @john'), write(susan, 'later')
    client = log_in(susan)
    assert 'helo #one @john</textarea>' in client.get(f'/post/{post.id}/edit').text
    response = client.post(f'/post/{post.id}/edit', data={'post': 'hello #two @susan'})
    assert response.headers['Location'] == f'/post/{post.id}'
    assert re.search(r' · edited <time', client.get(f'/post/{post.id}').text)
    assert bodies(client.get('/explore').text) == ['later', 'hello #two @susan']
    assert bodies(client.get('/tag/one').text) == []
    assert bodies(client.get('/tag/two').text) == ['hello #two @susan']
    assert bodies(client.get('/search?q=hello').text) == ['hello #two @susan']
    assert bodies(client.get('/search?q=helo').text) == []
    assert john.unread_activity_count == 0
    assert db.session.scalars(select(Activity)).all() == []


def test_saving_the_same_text_is_no_edit(log_in: LogIn, susan: User) -> None:
    post = write(susan, 'hello')
    log_in(susan).post(f'/post/{post.id}/edit', data={'post': 'hello'})
    assert post.edited is None


def test_deleting_asks_first_and_leaves_the_answers(log_in: LogIn, susan: User, john: User) -> None:
    post = write(susan, 'first')
    answer = write(john, 'second', post)
    client = log_in(susan)
    assert 'Delete this post?' in client.get(f'/post/{post.id}/delete').text
    assert Post.find(post.id) is not None
    path = f'/post/{post.id}'
    assert client.post(f'{path}/delete').headers['Location'] == '/index'
    assert client.get(path).status_code == 404
    page = client.get(f'/post/{answer.id}')
    assert 'This post was deleted.' in page.text
    assert bodies(page.text) == ['second']
    assert susan.post_count == 0


def test_deleting_an_answer_leads_to_what_it_answered(log_in: LogIn, susan: User) -> None:
    post = write(susan, 'first')
    answer = write(susan, 'second', post)
    response = log_in(susan).post(f'/post/{answer.id}/delete')
    assert response.headers['Location'] == f'/post/{post.id}'
    db.session.refresh(post)
    assert (post.reply_count, susan.post_count) == (0, 1)


def test_only_the_author_may_change_or_delete(log_in: LogIn, susan: User, john: User) -> None:
    post = write(susan, 'mine')
    client = log_in(john)
    text = client.get(f'/post/{post.id}').text
    for way in ('edit', 'delete'):
        assert f'/post/{post.id}/{way}' not in text
        assert client.get(f'/post/{post.id}/{way}').status_code == 403
        assert client.post(f'/post/{post.id}/{way}', data={'post': 'x'}).status_code == 403
    assert post.body == 'mine'


def test_mentions_and_tags_become_links(log_in: LogIn, susan: User, john: User) -> None:
    write(susan, '@JOHN @nobody #Été http://example.org/@john#x')
    text = log_in(susan).get('/explore').text
    assert '<a href="/user/john">@JOHN</a> @nobody <a href="/tag/%C3%89t%C3%A9">#Été</a>' in text
    assert text.count('/user/john') == 1
    # Whoever is called by another name later is still meant.
    john.username = 'johnny'
    db.session.commit()
    assert '<a href="/user/johnny">@JOHN</a>' in log_in(susan).get('/explore').text


def test_a_tag_is_one_in_all_its_spellings(log_in: LogIn, susan: User) -> None:
    post = write(susan, 'first #Été')
    write(susan, 'second #ete #ETE', post)
    client = log_in(susan)
    for spelling in ('été', 'ETE', 'ete', '%C3%89t%C3%A9'):
        response = client.get(f'/tag/{spelling}')
        assert title(response) == '#Été - Microblog'
        assert bodies(response.text) == ['second #ete #ETE', 'first #Été']
    for unknown in ('nothing', '%00', '1', 'x' * 140, '\u202eolleh', '&lt;b&gt;'):
        assert client.get(f'/tag/{unknown}').status_code == 404


def test_a_tag_whose_signs_stand_for_sentences(log_in: LogIn, susan: User) -> None:
    client, word = log_in(susan), 'ﷺ' * 139
    assert client.post('/index', data={'post': f'#{word}'}).status_code == 302
    assert bodies(client.get(f'/tag/{word}').text) == [f'#{word}']


REACTIONS = [
    ('like', 'unlike', 'Unlike 1', 'Like', 'like_count'),
    ('repost', 'unrepost', 'Undo repost 1', 'Repost', 'repost_count'),
    ('bookmark', 'unbookmark', 'Remove bookmark', 'Bookmark', None),
]


@pytest.mark.parametrize(('do', 'undo', 'done', 'label', 'counter'), REACTIONS)
def test_doing_something_twice_changes_nothing(
    log_in: LogIn, susan: User, john: User, do: str, undo: str, done: str, label: str, counter: str
) -> None:
    post, client = write(susan, 'hello'), log_in(john)
    for action, number, shown in ((do, 1, done), (undo, 0, label)):
        for _ in range(2):
            back = {'next': '/explore?page=1'}
            response = client.post(f'/post/{post.id}/{action}', data=back)
            assert response.headers['Location'] == f'/explore?page=1#post{post.id}'
            db.session.refresh(post)
            assert counter is None or getattr(post, counter) == number
            assert f'>{shown}</button>' in client.get(f'/post/{post.id}').text


def test_a_script_gets_a_sentence_and_other_sites_no_way_back(
    log_in: LogIn, susan: User, john: User
) -> None:
    post, client = write(susan, 'hello'), log_in(john)
    from_script = {'X-Requested-With': 'reactions'}
    response = client.post(f'/post/{post.id}/like', headers=from_script)
    assert (response.status_code, response.text) == (200, 'You like this post.')
    away = client.post(f'/post/{post.id}/like', data={'next': 'https://example.org/'})
    assert away.headers['Location'] == f'/post/{post.id}#post{post.id}'


def test_who_likes_and_who_passes_on(log_in: LogIn, susan: User, john: User) -> None:
    post = write(susan, 'hello')
    client = log_in(john)
    for page in ('likes', 'reposts'):
        assert 'Nobody yet.' in client.get(f'/post/{post.id}/{page}').text
    john.like(post)
    john.repost(post)
    db.session.commit()
    text = client.get(f'/post/{post.id}').text
    assert re.search(rf'<a [^>]*href="/post/{post.id}/likes"[^>]*>Who likes this</a>', text)
    assert re.search(rf'<a [^>]*href="/post/{post.id}/reposts"[^>]*>Who reposted this</a>', text)
    for page in ('likes', 'reposts'):
        people = client.get(f'/post/{post.id}/{page}').text
        assert re.findall(r'class="author" href="([^"]*)"', people) == ['/user/john']


def test_bookmarks_are_seen_by_their_owner_only(log_in: LogIn, susan: User, john: User) -> None:
    posts = [write(susan, f'{number}') for number in range(3)]
    for post in (posts[2], posts[0]):
        john.bookmark(post)
    db.session.commit()
    assert bodies(log_in(john).get('/bookmarks').text) == ['0', '2']
    assert bodies(log_in(susan).get('/bookmarks').text) == []


def test_a_repost_stands_in_the_feeds_of_followers_once(
    log_in: LogIn, susan: User, john: User, make_user: MakeUser
) -> None:
    post = write(susan, 'hello')
    reader, mary = make_user('reader'), make_user('mary')
    for person in (john, mary):
        reader.follow(person)
        person.repost(post)
    db.session.commit()
    text = log_in(reader).get('/index').text
    assert bodies(text) == ['hello']
    names = r'<a href="/user/(\w+)"><bdi>\w+</bdi></a>'
    assert re.search(f'{names} and {names} reposted', text)
    # In the profile of who did it, and not on Explore.
    assert bodies(log_in(reader).get('/user/mary').text) == ['hello']
    assert bodies(log_in(reader).get('/explore').text) == ['hello']
    # It goes with the post.
    db.session.delete(post)
    db.session.commit()
    assert bodies(log_in(reader).get('/index').text) == []
    db.session.refresh(mary)
    assert mary.post_count == 0


def test_the_row_of_a_repost_is_no_post(log_in: LogIn, susan: User, john: User) -> None:
    post = write(susan, 'hello')
    john.repost(post)
    db.session.commit()
    row = db.session.scalars(select(Post).where(Post.repost_of == post.id)).one()
    client = log_in(john)
    for page in ('', '/edit', '/delete', '/likes'):
        assert client.get(f'/post/{row.id}{page}').status_code == 404


def heard(client: FlaskClient) -> list[str]:
    text = client.get('/activity').text
    heads = re.findall(r'<p class="activity-head[^>]*>(.*?)(?:<span|</p>)', text, re.DOTALL)
    return [re.sub(r'\s+', ' ', re.sub('<.*?>', '', head)).strip() for head in heads]


def test_activity_tells_what_concerns_somebody(
    log_in: LogIn, susan: User, john: User, make_user: MakeUser
) -> None:
    mary = make_user('mary')
    post = write(susan, 'hello')
    susan.like(post)  # nobody is told of what they did themselves
    john.follow(susan)
    write(john, 'hello @susan', post)
    write(john, 'by the way, @susan')
    for person in (john, mary):
        person.like(post)
        person.repost(post)
    db.session.commit()
    client = log_in(susan)
    badge = r'<span id="activity_count" class="badge" [^>]*>5</span>'
    assert re.search(badge, client.get('/explore').text)
    assert heard(client) == [
        'mary and 1 other have reposted your post.',
        'mary and 1 other like your post.',
        'john has mentioned you.',
        'john has answered you.',
        'john follows you now.',
    ]
    assert 'badge invisible' in client.get('/explore').text
    assert susan.unread_activity_count == 0


def test_what_is_taken_back_is_not_told(log_in: LogIn, susan: User, john: User) -> None:
    post = write(susan, 'hello')
    for do, undo in ((john.like, john.unlike), (john.repost, john.unrepost)):
        do(post)
        db.session.commit()
        assert susan.unread_activity_count == 1
        undo(post)
        db.session.commit()
        assert susan.unread_activity_count == 0
    john.follow(susan)
    john.unfollow(susan)
    answer = write(john, 'hello', post)
    db.session.delete(answer)
    db.session.commit()
    assert heard(log_in(susan)) == []


def test_the_open_page_hears_of_it(log_in: LogIn, susan: User, john: User) -> None:
    post, client = write(susan, 'hello'), log_in(susan)
    john.like(post)
    db.session.commit()
    [told] = client.get('/notifications').get_json()
    assert (told['name'], told['data']) == ('unread_activity_count', 1)


def test_a_page_costs_the_same_however_much_was_said(
    log_in: LogIn, susan: User, john: User
) -> None:
    post = write(susan, 'hello #tag @john')

    def cost() -> dict[str, int]:
        client = log_in(susan)
        client.get('/')
        numbers = {}
        for path in (
            f'/post/{post.id}',
            '/tag/tag',
            '/bookmarks',
            f'/post/{post.id}/likes',
            '/activity',
        ):
            with statements() as made:
                assert client.get(path).status_code == 200
            numbers[path] = len(made)
        return numbers

    answer = write(john, 'a #tag', post)
    susan.bookmark(answer)
    susan.like(post)
    db.session.commit()
    few = cost()
    assert few == {
        f'/post/{post.id}': 5,
        '/tag/tag': 5,
        '/bookmarks': 4,
        f'/post/{post.id}/likes': 5,
        '/activity': 9,
    }
    for number in range(20):
        above = write(john, f'{number} #tag @susan', post)
        write(susan, f'{number}', above)
        susan.bookmark(above)
    db.session.commit()
    assert cost() == few


@pytest.mark.parametrize('path', ['', '/like', '/repost', '/bookmark', '/edit', '/delete'])
def test_a_post_that_is_deleted_at_once_is_no_500(
    log_in: LogIn, susan: User, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    post = write(susan, 'going')
    client = log_in(susan)
    find = Post.find

    def find_and_delete(id_: int) -> Post | None:
        found = find(id_)
        with db.engine.begin() as other:
            other.execute(delete(Post).where(Post.id == id_))
        return found

    monkeypatch.setattr(Post, 'find', find_and_delete)
    response = client.post(f'/post/{post.id}{path}', data={'post': 'too late'})
    assert response.status_code in (302, 404, 409)
    monkeypatch.undo()
    assert client.get('/index').status_code == 200
    assert db.session.scalars(select(Post)).all() == []


@pytest.fixture
def meanwhile(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Let somebody else do something just before the next accounts are held."""

    def plan(do: Callable[[], None]) -> None:
        def hold_later(connection: Connection, ids: set[int]) -> set[int]:
            monkeypatch.setattr('app.models.counters.hold', hold)
            with app.app_context():
                do()
                db.session.commit()
            return hold(connection, ids)

        monkeypatch.setattr('app.models.counters.hold', hold_later)

    return plan


Meanwhile = Callable[[Callable[[], None]], None]


def test_of_two_changes_at_once_the_last_one_is_told(
    susan: User, john: User, make_user: MakeUser, meanwhile: Meanwhile
) -> None:
    post, mary = write(susan, 'hello'), make_user('mary')
    id_ = post.id
    meanwhile(lambda: db.session.get_one(Post, id_).edit('hello @john'))
    post.edit('hello @mary')
    db.session.commit()
    db.session.expire_all()
    assert [(told.user_id, told.kind) for told in db.session.scalars(select(Activity))] == [
        (mary.id, 'mention')
    ]
    assert (john.unread_activity_count, mary.unread_activity_count) == (0, 1)


@pytest.mark.parametrize('is_new', [True, False])
def test_to_mention_who_leaves_at_once_is_no_conflict(
    susan: User, john: User, meanwhile: Meanwhile, is_new: bool
) -> None:
    post, id_ = write(susan, 'hello'), john.id
    meanwhile(lambda: db.session.delete(db.session.get_one(User, id_)))
    if is_new:
        post = write(susan, 'hello @john')
    else:
        post.edit('hello @john')
        db.session.commit()
    assert post.body == 'hello @john'
    assert db.session.scalars(select(mentions.c.post_id)).all() == []
