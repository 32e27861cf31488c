"""Flask-Login's manager, with what it does not expect of visitors."""

from typing import Any

from flask_login import LoginManager


class VisitorManager(LoginManager):
    """Flask-Login's manager, which a "Remember Me" cookie that is no text of ours cannot upset."""

    def _load_user_from_remember_cookie(self, cookie: str) -> Any:
        return super()._load_user_from_remember_cookie(cookie) if cookie.isascii() else None
