"""The archive of one's own posts, by mail and straight from the database (chapter 22)."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, insert, select, update

from app import db
from app.models import Post, User
from app.models.media import Shot
from app.models.reaction import bookmarks, likes
from app.tasks import archive, export, export_posts
from tests.conftest import MakeUser, session_of
from tests.mailbox import Mailbox, running_mailbox
from tests.pages import csrf_token, link
from tests.threads import wait_for_jobs

LogIn = Callable[[User], FlaskClient]
START = datetime(2024, 2, 29, 12, 30)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with running_mailbox() as mailbox:
        yield mailbox


@pytest.fixture
def app(make_app: Callable[..., Flask], mailbox: Mailbox) -> Iterator[Flask]:
    app = make_app(MAIL_SERVER='127.0.0.1', MAIL_PORT=mailbox.port, MAIL_SUPPRESS_SEND=False)
    with app.app_context():
        yield app
        db.session.remove()


def write(author: User, count: int, body: str = 'é 🎉 "x"\n') -> str:
    """Write posts, four at a time; return the archive that there should be of them."""
    rows = [
        {
            'body': f'{body}{number}',
            'timestamp': START + timedelta(microseconds=number // 4),
            'user_id': author.id,
        }
        for number in range(count)
    ]
    if rows:
        db.session.execute(insert(Post), rows)
    author.post_count = count
    db.session.commit()
    own = select(Post).where(Post.user_id == author.id).order_by(Post.id)
    posts = [
        {'body': post.body, 'timestamp': f'{post.timestamp.isoformat()}Z', 'id': post.id}
        for post in db.session.scalars(own)
    ]
    return json.dumps({'posts': posts, 'likes': [], 'reposts': [], 'bookmarks': []}, indent=4)


@pytest.mark.parametrize('count', [0, 1, 2, 3, 4, 9])
def test_an_archive(
    log_in: LogIn, susan: User, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(archive, 'BATCH', 3)
    write(make_user('john'), 2, 'not mine')
    expected = write(susan, count)
    response = log_in(susan).get(f'/archive/{susan.id}/posts.json')
    assert response.text == expected
    assert response.content_type == 'application/json'
    assert response.headers['Content-Disposition'] == 'attachment; filename=posts.json'
    assert [piece.entry_count for piece in archive.archive(susan.id)][-1] == count
    assert archive.size(susan.id) == count


def time_of(table: Any, **condition: Any) -> str:
    timestamp = db.session.scalars(select(table.c.timestamp).filter_by(**condition)).one()
    return f'{timestamp.isoformat()}Z'


@pytest.mark.parametrize('batch', [1, 2, 1000])
def test_all_that_a_person_did_with_posts(
    log_in: LogIn, susan: User, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(archive, 'BATCH', batch)
    john = make_user('john')
    his = [Post(body=f'{number} of john', author=john) for number in range(3)]
    mine = Post(body='before', author=susan, timestamp=START)
    db.session.add_all([*his, mine])
    db.session.flush()
    answer = Post(
        body='an answer',
        author=susan,
        timestamp=START + timedelta(seconds=1),
        in_reply_to=his[0].id,
    )
    db.session.add(answer)
    mine.edit('afterwards')
    db.session.commit()
    for post in (his[2], his[0], mine):
        susan.like(post)
        susan.bookmark(post)
        susan.repost(post)
        john.like(post)
        john.bookmark(post)
        john.repost(post)
        db.session.commit()
    john.unlike(his[0])
    db.session.commit()

    def done(table: Any, *posts: Post, key: str = 'post_id') -> list[dict[str, Any]]:
        return [
            {
                'body': post.body,
                'timestamp': time_of(table, user_id=susan.id, **{key: post.id}),
                'id': post.id,
                'username': post.author.username,
            }
            for post in posts
        ]

    assert mine.edited is not None
    expected = {
        'posts': [
            {
                'body': 'afterwards',
                'timestamp': '2024-02-29T12:30:00Z',
                'id': mine.id,
                'edited': f'{mine.edited.isoformat()}Z',
            },
            {
                'body': 'an answer',
                'timestamp': '2024-02-29T12:30:01Z',
                'id': answer.id,
                'in_reply_to': his[0].id,
            },
        ],
        'likes': done(likes, his[0], his[2], mine),
        'reposts': done(Post.__table__, his[2], his[0], mine, key='repost_of'),
        'bookmarks': done(bookmarks, his[2], his[0], mine),
    }
    response = log_in(susan).get(f'/archive/{susan.id}/posts.json')
    assert response.text == json.dumps(expected, indent=4)
    assert list(archive.archive(susan.id))[-1].entry_count == 11 == archive.size(susan.id)


def test_the_page_promises_a_mail(log_in: LogIn, susan: User) -> None:
    page = log_in(susan).get('/export_posts').text
    assert 'will be sent to susan@example.com' in page
    assert 'value="Send me the archive"' in page


def test_where_no_mail_is_sent_the_page_offers_the_file(
    make_app: Callable[..., Flask], susan: User
) -> None:
    client = make_app(MAIL_SERVER=None).test_client()
    with client.session_transaction() as session:
        session['_user_id'] = session_of(susan)
    response = client.get('/export_posts')
    assert 'sent' not in response.text
    assert 'Send' not in response.text
    assert link(response, 'Download the archive') == f'/archive/{susan.id}/posts.json'
    assert 'value="Make the archive"' in response.text


def test_archives_of_others(log_in: LogIn, susan: User, make_user: MakeUser) -> None:
    write(susan, 1)
    eve = log_in(make_user('eve'))
    for id_ in (susan.id, 999, 2**31, 10**30):
        assert eve.get(f'/archive/{id_}/posts.json').status_code == 404


def test_an_archive_needs_a_login(client: FlaskClient, susan: User) -> None:
    response = client.get(f'/archive/{susan.id}/posts.json')
    assert response.status_code == 302
    assert response.location.startswith('/auth/login?next=')


def test_a_large_archive_is_a_link(
    susan: User,
    mailbox: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    expected = write(susan, 5)
    url = f'http://localhost/archive/{susan.id}/posts.json'
    monkeypatch.setattr(export, 'LARGEST_ATTACHMENT', len(expected))
    export_posts(susan.id, url=url)
    monkeypatch.setattr(export, 'LARGEST_ATTACHMENT', len(expected) - 1)
    export_posts(susan.id, url=url)
    # Where there is no link, there is the archive, if mail servers take it.
    export_posts(susan.id)
    monkeypatch.setattr(export, 'WITHOUT_LINK', len(expected) - 1)
    export_posts(susan.id)
    assert 'SITE_URL has to be set' in caplog.text
    attached, linked, without_link = mailbox.wait_for(3)
    [file] = without_link.iter_attachments()
    assert file.get_payload(decode=True) == expected.encode()
    assert [part.get_filename() for part in attached.iter_attachments()] == ['posts.json']
    assert list(linked.iter_attachments()) == []
    for kind in ('plain', 'html'):
        part = linked.get_body((kind,))
        assert part is not None
        assert url in part.get_content()
        part = attached.get_body((kind,))
        assert part is not None
        assert url not in part.get_content()


@pytest.mark.parametrize('has_pictures', [True, False])
@pytest.mark.parametrize('is_large', [True, False])
def test_the_links_are_made_in_the_request(
    make_app: Callable[..., Flask],
    susan: User,
    mailbox: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
    has_pictures: bool,
    is_large: bool,
) -> None:
    write(susan, 3)
    if has_pictures:
        told = json.dumps([Shot(1, 'ab' * 16, 100, 100, 'alt')])
        db.session.execute(update(Post).values(pictures_json=told))
        db.session.commit()
    app = make_app(
        MAIL_SERVER='127.0.0.1',
        MAIL_PORT=mailbox.port,
        MAIL_SUPPRESS_SEND=False,
        SITE_URL='https://microblog.example/under',
        WTF_CSRF_ENABLED=True,
    )
    if is_large:
        monkeypatch.setattr(export, 'LARGEST_ATTACHMENT', 10)
    client = app.test_client()
    with client.session_transaction(base_url='https://microblog.example') as session:
        session['_user_id'] = session_of(susan)
    with client.session_transaction() as session:
        session['_user_id'] = session_of(susan)
    token = csrf_token(client, '/export_posts')
    assert client.post('/export_posts', data={'csrf_token': token}).status_code == 302
    [mail] = mailbox.wait_for(1)
    assert len([*mail.iter_attachments()]) == (not is_large)
    site = f'https://microblog.example/under/archive/{susan.id}'
    for kind in ('plain', 'html'):
        part = mail.get_body((kind,))
        assert part is not None
        assert (f'{site}/posts.json' in part.get_content()) == is_large
        assert (f'{site}/posts.zip' in part.get_content()) == has_pictures
    wait_for_jobs()


def test_no_transaction_is_open_while_somebody_reads(susan: User) -> None:
    write(susan, 5)
    for _piece in archive.archive(susan.id):
        assert not db.session().in_transaction()


def test_the_cost_is_one_query_a_batch(susan: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, 'BATCH', 10)
    write(susan, 35)
    susan_id = susan.id
    statements: list[str] = []
    event.listen(db.engine, 'before_cursor_execute', lambda *args: statements.append(args[2]))
    list(archive.archive(susan_id))
    assert len(statements) == 4 + 3  # one for each of the other lists, which are empty
