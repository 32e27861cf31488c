"""Choosing a password, with a script that helps, and without."""

from playwright.sync_api import expect

from tests.browser.conftest import MakeVisitor


def test_the_meter_says_why(make_visitor: MakeVisitor) -> None:
    page = make_visitor().open('/auth/register')
    word = page.locator('.form-text[aria-live=polite]')
    page.fill('#username', 'susan')
    for password, said in {
        'short': 'A password must have at least 8 characters.',
        'Susan-1999': 'too close to your name',
        'microblog': 'too close to your name',
        'abababab': 'few different characters',
        'mango tree': 'A few words more would be safer.',
        'mango tree by the river': 'This is a good length.',
    }.items():
        page.fill('#password', password)
        expect(word).to_contain_text(said)
    page.fill('#password', '')
    expect(word).to_have_text('')


def test_passwords_are_shown_pasted_and_sent_hidden(make_visitor: MakeVisitor) -> None:
    visitor = make_visitor()
    page = visitor.open('/auth/register')
    page.fill('#username', 'mango tree')
    page.press('#username', 'Control+a')
    page.press('#username', 'Control+c')
    page.press('#password', 'Control+v')
    expect(page.locator('#password')).to_have_value('mango tree')
    page.get_by_role('button', name='Show').click()
    expect(page.locator('#password2')).to_have_attribute('type', 'text')
    page.get_by_role('button', name='Hide').click()
    expect(page.locator('#password2')).to_have_attribute('type', 'password')
    page.get_by_role('button', name='Show').click()
    visitor.send(username='susan')
    assert 'mango tree' not in page.content()
    names = page.locator('input[type=password]').evaluate_all('all => all.map(i => i.autocomplete)')
    assert names == ['new-password', 'new-password']


def test_without_a_script(make_visitor: MakeVisitor) -> None:
    visitor = make_visitor(java_script_enabled=False)
    page = visitor.open('/auth/register')
    expect(page.get_by_role('button', name='Show')).to_have_count(0)
    visitor.send(username='susan', password='iloveyou1')
    expect(page.locator('#password-errors')).to_contain_text('one of the commonest')
