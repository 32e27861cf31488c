"""The answers to what goes wrong (chapter 7), which need neither the database nor a login.

A page for people; the tutorial's JSON for programs: under /api/, and where a client prefers it.
"""

from flask import (
    Response,
    current_app,
    flash,
    g,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.globals import request_ctx
from flask_login import AnonymousUserMixin, current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, ServiceUnavailable
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Response as BaseResponse

from app.database.errors import is_away, is_conflict
from app.errors.blueprint import bp
from app.extensions import db
from app.forms.search import SearchForm
from app.forms.validators import UNCONFIRMED
from app.languages.locales import choose_language
from app.media.storage import is_full
from app.models.confirmation import UnconfirmedError
from app.models.message import NotWantedError
from app.web.ended_sessions import may_be_sent_again, send_again
from app.web.sessions import is_api_request, is_from_script
from app.web.site import local_path

# There is a template of that name for each; other codes share those of their kind.
PAGES = {400, 401, 403, 404, 405, 409, 410, 413, 415, 429, 500, 503}
RETRY_AFTER = 30  # seconds


def wants_json() -> bool:
    """Tell whether the client prefers JSON to HTML; one that does not say gets HTML."""
    if is_api_request():
        return True
    accepted = request.accept_mimetypes
    return accepted.best_match(['text/html', 'application/json'], 'text/html') != 'text/html'


def error_response(status: int) -> Response:
    """Return the answer for an HTTP status code."""
    if wants_json():
        return json_error(status)
    page = status if status in PAGES else 400 if status < 500 else 500
    _prepare_page(status)
    response = make_response(render_template(f'errors/{page}.html'))
    response.status_code = status
    return response


def json_error(
    status: int, message: str | None = None, errors: dict[str, list[str]] | None = None
) -> Response:
    """Return the tutorial's JSON for an error (chapter 23), and what is wrong by field."""
    facts = {
        'error': HTTP_STATUS_CODES.get(status, 'Unknown error'),
        'message': message,
        'errors': errors,
    }
    response = jsonify({key: fact for key, fact in facts.items() if fact is not None})
    response.status_code = status
    return response


def _prepare_page(status: int) -> None:
    """See to it that the page can be drawn for this visitor, whatever has happened."""
    if request_ctx.url_adapter is None:
        # The host is not one of ours, so the request was never looked at. Its links are relative.
        request_ctx.url_adapter = current_app.url_map.bind('localhost')
    try:
        db.session.rollback()
        if status >= 500 and '_login_user' not in g:
            # No time to look anybody up.
            g._login_user = AnonymousUserMixin()
        # What the navigation bar shows; the rollback may have made it unknown.
        _ = current_user.is_authenticated and current_user.username
        if current_user.is_authenticated and 'search_form' not in g:
            g.search_form = SearchForm()
    except SQLAlchemyError:
        g._login_user = AnonymousUserMixin()
    # Not every request has come to where that is done, or knew who asks.
    choose_language()


@bp.app_errorhandler(HTTPException)
def http_error(error: HTTPException) -> Response:
    """Answer in the site's look, with the headers that the error asks for (Allow, Retry-After)."""
    original = error.get_response()
    response = error_response(original.status_code)
    for name, value in original.headers:
        if name not in ('Content-Type', 'Content-Length'):
            response.headers[name] = value
    return response


@bp.app_errorhandler(CSRFError)
def old_form(error: CSRFError) -> BaseResponse:
    """The token is another session's: this one's owner gets another try, a forger the error."""
    return send_again() if may_be_sent_again() else http_error(error)


@bp.app_errorhandler(UnconfirmedError)
def unconfirmed(_error: UnconfirmedError) -> BaseResponse:
    """Say what is to be done first."""
    if wants_json():
        return json_error(403, 'confirm your e-mail address first: a link was mailed to it')
    if is_from_script():
        return error_response(403)
    flash(UNCONFIRMED)
    return redirect(local_path(request.form.get('next'), url_for('main.index')))


@bp.app_errorhandler(NotWantedError)
def not_wanted(_error: NotWantedError) -> Response:
    """Say that the recipient decides who writes to them."""
    if wants_json():
        return json_error(403, 'this person takes no messages from you')
    return error_response(403)


@bp.app_errorhandler(SQLAlchemyError)
def database_error(error: SQLAlchemyError) -> Response:
    """Tell what will pass, or was another request's doing, from what somebody has to repair."""
    if is_conflict(error):
        db.session.rollback()
        kind = type(getattr(error, 'orig', error)).__name__
        current_app.logger.warning('Another request was quicker: %s', kind)
        if wants_json():
            return json_error(409, 'this was changed by somebody else at the same moment')
        return error_response(409)
    if is_away(error):
        current_app.logger.error('The database is not available: %s', getattr(error, 'orig', error))
        return http_error(ServiceUnavailable(retry_after=RETRY_AFTER))
    raise error  # a mistake: Flask writes its trace to the log, and calls for the page for a 500


@bp.app_errorhandler(OSError)
def system_error(error: OSError) -> Response:
    """A full disk, on which an upload cannot even wait, passes when somebody makes room."""
    if not is_full(error):
        raise error
    current_app.logger.error('The disk is full')
    return http_error(ServiceUnavailable(retry_after=RETRY_AFTER))
