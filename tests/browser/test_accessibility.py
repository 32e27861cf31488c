"""Everybody can use every page: axe-core finds nothing serious, and a keyboard is enough."""

import json
from typing import Any

import pytest
from playwright.sync_api import ViewportSize

from tests.browser.conftest import DESKTOP, PHONE, MakeVisitor, Visitor

SERIOUS = {'serious', 'critical'}


def findings(visitor: Visitor, axe: str) -> list[str]:
    """What axe-core says is seriously wrong with the page."""
    # The protocol of the browser's tools runs it: the page's own policy would not let it in.
    visitor.page.evaluate(axe)
    # A colour half-way to the one under the pointer is nobody's to read.
    visitor.page.evaluate('Promise.all(document.getAnimations().map((each) => each.finished))')
    result: dict[str, Any] = visitor.page.evaluate('axe.run()')
    return [
        f'{visitor.page.url}: {rule["id"]} at {json.dumps([n["target"] for n in rule["nodes"]])}'
        for rule in result['violations']
        if rule['impact'] in SERIOUS
    ]


@pytest.mark.parametrize('color_scheme', ['light', 'dark'])
@pytest.mark.parametrize('viewport', [DESKTOP, PHONE], ids=['desktop', 'phone'])
def test_nothing_serious(
    make_visitor: MakeVisitor, axe: str, viewport: ViewportSize, color_scheme: str
) -> None:
    susan = make_visitor(viewport=viewport, color_scheme=color_scheme, gravatar_answers=False)
    found: list[str] = []

    def look(path: str) -> None:
        susan.open(path)
        found.extend(findings(susan, axe))

    look('/api/docs')
    for path, fields in {'/auth/login': 2, '/auth/register': 4}.items():
        look(path)
        susan.send()
        assert susan.page.locator('.invalid-feedback').count() == fields
        found.extend(findings(susan, axe))
    susan.register('susan')
    second = make_visitor()
    second.open('/auth/login')
    second.send(username='susan', password='correct horse')
    look('/index')
    for number in range(6):
        susan.post(f'number {number}')
    susan.post('number' + '\n' * 20 + 'seven')
    found.extend(findings(susan, axe))
    susan.send(post='x' * 141)
    found.extend(findings(susan, axe))
    other = make_visitor()
    other.register('other')
    for path in ('/explore', '/explore?page=2', '/user/susan', '/user/other', '/edit_profile'):
        look(path)
    for path in ('', '/look', '/notices', '/messages', '/invitations'):
        look(f'/settings{path}')
    for path in ('/tokens', '/tokens/new', '/data', '/import', '/delete'):
        look(f'/settings{path}')
    for path in ('/auth/change_email', '/auth/change_password'):
        look(path)
    for path in ('/search?q=number+susan', '/search?q=other&kind=people', '/search?q=nothing'):
        look(path)
    for path in ('/user/susan/followers', '/user/susan/following'):
        look(path)
    for path in ('/send_message/other', '/messages/with/other'):
        look(path)
        susan.send()
        found.extend(findings(susan, axe))
        susan.send(message='hello')
    for path in ('/messages', '/messages/sent', '/messages/with/other', '/export_posts'):
        look(path)
    for path in ('/settings', '/settings/devices', '/settings/history'):
        look(path)
    susan.expect_failed_requests = True
    for path in ('/nothing', '/follow/other'):
        look(path)
    assert found == []


def test_a_keyboard_is_enough(make_visitor: MakeVisitor) -> None:
    susan = make_visitor()
    susan.register('susan')
    susan.post('hello')
    susan.open('/index')
    page = susan.page

    page.keyboard.press('Tab')
    assert page.evaluate('document.activeElement.textContent') == 'Skip to the content'
    assert page.locator('.skip-link').bounding_box()['y'] >= 0  # type: ignore[index]
    page.keyboard.press('Enter')
    assert page.evaluate('document.activeElement.id') == 'content'
    page.keyboard.press('Tab')
    assert page.evaluate('document.activeElement.id') == 'post'
    page.keyboard.type('by keyboard')
    page.keyboard.press('Tab')
    assert page.evaluate('document.activeElement.id') == 'submit'
    with page.expect_navigation():
        page.keyboard.press('Enter')
    assert susan.texts('article > bdi')[0] == 'by keyboard'

    reachable = []
    for _ in range(20):
        page.keyboard.press('Tab')
        name, outline = page.evaluate(
            """() => {
                const element = document.activeElement;
                if (element === document.body) return ['', ''];
                return [element.textContent.trim() || element.id,
                        getComputedStyle(element).outlineStyle];
            }"""
        )
        name = ' '.join(name.split())
        if name in ('', 'content') or name in reachable:
            continue
        assert outline != 'none', name
        reachable.append(name)
    for name in (
        'Microblog',
        'Home',
        'Explore',
        'Messages 0',
        'Profile',
        'Logout',
        'post',
        'submit',
        'susan',
    ):
        assert name in reachable
