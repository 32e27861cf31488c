"""Nothing is cut off, covered or pushed out of the page, in any language on any screen."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page

from app import db
from app.models import Post, User
from config import Config
from tests.browser.conftest import MakeVisitor, serving

WIDTHS = [320, 360, 390, 768, 964, 1100, 1160, 1440]
PATHS = ['/explore', '/user/john', '/messages/sent', '/post/13', '/activity']

FAULTS = """() => {
    const faults = [];
    const view = document.documentElement;
    const area = element => element.getBoundingClientRect();
    const touch = (a, b, gap) => a.left < b.right + gap && b.left < a.right + gap
        && a.top < b.bottom + gap && b.top < a.bottom + gap;
    const together = (selector, gap) => {
        const all = [...document.querySelectorAll(selector)];
        all.forEach((a, i) => all.slice(i + 1).forEach(b => {
            if (touch(area(a), area(b), gap))
                faults.push(`${a.textContent.trim()} and ${b.textContent.trim()} touch`);
        }));
    };

    if (view.scrollWidth > view.clientWidth) faults.push(`the page is ${view.scrollWidth} wide`);
    for (const word of document.querySelectorAll('.topbar span:not(.invisible)')) {
        const { left, right } = area(word);
        const text = word.textContent;
        const line = document.createRange();
        line.selectNodeContents(word);
        if (word.scrollWidth > word.clientWidth) faults.push(`${text} is cut off`);
        if (left < 0 || right > view.clientWidth) faults.push(`${text} is outside`);
        if (line.getClientRects().length > 1) faults.push(`${text} breaks`);
    }
    const box = document.getElementById('q');
    box.value = box.placeholder;
    if (box.scrollWidth > box.clientWidth) faults.push(`${box.value} is cut off`);
    box.value = '';
    together('.navbar-brand, .search-box, .tabs a', -0.5);
    together('.profile .btn', 4);
    together('article > :is(a, button)', 0);
    for (const target of document.querySelectorAll('.topbar a, main a, main button')) {
        const { width, height } = area(target);
        if (width && Math.min(width, height) < 24)
            faults.push(`${target.textContent.trim()} is ${width} by ${height}`);
    }
    for (const arrow of document.querySelectorAll('.arrow')) {
        const label = document.createRange();
        label.selectNodeContents(arrow.parentElement);
        arrow.previousSibling?.textContent.trim()
            ? label.setEndBefore(arrow) : label.setStartAfter(arrow);
        const [a, b] = [area(arrow), area(label)];
        if (a.top > b.bottom || a.bottom < b.top || touch(a, b, -1))
            faults.push(`the arrow is not beside ${label.toString().trim()}`);
    }
    return faults;
}"""


@pytest.fixture
def server(make_app: Callable[..., Flask]) -> Iterator[str]:
    with serving(make_app(POSTS_PER_PAGE=5)) as address:
        yield address


def fill() -> None:
    """Give every page something to show, and susan what she has not read: twelve of each kind."""
    susan, john = (User.find(name) for name in ('susan', 'john'))
    assert susan is not None
    assert john is not None
    for number in range(12):
        db.session.add(Post(body=f'number {number}', author=john))
        susan.send_message(john, f'number {number}')
        john.send_message(susan, f'number {number}')
    db.session.commit()
    post = Post(body='number 12 #number @john', author=susan)
    db.session.add(post)
    db.session.commit()
    john.follow(susan)
    for user in (susan, john):
        user.like(post)
        user.repost(post)
    for number in range(9):
        db.session.add(Post(body=f'@susan #{number}a', author=john, in_reply_to=post.id))
    db.session.commit()


def nothing_seen() -> None:
    susan = User.find('susan')
    assert susan is not None
    susan.last_activity_read_time, susan.unread_activity_count = None, 12
    db.session.commit()


def faults(page: Page) -> list[Any]:
    found = []
    for width in WIDTHS:
        page.set_viewport_size({'width': width, 'height': 800})
        found += [(width, fault) for fault in page.evaluate(FAULTS)]
    return found


def test_every_language_has_room_on_every_screen(make_visitor: MakeVisitor) -> None:
    make_visitor().register('john')
    susan = make_visitor()
    susan.register('susan')
    fill()
    found = []
    for language in Config.LANGUAGES:
        cookie = {'name': 'language', 'value': language, 'url': susan.server}
        susan.context.add_cookies([cookie])  # type: ignore[list-item]
        nothing_seen()
        for path in PATHS:
            page = susan.open(path)
            assert page.locator('html').get_attribute('lang') == language
            assert susan.texts('#message_count') == ['12']
            assert susan.texts('#activity_count') == ['' if path == '/activity' else '12']
            found += [(language, path, *fault) for fault in faults(page)]
    assert found == []
