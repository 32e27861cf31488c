"""Tokens: a name and a password once, a token from then on (chapter 23)."""

from apifairy import arguments, authenticate, response
from flask import Response, abort, request

from app.api.auth import basic_auth, caller, needs
from app.api.blueprint import bp
from app.api.schemas import CodeSchema, TokenSchema
from app.errors.handlers import json_error
from app.extensions import db
from app.logs import audit
from app.models import User
from app.models.api_token import SCOPES
from app.web.guesses import is_right_code


@bp.route('/tokens', methods=['POST'])
@authenticate(basic_auth)
@arguments(CodeSchema, location='headers')
@response(TokenSchema)
def get_token(shown: dict[str, str]) -> dict[str, str]:
    """Get a token.

    Every call gives another one, good for an hour. They all end when the password changes. For an
    account with a second factor a code comes along: where it is missing or wrong, a 401 says so.
    """
    user: User = basic_auth.current_user()
    if user.second_factor() is not None:
        code = shown.get('code')
        if not code:
            audit.note('code asked for', user)
            abort(_unauthorized('this account has a second factor: send a code in X-OTP'))
        if not is_right_code(user, code):
            abort(_unauthorized('the code in X-OTP is not right, or has been used before'))
    token = user.get_token()
    db.session.commit()
    audit.note('token made', user)
    return {'token': token}


def _unauthorized(message: str) -> Response:
    response = json_error(401, message)
    response.headers['WWW-Authenticate'] = basic_auth.authenticate_header()
    return response


@bp.route('/tokens', methods=['DELETE'])
@needs(*SCOPES)
def revoke_token() -> tuple[str, int]:
    """End the token that the request comes with."""
    assert request.authorization is not None  # noqa: S101 (it has been checked)
    caller().revoke_token(request.authorization.token)
    db.session.commit()
    audit.note('token ended', caller())
    return '', 204
