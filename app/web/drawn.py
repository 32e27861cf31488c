"""HTML that the process keeps: a post that stands on a hundred feeds is drawn once.

What is kept lies under everything that it shows, so another name or text is drawn anew. Nothing in
it belongs to the person who looks: times are filled in by the page's script.
"""

import sys
from collections.abc import Callable, Iterable
from functools import partial
from threading import Lock
from typing import Any

from cachetools import LRUCache
from flask import Flask, current_app, g, request
from flask_login import current_user
from markupsafe import Markup

from app.languages.locales import present_language, primary
from app.search.query import Query

MOST_BYTES = 4 * 1024 * 1024
BYTES_OF_KEY = 1000  # about, with what the memory of an entry costs beside its HTML

_Drawn = LRUCache[tuple[Any, ...], Markup]


def drawn(posts: Iterable[Any], search_query: Query | None = None) -> list[Markup]:
    """Return the HTML of what `shown` gave, with what `search_query` has found marked."""
    draw = current_app.jinja_env.get_template('_post.html').module.draw  # type: ignore[attr-defined]  # its macro
    is_member = current_user.is_authenticated
    is_foreign = _Foreign(current_user.id if is_member else None)
    page = present_language(), request.script_root, is_member
    found = []
    for shown in posts:
        post, author = shown.post, shown.post.author
        foreign = is_foreign(post)
        drawing = partial(draw, post, foreign, search_query, shown, is_member)
        # Whoever changes a template wants to see it at the next request.
        if search_query is not None or current_app.debug:
            found.append(drawing())
            continue
        said = post.id, post.body, post.timestamp, post.language
        pictures = post.pictures_json, post.sensitive
        by = author.username, author.email, author.avatar_digest
        numbers = post.reply_count, post.like_count, post.repost_count
        around = shown.context, shown.reposters, shown.answers, shown.is_alone
        key = (*said, *pictures, *by, post.edited, post.in_reply_to, *numbers, *around)
        found.append(_kept((*key, foreign, *page), drawing))
    return found


def kept(name: str, *facts: Any, caller: Callable[[], Markup]) -> Markup:
    """`{% call kept('name', ...) %}` keeps a piece of all pages that shows nothing but `facts`.

    (And the words of a language, and links.)
    """
    if current_app.debug:
        return caller()
    language = g.get('locale') or present_language()
    return _kept((name, *facts, language, request.script_root), caller)


def _kept(key: tuple[Any, ...], draw: Callable[[], Markup]) -> Markup:
    drawn: _Drawn = current_app.extensions['drawn']
    lock: Lock = current_app.extensions['drawn lock']
    with lock:
        html = drawn.get(key)
    if html is None:
        html = draw()
        with lock:
            drawn[key] = html
    return html


class _Foreign:
    """Tells which posts get a link to their translation."""

    def __init__(self, reader_id: int | None) -> None:
        self.reader_id = reader_id
        is_configured = current_app.config['MS_TRANSLATOR_KEY'] is not None
        self.is_possible = is_configured and reader_id is not None
        self.language = primary(present_language())

    def __call__(self, post: Any) -> bool:
        if not self.is_possible or not post.language or post.user_id == self.reader_id:
            return False
        return primary(post.language) != self.language


def init_app(app: Flask) -> None:
    app.extensions['drawn'] = LRUCache(
        MOST_BYTES, getsizeof=lambda html: sys.getsizeof(html) + BYTES_OF_KEY
    )
    app.extensions['drawn lock'] = Lock()
    app.jinja_env.globals['drawn'] = drawn
    app.jinja_env.globals['kept'] = kept
