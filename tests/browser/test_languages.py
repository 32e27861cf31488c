"""Languages, translating in place, and popups, as people meet them."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.conftest import DESKTOP, PHONE, MakeVisitor, Visitor
from tests.browser.test_accessibility import findings
from tests.translator import KEY, Translator, running_translator

POPUP = '.user-popup'


@pytest.fixture
def translator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Translator]:
    """The service, which the server that is started after it is told to use."""
    with running_translator() as translator:
        monkeypatch.setenv('MS_TRANSLATOR_KEY', KEY)
        monkeypatch.setenv('MS_TRANSLATOR_URL', translator.url)
        yield translator


@pytest.fixture
def susan(translator: Translator, make_visitor: MakeVisitor) -> Visitor:
    susan = make_visitor()
    susan.register('susan')
    return susan


def popups_asked_for(page: Page) -> list[str]:
    asked: list[str] = []
    page.on('request', lambda r: asked.append(r.url) if r.url.endswith('/popup') else None)
    return asked


def test_translating_in_place(susan: Visitor, john: Visitor, translator: Translator) -> None:
    john.post('¡Buenos días a todos, qué tiempo tan bonito! <b>&amp;</b>')
    john.post('Good morning everybody, what a nice day')
    page = susan.open('/explore')
    expect(page.get_by_role('button', name='Translate')).to_have_count(1)
    address = page.url
    translator.fail(500)
    page.get_by_role('button', name='Translate').click()
    expect(page.locator('.translation-error')).to_have_text(
        'Error: the translation service failed.'
    )
    translator.answer = None
    page.get_by_role('button', name='Translate').click()
    result = page.locator('.translation p')
    expect(result).to_have_text('[es>en] ¡Buenos días a todos, qué tiempo tan bonito! <b>&amp;</b>')
    expect(result).to_have_attribute('lang', 'en')
    expect(result).to_have_attribute('dir', 'ltr')
    expect(page.locator('.translation-error')).to_have_count(0)
    expect(page.get_by_role('button', name='Translate')).to_have_count(0)
    assert page.url == address


def test_the_spinner_and_a_server_that_is_away(
    susan: Visitor, john: Visitor, translator: Translator
) -> None:
    john.post('Guten Morgen zusammen, wie geht es euch heute?')
    page = susan.open('/explore')
    translator.silent = True
    page.get_by_role('button', name='Translate').click()
    expect(page.locator('.translation .spinner-border')).to_be_visible()
    translator.done.set()
    expect(page.locator('.translation-error')).to_be_visible()
    susan.expect_failed_requests = True
    page.route('**/translate', lambda route: route.abort())
    page.get_by_role('button', name='Translate').click()
    expect(page.locator('.translation-error')).to_have_text('Error: Could not contact server.')
    # Somebody who has logged out elsewhere.
    page.unroute('**/translate')
    page.context.clear_cookies()
    page.get_by_role('button', name='Translate').click()
    expect(page.locator('.translation-error')).to_have_text('Error: Could not contact server.')


def test_translating_into_arabic(susan: Visitor, john: Visitor, translator: Translator) -> None:
    john.post('Good morning everybody, what a nice day')
    susan.open('/explore')
    susan.page.get_by_role('button', name='العربية').click()
    susan.page.get_by_role('button', name='ترجمة').click()
    result = susan.page.locator('.translation p')
    expect(result).to_have_attribute('lang', 'ar')
    expect(result).to_have_attribute('dir', 'rtl')


@pytest.mark.parametrize('viewport', [DESKTOP, PHONE], ids=['desktop', 'phone'])
def test_the_language_menu(make_visitor: MakeVisitor, axe: str, viewport: ViewportSize) -> None:
    guest = make_visitor(viewport=viewport, locale='fr-CA')
    page = guest.open('/auth/login')
    assert guest.texts('h1') == ['Se connecter']
    found = []
    for language, name, direction, heading in [
        ('de', 'Deutsch', 'ltr', 'Anmelden'),
        ('zh', '中文', 'ltr', '登录'),
        ('ar', 'العربية', 'rtl', 'تسجيل الدخول'),
    ]:
        page.get_by_role('button', name=name).click()
        expect(page.locator('h1')).to_have_text(heading)
        expect(page.locator('html')).to_have_attribute('lang', language)
        expect(page.locator('html')).to_have_attribute('dir', direction)
        assert page.evaluate('document.documentElement.scrollWidth') <= viewport['width']
        found += findings(guest, axe)
    assert found == []
    assert page.url == f'{guest.server}/auth/login'
    # The box to tick stands before its label, on the right.
    box = page.locator('.form-check-input').bounding_box()
    label = page.locator('.form-check-label').bounding_box()
    assert box is not None
    assert label is not None
    assert box['x'] > label['x']


def test_the_menu_without_javascript(make_visitor: MakeVisitor) -> None:
    guest = make_visitor(java_script_enabled=False)
    page = guest.open('/auth/login')
    page.get_by_role('button', name='Español').click()
    assert guest.texts('h1') == ['Iniciar sesión']


@pytest.fixture
def john(make_visitor: MakeVisitor, susan: Visitor) -> Visitor:
    """Somebody who sees two posts of susan's."""
    susan.post('one')
    susan.post('two')
    john = make_visitor()
    john.register('john')
    john.open('/explore')
    return john


