"""Pictures as people choose, see and look at them: with a mouse, a thumb and keys, and without a
script."""

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import FilePayload, Route, ViewportSize, expect

from app import db
from app.media.images import SMALL, file_name
from app.media.storage import storage
from app.models import Post, User
from app.models.media import Shot
from tests.browser.conftest import DESKTOP, PHONE, MakeVisitor, Visitor, serving
from tests.browser.test_accessibility import findings
from tests.pictures import a_file, decoded


@pytest.fixture
def server(make_app: Callable[..., Flask]) -> Iterator[str]:
    """A server in this process, so that a test can put into its database what it needs."""
    with serving(make_app(WTF_CSRF_ENABLED=True)) as address:
        yield address


SCREENSHOTS = os.environ.get('TEST_SCREENSHOTS')  # a folder to look at


def payload(width: int, height: int, name: str = 'picture.jpg') -> FilePayload:
    return {'name': name, 'mimeType': 'image/jpeg', 'buffer': a_file(width, height)}


def capture(visitor: Visitor, name: str) -> None:
    if SCREENSHOTS:
        visitor.page.screenshot(path=Path(SCREENSHOTS, f'{name}.png'), full_page=True)


def hand_over(visitor: Visitor, event: str, *files: FilePayload) -> None:
    """Paste or drop files into the box of a post."""
    data = [[each['name'], b64encode(each['buffer']).decode()] for each in files]
    visitor.page.evaluate(
        """([name, files]) => {
          const transfer = new DataTransfer();
          files.forEach(([file, data]) => {
            const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
            transfer.items.add(new File([bytes], file, { type: 'image/jpeg' }));
          });
          const options = { bubbles: true, cancelable: true };
          const event = name === 'paste'
            ? new ClipboardEvent('paste', { clipboardData: transfer, ...options })
            : new DragEvent('drop', { dataTransfer: transfer, ...options });
          document.querySelector('#post').dispatchEvent(event);
        }""",
        [event, data],
    )


@pytest.mark.parametrize('color_scheme', ['light', 'dark'])
@pytest.mark.parametrize('viewport', [DESKTOP, PHONE], ids=['desktop', 'phone'])
def test_the_story_of_pictures_in_posts(
    make_visitor: MakeVisitor, axe: str, viewport: ViewportSize, color_scheme: str
) -> None:
    susan = make_visitor(viewport=viewport, color_scheme=color_scheme, has_touch=viewport == PHONE)
    name = f'{viewport["width"]}-{color_scheme}'
    susan.register('susan')
    page, found = susan.page, []
    chosen = page.locator('.chosen-picture [name=media]')

    page.locator('.pictures-field summary').click()
    page.set_input_files('#pictures', [payload(900, 600), payload(600, 900)])
    expect(chosen).to_have_count(2)
    hand_over(susan, 'paste', payload(800, 800))
    expect(chosen).to_have_count(3)
    hand_over(susan, 'drop', payload(1200, 300), payload(10, 10))
    expect(chosen).to_have_count(4)
    expect(page.locator('.pictures-status')).to_have_text('A post may have at most 4 pictures.')
    first, second, *_others = [str(each.input_value()) for each in chosen.all()]
    page.locator('.chosen-picture textarea').nth(0).fill('The first one that was chosen')
    capture(susan, f'{name}-choosing')
    found += findings(susan, axe)
    page.get_by_role('button', name='Move one place back').nth(0).click()
    assert [each.input_value() for each in chosen.all()][:2] == [second, first]
    page.locator('.chosen-picture [name=remove]').nth(3).click()
    expect(chosen).to_have_count(3)
    susan.send(post='Three pictures')

    images = page.locator('.pictures.of-3 img')
    expect(images).to_have_count(3)
    assert images.nth(1).get_attribute('alt') == 'The first one that was chosen'
    page.locator('.alt summary').click()
    expect(page.locator('.alt p')).to_be_visible()
    capture(susan, f'{name}-three')
    found += findings(susan, axe)
    page.locator('.alt summary').click()

    page.locator('.pictures a').nth(0).click()
    shown = page.locator('.album img')
    expect(page.locator('.album')).to_be_visible()
    expect(page.get_by_role('button', name='Previous picture')).to_be_hidden()
    page.keyboard.press('ArrowRight')
    expect(shown).to_have_attribute('alt', 'The first one that was chosen')
    expect(page.locator('.album figcaption')).to_have_text('The first one that was chosen')
    capture(susan, f'{name}-album')
    found += findings(susan, axe)
    page.get_by_role('button', name='Next picture').click()
    page.keyboard.press('ArrowRight')
    page.keyboard.press('ArrowLeft')
    expect(shown).to_have_attribute('alt', 'The first one that was chosen')
    if viewport == PHONE:
        box = page.locator('.album figure').bounding_box()
        assert box is not None
        page.mouse.move(300, box['height'] / 2)
        page.mouse.down()
        page.mouse.move(100, box['height'] / 2)
        page.mouse.up()
        expect(page.get_by_role('button', name='Next picture')).to_be_hidden()
    page.keyboard.press('Escape')
    expect(page.locator('.album')).to_be_hidden()

    of_four = [payload(600 + 200 * number, 800) for number in range(4)]
    for files in ([payload(900, 600)], [payload(300, 900)], of_four, [payload(500, 400)] * 2):
        page.locator('.pictures-field summary').click()
        page.set_input_files('#pictures', files)
        expect(chosen).to_have_count(len(files))
        if len(files) == 2:
            page.locator('#sensitive').check()
        susan.send()
    covered = page.locator('.sensitive .pictures')
    expect(covered).to_be_hidden()
    capture(susan, f'{name}-covered')
    found += findings(susan, axe)
    page.locator('.sensitive > summary').click()
    expect(covered).to_be_visible()
    capture(susan, f'{name}-uncovered')
    wide = page.evaluate('document.documentElement.scrollWidth > innerWidth')
    assert not wide
    page.goto(f'{susan.server}/post/1/picture/2')
    capture(susan, f'{name}-page')
    found += findings(susan, axe)
    page.goto(f'{susan.server}/post/1/edit')
    expect(chosen).to_have_count(3)
    found += findings(susan, axe)
    assert found == []


