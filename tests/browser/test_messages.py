"""Two people write to each other, and one of them exports: pages that move without a reload."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import ViewportSize, expect

from app import db
from app.models import Task
from app.models import task as tasks
from app.tasks import archive, job
from tests.browser.conftest import DESKTOP, PHONE, MakeVisitor, Visitor, serving
from tests.browser.test_accessibility import findings
from tests.mailbox import Mailbox, running_mailbox
from tests.threads import wait_for_jobs

POLL = 10_000  # milliseconds


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with running_mailbox() as mailbox:
        yield mailbox


@pytest.fixture
def server(make_app: Callable[..., Flask], mailbox: Mailbox) -> Iterator[str]:
    """A server in this process, so that a test can hold up its jobs."""
    app = make_app(
        MAIL_SERVER='127.0.0.1',
        MAIL_PORT=mailbox.port,
        MAIL_SUPPRESS_SEND=False,
        POSTS_PER_PAGE=5,
        WTF_CSRF_ENABLED=True,
    )
    with serving(app) as address:
        yield address


def send(visitor: Visitor, recipient: str, text: str) -> None:
    visitor.open(f'/send_message/{recipient}')
    visitor.send(message=text)
    assert visitor.texts('.alert-info') == ['Your message has been sent.']


@pytest.mark.parametrize('viewport', [DESKTOP, PHONE], ids=['desktop', 'phone'])
def test_a_badge_within_seconds(make_visitor: MakeVisitor, viewport: ViewportSize) -> None:
    susan, john = make_visitor(viewport=viewport), make_visitor(viewport=viewport)
    susan.register('susan')
    john.register('john')
    badge = john.page.locator('#message_count')
    expect(badge).to_be_hidden()
    send(susan, 'john', 'hello <b>john</b>')
    # In real time.
    expect(badge).to_be_visible(timeout=12_000)
    expect(badge).to_have_text('1')
    expect(john.page.locator('#announcer')).to_have_text('Unread messages: 1')
    john.page.click('nav >> text=Messages')
    expect(badge).to_be_hidden()
    assert john.texts('article > bdi') == ['hello <b>john</b>']

    john.page.click('text=Answer susan')
    john.send(message='hello susan')
    assert john.texts('article > bdi') == ['hello susan', 'hello <b>john</b>']
    john.page.click('text=Delete >> nth=0')
    john.follow_link('dialog button:text("Delete")')
    assert john.texts('article > bdi') == ['hello <b>john</b>']
    susan.open('/messages/with/john')
    assert susan.texts('article > bdi') == ['hello susan', 'hello <b>john</b>']
    for visitor in (susan, john):
        width = visitor.page.evaluate('document.documentElement.scrollWidth')
        assert width <= viewport['width']


def polls(visitor: Visitor) -> list[str]:
    """Write down when the page asks, from now on."""
    asked: list[str] = []

    def note(request: Any) -> None:
        if '/notifications' in request.url and '.js' not in request.url:
            asked.append(request.url)

    visitor.page.on('request', note)
    return asked


HIDE = """hidden => {
    Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
}"""


def test_a_hidden_tab_rests(make_visitor: MakeVisitor) -> None:
    susan, john = make_visitor(), make_visitor()
    john.page.clock.install()
    john.register('john')
    susan.register('susan')
    asked = polls(john)
    john.page.clock.run_for(POLL - 4000)
    assert asked == []
    with john.page.expect_response('**/notifications?since=0*'):
        john.page.clock.run_for(4000)
    john.page.evaluate(HIDE, True)
    john.page.clock.run_for(10 * POLL)
    assert len(asked) == 1
    send(susan, 'john', 'hello')
    with john.page.expect_response('**/notifications?*'):
        john.page.evaluate(HIDE, False)
    expect(john.page.locator('#message_count')).to_have_text('1')
    assert len(asked) == 2
    with john.page.expect_response(re.compile(r'/notifications\?since=\d{10}')):
        john.page.clock.run_for(POLL)


def test_errors_make_it_ask_less_often(make_visitor: MakeVisitor) -> None:
    susan = make_visitor()
    susan.expect_failed_requests = True
    susan.page.clock.install()
    susan.register('susan')
    asked = polls(susan)
    susan.context.route('**/notifications?*', lambda route: route.fulfill(status=500))
    for seconds in (10, 20, 40, 80, 160, 300, 300):
        count = len(asked)
        susan.page.clock.run_for((seconds - 4) * 1000)
        assert len(asked) == count
        with susan.page.expect_response('**/notifications?*'):
            susan.page.clock.run_for(4000)
        susan.page.wait_for_timeout(50)
    susan.context.unroute('**/notifications?*')
    with susan.page.expect_response('**/notifications?*'):
        susan.page.clock.run_for(300_000)
    susan.page.wait_for_timeout(50)
    with susan.page.expect_response('**/notifications?*'):
        susan.page.clock.run_for(POLL)


def test_it_stops_when_the_session_has_ended(make_visitor: MakeVisitor) -> None:
    susan = make_visitor()
    susan.page.clock.install()
    susan.register('susan')
    susan.context.clear_cookies()
    asked = polls(susan)
    with susan.page.expect_request('**/notifications?*'):
        susan.page.clock.run_for(POLL)
    susan.page.wait_for_timeout(300)
    susan.page.clock.run_for(100 * POLL)
    assert len(asked) == 1


def test_an_export(
    make_visitor: MakeVisitor, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, axe: str
) -> None:
    steps = [threading.Event() for _ in range(4)]
    monkeypatch.setattr(archive, 'BATCH', 1)
    monkeypatch.setattr(job, 'PROGRESS_INTERVAL', 0)
    batches = archive.batches

    def slow(name: str, user_id: int) -> Iterator[list[dict[str, str]]]:
        waiting = iter(steps if name == 'posts' else [])
        for entries in batches(name, user_id):
            next(waiting).wait()
            yield entries

    monkeypatch.setattr(archive, 'batches', slow)
    susan = make_visitor()
    susan.page.clock.install()
    susan.register('susan')
    for number in range(4):
        susan.post(f'number {number}')
    susan.page.click('nav >> text=Profile')
    susan.page.click('text=Export your posts')
    with susan.page.expect_navigation():
        susan.page.click('#submit')

    # On every page, and moving without a reload.
    susan.open('/explore')
    bar = susan.page.locator('.task progress')
    expect(susan.page.locator('.task')).to_have_text(re.compile(r'Exporting posts\.\.\.\s+0%'))
    assert findings(susan, axe) == []
    for number, percent in enumerate((24, 49, 74)):
        steps[number].set()
        wait_for_progress(percent)
        susan.page.clock.run_for(POLL)
        expect(bar).to_have_attribute('value', str(percent))
        expect(susan.page.locator('.task-percent')).to_have_text(f'{percent}%')
    steps[3].set()
    [mail] = mailbox.wait_for(1)
    [attachment] = mail.iter_attachments()
    posts = json.loads(attachment.get_content())['posts']
    assert [post['body'] for post in posts] == [f'number {number}' for number in range(4)]
    wait_for_jobs()
    susan.page.clock.run_for(POLL)
    notice = susan.page.locator('.task')
    expect(notice).to_contain_text('Exporting posts... Done. Your posts have been mailed to you.')
    expect(bar).to_have_count(0)
    assert findings(susan, axe) == []
    # It was seen.
    susan.open('/explore')
    expect(notice).to_have_count(0)


def wait_for_progress(percent: int) -> None:
    for _ in range(1000):
        db.session.rollback()
        if db.session.query(Task).one().progress == percent:
            return
        threading.Event().wait(0.01)
    raise AssertionError(f'{percent} % were never reached')


def test_a_job_that_dies(make_visitor: MakeVisitor) -> None:
    """No notification tells of it: the page asks by itself, without a reload."""
    susan = make_visitor()
    susan.page.clock.install()
    susan.register('susan')
    task = Task(id='x', name='export_posts', description='Exporting', user_id=1, started=True)
    db.session.add(task)
    db.session.commit()
    susan.open('/explore')
    expect(susan.page.locator('.task progress')).to_be_visible()
    assert task.heartbeat is not None
    task.heartbeat -= tasks.LOST_AFTER
    db.session.commit()
    for _ in range(4):
        with susan.page.expect_response('**/notifications?*'):
            susan.page.clock.run_for(POLL)
        susan.page.wait_for_timeout(50)
    notice = susan.page.locator('.alert-danger')
    expect(notice).to_contain_text('Failed: the work was interrupted.')
    expect(susan.page.locator('.task progress')).to_have_count(0)
    susan.page.click('button[aria-label="Dismiss"]')
    expect(notice).to_have_count(0)
    susan.open('/explore')
    expect(notice).to_have_count(0)


def test_without_javascript(make_visitor: MakeVisitor, mailbox: Mailbox) -> None:
    susan = make_visitor(java_script_enabled=False)
    susan.register('susan')
    susan.post('hello')
    # It would do nothing.
    assert susan.page.locator('.flash .btn-close').is_hidden()
    susan.open('/export_posts')
    susan.send()
    mailbox.wait_for(1)
    wait_for_jobs()
    db.session.rollback()
    task = db.session.query(Task).one()
    task.failure = 'error'
    task.dismissed = False
    db.session.commit()
    susan.open('/explore')
    assert 'Failed' in susan.texts('.task')[0]
    susan.follow_link('button[aria-label="Dismiss"]')
    assert susan.page.url.startswith(f'{susan.server}/explore')
    assert susan.page.locator('.task').count() == 0


def test_a_flash_can_be_closed(make_visitor: MakeVisitor, axe: str) -> None:
    susan = make_visitor()
    susan.register('susan')
    susan.post('hello')
    assert findings(susan, axe) == []
    susan.page.get_by_role('button', name='Dismiss').click()
    expect(susan.page.locator('.flash')).to_have_count(0)
    assert susan.page.evaluate('document.activeElement.id') == 'content'


def test_deleting_asks_first(make_visitor: MakeVisitor, axe: str) -> None:
    susan, john = make_visitor(viewport=PHONE), make_visitor(java_script_enabled=False)
    susan.register('susan')
    john.register('john')
    for text in ('one', 'two <b>', 'three'):
        send(susan, 'john', text)

    # In a dialog, which Escape and Cancel close.
    page = susan.open('/messages/with/john?page=1')
    dialog = page.get_by_role('dialog', name='Delete this message?')
    for way in ('Escape', 'Cancel'):
        page.click('text=Delete >> nth=1')
        expect(dialog).to_contain_text('two <b>')
        assert findings(susan, axe) == []
        if way == 'Cancel':
            dialog.get_by_role('button', name='Cancel').click()
        else:
            page.keyboard.press('Escape')
        expect(dialog).to_be_hidden()
        assert page.evaluate('document.activeElement.className') == 'message-delete'
    page.click('text=Delete >> nth=1')
    with page.expect_navigation():
        dialog.get_by_role('button', name='Delete').click()
    assert page.url == f'{susan.server}/messages/with/john?page=1'
    assert susan.texts('.flash') == ['The message has been deleted.']
    assert susan.texts('.message article > bdi') == ['three', 'one']

    # On a page, without a script.
    susan.open('/messages/sent')
    susan.open(page.get_by_role('link', name='Delete').first.get_attribute('href') or '')
    assert findings(susan, axe) == []
    page = john.open('/messages')
    john.follow_link('text=Delete >> nth=1')
    assert john.texts('article > bdi') == ['two <b>']
    john.follow_link('text=Cancel')
    assert john.page.url == f'{john.server}/messages'
    john.follow_link('text=Delete >> nth=1')
    john.follow_link('button:text("Delete")')
    assert john.page.url == f'{john.server}/messages'
    assert john.texts('.message article > bdi') == ['three', 'one']
