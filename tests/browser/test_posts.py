"""Two people and a post: answers, applause, corrections, and who hears of it."""

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Locator, Route, ViewportSize, expect

from app import db
from app.models import Post, User
from tests.browser.conftest import DESKTOP, PHONE, MakeVisitor, Visitor, serving
from tests.browser.test_accessibility import findings

POLL = 10_000  # milliseconds
FAILED = 'That did not work. Please try again in a minute.'


@pytest.fixture
def server(make_app: Callable[..., Flask]) -> Iterator[str]:
    """A server in this process, so that a test can write a conversation at once."""
    with serving(make_app(POSTS_PER_PAGE=5, WTF_CSRF_ENABLED=True)) as address:
        yield address


def account(name: str) -> User:
    user = User.find(name)
    assert user is not None
    return user


def write(name: str, body: str, to: Post | None = None) -> Post:
    post = Post(body=body, author=account(name), in_reply_to=to.id if to else None)
    db.session.add(post)
    db.session.commit()
    return post


def button(visitor: Visitor, name: str) -> Locator:
    """A button of the post that the page is about."""
    return visitor.page.locator('.the-post').get_by_role('button', name=name, exact=True)


def announcer(visitor: Visitor) -> Locator:
    return visitor.page.locator('#announcer')


def width(visitor: Visitor) -> int:
    return int(visitor.page.evaluate('document.documentElement.scrollWidth'))


@pytest.mark.parametrize('viewport', [DESKTOP, PHONE], ids=['desktop', 'phone'])
@pytest.mark.parametrize('has_scripts', [True, False], ids=['scripts', 'no scripts'])
def test_two_people(make_visitor: MakeVisitor, viewport: ViewportSize, has_scripts: bool) -> None:
    susan = make_visitor(viewport=viewport, java_script_enabled=has_scripts)
    john = make_visitor(viewport=viewport, java_script_enabled=has_scripts)
    susan.register('susan')
    john.register('john')
    text = 'Beautiful day in #Portland, @john!'
    susan.post(text)
    susan.follow_link('article >> text=#Portland')
    assert susan.texts('h1') == ['#Portland']
    susan.follow_link('article >> text=@john')
    assert susan.texts('h1') == ['User: john']

    # The time leads to the post, which is named by its beginning.
    john.open('/explore')
    john.follow_link('article time')
    post = john.page.url.removeprefix(john.server)
    assert john.page.title() == f'susan: {text} - Microblog'
    assert john.texts('.empty') == ['There are no answers here.']

    def press(visitor: Visitor, before: str, after: str, said: str) -> None:
        button(visitor, before).click()
        if has_scripts:
            expect(announcer(visitor)).to_have_text(said)
            assert visitor.page.evaluate('document.activeElement.textContent') == after
        else:
            # Back to the page, and there to the post.
            visitor.page.wait_for_url(f'{visitor.server}{post}#post1')
            box = visitor.page.locator('.the-post').bounding_box()
            assert box is not None
            assert box['y'] >= 0
        expect(button(visitor, after)).to_be_visible()
        visitor.open(post)
        expect(button(visitor, after)).to_be_visible()

    assert john.texts('.the-post button') == ['Repost', 'Like', 'Bookmark']
    press(john, 'Like', 'Unlike 1', 'You like this post.')
    press(john, 'Repost', 'Undo repost 1', 'You have reposted this post.')
    press(john, 'Bookmark', 'Remove bookmark', 'The post is among your bookmarks.')
    john.open('/user/john')
    john.follow_link('main >> text=Bookmarks')
    assert john.texts('article > bdi') == [text]
    john.open(post)
    gone = 'The post is not among your bookmarks any more.'
    press(john, 'Remove bookmark', 'Bookmark', gone)
    john.send(post='I can see it, @susan.')
    assert john.page.url == john.server + post
    assert john.texts('.flash') == ['Your answer is now live!']
    assert john.texts('article > bdi') == [text, 'I can see it, @susan.']
    assert john.texts('.the-post article > a') == ['Answer 1']
    john.open('/user/john/answers')
    assert john.texts('article > p >> nth=1') == ['Answer to susan']

    # Who is answered is not told of the mention as well.
    susan.open('/activity')
    expect(susan.page.locator('.activity-head')).to_contain_text(
        ['john has answered you.', 'john has reposted your post.', 'john likes your post.']
    )
    assert susan.texts('.activity .badge') == ['New', 'New', 'New']
    susan.open('/activity')
    assert susan.texts('.activity .badge') == []
    susan.open(post)
    susan.follow_link('text=Who likes this')
    assert susan.texts('.people .author') == ['john']
    susan.follow_link('text=Back to the post')
    press(susan, 'Like 1', 'Unlike 2', 'You like this post.')
    press(susan, 'Unlike 2', 'Like 1', 'You do not like this post any more.')

    for visitor in (susan, john):
        for path in ('/activity', '/user/susan', '/explore', post):
            visitor.open(path)
            assert width(visitor) <= viewport['width']


