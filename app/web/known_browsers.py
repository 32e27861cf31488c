"""Browsers that have logged in to an account before: what strangers did is nothing to them.

Each has a cookie that names such accounts. It opens nothing, and is worth nothing under a new
password. The API looks at no cookie.
"""

import hmac
import posixpath
import re
import secrets

from flask import current_app, request, url_for
from werkzeug.wrappers import Response

from app.models import User
from app.models.tokens import fingerprint
from app.web.sessions import is_api_request

COOKIE = 'known_browser'
MOST_ACCOUNTS = 5  # of one browser, those that logged in last
MAX_AGE = 365 * 24 * 3600  # seconds
_ENTRY = re.compile('([0-9]{1,10})-([0-9a-f]{16})-([0-9a-f]{16})')


def browser_known_to(user: User) -> str | None:
    """Return the number of the visitor's browser if it has logged in to the account of `user`."""
    for id_, number, mark in [] if is_api_request() else _entries():
        if id_ == str(user.id) and hmac.compare_digest(mark, _mark(user, number)):
            return number
    return None


def remember_browser(response: Response, user: User) -> Response:
    """Let the browser that gets `response` be known to `user`, who has proved to be that."""
    number = browser_known_to(user) or secrets.token_hex(8)
    others = [entry for entry in _entries() if entry[0] != str(user.id)]
    entries = [(str(user.id), number, _mark(user, number)), *others]
    response.set_cookie(
        COOKIE,
        '.'.join('-'.join(entry) for entry in entries[:MOST_ACCOUNTS]),
        max_age=MAX_AGE,
        # The pages of app/auth alone want it.
        path=posixpath.dirname(url_for('auth.login')),
        secure=current_app.config['SESSION_COOKIE_SECURE'],
        httponly=True,
        samesite='Lax',
    )
    return response


def is_shown() -> bool:
    """Tell whether the browser has logged in to any account: not whether that is still worth it."""
    return COOKIE in request.cookies


def _entries() -> list[tuple[str, ...]]:
    entries = map(_ENTRY.fullmatch, request.cookies.get(COOKIE, '').split('.')[:MOST_ACCOUNTS])
    return [entry.groups() for entry in entries if entry is not None]


def _mark(user: User, number: str) -> str:
    return fingerprint('known browser', str(user.id), number, user.password_mark())
