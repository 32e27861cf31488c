"""Answers to what a program did wrong, in the tutorial's form."""

from flask import Response
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import ObjectDeletedError, StaleDataError

from app.api import bp
from app.errors.handlers import json_error
from app.extensions import db

Errors = dict[str, list[str]]


def error_response(
    status_code: int, message: str | None = None, errors: Errors | None = None
) -> Response:
    """Return `{"error": ..., "message": ..., "errors": ...}`; the last two only when given."""
    return json_error(status_code, message, errors)


def bad_request(message: str, errors: Errors | None = None) -> Response:
    """Return a 400 that says what is wrong; `errors` lists it for each field. For `abort`."""
    return error_response(400, message, errors)


@bp.errorhandler(IntegrityError)
@bp.errorhandler(StaleDataError)
@bp.errorhandler(ObjectDeletedError)
def conflict(_error: Exception) -> Response:
    """What the request is about was changed or deleted by another one at the same moment."""
    db.session.rollback()
    return error_response(409, 'this was changed by somebody else at the same moment')
