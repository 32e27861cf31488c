"""Sessions: a signed cookie for the pages, none at all for the API (chapter 23).

A program shows its token with every request. Since nothing that a browser sends by itself is looked
at under /api/, no other site can make a visitor's browser act there: no CSRF token is needed.
"""

from typing import Any

from flask import Flask, Request, Response, g, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_login import AnonymousUserMixin

# What nobody but the scripts of a page asks for.
PIECES = {'main.notifications', 'main.task', 'main.user_popup', 'main.translate_text'}
# A page like the others, though it stands among the addresses for programs.
REFERENCE = 'api/docs'


def is_api_request() -> bool:
    """Tell whether the request is one of a program, which has no session."""
    path = request.path.lstrip('/')
    return path.partition('/')[0] == 'api' and path != REFERENCE


class PageSessionInterface(SecureCookieSessionInterface):
    def open_session(self, app: Flask, request: Request) -> Any:
        if is_api_request():
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if not is_api_request():
            super().save_session(app, session, response)


def is_from_script() -> bool:
    """Tell whether a script of an open page asks, and nobody will see a page as the answer."""
    mode = request.headers.get('Sec-Fetch-Mode', 'navigate')
    return mode != 'navigate' or 'X-Requested-With' in request.headers or request.endpoint in PIECES


def forget_visitor() -> None:
    """Keep Flask-Login from looking for a "Remember Me" cookie in place of a session."""
    if is_api_request():
        g._login_user = AnonymousUserMixin()


def init_app(app: Flask) -> None:
    app.session_interface = PageSessionInterface()
    app.before_request(forget_visitor)
