"""Hashes of passwords: to look at one takes one time, whatever an account has, or if it exists.

Accounts from the tutorial may have hashes that take less than today's, or none. What is missing is
filled up, in time of the processor: what else the machine has to do slows down both alike.
"""

from functools import cache
from hashlib import pbkdf2_hmac
from time import thread_time

from werkzeug.security import check_password_hash, generate_password_hash

_FILLING = 500  # iterations, which take far less than a millisecond

# How long each kind of hash takes, in seconds of the processor: about the mean of the last few.
times: dict[str, float] = {}


def make_hash(password: str) -> str:
    """Return a salted hash of `password`, of the kind that Werkzeug thinks best today."""
    return generate_password_hash(password)


@cache
def nobodys_hash() -> str:
    """Return what is looked at where there is no hash."""
    return make_hash('nobody')


def _kind(password_hash: str) -> str:
    return password_hash.partition('$')[0]


def is_outdated(password_hash: str | None) -> bool:
    """Tell whether `password_hash` is of another kind than those that are made today."""
    return bool(password_hash) and _kind(password_hash or '') != _kind(nobodys_hash())


def matches(password_hash: str | None, password: str) -> bool:
    """Tell whether `password` is the one of `password_hash`; without a hash it is none.

    It takes as long as the slowest kind of hash that this process has seen.
    """
    try:
        password.encode()
    except UnicodeEncodeError:
        return False  # half a character is in nobody's password
    if _kind(nobodys_hash()) not in times:
        _look(nobodys_hash(), password)
    start = thread_time()
    is_same = _look(password_hash or nobodys_hash(), password)
    end = start + max([*times.values()])
    while thread_time() < end:
        pbkdf2_hmac('sha256', b'', b'', _FILLING)
    return is_same and bool(password_hash)


def _look(password_hash: str, password: str) -> bool:
    start = thread_time()
    try:
        return check_password_hash(password_hash, password)
    except ValueError:
        # A kind of hash that is not thought safe any more.
        return False
    finally:
        spent = thread_time() - start
        usual = times.get(_kind(password_hash), spent)
        times[_kind(password_hash)] = usual + (spent - usual) / 8
