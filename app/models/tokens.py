"""Signed proofs that an account can be handed: links in mails, and the mark of its sessions.

All of them die when the password changes, the links also when the address changes.
"""

from __future__ import annotations

import hmac
from time import time
from typing import TYPE_CHECKING, Any

import jwt
from flask import current_app

from app.database import LARGEST_ID
from app.extensions import db

if TYPE_CHECKING:
    from app.models.user import User

ALGORITHM = 'HS256'
FINGERPRINT_LENGTH = 16  # hexadecimal digits


def fingerprint(*facts: str | None) -> str:
    """Return a mark of `facts` that tells nothing about them and that nobody else can make."""
    key = current_app.config['SECRET_KEY'].encode()
    text = '\0'.join(fact or '' for fact in facts)
    return hmac.new(key, text.encode(), 'sha256').hexdigest()[:FINGERPRINT_LENGTH]


def make_token(purpose: str, user: User, expires_in: float, **claims: Any) -> str:
    """Return a JSON Web Token that is good for `purpose` and `expires_in` seconds."""
    payload = {
        **claims,
        purpose: user.id,
        'state': fingerprint(user.password_mark(), user.email),
        'exp': time() + expires_in,
    }
    return jwt.encode(payload, current_app.config['SECRET_KEY'], algorithm=ALGORITHM)


def read_token(purpose: str, token: str) -> tuple[User, dict[str, Any]] | None:
    """Return the account of a token and its claims, None for one that is no good in any way."""
    from app.models.user import User

    try:
        claims = jwt.decode(
            token,
            current_app.config['SECRET_KEY'],
            algorithms=[ALGORITHM],
            options={'require': ['exp']},
        )
    except (jwt.PyJWTError, ValueError):
        return None
    id_ = claims.get(purpose)
    if not isinstance(id_, int) or not 0 < id_ <= LARGEST_ID:
        return None
    user = db.session.get(User, id_)
    if user is None or claims.get('state') != fingerprint(user.password_mark(), user.email):
        return None
    return user, claims