def test_a_button_leads_back_to_its_page_without_a_script(make_visitor: MakeVisitor) -> None:
    susan = make_visitor(java_script_enabled=False, viewport=PHONE)
    susan.register('susan')
    for number in range(12):
        write('susan', f'number {number}')
    page = susan.open('/explore?page=2')
    with page.expect_navigation():
        page.locator('article', has_text='number 3').get_by_role('button', name='Like').click()
    assert re.search(r'/explore\?page=2.*#post4$', page.url)
    article = page.locator('article', has_text='number 3')
    expect(article.get_by_role('button', name='Unlike 1')).to_be_in_viewport()
    expect(article.get_by_role('link', name='susan')).to_be_in_viewport()


@pytest.mark.parametrize('has_scripts', [True, False], ids=['scripts', 'no scripts'])
def test_an_answer_is_seen_after_many(make_visitor: MakeVisitor, has_scripts: bool) -> None:
    susan = make_visitor(java_script_enabled=has_scripts, viewport=PHONE)
    susan.register('susan')
    post = write('susan', 'hello')
    for number in range(9):
        write('susan', f'number {number}', post)
    susan.open('/explore')
    susan.follow_link('article > a')
    susan.send(post='the last word')
    expect(susan.page.get_by_text('the last word')).to_be_in_viewport()


def refuse(route: Route) -> None:
    route.fulfill(status=500)


@pytest.mark.parametrize(
    'answer',
    [refuse, lambda route: route.abort(), lambda route: route.fulfill(status=429)],
    ids=['error', 'offline', 'limit'],
)
def test_a_button_that_is_refused_turns_back(
    make_visitor: MakeVisitor, axe: str, answer: Callable[[Route], None]
) -> None:
    susan = make_visitor()
    susan.expect_failed_requests = True
    susan.register('susan')
    write('susan', 'hello')
    write('susan', 'other')
    page = susan.open('/explore')
    article = page.locator('article', has_text='hello')
    complaint = article.locator('.reaction-error')
    page.route('**/post/*/like', answer)
    article.get_by_role('button', name='Like').click()
    expect(announcer(susan)).to_have_text(FAILED)
    expect(complaint).to_have_text(FAILED)
    assert article.get_by_role('button').all_inner_texts() == ['Repost', 'Like']
    assert findings(susan, axe) == []
    page.unroute('**/post/*/like')
    article.get_by_role('button', name='Like').click()
    expect(announcer(susan)).to_have_text('You like this post.')
    expect(complaint).to_have_count(0)
    assert article.get_by_role('button').all_inner_texts() == ['Repost', 'Unlike 1']


def test_a_button_of_a_session_that_has_ended_turns_back(make_visitor: MakeVisitor) -> None:
    susan = make_visitor()
    susan.expect_failed_requests = True
    susan.register('susan')
    post = write('susan', 'hello')
    susan.open(f'/post/{post.id}')
    susan.context.clear_cookies()
    button(susan, 'Like').click()
    expect(announcer(susan)).to_have_text(FAILED)
    expect(button(susan, 'Like')).to_be_visible()


def test_a_button_is_pressed_once(make_visitor: MakeVisitor) -> None:
    """What is pressed while the answer is not there yet is not sent."""
    susan = make_visitor()
    susan.register('susan')
    post = write('susan', 'hello')
    page = susan.open(f'/post/{post.id}')
    waiting: list[Route] = []
    page.route('**/post/*/*like', lambda route: waiting.append(route))
    button(susan, 'Like').click()
    turned = button(susan, 'Unlike 1')
    expect(turned).to_have_attribute('aria-busy', 'true')
    turned.click()
    # The focus is where the person has put it meanwhile.
    page.focus('#post')
    [route] = waiting
    route.continue_()
    expect(announcer(susan)).to_have_text('You like this post.')
    expect(turned).not_to_have_attribute('aria-busy', 'true')
    assert page.evaluate('document.activeElement.id') == 'post'
    assert len(waiting) == 1


