"""A proof, lately, that it is the owner of the account who sits there, not merely their browser.

Asked for before what could take an account from its owner, or give it away.
"""

from collections.abc import Callable
from functools import wraps
from time import time
from typing import Any

from flask import redirect, session, url_for
from flask_login import login_required

from app.web.site import page_of_request

LASTS = 10 * 60  # seconds
_KEY = 'proved'


def give() -> None:
    """Note that the visitor has just proved who they are, by a password or more."""
    session[_KEY] = int(time())


def is_recent() -> bool:
    """Tell whether the visitor has proved who they are within the last ten minutes."""
    return bool(time() - session.get(_KEY, 0) < LASTS)


def proof_required(view: Callable[..., Any]) -> Callable[..., Any]:
    """Lead whoever has not lately proved who they are past the page that asks."""

    @wraps(view)
    @login_required
    def proved(*args: Any, **kwargs: Any) -> Any:
        if not is_recent():
            return redirect(url_for('auth.prove', next=page_of_request()))
        return view(*args, **kwargs)

    return proved
