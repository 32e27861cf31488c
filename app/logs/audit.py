"""What the log, and an account's owner, is told about its safety: logins, changes, tokens.

Each is a line of its own with the account, the visitor's network address and, as in every line, the
number of the request. None holds a secret, so none holds a name that is nobody's: it may be a
password that was typed into the wrong box.
"""

from functools import partial
from http import HTTPStatus

from flask import Flask, Response, current_app, g, has_request_context, request
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from app.background import present_app
from app.database import waiting_for_writers
from app.extensions import db
from app.models import User, account_event
from app.models.login_session import ADDRESS_LENGTH, kind_of_browser
from app.text import USERNAME_LENGTH

# Where names and passwords are tried.
LOGINS = {'auth.login', 'api.get_token'}
PATIENCE = 1  # seconds that an answer waits for another process's write
_EVENTS = 'account_events'


def note(what: str, account: User | str) -> None:
    """Write that `what` has happened to an account, or to that of a name which somebody typed.

    The account's owner sees it, too: app/settings/history.py has the texts for them.
    """
    user = _find(account) if isinstance(account, str) else account
    shown = '-' if user is None else f'{user.id} {user.username!r}'
    address = request.remote_addr if has_request_context() else 'command line'
    current_app.logger.info('%s: account %s, address %s', what, shown, address, stacklevel=2)
    if user is None:
        return
    if has_request_context():
        g.setdefault(_EVENTS, []).append((user.id, what))
    else:
        _record(present_app(), [(user.id, what)], '', '')


def record_events(response: Response) -> Response:
    """Write what the request has noted: for whoever is logged in at once, so that they can see it.

    Of strangers when the answer has been sent: how long it takes does not tell whether there is an
    account. (Servers can be slow to say that it has been.)
    """
    events = g.pop(_EVENTS, [])
    if events:
        address = (request.remote_addr or '')[:ADDRESS_LENGTH]
        browser = kind_of_browser(request.user_agent.string)
        write = partial(_record, present_app(), events, address, browser)
        if current_user.is_authenticated:
            write()
        else:
            response.call_on_close(write)
    return response


def _record(app: Flask, events: list[tuple[int, str]], address: str, browser: str) -> None:
    with app.app_context():
        try:
            with waiting_for_writers(db.session.connection(), PATIENCE):
                for user_id, what in events:
                    account_event.record(user_id, what, address, browser)
            db.session.commit()  # the connection is not ours, or closed, after that
        except SQLAlchemyError:
            app.logger.exception('What happened to an account is in the log alone')


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
    # From the last one to the first.
    app.after_request(record_events)
    app.after_request(note_limited_login)
