"""CSRF tokens that read differently in each answer, so that pages may be compressed.

Flask-WTF writes one token into page after page. Whoever sees how long the compressed pages are, and
puts guesses into their addresses, would have it letter by letter (BREACH). So what travels is
a random pad and the session's secret XORed with that, as in Django; Flask-WTF gets its own token
back. (Its signature proves nothing more, and would be the longer half.)
"""

from hmac import compare_digest
from secrets import token_bytes
from typing import Any

from flask import Flask, g, session
from flask_wtf import CSRFProtect, FlaskForm
from flask_wtf.csrf import generate_csrf
from itsdangerous import BadData
from itsdangerous.encoding import base64_decode, base64_encode

SESSION_KEY = 'csrf_token'  # where Flask-WTF keeps 20 random bytes, in hexadecimal digits


def masked_token() -> str:
    """Return the token for the forms of this answer, which all have the same one."""
    if 'masked_csrf_token' not in g:
        generate_csrf()  # which gives a secret to a session that has none
        g.masked_csrf_token = _mask(bytes.fromhex(session[SESSION_KEY]))
    return str(g.masked_csrf_token)


def unmasked(token: Any) -> Any:
    """Return Flask-WTF's token for one of `masked_token`, and anything else as it is.

    Flask-WTF will judge it. Pages may be open that are older than the masks and have its own.
    """
    if not isinstance(token, str) or SESSION_KEY not in session:
        return token
    try:
        mask = base64_decode(token)
    except BadData:
        return token
    half = len(mask) // 2
    secret = _xor(mask[:half], mask[half:])
    is_ours = compare_digest(secret, bytes.fromhex(session[SESSION_KEY]))
    return generate_csrf() if is_ours else token


def _mask(secret: bytes) -> str:
    pad = token_bytes(len(secret))
    return base64_encode(pad + _xor(pad, secret)).decode()


def _xor(one: bytes, other: bytes) -> bytes:
    # As numbers, which is many times as quick as byte by byte.
    length = min(len(one), len(other))
    mixed = int.from_bytes(one[:length]) ^ int.from_bytes(other[:length])
    return mixed.to_bytes(length)


class MaskedCSRF(FlaskForm.Meta.csrf_class):
    """The token of a form (WTForms' `csrf_class`)."""

    def generate_csrf_token(self, csrf_token_field: Any) -> str:
        return masked_token()

    def validate_csrf_token(self, form: Any, field: Any) -> None:
        field.data = unmasked(field.data)
        super().validate_csrf_token(form, field)


class MaskedCSRFProtect(CSRFProtect):
    """The token of `csrf_token()` in a template, and of a script's header."""

    def init_app(self, app: Flask) -> None:
        super().init_app(app)
        app.jinja_env.globals['csrf_token'] = masked_token
        app.context_processor(lambda: {'csrf_token': masked_token})

    def _get_csrf_token(self) -> Any:
        return unmasked(super()._get_csrf_token())
