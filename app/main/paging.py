"""What a page shows of posts, and how an open one hears of newer ones."""

from collections.abc import Iterable
from typing import Any

from flask import request, url_for
from flask_login import current_user

from app.models import reaction
from app.models.listing import Page
from app.models.reaction import Shown
from app.web.public import is_stranger


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
