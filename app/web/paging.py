"""Which page of a list a request wants, and the addresses of the pages beside it."""

from typing import Any, TypeVar

from flask import current_app, request, url_for

from app.models.listing import MANY_DIGITS, OUT_OF_REACH, Listing, Page

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


def page_number(text: str) -> int:
    """Return the page that `text` asks for, counted from 1; the first for what is no number."""
    if not (text.isascii() and text.isdigit()):
        return 1
    return max(1, int(text)) if len(text) < MANY_DIGITS else OUT_OF_REACH
