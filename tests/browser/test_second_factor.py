"""Codes and passkeys as a person uses them, with a device that Chromium plays."""

import re

import pytest
from playwright.sync_api import ViewportSize

from tests.browser.conftest import DESKTOP, PHONE, MakeVisitor, Visitor
from tests.browser.test_accessibility import findings
from tests.codes import code_of

PASSWORD = 'correct horse'


@pytest.fixture
def at_localhost(make_visitor: MakeVisitor) -> MakeVisitor:
    """A visitor of the same server by a name: passkeys are bound to no number."""

    def make(**options: object) -> Visitor:
        visitor = make_visitor(**options)
        visitor.server = visitor.server.replace('127.0.0.1', 'localhost')
        return visitor

    return make


def add_device(visitor: Visitor) -> None:
    """Give the browser a device that makes passkeys, and a person who always agrees."""
    tools = visitor.context.new_cdp_session(visitor.page)
    tools.send('WebAuthn.enable')
    device = {
        'protocol': 'ctap2',
        'transport': 'internal',
        'hasResidentKey': True,
        'hasUserVerification': True,
        'isUserVerified': True,
        'automaticPresenceSimulation': True,
    }
    tools.send('WebAuthn.addVirtualAuthenticator', {'options': device})


def turn_on_codes(visitor: Visitor) -> tuple[str, list[str]]:
    """Turn the second factor on; return the key and the recovery codes."""
    visitor.open('/settings/second_factor')
    key = visitor.page.inner_text('#key').replace(' ', '')
    visitor.send(code=code_of(key))
    return key, visitor.texts('.secret-codes code')


def send_password(visitor: Visitor) -> None:
    visitor.open('/auth/logout')
    visitor.open('/auth/login')
    visitor.send(username='susan', password=PASSWORD)


def is_in(visitor: Visitor) -> bool:
    return visitor.page.url == f'{visitor.server}/index'


BUTTON = 'form[data-passkey] button'


def test_a_passkey_is_made_used_and_removed(at_localhost: MakeVisitor) -> None:
    susan = at_localhost()
    add_device(susan)
    susan.register('susan')
    susan.open('/settings/passkeys')
    assert not susan.page.is_visible('[data-without-passkeys]')
    susan.follow_link(BUTTON)
    assert susan.texts('.flash bdi') == ['The passkey was added.']
    # The device knows that it has one here already.
    susan.page.click(BUTTON)
    susan.page.wait_for_selector('form[data-passkey] [role=alert]')
    # By itself, with Remember Me.
    susan.open('/auth/logout')
    susan.open('/auth/login?next=/explore')
    susan.page.check('#remember_me')
    susan.follow_link(BUTTON)
    assert susan.page.url == f'{susan.server}/explore'
    assert 'remember_token' in {cookie['name'] for cookie in susan.context.cookies()}
    # In place of a code.
    turn_on_codes(susan)
    send_password(susan)
    assert not is_in(susan)
    susan.follow_link(BUTTON)
    assert is_in(susan)
    # When it is asked for again.
    susan.open('/auth/prove')
    susan.follow_link(BUTTON)
    assert susan.page.url == f'{susan.server}/settings'
    # Removed, it opens nothing, though the device still has it.
    susan.open('/settings/passkeys')
    susan.follow_link('.sections a')
    susan.follow_link('#remove')
    susan.open('/auth/logout')
    susan.open('/auth/login')
    susan.follow_link(BUTTON)
    assert susan.texts('.flash bdi') == ['This passkey was not accepted. Please try again.']
    assert susan.page.url == f'{susan.server}/auth/login'


def test_codes_by_keyboard_and_without_a_script(at_localhost: MakeVisitor) -> None:
    susan = at_localhost(java_script_enabled=False)
    susan.register('susan')
    page = susan.page

    def tab_to(selector: str) -> None:
        for _ in range(60):
            page.keyboard.press('Tab')
            if page.locator(f'{selector}:focus').count():
                return
        raise AssertionError(f'{selector} cannot be reached')

    def type_code(code: str) -> None:
        tab_to('#code')
        page.keyboard.type(code)
        with page.expect_navigation():
            page.keyboard.press('Enter')

    def press(selector: str) -> None:
        tab_to(selector)
        with page.expect_navigation():
            page.keyboard.press('Enter')

    susan.open('/settings')
    press('a[href="/settings/second_factor"]')
    key = page.inner_text('#key').replace(' ', '')
    type_code(code_of(key))
    codes = susan.texts('.secret-codes code')
    assert len(codes) == 10
    send_password(susan)
    assert not page.is_visible('form[data-passkey]')
    type_code(codes[0])
    assert is_in(susan)
    susan.open('/settings/second_factor')
    press('#turn_off')
    send_password(susan)
    assert is_in(susan)
    susan.open('/settings/passkeys')
    assert page.is_visible('[data-without-passkeys]')
    assert not page.is_visible('form[data-passkey]')


@pytest.mark.parametrize('color_scheme', ['light', 'dark'])
@pytest.mark.parametrize('viewport', [DESKTOP, PHONE], ids=['desktop', 'phone'])
def test_nothing_keeps_anybody_out(
    at_localhost: MakeVisitor, axe: str, viewport: ViewportSize, color_scheme: str
) -> None:
    susan = at_localhost(viewport=viewport, color_scheme=color_scheme)
    add_device(susan)
    susan.register('susan')
    found: list[str] = []

    def look(path: str | None = None) -> None:
        if path is not None:
            susan.open(path)
        found.extend(findings(susan, axe))
        width = susan.page.evaluate('document.documentElement.scrollWidth')
        assert width <= viewport['width'], susan.page.url

    look('/settings/second_factor')
    susan.send(code='000000')
    look()
    turn_on_codes(susan)
    look()
    look('/settings/second_factor')
    look('/settings/passkeys')
    susan.follow_link(BUTTON)
    look()
    susan.follow_link('.sections a')
    look()
    look('/auth/prove')
    send_password(susan)
    assert re.fullmatch('.*/auth/second_factor', susan.page.url)
    susan.send(code='000000')
    look()
    look('/auth/login')
    assert found == []
