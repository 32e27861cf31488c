"""What anybody may read where PUBLIC=1; without it, every page asks for a login.

A stranger gets no form, and no session: nothing that the pages of others do not have in common.
"""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from flask import Flask, abort, current_app, redirect, request, url_for
from flask_login import current_user, login_required

from app.models.findable import hides_somebody
from app.web.pictures import public_picture_url
from app.web.site import public_url

View = Callable[..., Any]


def is_public() -> bool:
    return bool(current_app.config['PUBLIC'])


def for_the_public(view: View) -> View:
    """Mark a view that can be read without an account where PUBLIC=1: limits.py asks for it."""
    view.is_for_the_public = True  # type: ignore[attr-defined]  # a mark of ours
    return view


def is_for_the_public(view: View) -> bool:
    return getattr(view, 'is_for_the_public', False)


def login_required_unless_public(view: View) -> View:
    """Let anybody read the page where PUBLIC=1, and nobody without a login elsewhere."""
    for_members = login_required(view)

    @for_the_public
    @wraps(view)
    def page(*args: Any, **kwargs: Any) -> Any:
        return (view if is_public() else for_members)(*args, **kwargs)

    return page


def strangers_see(endpoint: str) -> Callable[[View], View]:
    """Lead strangers who ask for a page that has nothing for them to the one at `endpoint`."""

    def decorate(view: View) -> View:
        @wraps(view)
        def page(*args: Any, **kwargs: Any) -> Any:
            if is_stranger() and request.method in ('GET', 'HEAD'):
                return redirect(url_for(endpoint))
            return view(*args, **kwargs)

        return page

    return decorate


def public_only(view: View) -> View:
    """Answer with a 404 unless PUBLIC=1: what is made for programs that have no account."""

    @for_the_public
    @wraps(view)
    def file(*args: Any, **kwargs: Any) -> Any:
        if not is_public():
            abort(404)
        return view(*args, **kwargs)

    return file


def is_stranger() -> bool:
    """Tell whether somebody without an account reads a site that lets everybody read."""
    return is_public() and not current_user.is_authenticated


def card(
    title: str,
    endpoint: str,
    *,
    kind: str = 'website',
    description: str | None = None,
    image: str = '',
    feed: str = '',
    noindex: bool = False,
    posts: Iterable[Any] = (),
    **values: str | int,
) -> dict[str, Any] | None:
    """Return what a page says of itself to search engines, and to sites that show a link to it.

    It is what `_card.html` writes into the head of a public page, the one at `endpoint`.
    `kind` is a type of Open Graph, `feed` the endpoint of the same as a feed. With `noindex`, or
    with `posts` of somebody who asked for it, search engines are asked to leave the page alone.
    """
    if not is_public():
        return None
    return {
        'url': public_url(endpoint, **values),
        'title': title,
        'kind': kind,
        'description': description,
        'image': image and public_picture_url(image),
        'feed': feed and public_url(feed, **values),
        'noindex': noindex or (is_stranger() and hides_somebody(posts)),
    }


def init_app(app: Flask) -> None:
    app.jinja_env.globals['is_stranger'] = is_stranger
    app.jinja_env.globals['public_url'] = public_url
