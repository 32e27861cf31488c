"""A tab in which somebody has typed outlives the session that it was opened in."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import MakeVisitor


def test_what_was_typed_comes_back(make_visitor: MakeVisitor) -> None:
    susan = make_visitor()
    susan.page.clock.install()
    susan.register('susan')
    susan.post('the first one')
    # As when the browser was closed and has restored its tabs.
    susan.context.clear_cookies()
    with susan.page.expect_request('**/notifications?*'):
        susan.page.clock.run_for(10_000)  # the tab asks what is new
    susan.page.wait_for_timeout(300)
    susan.send(post='wörds 🎉\nof two lines')
    assert susan.page.url == f'{susan.server}/auth/login?next=%2Findex'
    assert susan.texts('.alert') == ['Please log in to access this page.']
    susan.send(username='susan', password='correct horse')
    assert susan.page.url == f'{susan.server}/index'
    expect(susan.page.locator('.alert')).to_contain_text('Please send it again.')
    expect(susan.page.locator('#post')).to_have_value('wörds 🎉\nof two lines')
    expect(susan.page.locator('#post-count')).to_contain_text(re.compile(r'\b120\b'))
    susan.send()
    assert susan.texts('article > bdi') == ['wörds 🎉\nof two lines', 'the first one']


def test_a_button_leads_back(make_visitor: MakeVisitor) -> None:
    susan, john = make_visitor(), make_visitor(java_script_enabled=False)
    susan.register('susan')
    john.register('john')
    john.open('/user/susan')
    john.context.clear_cookies()
    john.follow_link('input[value="Follow"]')
    assert john.texts('.alert') == ['Please log in to access this page.']
    john.send(username='john', password='correct horse')
    assert john.page.url == f'{john.server}/user/susan'
    john.follow_link('input[value="Follow"]')
    assert john.texts('.alert') == ['You are following susan!']
