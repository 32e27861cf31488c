"""Sessions: a signed cookie for the pages, none at all for the API (chapter 23).

A program shows its token with every request. Since nothing that a browser sends by itself is looked
at under /api/, no other site can make a visitor's browser act there: no CSRF token is needed.
"""

from typing import Any

from flask import Flask, Request, Response, current_app, flash, g, redirect, request, session
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_login import AnonymousUserMixin, LoginManager, user_unauthorized
from flask_login.utils import login_url

from app import drafts
from app.site import page_of_request

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


class VisitorManager(LoginManager):
    """Flask-Login's manager, which a "Remember Me" cookie that is no text of ours cannot upset."""

    def unauthorized(self) -> Any:
        """Lead to the login page, and from there to the page that the request belongs to.

        What was typed waits. A script is told nothing that the person would read much later.
        """
        user_unauthorized.send(current_app._get_current_object())  # type: ignore[attr-defined]  # a LocalProxy
        if not is_from_script():
            drafts.keep()
            flash_once(str(self.login_message))
        return redirect(login_url(self.login_view, next_url=page_of_request()))

    def _load_user_from_remember_cookie(self, cookie: str) -> Any:
        return super()._load_user_from_remember_cookie(cookie) if cookie.isascii() else None


def flash_once(message: str) -> None:
    """Flash `message`, unless it waits to be seen already."""
    if all(message != waiting for _category, waiting in session.get('_flashes', [])):
        flash(message)


def forget_visitor() -> None:
    """Keep Flask-Login from looking for a "Remember Me" cookie in place of a session."""
    if is_api_request():
        g._login_user = AnonymousUserMixin()


def init_app(app: Flask) -> None:
    app.session_interface = PageSessionInterface()
    app.before_request(forget_visitor)
