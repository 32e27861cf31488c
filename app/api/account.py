"""One's own account."""

from apifairy import response
from flask import abort

from app.api.auth import caller, needs
from app.api.blueprint import bp
from app.api.body import body
from app.api.caching import conditional
from app.api.errors import bad_request
from app.api.paging import Arguments
from app.api.schemas import DeletionSchema, PasswordChangeSchema, UserEntrySchema
from app.extensions import db
from app.logs import audit
from app.models import User
from app.models.api_token import ACCOUNT, READ
from app.tasks.purge import leave_now
from app.web.guesses import is_own_password


@bp.route('/users/me', methods=['GET'])
@conditional
@needs(READ)
@response(UserEntrySchema)
def get_me() -> User:
    """Read the own entry."""
    return caller()


@bp.route('/users/me/password', methods=['PUT'])
@needs(ACCOUNT)
@body(PasswordChangeSchema)
def change_password(data: Arguments) -> tuple[str, int]:
    """Set a new password, which ends all tokens (this one, too) and all sessions."""
    user = caller()
    check_password(user, data['current_password'], 'current_password')
    if not user.lock_unchanged():
        # Somebody was quicker.
        check_password(user, data['current_password'], 'current_password')
    user.set_password(data['password'])
    user.revoke_token()
    db.session.commit()
    audit.note('password changed', user)
    return '', 204


@bp.route('/users/me', methods=['DELETE'])
@needs(ACCOUNT)
@body(DeletionSchema)
def delete_me(data: Arguments) -> tuple[str, int]:
    """Delete the own account, with everything that belongs to it. There is no way back."""
    user = caller()
    check_password(user, data['password'], 'password')
    leave_now(user)
    return '', 204


def check_password(user: User, password: str, field: str) -> None:
    """Answer with a 400 when `password` is not the one of `user`."""
    if not is_own_password(user, password):
        message = 'this is not your password'
        abort(bad_request(message, {field: [message]}))
