"""A public site in a browser without an account."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import ViewportSize

from app import db
from app.database import utcnow
from app.models import Post
from tests.browser.conftest import DESKTOP, PHONE, MakeVisitor, serving
from tests.browser.test_accessibility import findings
from tests.conftest import MakeUser

POST = 'the page of a post, from where it is linked'


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Iterator[Flask]:
    app = make_app(PUBLIC=True, WTF_CSRF_ENABLED=True, POSTS_PER_PAGE=2)
    with app.app_context():
        yield app
        db.session.remove()


@pytest.fixture
def server(app: Flask, make_user: MakeUser) -> Iterator[str]:
    """The address of a public site on which susan has written."""
    susan = make_user('susan', 'correct horse', about_me='I am here.')
    make_user('john', 'correct horse')
    now = utcnow()
    db.session.add_all(
        Post(body=f'number {number}', author=susan, timestamp=now - timedelta(hours=9 - number))
        for number in range(3)
    )
    db.session.commit()
    begin = db.session.scalars(susan.posts.select()).first()
    assert begin is not None
    db.session.add(Post(body='#answer to @john', author=susan, in_reply_to=begin.id))
    db.session.commit()
    with serving(app) as address:
        yield address


@pytest.mark.parametrize('color_scheme', ['light', 'dark'])
@pytest.mark.parametrize('viewport', [DESKTOP, PHONE], ids=['desktop', 'phone'])
def test_nothing_serious(
    make_visitor: MakeVisitor, axe: str, viewport: ViewportSize, color_scheme: str
) -> None:
    stranger = make_visitor(viewport=viewport, color_scheme=color_scheme, gravatar_answers=False)
    found: list[str] = []
    for path in [
        '/explore',
        '/explore?page=2',
        '/user/susan/answers',
        '/user/susan',
        POST,
        '/tag/answer',
    ]:
        if path == POST:
            stranger.follow_link('article time')
        else:
            stranger.open(path)
        found.extend(findings(stranger, axe))
        assert not stranger.page.evaluate('document.body.scrollWidth > innerWidth')
    assert found == []


@pytest.mark.parametrize('scripts', [True, False])
def test_a_stranger_reads_chooses_a_language_and_logs_in(
    make_visitor: MakeVisitor, scripts: bool
) -> None:
    visitor = make_visitor(java_script_enabled=scripts)
    page = visitor.open('/')
    assert page.url.endswith('/explore')
    assert visitor.texts('article > bdi') == ['number 2', 'number 1']
    visitor.follow_link('article a >> nth=0')
    assert page.url.endswith('/user/susan')
    assert visitor.context.cookies() == []

    visitor.follow_link('button[lang=de]')
    assert page.url.endswith('/user/susan')
    assert visitor.texts('h1') == ['Benutzer: susan']
    assert [cookie['name'] for cookie in visitor.context.cookies()] == ['language']

    visitor.follow_link('text=Anmelden, um zu folgen')
    visitor.send(username='john', password='correct horse')
    assert page.url.endswith('/user/susan')
    visitor.follow_link('#submit')
    assert visitor.texts('.alert') == ['Du folgst jetzt susan!']


MARGINS = """() => {
    const heading = document.querySelector('h1'), text = document.createRange();
    text.selectNodeContents(heading);
    const [inner, outer] = [text, heading].map((each) => each.getBoundingClientRect());
    return [Math.round(inner.left - outer.left), Math.round(outer.right - inner.right)];
}"""


@pytest.mark.parametrize(('locale', 'side'), [('en', 0), ('ar', 1)])
def test_a_heading_begins_where_its_language_does(
    make_visitor: MakeVisitor, locale: str, side: int
) -> None:
    stranger = make_visitor(locale=locale)
    margins = stranger.open('/explore').evaluate(MARGINS)
    assert margins[side] == 0
    assert margins[1 - side] > 0
