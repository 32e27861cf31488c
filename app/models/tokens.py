"""Signed claims, such as links in mails hold, and marks that nobody else can make.

Whose they are, and for how long, is left to the account that hands them out.
"""

from __future__ import annotations

import hmac
from time import time
from typing import Any

import jwt
from flask import current_app

ALGORITHM = 'HS256'
FINGERPRINT_LENGTH = 16  # hexadecimal digits


def fingerprint(*facts: str | None) -> str:
    """Return a mark of `facts` that tells nothing about them and that nobody else can make."""
    key = current_app.config['SECRET_KEY'].encode()
    text = '\0'.join(fact or '' for fact in facts)
    return hmac.new(key, text.encode(), 'sha256').hexdigest()[:FINGERPRINT_LENGTH]


def make_token(claims: dict[str, Any], expires_in: float) -> str:
    """Return a JSON Web Token of `claims` that is good for `expires_in` seconds."""
    payload = {**claims, 'exp': time() + expires_in}
    return jwt.encode(payload, current_app.config['SECRET_KEY'], algorithm=ALGORITHM)


def read_token(token: str) -> dict[str, Any]:
    """Return the claims of a token; none at all of one that is not ours, or not good any more."""
    try:
        return jwt.decode(
            token,
            current_app.config['SECRET_KEY'],
            algorithms=[ALGORITHM],
            options={'require': ['exp']},
        )
    except (jwt.PyJWTError, ValueError):
        return {}