def test_a_keyboard_is_enough(make_visitor: MakeVisitor) -> None:
    susan = make_visitor()
    susan.register('susan')
    write('susan', 'hello #Portland')
    page = susan.open('/explore')

    def tab_to(text: str) -> None:
        for _ in range(40):
            page.keyboard.press('Tab')
            if page.evaluate('document.activeElement.textContent') == text:
                style = 'getComputedStyle(document.activeElement).outlineStyle'
                assert page.evaluate(style) == 'solid'
                return
        raise AssertionError(f'{text} cannot be reached')

    tab_to('a few seconds ago')
    tab_to('#Portland')
    tab_to('Answer')
    # It leads to the box.
    with page.expect_navigation():
        page.keyboard.press('Enter')
    assert page.evaluate('document.activeElement.id') == 'post'
    expect(page.locator('#post')).to_be_in_viewport()
    page.keyboard.type('by keyboard')
    page.keyboard.press('Tab')
    with page.expect_navigation():
        page.keyboard.press('Enter')
    assert susan.texts('article > bdi') == ['hello #Portland', 'by keyboard']
    tab_to('Like')
    page.keyboard.press('Space')
    expect(announcer(susan)).to_have_text('You like this post.')
    page.keyboard.press('Enter')
    expect(announcer(susan)).to_have_text('You do not like this post any more.')
    tab_to('Edit')
    with page.expect_navigation():
        page.keyboard.press('Enter')
    assert susan.texts('h1') == ['Edit Post']


@pytest.mark.parametrize('viewport', [DESKTOP, PHONE], ids=['desktop', 'phone'])
def test_activity_within_seconds(make_visitor: MakeVisitor, viewport: ViewportSize) -> None:
    susan, john = make_visitor(viewport=viewport), make_visitor()
    susan.page.clock.install()
    susan.register('susan')
    john.register('john')
    post = write('susan', 'hello')
    badge = susan.page.locator('#activity_count')
    expect(badge).to_be_hidden()
    john.open(f'/post/{post.id}')
    for count, name in enumerate(('Like', 'Repost'), start=1):
        with john.page.expect_response('**/post/*/*'):
            button(john, name).click()
        with susan.page.expect_response('**/notifications?*'):
            susan.page.clock.run_for(POLL)
        expect(badge).to_have_text(str(count))
        expect(badge).to_be_visible()
        expect(announcer(susan)).to_have_text(f'New activity: {count}')
    susan.page.click('nav >> text=Activity')
    expect(susan.page.locator('.activity .badge')).to_have_text(['New', 'New'])
    expect(badge).to_be_hidden()
    susan.open('/explore')
    expect(badge).to_be_hidden()
    assert width(susan) <= viewport['width']


@pytest.mark.parametrize('has_scripts', [True, False], ids=['scripts', 'no scripts'])
def test_edited_and_deleted(make_visitor: MakeVisitor, has_scripts: bool) -> None:
    susan = make_visitor(java_script_enabled=has_scripts, viewport=PHONE)
    john = make_visitor()
    susan.register('susan')
    john.register('john')
    first = write('susan', 'Beautifull day')
    answer = write('john', 'So it is', first)
    write('susan', 'And warm', answer)
    susan.open(f'/post/{first.id}')
    susan.follow_link('.post-foot >> text=Edit')
    assert susan.page.input_value('#post') == 'Beautifull day'
    susan.send(post='Beautiful day')
    assert susan.texts('.flash') == ['Your changes have been saved.']
    edited = susan.page.locator('.the-post article > p').first
    expect(edited).to_contain_text(' · edited ')
    assert susan.page.locator('.the-post time').count() == 2
    assert susan.texts('article > bdi') == ['Beautiful day', 'So it is']

    # Nothing is deleted before the question is answered.
    susan.follow_link('.post-foot >> text=Delete')
    assert susan.texts('h1') == ['Delete this post?']
    susan.follow_link('text=Cancel')
    susan.follow_link('.post-foot >> text=Delete')
    susan.follow_link('main >> button:text("Delete")')
    assert susan.texts('.flash') == ['The post has been deleted.']
    assert susan.page.url == f'{susan.server}/index'
    assert susan.texts('article') == []
    john.open(f'/post/{answer.id}')
    assert john.texts('.above') == ['This post was deleted.']
    assert john.texts('article > bdi') == ['So it is', 'And warm']
    john.open('/user/john/answers')
    assert john.texts('article > p >> nth=1') == ['Answer to a post that was deleted']


def test_a_thread_five_deep(make_visitor: MakeVisitor) -> None:
    susan, john = make_visitor(viewport=PHONE), make_visitor()
    john.register('john')
    susan.register('susan')
    post = None
    for number in range(7):
        post = write(('susan', 'john')[number % 2], f'number {number}', post)
    assert post is not None
    susan.open('/explore')
    assert susan.texts('article > bdi') == ['number 0']
    for number in range(5):
        assert width(susan) <= PHONE['width']
        susan.follow_link('section >> nth=-1 >> article time')
        assert susan.texts('.above article > bdi') == [f'number {n}' for n in range(number)]
        assert susan.texts('.the-post article > bdi') == [f'number {number}']
        assert susan.texts('section >> nth=-1 >> article > bdi') == [f'number {number + 1}']
    susan.follow_link('.above time >> nth=1')
    assert susan.texts('article > bdi') == ['number 0', 'number 1', 'number 2']


