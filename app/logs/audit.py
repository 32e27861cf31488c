"""What the log says about the safety of accounts: logins, passwords, addresses, tokens of the API.

Each is a line of its own with the account, the visitor's network address and, as in every line, the
number of the request. None holds a secret, so none holds a name that is nobody's: it may be a
password that was typed into the wrong box.
"""

from http import HTTPStatus

from flask import Flask, Response, current_app, has_request_context, request
from sqlalchemy.exc import SQLAlchemyError

from app.models import User
from app.text import USERNAME_LENGTH

# Where names and passwords are tried.
LOGINS = {'auth.login', 'api.get_token'}


def note(what: str, account: User | str) -> None:
    """Write that `what` has happened to an account, or to that of a name which somebody typed."""
    user = _find(account) if isinstance(account, str) else account
    shown = '-' if user is None else f'{user.id} {user.username!r}'
    address = request.remote_addr if has_request_context() else 'command line'
    current_app.logger.info('%s: account %s, address %s', what, shown, address, stacklevel=2)


def _find(name: str) -> User | None:
    if len(name) > USERNAME_LENGTH:
        return None
    try:
        return User.find_for_login(name)
    except SQLAlchemyError:
        return None


def note_limited_login(response: Response) -> Response:
    if request.endpoint in LOGINS and response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        shown = request.authorization
        name = shown.username if shown is not None else request.form.get('username')
        note('login limited', name or '')
    return response


def init_app(app: Flask) -> None:
    app.after_request(note_limited_login)
