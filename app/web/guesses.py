"""Passwords and codes that are tried: how often, by whom. Pages and the API ask here alone.

Failures count, and apart from those of strangers those of people who are known, that is logged in
or in a browser that has logged in before: nobody keeps an owner out. Two windows may meet in one
hour, so an account is guessed at (30 + 20) * 2 = 100 times in it, from however many addresses.
"""

from flask import current_app
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import TooManyRequests

from app.extensions import db
from app.logs import audit
from app.models import User, passwords
from app.web import limits
from app.web.known_browsers import browser_known_to
from app.web.limits import Counter

STRANGER = '10 per hour'  # from one address, for one account
ADDRESS = '60 per hour'
ALL_STRANGERS = '30 per hour'
KNOWN = '10 per hour'  # in one browser, for one account
ALL_KNOWN = '20 per hour'
# Of a million codes three are right: who knows the password needs years to find one.
CODES = '50 per day'


def authenticate(username: str, password: str) -> User | None:
    """Return the account of that name and password, None if there is none such.

    It takes as long for an unknown name as for a wrong password, and answers with a 429 alike.
    """
    user = User.find_for_login(username)
    account = _account(user) if user is not None else f'name {limits.folded(username)}'
    browser = browser_known_to(user) if user is not None else None
    counters = _of_known(account, browser) if browser is not None else _of_stranger(account)
    limits.take(counters)
    if user is None:
        passwords.matches(None, password)
        return None
    if not user.check_password(password):
        return None
    limits.give_back(counters)
    return user if _renew_hash(user, password) else None


def is_own_password(user: User, password: str) -> bool:
    """Tell whether `user`, who is logged in or has shown a token, knows the password as well."""
    counters = _of_known(_account(user), browser_known_to(user) or 'logged in')
    limits.take(counters)
    if not user.check_password(password):
        return False
    limits.give_back(counters)
    return True


def is_right_code(user: User, code: str | None, *, is_logged_in: bool = False) -> bool:
    """Tell whether `code` is one of the second factor of `user`, and use it up for good.

    It is right for the password that `user` has shown, and for none that was set meanwhile.
    """
    mark = user.password_mark()
    account = f'codes of {_account(user)}'
    browser = browser_known_to(user) or ('logged in' if is_logged_in else None)
    counters = _of_known(account, browser) if browser is not None else _of_stranger(account)
    who = 'strangers' if browser is None else 'known'
    counters.append((CODES, f'{who} {account}'))
    try:
        limits.take(counters)
    except TooManyRequests:
        audit.note('codes limited', user)
        raise
    if not user.use_code(code):
        db.session.rollback()
        audit.note('wrong code', user)
        return False
    db.session.commit()
    limits.give_back(counters)
    return user.password_mark() == mark


def _renew_hash(user: User, password: str) -> bool:
    """Renew an old hash; return whether `password`, which has matched it, is still the one."""
    if not passwords.is_outdated(user.password_hash):
        return True
    mark = user.password_mark()
    try:
        user.renew_hash(password)
        db.session.commit()
    except SQLAlchemyError:
        # There will be other logins.
        current_app.logger.exception('The hash of a password was not renewed')
        db.session.rollback()
    return user.password_mark() == mark


def _account(user: User) -> str:
    return f'account {user.id}'


def _of_stranger(account: str) -> list[Counter]:
    address = limits.address()
    return [
        (STRANGER, f'{address} {account}'),
        (ADDRESS, address),
        (ALL_STRANGERS, f'strangers {account}'),
    ]


def _of_known(account: str, browser: str) -> list[Counter]:
    return [(KNOWN, f'{browser} {account}'), (ALL_KNOWN, f'known {account}')]