def test_passed_on_by_two_and_shown_once(make_visitor: MakeVisitor) -> None:
    susan, john, mary = make_visitor(), make_visitor(), make_visitor()
    for visitor, name in ((susan, 'susan'), (john, 'john'), (mary, 'mary')):
        visitor.register(name)
    reader = make_visitor(viewport=PHONE)
    reader.register('reader')
    for name in ('john', 'mary'):
        account('reader').follow(account(name))
    db.session.commit()
    post = write('susan', 'hello')
    write('john', 'good morning')
    reader.open('/index')
    assert reader.texts('article > bdi') == ['good morning']
    for visitor in (john, mary):
        visitor.open(f'/post/{post.id}')
        visitor.page.locator('.the-post').get_by_role('button', name='Repost').click()
        expect(announcer(visitor)).to_have_text('You have reposted this post.')
        reader.open('/index')
        assert reader.texts('article > bdi') == ['hello', 'good morning']
    assert reader.texts('.why') == ['mary and john reposted']
    reader.follow_link('.why >> text=john')
    assert reader.texts('h1') == ['User: john']
    assert reader.texts('.why') == ['john reposted']
    john.open(f'/post/{post.id}')
    button(john, 'Undo repost 2').click()
    expect(announcer(john)).to_have_text('You do not repost this post any more.')
    reader.open('/index')
    assert reader.texts('.why') == ['mary reposted']


def conversation() -> Post:
    """What every new page can show: a thread, applause, a tag, a mention, and news for susan."""
    first = write('john', 'A beginning')
    post = write('susan', 'Beautiful day in #Portland, @john! https://example.org', first)
    write('john', '@susan: صباح الخير #صباح', write('john', 'So it is', post))
    write('john', 'Good morning @susan')
    account('john').follow(account('susan'))
    for name in ('susan', 'john'):
        account(name).like(post)
        account(name).repost(first)
    account('john').repost(post)
    account('susan').bookmark(post)
    post.edit(post.body + '!')
    db.session.commit()
    return post


PAGES = [
    '/post/{}',
    '/activity',
    '/tag/portland',
    '/bookmarks',
    '/post/{}/likes',
    '/post/{}/reposts',
    '/post/{}/edit',
    '/post/{}/delete',
    '/user/susan/answers',
    '/user/john',
    '/index',
]


@pytest.mark.parametrize('color_scheme', ['light', 'dark'])
@pytest.mark.parametrize('viewport', [DESKTOP, PHONE], ids=['desktop', 'phone'])
def test_nothing_serious(
    make_visitor: MakeVisitor, axe: str, viewport: ViewportSize, color_scheme: str
) -> None:
    make_visitor().register('john')
    susan = make_visitor(viewport=viewport, color_scheme=color_scheme, gravatar_answers=False)
    susan.register('susan')
    post = conversation()
    found = []
    for path in PAGES:
        susan.open(path.format(post.id))
        found += findings(susan, axe)
    susan.open(f'/post/{post.id}')
    susan.send(post='x' * 141)
    found += findings(susan, axe)
    assert found == []


def test_in_arabic(make_visitor: MakeVisitor, axe: str) -> None:
    make_visitor().register('john')
    susan = make_visitor(viewport=PHONE, locale='ar')
    susan.register('susan')
    post = conversation()
    for path in PAGES:
        page = susan.open(path.format(post.id))
        assert page.locator('html').get_attribute('dir') == 'rtl'
        assert width(susan) <= PHONE['width']
        assert findings(susan, axe) == []
    page = susan.open(f'/post/{post.id}')
    button(susan, 'إلغاء الإعجاب 2').click()
    expect(announcer(susan)).to_have_text('لم يعد هذا المنشور يعجبك.')
    expect(button(susan, 'إعجاب 1')).to_be_visible()
    # A tag in another script has its sign before it.
    box, start = page.evaluate(
        """() => {
            const tag = document.querySelector('.the-post article > bdi a');
            const sign = document.createRange();
            const text = document.createTreeWalker(tag, NodeFilter.SHOW_TEXT).nextNode();
            sign.setStart(text, 0);
            sign.setEnd(text, 1);
            return [tag.getBoundingClientRect().left, sign.getBoundingClientRect().left];
        }"""
    )
    assert box == start
