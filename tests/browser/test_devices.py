"""One person in two browsers, of which one ends the other."""

from tests.browser.conftest import PHONE, MakeVisitor

AGENT = (
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 '
    '(KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1'
)


def test_one_browser_ends_the_other(make_visitor: MakeVisitor) -> None:
    laptop = make_visitor()
    laptop.register('susan')
    phone = make_visitor(viewport=PHONE, user_agent=AGENT, java_script_enabled=False)
    phone.open('/auth/login')
    phone.send(username='susan', password='correct horse')

    laptop.open('/settings')
    laptop.follow_link('main >> text=Devices')
    assert laptop.texts('.people strong') == ['Safari (iPhone)', 'Chrome (Linux)']
    assert laptop.texts('.people .badge') == ['This one']
    assert laptop.texts('.people .btn') == ['Log out']
    laptop.follow_link('.people .btn')
    assert laptop.texts('.people .btn') == []
    phone.open('/index')
    assert phone.page.url == f'{phone.server}/auth/login?next=%2Findex'

    # The other way round, without a script, with all at once.
    phone.send(username='susan', password='correct horse')
    phone.open('/settings/devices')
    phone.follow_link('text=Log out all other devices')
    laptop.open('/index')
    assert laptop.page.url == f'{laptop.server}/auth/login?next=%2Findex'
    phone.open('/settings/history')
    assert phone.texts('.people strong') == [
        'All other devices were logged out',
        'Logged in',
        'A device was logged out',
        'Logged in',
        'Logged in',
    ]
