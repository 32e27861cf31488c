"""Who is calling: a password for getting a token, a token for everything else (chapter 23)."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from apifairy import other_responses
from flask import abort
from flask_httpauth import HTTPBasicAuth, HTTPTokenAuth
from sqlalchemy import inspect

from app.errors.handlers import json_error
from app.logs import audit
from app.models import User
from app.web.guesses import authenticate

basic_auth = HTTPBasicAuth()
token_auth = HTTPTokenAuth()
basic_auth.__doc__ = 'The name and the password of an account'
token_auth.__doc__ = 'A token from `POST /api/tokens`'


@basic_auth.verify_password
def verify_password(username: str, password: str) -> User | None:
    user = authenticate(username, password) if username and password else None
    if user is None and username:
        audit.note('login failed', username)
    return user


@token_auth.verify_token
def verify_token(token: str) -> User | None:
    return User.check_token(token) if token else None


basic_auth.error_handler(json_error)
token_auth.error_handler(json_error)


def caller() -> User:
    """Return whose token came with the request."""
    user: User = token_auth.current_user()
    return user


def caller_id() -> int:
    """Return their id. It asks the database for nothing, not even after a commit."""
    identity: Any = inspect(caller()).identity
    return int(identity[0])


def own_entry(view: Callable[..., Any]) -> Any:
    """Refuse (403) whoever is not the user `id`, before looking whether there is one."""

    @wraps(view)
    def guarded(*args: Any, id: int, **kwargs: Any) -> Any:
        if caller().id != id:
            abort(403)
        return view(*args, id=id, **kwargs)

    return other_responses({403: 'This is not you'})(guarded)
