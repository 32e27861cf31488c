"""CSRF tokens that read differently in each answer, so that pages may be compressed.

Flask-WTF writes one token into page after page. Whoever sees how long the compressed pages are, and
puts guesses into their addresses, would have it letter by letter (BREACH). So a token travels as a
random pad and the token XORed with that, as Django's does; Flask-WTF gets its own back.
"""

from secrets import token_bytes
from typing import Any

from flask import Flask, g
from flask_wtf import CSRFProtect, FlaskForm
from flask_wtf.csrf import generate_csrf
from itsdangerous import BadData
from itsdangerous.encoding import base64_decode, base64_encode


def masked_token() -> str:
    """Return the token for the forms of this answer, which all have the same one."""
    if 'masked_csrf_token' not in g:
        g.masked_csrf_token = _mask(generate_csrf())
    return str(g.masked_csrf_token)


def unmasked(token: Any) -> Any:
    """Return what `masked_token` has masked, and anything else as it is: Flask-WTF will judge it.

    Pages may be open that are older than the masks. Their tokens have dots, which a mask has not.
    """
    if not isinstance(token, str) or '.' in token:
        return token
    try:
        mask = base64_decode(token)
    except BadData:
        return token
    half = len(mask) // 2
    return _xor(mask[:half], mask[half:]).decode('latin-1')


def _mask(token: str) -> str:
    pad = token_bytes(len(token))
    return base64_encode(pad + _xor(pad, token.encode())).decode()


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
