"""Who is calling: a password for getting a token, a token for everything else (chapter 23)."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from apifairy import authenticate, other_responses
from flask import abort, current_app, g
from flask_httpauth import HTTPBasicAuth, HTTPTokenAuth
from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from app.database import waiting_for_writers
from app.errors.handlers import json_error
from app.extensions import db
from app.logs import audit
from app.models import ApiToken, User
from app.web.guesses import authenticate as check_login

PATIENCE = 0.2  # seconds that a request waits for another process's write


class ScopedTokenAuth(HTTPTokenAuth):
    """Tokens that are good for some operations."""

    def authorize(self, role: Any, _user: Any, _auth: Any) -> bool:
        """Answer with a 403 that names what the token lacks, where it lacks that."""
        wanted = role or ()
        if not {*wanted} & g.scopes:
            abort(json_error(403, f'this token lacks the scope {" or ".join(wanted)}'))
        return True


basic_auth = HTTPBasicAuth()
token_auth = ScopedTokenAuth()
basic_auth.__doc__ = 'The name and the password of an account'
token_auth.__doc__ = 'A token from `POST /api/tokens`, or one made in the settings'


@basic_auth.verify_password
def verify_password(username: str, password: str) -> User | None:
    user = check_login(username, password) if username and password else None
    if user is not None and user.deletion_at is not None:
        user = None  # a program that asks each day is not to take back what its owner wants
    if user is None and username:
        audit.note('login failed', username)
    return user


@token_auth.verify_token
def verify_token(token: str) -> User | None:
    user = User.check_token(token) if token else None
    if user is None:
        return None
    shown = user.shown_token
    g.scopes = {*shown.scopes.split()}
    if shown.is_use_due():
        _note_use(shown)
    return user


def _note_use(token: ApiToken) -> None:
    try:
        with waiting_for_writers(db.session.connection(), PATIENCE):
            token.note_use()
        db.session.commit()
    except SQLAlchemyError:
        # Not worth failing a request for.
        current_app.logger.exception('The use of a token was not noted')
        db.session.rollback()


def needs(*scopes: str) -> Callable[..., Any]:
    """Let nobody call a view without a token that has one of these scopes (docs/api.md).

    The OpenAPI document says so, too.
    """
    decorator: Callable[..., Any] = authenticate(token_auth, role=[*scopes])
    return decorator


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
