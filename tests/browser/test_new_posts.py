"""An open page says that there are new posts, without a request of its own."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import ViewportSize, expect

from app import db
from app.models import Post, User
from tests.browser.conftest import DESKTOP, PHONE, MakeVisitor, serving
from tests.browser.test_accessibility import findings
from tests.browser.test_messages import POLL, polls
from tests.conftest import MakeUser


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Iterator[Flask]:
    app = make_app(POSTS_PER_PAGE=5, WTF_CSRF_ENABLED=True)
    with app.app_context():
        yield app
        db.session.remove()


@pytest.fixture
def server(app: Flask, make_user: MakeUser) -> Iterator[str]:
    """The address of a site on which john has written."""
    make_user('john')
    with serving(app) as address:
        for number in range(6):
            write(f'#number {number}')
        yield address


def person(name: str) -> User:
    found = User.find(name)
    assert found is not None
    return found


def write(text: str) -> None:
    """Let john write."""
    db.session.add(Post(body=text, author=person('john')))
    db.session.commit()


@pytest.mark.parametrize(
    ('path', 'viewport', 'color_scheme', 'language', 'news'),
    [
        ('/index', DESKTOP, 'light', 'en', 'There are new posts.'),
        ('/explore', PHONE, 'dark', 'en', 'There are new posts.'),
        ('/tag/number', PHONE, 'light', 'ar', 'توجد منشورات جديدة.'),
    ],
)
def test_new_posts(
    make_visitor: MakeVisitor,
    axe: str,
    path: str,
    viewport: ViewportSize,
    color_scheme: str,
    language: str,
    news: str,
) -> None:
    susan = make_visitor(viewport=viewport, color_scheme=color_scheme, locale=language)
    page = susan.page
    page.clock.install()
    susan.register('susan')
    person('susan').follow(person('john'))
    db.session.commit()
    susan.open(path)
    asked = polls(susan)
    button, announcer = page.locator('#new-posts'), page.locator('#announcer')

    def poll() -> None:
        with page.expect_response('**/notifications?*'):
            page.clock.run_for(POLL)

    poll()
    expect(button).to_be_hidden()
    expect(announcer).to_have_text('')
    write('#number 6')
    poll()
    expect(button).to_be_visible()
    expect(announcer).to_have_text(news)
    assert findings(susan, axe) == []
    # Nothing is said, or asked for, twice.
    page.evaluate('document.getElementById("announcer").textContent = ""')
    write('#number 7')
    poll()
    expect(button).to_be_visible()
    expect(announcer).to_have_text('')
    assert len(asked) == 3
    assert 'timeline=' in asked[1]
    assert 'timeline=' not in asked[2]

    # It stays in sight when the page is scrolled, above the posts and below the bar.
    page.mouse.wheel(0, 300)
    top, bar = button.bounding_box(), page.locator('.topbar').bounding_box()
    assert top is not None
    assert bar is not None
    assert bar['y'] + bar['height'] <= top['y'] < 300
    assert page.evaluate('document.documentElement.scrollWidth') <= viewport['width']

    for number in (8, 9):
        button.focus()
        with page.expect_navigation():
            page.keyboard.press('Enter')
        assert page.url.partition('?')[0].partition('#')[0] == susan.server + path
        assert page.evaluate('document.activeElement.id') == 'timeline'
        assert susan.texts('.timeline [id^=post]')[0] == f'#number {number - 1}'
        expect(button).to_be_hidden()
        write(f'#number {number}')
        poll()
        expect(button).to_be_visible()


def test_all_that_is_new_is_said_at_once(make_visitor: MakeVisitor) -> None:
    susan = make_visitor()
    page = susan.page
    page.clock.install()
    susan.register('susan')
    susan.open('/explore')
    write('hello @susan')
    person('john').send_message(person('susan'), 'hello')
    db.session.commit()
    page.clock.run_for(POLL)
    announcer = page.locator('#announcer')
    expect(announcer).to_contain_text('There are new posts.')
    expect(announcer).to_contain_text('Unread messages: 1')


@pytest.mark.parametrize('path', ['/explore?page=2', '/user/john'])
def test_other_pages_do_not_ask(make_visitor: MakeVisitor, path: str) -> None:
    susan = make_visitor()
    susan.page.clock.install()
    susan.register('susan')
    susan.open(path)
    asked = polls(susan)
    with susan.page.expect_response('**/notifications?*'):
        susan.page.clock.run_for(POLL)
    assert [address.partition('?')[2] for address in asked] == ['since=0']


def test_without_a_script_nothing_shows(make_visitor: MakeVisitor) -> None:
    susan = make_visitor(java_script_enabled=False)
    susan.register('susan')
    susan.open('/explore')
    expect(susan.page.locator('#new-posts')).to_be_hidden()
