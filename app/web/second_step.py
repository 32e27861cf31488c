"""Between a right password and a right code: whose password it was, and nothing that it opens."""

from time import time
from typing import NamedTuple

from flask import session

from app.extensions import db
from app.models import User

LASTS = 10 * 60  # seconds
_KEY = 'second_step'


class Waiting(NamedTuple):
    """Who has shown a right password, and whether the browser is to remember them."""

    user: User
    remember: bool


def wait_for(user: User, remember: bool) -> None:
    """Note that the visitor knows the password of `user`."""
    session[_KEY] = [user.id, user.password_mark(), remember, int(time())]


def waiting() -> Waiting | None:
    """Return who has lately shown the password that the account still has, None for nobody."""
    id_, mark, remember, since = session.get(_KEY, [0, '', False, 0])
    user = db.session.get(User, id_) if time() - since < LASTS else None
    return Waiting(user, remember) if user is not None and user.password_mark() == mark else None


def end() -> None:
    """Forget who it was."""
    session.pop(_KEY, None)
