"""Which page a request wants, what it shows, and the addresses of the pages beside it."""

from collections.abc import Iterable
from typing import Any, TypeVar

from flask import current_app, request, url_for
from flask_login import current_user

from app.models import reaction
from app.models.listing import MANY_DIGITS, OUT_OF_REACH, Listing, Page
from app.models.reaction import Shown
from app.web.public import is_stranger

T = TypeVar('T')


def requested_page(listing: Listing[T]) -> Page[T]:
    """Return the page of `listing` that the query string asks for, else the first."""
    return listing.page(
        page_number(request.args.get('page', '')),
        current_app.config['POSTS_PER_PAGE'],
        before=request.args.get('before'),
        after=request.args.get('after'),
    )


def links_to(page: Page[Any], endpoint: str, **values: Any) -> dict[str, str | None]:
    """Return `prev_url` and `next_url`, the pages with newer and older entries, for a template."""
    return {
        'prev_url': url_for(endpoint, **values, **page.newer) if page.newer else None,
        'next_url': url_for(endpoint, **values, **page.older) if page.older else None,
    }


def shown(posts: Iterable[Any]) -> list[Shown]:
    """Return what the page of its reader shows of `posts`, in their order: one query."""
    return reaction.shown(current_user.id if current_user.is_authenticated else None, posts)


def new_posts_in(name: str, page: Page[Any]) -> dict[str, str] | None:
    """Return what `_new_posts.html` needs so that an open page hears of newer posts.

    `name` says in which timeline: app/main/notifications.py knows it. Only the first page asks,
    and no stranger does.
    """
    if not page.is_newest or is_stranger():
        return None
    # Another address than the present one, or a browser would not load it: it has a fragment.
    values: dict[str, Any] = {} if 'page' in request.args else {'page': 1}
    values.update(request.view_args or {})
    url = url_for(str(request.endpoint), _anchor='timeline', **values)
    return {'timeline': name, 'newest': page.top, 'url': url}


def page_number(text: str) -> int:
    """Return the page that `text` asks for, counted from 1; the first for what is no number."""
    if not (text.isascii() and text.isdigit()):
        return 1
    return max(1, int(text)) if len(text) < MANY_DIGITS else OUT_OF_REACH
