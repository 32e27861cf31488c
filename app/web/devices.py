"""Logging a browser in and out: its session is a row of the database, its cookies hold the key."""

from flask import request
from flask_login import current_user, login_user, logout_user

from app.extensions import db
from app.models import User
from app.models.login_session import ADDRESS_LENGTH, kind_of_browser


def browser() -> str:
    """Return what a person knows the visitor's browser by."""
    return kind_of_browser(request.user_agent.string)


def network_address() -> str:
    return (request.remote_addr or '')[:ADDRESS_LENGTH]


def log_in(user: User, remember: bool = False) -> None:
    """Let the visitor be `user`, who has proved to be that, under a key that is new."""
    user.start_session(browser(), network_address(), remember)
    db.session.commit()
    login_user(user, remember=remember)


def log_out() -> None:
    """End the visitor's session, for whoever else has its cookie as well."""
    if current_user.is_authenticated:
        current_user.end_session(current_user.present_session.id)
        db.session.commit()
    logout_user()
