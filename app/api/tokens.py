"""Tokens: a name and a password once, a token from then on (chapter 23)."""

from apifairy import authenticate, response
from flask import request

from app.api.auth import basic_auth, caller, needs
from app.api.blueprint import bp
from app.api.schemas import TokenSchema
from app.extensions import db
from app.logs import audit
from app.models import User
from app.models.api_token import SCOPES


@bp.route('/tokens', methods=['POST'])
@authenticate(basic_auth)
@response(TokenSchema)
def get_token() -> dict[str, str]:
    """Get a token.

    Every call gives another one, good for an hour. They all end when the password changes.
    """
    user: User = basic_auth.current_user()
    token = user.get_token()
    db.session.commit()
    audit.note('token made', user)
    return {'token': token}


@bp.route('/tokens', methods=['DELETE'])
@needs(*SCOPES)
def revoke_token() -> tuple[str, int]:
    """End the token that the request comes with."""
    assert request.authorization is not None  # noqa: S101 (it has been checked)
    caller().revoke_token(request.authorization.token)
    db.session.commit()
    audit.note('token ended', caller())
    return '', 204
