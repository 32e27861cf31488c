"""Finding people: an empty feed offers some, a page lists who wrote lately, search has a tab."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import ViewportSize

from app import db
from app.models import Post
from tests.browser.conftest import DESKTOP, PHONE, MakeVisitor, serving
from tests.browser.test_accessibility import findings
from tests.conftest import MakeUser


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Iterator[Flask]:
    app = make_app(POSTS_PER_PAGE=5, WTF_CSRF_ENABLED=True)
    with app.app_context():
        yield app
        db.session.remove()


@pytest.fixture
def server(app: Flask, make_user: MakeUser) -> Iterator[str]:
    """The address of a site on which some have written, one of them with a long name."""
    about = 'What one can say about oneself fills at most one hundred and forty characters.'
    for name in ('john', 'mary', 'x' * 64):
        author = make_user(name, about_me=about)
        db.session.add(Post(body=f'I am {name}', author=author))
        db.session.commit()
    answered = db.session.scalars(author.posts.select()).one()
    db.session.add(Post(body='So am I', author=author, in_reply_to=answered.id))
    db.session.commit()
    with serving(app) as address:
        yield address


@pytest.mark.parametrize('scripts', [True, False], ids=['scripts', 'no scripts'])
@pytest.mark.parametrize('viewport', [DESKTOP, PHONE], ids=['desktop', 'phone'])
def test_from_an_empty_feed_to_a_full_one(
    make_visitor: MakeVisitor, viewport: ViewportSize, scripts: bool
) -> None:
    susan = make_visitor(viewport=viewport, java_script_enabled=scripts)
    susan.register('susan')
    page = susan.page
    assert susan.texts('.suggestions .author') == ['x' * 64, 'mary', 'john']
    susan.follow_link('.empty a')
    assert page.url == f'{susan.server}/people'
    susan.follow_link('[aria-label="Follow john"]')
    assert page.url == f'{susan.server}/people'
    assert susan.texts('.flash bdi') == ['You are following john!']
    assert susan.texts('.people .btn') == ['Follow', 'Follow', 'Unfollow']

    page.fill('#q', 'mary')
    with page.expect_navigation():
        page.press('#q', 'Enter')
    assert susan.texts('.switch a') == ['Posts 1', 'People 1']
    susan.follow_link('.switch >> text=People')
    page.focus('[aria-label="Follow mary"]')
    with page.expect_navigation():
        page.keyboard.press('Enter')
    assert page.url == f'{susan.server}/search?q=mary&kind=people'
    assert susan.texts('.people .btn') == ['Unfollow']
    susan.open('/index')
    assert susan.texts('.timeline [id^=post]') == ['I am mary', 'I am john']
    assert page.locator('.suggestions').count() == 0


@pytest.mark.parametrize(
    ('viewport', 'color_scheme', 'language'), [(DESKTOP, 'light', 'en'), (PHONE, 'dark', 'ar')]
)
def test_nothing_serious(
    make_visitor: MakeVisitor,
    axe: str,
    viewport: ViewportSize,
    color_scheme: str,
    language: str,
) -> None:
    susan = make_visitor(viewport=viewport, color_scheme=color_scheme, locale=language)
    susan.register('susan')
    found: list[str] = []
    paths = ['/index', '/people', '/search?q=mary&kind=people', '/search?q=am', '/explore']
    for path in [*paths, f'/user/{"x" * 64}', f'/user/{"x" * 64}/answers']:
        susan.open(path)
        found.extend(findings(susan, axe))
        assert not susan.page.evaluate('document.body.scrollWidth > innerWidth'), path
    assert found == []