def test_a_popup_by_pointer(john: Visitor) -> None:
    page = john.page
    page.clock.install()
    john.open('/explore')
    asked = popups_asked_for(page)
    name = page.locator('.user_popup').first
    name.hover()
    page.clock.run_for(900)
    page.mouse.move(1, 1)
    page.clock.run_for(2000)
    assert asked == []
    name.hover()
    page.clock.run_for(1100)
    popup = page.locator(POPUP)
    expect(popup).to_be_visible()
    assert re.search(r'Last seen on: \w+ \d', popup.inner_text())
    # It stays while the pointer is in it, and goes when the pointer does.
    popup.locator('.author').hover()
    page.clock.run_for(2000)
    expect(popup).to_be_visible()
    page.mouse.move(1, 1)
    page.clock.run_for(500)
    expect(popup).to_have_count(0)
    # The same person once more is not asked for again.
    page.locator('.user_popup').nth(1).hover()
    page.clock.run_for(1100)
    expect(popup).to_be_visible()
    page.keyboard.press('Escape')
    expect(popup).to_have_count(0)
    assert len(asked) == 1
    # A minute later it is: what it says may no longer be true.
    page.mouse.move(1, 1)
    page.clock.run_for(60_000)
    page.locator('.user_popup').first.hover()
    page.clock.run_for(1100)
    expect(popup).to_be_visible()
    assert len(asked) == 2


def test_following_in_a_popup(john: Visitor) -> None:
    page = john.page
    page.locator('.user_popup').first.hover()
    popup = page.locator(POPUP)
    popup.get_by_role('button', name='Follow').click()
    expect(popup.get_by_role('button', name='Unfollow')).to_be_visible()
    expect(popup).to_contain_text('1 follower,')
    assert page.url.endswith('/explore')
    popup.get_by_role('button', name='Unfollow').click()
    expect(popup.get_by_role('button', name='Follow', exact=True)).to_be_visible()
    expect(popup).to_contain_text('0 followers,')
    john.open('/index')
    assert john.texts('.alert') == []


def test_following_changes_ones_own_numbers_too(john: Visitor) -> None:
    john.post('mine')
    page = john.open('/explore')
    popup = page.locator(POPUP)
    own, others = page.locator('.user_popup').first, page.locator('.user_popup').last
    own.hover()
    expect(popup).to_contain_text('0 following')
    page.keyboard.press('Escape')
    others.hover()
    popup.get_by_role('button', name='Follow').click()
    expect(popup.get_by_role('button', name='Unfollow')).to_be_visible()
    page.keyboard.press('Escape')
    own.hover()
    expect(popup).to_contain_text('1 following')


def test_a_popup_by_keyboard(john: Visitor, axe: str) -> None:
    page = john.page
    popup = page.locator(POPUP)
    for _ in range(20):
        page.keyboard.press('Tab')
        if page.evaluate('document.activeElement.matches(".user_popup > a")'):
            break
    expect(popup).to_be_visible()
    assert findings(john, axe) == []
    page.keyboard.press('Tab')  # the name in the popup
    page.keyboard.press('Tab')
    page.keyboard.press('Enter')
    expect(popup.get_by_role('button', name='Unfollow')).to_be_focused()
    page.keyboard.press('Escape')
    expect(popup).to_have_count(0)
    assert page.evaluate('document.activeElement.matches(".user_popup > a")')
    page.keyboard.press('Enter')
    expect(page).to_have_url(f'{john.server}/user/susan')


@pytest.mark.parametrize('failure', ['logged out', 'error', 'offline'])
def test_a_popup_that_cannot_be_had_is_asked_for_again(john: Visitor, failure: str) -> None:
    page = john.page
    cookies = page.context.cookies()
    john.expect_failed_requests = True
    if failure == 'logged out':
        page.context.clear_cookies()
    elif failure == 'error':
        page.route('**/popup', lambda route: route.fulfill(status=503))
    else:
        page.route('**/popup', lambda route: route.abort())
    name = page.locator('.user_popup').first
    with page.expect_request('**/popup'):
        name.hover()
    page.wait_for_timeout(1000)
    expect(page.locator(POPUP)).to_have_count(0)
    page.unroute('**/popup')
    page.context.add_cookies(cookies)  # type: ignore[arg-type]
    page.mouse.move(1, 1)
    name.hover()
    expect(page.locator(POPUP)).to_be_visible()


def test_a_finger_follows_the_link(susan: Visitor, make_visitor: MakeVisitor) -> None:
    susan.post('one')
    john = make_visitor(viewport=PHONE, has_touch=True)
    john.register('john')
    page = john.open('/explore')
    asked = popups_asked_for(page)
    page.locator('.user_popup a').first.tap()
    expect(page).to_have_url(f'{john.server}/user/susan')
    assert asked == []
