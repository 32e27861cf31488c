"""Sessions: a signed cookie for the pages, none at all for the API (chapter 23).

A program shows its token with every request. Since nothing that a browser sends by itself is looked
at under /api/, no other site can make a visitor's browser act there: no CSRF token is needed.
"""

from typing import Any

from flask import Flask, Request, Response, g, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_login import AnonymousUserMixin, LoginManager


def is_api_request() -> bool:
    """Tell whether the request is one of a program, which has no session."""
    return request.path.lstrip('/').partition('/')[0] == 'api'


class PageSessionInterface(SecureCookieSessionInterface):
    def open_session(self, app: Flask, request: Request) -> Any:
        if is_api_request():
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if not is_api_request():
            super().save_session(app, session, response)


class VisitorManager(LoginManager):
    """Flask-Login's manager, which a "Remember Me" cookie that is no text of ours cannot upset."""

    def _load_user_from_remember_cookie(self, cookie: str) -> Any:
        return super()._load_user_from_remember_cookie(cookie) if cookie.isascii() else None


def forget_visitor() -> None:
    """Keep Flask-Login from looking for a "Remember Me" cookie in place of a session."""
    if is_api_request():
        g._login_user = AnonymousUserMixin()


def init_app(app: Flask) -> None:
    app.session_interface = PageSessionInterface()
    app.before_request(forget_visitor)
