"""Codes of a second factor as an app makes them: another implementation than the application's."""

import hmac
import time
from base64 import b32decode

from app import db
from app.models import User
from app.models.second_factor import make_key

INTERVAL = 30


def code_of(key: str, seconds: float | None = None, digits: int = 6, ahead: int = 0) -> str:
    """Return the code of `key` at a time, `ahead` seconds later (RFC 6238, with SHA-1)."""
    step = int((time.time() if seconds is None else seconds) + ahead) // INTERVAL
    mac = hmac.digest(b32decode(key), step.to_bytes(8), 'sha1')
    start = mac[-1] & 15
    number = int.from_bytes(mac[start : start + 4]) & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def give_codes(user: User) -> tuple[str, list[str]]:
    """Turn the second factor of `user` on; return its key and the recovery codes.

    It was turned on a while ago, so that codes of now have not been used.
    """
    key = make_key()
    codes = user.turn_on_second_factor(key, code_of(key))
    factor = user.second_factor()
    assert codes is not None
    assert factor is not None
    factor.last_step -= 10
    db.session.commit()
    return key, codes
