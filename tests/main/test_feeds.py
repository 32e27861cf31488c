"""What programs read of a public site: feeds and the sitemap."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from xml.etree import ElementTree

import feedparser
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import db
from app.models import Post, User, findable
from tests.conftest import MakeUser, session_of
from tests.pages import bodies, heading
from tests.statements import statements

SITE = 'https://microblog.example'
NOON = datetime(2026, 3, 4, 12)
ATOM = {'atom': 'http://www.w3.org/2005/Atom'}
LOC = '{http://www.sitemaps.org/schemas/sitemap/0.9}loc'
MakeApp = Callable[..., Flask]


@pytest.fixture
def app(make_app: MakeApp) -> Iterator[Flask]:
    app = make_app(PUBLIC=True, SITE_URL=SITE, TRUSTED_HOSTS=None, POSTS_PER_PAGE=3)
    with app.app_context():
        yield app
        db.session.remove()


def write(author: User, *texts: str, **columns: object) -> None:
    for number, text in enumerate(texts):
        time = NOON + timedelta(hours=number)
        db.session.add(Post(body=text, author=author, timestamp=time, language='en', **columns))
        db.session.commit()


def test_a_feed_is_read(client: FlaskClient, susan: User, make_user: MakeUser) -> None:
    write(susan, 'one', 'two', 'three')
    write(make_user('john'), 'john was here')
    response = client.get('/user/SUSAN.atom')
    assert response.content_type == 'application/atom+xml; charset=utf-8'
    assert response.headers['X-Robots-Tag'] == 'noindex'
    assert response.headers['Cache-Control'] == 'public, max-age=60'
    read = feedparser.parse(response.data)
    assert (read.bozo, read.version) == (False, 'atom10')
    assert read.feed.title == 'susan - Microblog'
    assert {link.rel: link.href for link in read.feed.links} == {
        'self': f'{SITE}/user/susan.atom',
        'alternate': f'{SITE}/user/susan',
    }
    assert read.feed.updated == '2026-03-04T14:00:00Z'
    assert [entry.title for entry in read.entries] == ['susan: three', 'susan: two', 'susan: one']
    entry = read.entries[0]
    assert entry.author == 'susan'
    assert entry.author_detail.href == f'{SITE}/user/susan'
    assert entry.updated == entry.published == '2026-03-04T14:00:00Z'
    assert entry.content[0].value == 'three'
    assert entry.content[0].language == 'en'
    newest = db.session.scalars(susan.posts.select().where(Post.body == 'three')).one()
    assert entry.link == f'{SITE}/post/{newest.id}'
    assert susan.email not in response.text
    assert 'john' not in response.text

    everybody = feedparser.parse(client.get('/explore.atom').data)
    assert everybody.feed.title == 'Microblog'
    assert {entry.author for entry in everybody.entries} == {'susan', 'john'}
    assert len(everybody.entries) == 3


def test_ids_stay(client: FlaskClient, susan: User) -> None:
    write(susan, 'one', 'two')
    before = feedparser.parse(client.get('/user/susan.atom').data)
    ids = [before.feed.id, *(entry.id for entry in before.entries)]
    assert len({*ids}) == 3
    assert all(urn.startswith('urn:uuid:') for urn in ids)
    susan.username = 'suzanne'
    db.session.commit()
    later = feedparser.parse(client.get('/user/suzanne.atom').data)
    assert [later.feed.id, *(entry.id for entry in later.entries)] == ids
    on_explore = feedparser.parse(client.get('/explore.atom').data)
    assert [entry.id for entry in on_explore.entries] == ids[1:]


def test_a_feed_without_posts(client: FlaskClient, susan: User) -> None:
    read = feedparser.parse(client.get('/user/susan.atom').data)
    assert not read.bozo
    assert read.entries == []
    assert read.feed.updated == '1970-01-01T00:00:00Z'


@pytest.mark.parametrize(
    ('text', 'shown'),
    [
        ('<script>alert(1)</script> & ]]>', '<script>alert(1)</script> & ]]>'),
        ('a\x0bb\x00c\ufffe\uffff\x1b', 'abc'),
        ('مرحبا 😀 \u2028x', 'مرحبا 😀 \u2028x'),
    ],
)
def test_what_xml_cannot_have(client: FlaskClient, susan: User, text: str, shown: str) -> None:
    # PostgreSQL stores no NUL.
    write(susan, text.replace('\0', ''))
    response = client.get('/explore.atom')
    read = feedparser.parse(response.data, sanitize_html=False)
    assert not read.bozo
    content = ElementTree.fromstring(response.data).find('.//atom:content', ATOM)
    assert content is not None
    assert content.text is not None
    assert '<script' not in content.text
    assert read.entries[0].title == f'susan: {shown}'


def test_lines_and_addresses(client: FlaskClient, susan: User) -> None:
    write(susan, 'see\nhttps://example.org/?a=1&b=2!')
    read = feedparser.parse(client.get('/explore.atom').data, sanitize_html=False)
    assert read.entries[0].title == 'susan: see https://example.org/?a=1&b=2!'
    address = 'https://example.org/?a=1&amp;b=2'
    assert read.entries[0].content[0].value == (
        f'see<br /><a href="{address}" rel="nofollow noopener ugc">{address}</a>!'
    )


@pytest.mark.parametrize('path', ['/explore.atom', '/user/susan.atom'])
def test_who_has_it_already_is_told_so(client: FlaskClient, susan: User, path: str) -> None:
    write(susan, 'one')
    first = client.get(path)
    assert first.headers['Last-Modified'] == 'Wed, 04 Mar 2026 12:00:00 GMT'
    tag = {'If-None-Match': first.headers['ETag']}
    time = {'If-Modified-Since': first.headers['Last-Modified']}
    for headers in [tag, time, {**tag, **time}]:
        again = client.get(path, headers=headers)
        assert (again.status_code, again.data) == (304, b'')
    write(susan, '', 'two')
    for headers in [tag, time, {**tag, **time}]:
        assert client.get(path, headers=headers).status_code == 200
    # The name has changed, and no post has.
    later = client.get(path)
    susan.username = 'Susan'
    db.session.commit()
    assert client.get(path, headers={'If-None-Match': later.headers['ETag']}).status_code == 200


def test_a_correction_is_news(client: FlaskClient, susan: User) -> None:
    write(susan, 'on', 'two')
    first = client.get('/user/susan.atom')
    post = db.session.scalars(susan.posts.select().where(Post.body == 'on')).one()
    post.edit('one')
    db.session.commit()
    time = {'If-Modified-Since': first.headers['Last-Modified']}
    response = client.get('/user/susan.atom', headers=time)
    assert response.status_code == 200
    read = feedparser.parse(response.data)
    assert [entry.title for entry in read.entries] == ['susan: two', 'susan: one']
    corrected = read.entries[1]
    assert post.edited is not None
    assert corrected.published == '2026-03-04T12:00:00Z'
    assert read.feed.updated == corrected.updated == f'{post.edited.isoformat()}Z'
    assert corrected.id == feedparser.parse(first.data).entries[1].id


def test_what_is_passed_on_keeps_its_author(
    client: FlaskClient, susan: User, make_user: MakeUser
) -> None:
    john = make_user('john')
    write(john, 'by john')
    post = db.session.scalars(john.posts.select()).one()
    susan.repost(post)
    db.session.commit()
    read = feedparser.parse(client.get('/user/susan.atom').data)
    assert [(entry.title, entry.author) for entry in read.entries] == [('john: by john', 'john')]
    assert read.feed.updated > read.entries[0].updated == '2026-03-04T12:00:00Z'
    (entry,) = feedparser.parse(client.get('/explore.atom').data).entries
    assert entry.id == read.entries[0].id


@pytest.mark.parametrize(
    'path',
    ['/tag/nothing.atom', '/tag/%00.atom', '/tag/%F0%9F%98%80.atom', '/user/nobody.atom']
    + ['/user/%00.atom', '/user/.atom', '/user/%ED%A0%80.atom', '/susan.atom'],
)
def test_no_feeds(client: FlaskClient, susan: User, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize('public', [True, False])
def test_a_name_that_looks_like_a_feed(
    make_app: MakeApp, make_user: MakeUser, susan: User, public: bool
) -> None:
    """It can be from a time when it could be chosen."""
    old = make_user('susan.atom')
    write(old, 'I was here first')
    client = make_app(PUBLIC=public).test_client()
    assert client.get('/user/susan.atom').status_code == (200 if public else 302)
    with client.session_transaction() as session:
        session['_user_id'] = session_of(old)
    page = client.get('/user/susan.atom')
    assert heading(page) == 'User: susan.atom'
    assert bodies(page) == ['I was here first']


def locs(response: TestResponse) -> list[str]:
    root = ElementTree.fromstring(response.data)
    return [str(found.text) for found in root.iter(LOC)]


def in_sitemap(client: FlaskClient, kind: str) -> list[str]:
    """All addresses of a kind, through the index and its files."""
    files = [address for address in locs(client.get('/sitemap.xml')) if kind in address]
    found = [locs(client.get(file)) for file in files]
    assert all(len(addresses) <= findable.RANGE for addresses in found)
    return [address for addresses in found for address in addresses]


def test_people_in_the_sitemap(
    client: FlaskClient, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findable, 'RANGE', 2)
    assert locs(client.get('/sitemap.xml')) == []
    names = ['a&b', 'мария', 'susan', 'john', 'ann']
    people = [make_user(name, email=f'{name}@example.com') for name in names]
    people[3].noindex = True
    db.session.commit()
    assert in_sitemap(client, 'people') == [
        f'{SITE}/user/a&b',
        f'{SITE}/user/%D0%BC%D0%B0%D1%80%D0%B8%D1%8F',
        f'{SITE}/user/susan',
        f'{SITE}/user/ann',
    ]


def test_posts_in_the_sitemap(
    client: FlaskClient, susan: User, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findable, 'RANGE', 2)
    hidden = make_user('hidden', noindex=True)
    write(susan, 'one', 'two', 'three')
    write(hidden, 'not to be found')
    one, two, three = db.session.scalars(susan.posts.select().order_by(Post.id)).all()
    db.session.add(Post(body='an answer', author=susan, in_reply_to=one.id))
    make_user('john').repost(one)
    two.edit('two, corrected')
    db.session.commit()
    db.session.delete(three)
    db.session.commit()
    answer = db.session.scalars(susan.posts.select().where(Post.is_answer)).one()
    ids = [one.id, two.id, answer.id]
    assert in_sitemap(client, 'posts') == [f'{SITE}/post/{id_}' for id_ in ids]
    assert all(client.get(f'/post/{id_}').status_code == 200 for id_ in ids)
    file = client.get(f'/sitemap-posts-{two.id // 2}.xml').text
    assert two.edited is not None
    assert f'/post/{two.id}</loc><lastmod>{two.edited.isoformat()}Z</lastmod>' in file


def test_what_the_sitemap_costs(client: FlaskClient, susan: User) -> None:
    write(susan, 'one')
    index = client.get('/sitemap.xml')
    assert index.content_type == 'application/xml; charset=utf-8'
    assert index.headers['Cache-Control'] == 'public, max-age=3600'
    for path in ['/sitemap.xml', *locs(index)]:
        tag = client.get(path).headers['ETag']
        with statements() as made:
            assert client.get(path, headers={'If-None-Match': tag}).status_code == 304
        assert len(made) == 2
        assert 'OFFSET' not in ''.join(made)


def test_the_feed_of_a_tag(client: FlaskClient, susan: User) -> None:
    write(susan, 'about #Café', 'about tea', 'a #cafe again')
    response = client.get('/tag/CAFÉ.atom')
    read = feedparser.parse(response.data)
    assert not read.bozo
    assert read.feed.title == '#Café - Microblog'
    assert read.feed.link == f'{SITE}/tag/Caf%C3%A9'
    assert [entry.title for entry in read.entries] == ['susan: a #cafe again', 'susan: about #Café']
    page = client.get('/tag/cafe').text
    assert f'type="application/atom+xml" href="{SITE}/tag/Caf%C3%A9.atom"' in page
    with statements() as made:
        client.get('/tag/cafe.atom')
    assert len(made) == 2


@pytest.mark.parametrize('kind', ['people', 'posts'])
@pytest.mark.parametrize('number', ['-1', '9', '99999999999999999999', '9' * 5000, 'x', '%00'])
def test_files_that_the_sitemap_does_not_have(
    client: FlaskClient, susan: User, kind: str, number: str
) -> None:
    assert client.get(f'/sitemap-{kind}-{number}.xml').status_code == 404


def test_a_sitemap_is_far_below_what_one_may_hold() -> None:
    assert findable.RANGE <= 50_000


def test_without_a_site_url_addresses_are_those_that_were_asked(make_app: MakeApp) -> None:
    client = make_app(PUBLIC=True, SITE_URL=None).test_client()
    read = feedparser.parse(client.get('/explore.atom', base_url='http://intranet:8000').data)
    assert read.feed.link == 'http://intranet:8000/explore'
