"""What two people do in a browser, on a desktop and on a phone, with and without their pictures."""

import pytest
from playwright.sync_api import Page, ViewportSize

from tests.browser.conftest import DESKTOP, PHONE, MakeVisitor, Visitor

TEXTS = [
    'Beautiful day in Portland!',
    'Сегодня снег',
    '今天天气很好',
    'صباح الخير',
    '🌞🎉',
    'one\ntwo',
]


def follow(visitor: Visitor, username: str) -> None:
    visitor.open('/explore')
    visitor.follow_link(f'.user_popup > a:has-text("{username}") >> nth=0')
    visitor.follow_link('input[value="Follow"]')
    assert visitor.texts('.alert') == [f'You are following {username}!']


@pytest.mark.parametrize('viewport', [DESKTOP, PHONE], ids=['desktop', 'phone'])
@pytest.mark.parametrize('gravatar_answers', [True, False], ids=['pictures', 'no pictures'])
def test_two_people(
    make_visitor: MakeVisitor, viewport: ViewportSize, gravatar_answers: bool
) -> None:
    susan = make_visitor(gravatar_answers, viewport=viewport)
    john = make_visitor(gravatar_answers, viewport=viewport)
    susan.register('susan')
    assert susan.texts('.empty h2') == ['Nothing here yet']
    john.register('жан')

    for text in TEXTS:
        susan.post(text)
        assert susan.texts('.alert') == ['Your post is now live!']
    john.post('Привет')

    follow(john, 'susan')
    john.open('/index')
    assert john.texts('article > bdi') == [
        'Привет',
        'one\ntwo',
        '🌞🎉',
        'صباح الخير',
        '今天天气很好',
    ]
    assert john.texts('.user_popup')[:2] == ['жан', 'susan']
    john.follow_link('text=Older posts')
    assert john.texts('article > bdi') == ['Сегодня снег', 'Beautiful day in Portland!']
    john.follow_link('text=Newer posts')
    assert len(john.texts('article > bdi')) == 5

    john.open('/edit_profile')
    john.send(username='jean', about_me='I like https://example.org')
    assert john.texts('.alert') == ['Your changes have been saved.']
    john.follow_link('nav >> text=Profile')
    assert john.texts('h1') == ['User: jean']
    assert john.texts('.about') == ['I like https://example.org']
    susan.open('/user/susan/followers')
    assert susan.texts('.people .author') == ['jean']

    assert john.texts('.profile .avatar') == ['J']

    for visitor in (susan, john):
        width = visitor.page.evaluate('document.documentElement.scrollWidth')
        assert width <= viewport['width']

    john.follow_link('nav >> text=Logout')
    assert john.page.url.startswith(f'{john.server}/auth/login')


def inside_of_avatar(page: Page) -> bytes:
    """What is seen in the first avatar, but for its edge."""
    box = page.locator('.avatar').first.bounding_box()
    assert box is not None
    edge = box['width'] * 0.15
    inner = {'x': box['x'] + edge, 'y': box['y'] + edge}
    size = {'width': box['width'] - 2 * edge, 'height': box['height'] - 2 * edge}
    return page.screenshot(clip={**inner, **size})  # type: ignore[arg-type]


@pytest.mark.parametrize('path', ['/index', '/user/susan'])
def test_a_picture_that_cannot_be_had_is_not_seen(make_visitor: MakeVisitor, path: str) -> None:
    """The letter stands there as if there were no picture: also where no script runs."""
    susan = make_visitor(gravatar_answers=False, java_script_enabled=False)
    susan.register('susan')
    page = susan.open(path)
    missing = inside_of_avatar(page)
    page.evaluate("document.querySelector('.avatar img').remove()")
    assert missing == inside_of_avatar(page)
    susan.gravatar_answers = True
    page = susan.open(path)
    page.wait_for_function("document.querySelector('.avatar img').naturalWidth > 0")
    assert missing != inside_of_avatar(page)


LONG = 'x' + '\n' * 120 + 'https://example.org'


def height(page: Page) -> float:
    box = page.locator('article > bdi').first.bounding_box()
    assert box is not None
    return box['height']


def test_a_long_post_unfolds_without_a_script(make_visitor: MakeVisitor) -> None:
    susan = make_visitor(java_script_enabled=False, viewport=PHONE)
    susan.register('susan')
    susan.post('\n'.join('x' * 12))
    page = susan.page
    assert page.locator('article summary').count() == 0
    susan.post(LONG)
    assert page.content().count('href="https://example.org"') == 1
    for path in ('/explore', '/user/susan', '/search?q=example'):
        susan.open(path)
        assert 200 < height(page) < 350
        page.click('text=Show more')
        assert height(page) > 3000
        assert page.locator('text=Show more').is_hidden()
        page.click('text=Show less')
        assert height(page) < 350


def test_a_long_post_unfolds_by_keyboard(make_visitor: MakeVisitor) -> None:
    susan = make_visitor()
    susan.register('susan')
    susan.post(LONG)
    page = susan.page
    page.focus('.user_popup > a')
    page.keyboard.press('Tab')
    page.keyboard.press('Tab')
    # Behind the time: a link in what is not seen.
    assert page.evaluate('document.activeElement.textContent') == 'https://example.org'
    assert height(page) > 3000
    page.keyboard.press('Tab')
    assert height(page) < 350
    assert page.evaluate('document.activeElement.localName') == 'summary'
    page.keyboard.press('Enter')
    assert height(page) > 3000


def test_characters_are_counted_as_the_server_counts_them(make_visitor: MakeVisitor) -> None:
    susan = make_visitor()
    susan.register('susan')
    counter = susan.page.locator('#post-count')
    family = '👩\u200d👩\u200d👧'
    for text, left in [('', 140), (' a \n', 139), ('😀' * 140, 0), (family, 135), ('x' * 141, -1)]:
        susan.page.fill('#post', text)
        assert counter.inner_text() == f'Characters left: {left}'
    assert 'over-limit' in (counter.get_attribute('class') or '')
    susan.send()
    assert susan.texts('#post-errors') == ['Field must be between 1 and 140 characters long.']
    susan.send(post='😀' * 140)
    assert susan.texts('article > bdi') == ['😀' * 140]


def test_times_are_the_readers_own(make_visitor: MakeVisitor) -> None:
    susan = make_visitor(timezone_id='Asia/Tokyo', locale='en-US')
    susan.page.clock.install()
    susan.register('susan')
    susan.post('hello')
    time = susan.page.locator('article time')
    assert time.inner_text() == 'a few seconds ago'
    susan.page.clock.fast_forward('05:10')
    susan.page.clock.run_for(61_000)
    assert time.inner_text() == '6 minutes ago'
    shown = susan.page.evaluate(
        """() => {
            const element = document.querySelector('article time');
            const style = { dateStyle: 'long', timeStyle: 'short', timeZone: 'Asia/Tokyo' };
            return element.title
                === new Intl.DateTimeFormat('en', style).format(new Date(element.dateTime));
        }"""
    )
    assert shown


def test_without_javascript(make_visitor: MakeVisitor) -> None:
    susan = make_visitor(java_script_enabled=False, viewport=PHONE)
    susan.register('susan')
    assert 'At most 140 characters' in susan.texts('.post-box')[0]
    susan.post('hello')
    assert susan.texts('article > bdi') == ['hello']
    assert susan.texts('article time')[0].endswith('UTC')
    susan.follow_link('nav >> text=Explore')
    susan.follow_link('.user_popup > a')
    assert susan.texts('h1') == ['User: susan']
    susan.follow_link('nav >> text=Logout')
    assert susan.page.locator('#password').is_visible()
