"""A proof, lately, that it is the owner of the account who sits there, not merely their browser.

Asked for before what could take an account from its owner, or give it away.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from flask import redirect, url_for
from flask_login import current_user, login_required

from app.database import utcnow
from app.extensions import db
from app.web.site import page_of_request

LASTS = timedelta(minutes=10)


def give() -> None:
    """Note that the visitor has just proved who they are, by a password or more.

    It is kept with the session in the database, so a copy of an older cookie holds none. A login is
    a proof by itself.
    """
    current_user.note_proof()
    db.session.commit()


def is_recent() -> bool:
    """Tell whether the visitor, who is logged in, has proved who they are lately."""
    return bool(utcnow() - current_user.present_session.proved < LASTS)


def proof_required(view: Callable[..., Any]) -> Callable[..., Any]:
    """Lead whoever has not lately proved who they are past the page that asks."""

    @wraps(view)
    @login_required
    def proved(*args: Any, **kwargs: Any) -> Any:
        if not is_recent():
            return redirect(url_for('auth.prove', next=page_of_request()))
        return view(*args, **kwargs)

    return proved
