"""The pages for what goes wrong (chapter 7). They need neither the database nor a login."""

from flask import g, render_template
from flask_login import AnonymousUserMixin, current_user
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from app.errors import bp
from app.extensions import db

PAGES = (400, 404, 405)


def error_page(status: int) -> str:
    try:
        db.session.rollback()
        _ = current_user.is_authenticated
    except SQLAlchemyError:
        # The page is shown all the same, to nobody in particular.
        g._login_user = AnonymousUserMixin()
    return render_template(f'errors/{status}.html')


def client_error(error: HTTPException):  # type: ignore[no-untyped-def]
    """Answer with the site's own page, and with the headers that the error asks for (Allow ...)."""
    response = error.get_response()
    response.set_data(error_page(response.status_code))
    response.content_type = 'text/html; charset=utf-8'
    return response


for status in PAGES:
    bp.app_errorhandler(status)(client_error)


@bp.app_errorhandler(500)
def internal_error(_error: Exception) -> tuple[str, int]:
    """Undo what the failed request had begun, then say sorry."""
    return error_page(500), 500