def test_nothing_jumps_and_only_what_is_seen_is_asked_for(make_visitor: MakeVisitor) -> None:
    susan = make_visitor()
    susan.register('susan')
    page = susan.page
    author = db.session.scalars(db.select(User)).one()
    posts = [Post(body=f'{number}', author=author) for number in range(25)]
    for number, post in enumerate(posts):
        shots = [Shot(1, f'{4 * number + n:032x}', 900, 600, '') for n in range(4)]
        for shot in shots:
            storage().put(file_name(shot.digest, SMALL), a_file(640, 427, 'WEBP'))
        post.pictures_json = json.dumps(shots)
    db.session.add_all(posts)
    db.session.commit()
    asked: set[str] = set()
    page.on('request', lambda each: asked.add(each.url))
    page.route('**/media/**', lambda route: route.abort())
    susan.expect_failed_requests = True
    page.goto(f'{susan.server}/index')
    before = page.evaluate('document.documentElement.scrollHeight')
    page.unroute('**/media/**')
    asked.clear()
    page.reload()
    page.wait_for_load_state('networkidle')
    assert page.evaluate('document.documentElement.scrollHeight') == before
    pictures = page.evaluate(
        """() => Array.from(document.querySelectorAll('.pictures img'),
          (image) => [image.currentSrc || image.src, image.getBoundingClientRect().top])"""
    )
    assert len({address for address, _top in pictures}) == 100
    tops = [top for address, top in pictures if address in asked]
    in_view = [top for _address, top in pictures if top < DESKTOP['height']]
    assert len(in_view) <= len(tops) < 30
    # A browser asks for what is about to come into view, too: Chromium, for 1,250 pixels below it.
    assert max(tops) < DESKTOP['height'] + 1250


def test_a_bar_shows_how_far_an_upload_is(make_visitor: MakeVisitor) -> None:
    susan = make_visitor()
    susan.register('susan')
    page, bar = susan.page, susan.page.locator('.chosen-picture progress')
    waiting: list[Route] = []
    page.route('**/picture', lambda route: waiting.append(route))
    page.locator('.pictures-field summary').click()
    page.set_input_files('#pictures', [payload(900, 600, 'first.jpg'), payload(600, 900)])
    expect(bar).to_have_count(2)
    expect(page.get_by_role('progressbar', name='Uploading first.jpg')).to_be_visible()
    expect(page.locator('#submit')).to_be_disabled()
    for route in waiting:
        route.continue_()
    expect(bar).to_have_count(0)
    expect(page.locator('.chosen-picture [name=media]')).to_have_count(2)
    expect(page.locator('#submit')).to_be_enabled()


def test_without_a_script(make_visitor: MakeVisitor) -> None:
    susan = make_visitor(java_script_enabled=False)
    susan.register('susan')
    page = susan.page
    page.locator('.pictures-field summary').click()
    page.set_input_files('#pictures', [payload(900, 600), payload(300, 300)])
    page.locator('[name=new_alt]').nth(1).fill('The small one')
    susan.send(post='Two')
    images = page.locator('.pictures.of-2 img')
    assert [image.get_attribute('alt') for image in images.all()] == [
        'Picture without a description',
        'The small one',
    ]
    page.locator('.pictures a').nth(1).click()
    assert page.url.endswith('/post/1/picture/2')
    assert page.locator('figcaption').inner_text() == 'The small one'
    page.goto(f'{susan.server}/edit_profile')
    page.set_input_files('#picture', payload(900, 300))
    susan.send()
    assert '-256.webp' in str(page.locator('.avatar-128 img').get_attribute('src'))


@pytest.mark.parametrize('viewport', [DESKTOP, PHONE], ids=['desktop', 'phone'])
def test_a_picture_of_oneself_is_seen_and_moved_before_it_is_saved(
    make_visitor: MakeVisitor, axe: str, viewport: ViewportSize
) -> None:
    susan = make_visitor(viewport=viewport)
    susan.register('susan')
    page = susan.open('/edit_profile')
    canvas = page.locator('.picture-preview canvas')
    expect(canvas).to_be_hidden()
    page.set_input_files('#picture', payload(900, 300))
    expect(canvas).to_be_visible()

    def colour(place: int) -> Any:
        address: str = page.evaluate('document.querySelector("canvas").toDataURL()')
        return decoded(b64decode(address.partition(',')[2])).getpixel((place, 128))

    assert colour(20)[0] > 150  # red
    assert colour(236)[2] > 150  # blue
    page.locator('#place').fill('0')
    assert colour(236)[0] > 150
    capture(susan, f'{viewport["width"]}-own')
    assert findings(susan, axe) == []
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box['x'] + 100, box['y'] + 20)
    page.mouse.down()
    page.mouse.move(box['x'] - 400, box['y'] + 20)
    page.mouse.up()
    assert page.locator('#place').input_value() == '100'
    assert colour(20)[2] > 150
    susan.send()
    assert '-256.webp' in str(page.locator('.avatar-128 img').get_attribute('src'))
    page.locator('#remove_picture').check()
    susan.send()
    assert 'gravatar' in str(page.locator('.avatar-128 img').get_attribute('src'))
