"""Finding a post from the box in the navigation bar."""

from tests.browser.conftest import PHONE, MakeVisitor


def test_search(make_visitor: MakeVisitor) -> None:
    susan = make_visitor(viewport=PHONE)
    susan.register('susan')
    susan.post('Café crème')
    susan.post('Tea')
    page = susan.open('/explore')
    page.fill('#q', 'creme tea')
    with page.expect_navigation():
        page.press('#q', 'Enter')
    assert page.url == f'{susan.server}/search?q=creme+tea'
    assert page.locator('mark').all_inner_texts() == ['Tea', 'crème']
    assert page.locator('#q').input_value() == 'creme tea'
    with page.expect_navigation():
        page.click('text=Newest first')
    assert page.locator('.choices [aria-current=true]').inner_text() == 'Newest first'
    assert page.evaluate('document.documentElement.scrollWidth') <= PHONE['width']
    assert susan.complaints == []
