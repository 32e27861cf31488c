"""What happens before every request."""

from datetime import timedelta
from functools import cache
from time import monotonic

from flask import current_app, g, request
from flask_login import current_user
from sqlalchemy import or_, update
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.local import LocalProxy

from app.database import utcnow, waiting_for_writers
from app.extensions import db
from app.forms.search import SearchForm
from app.languages.locales import choose_language
from app.main.blueprint import bp
from app.models import User
from app.web.sessions import is_api_request

LAST_SEEN_INTERVAL = timedelta(minutes=1)
LAST_SEEN_PATIENCE = 0.2  # seconds that a page waits for another process's write
PAUSE = 10  # seconds without another attempt of this process
PAUSED_UNTIL = 'last_seen paused until'
# What an open page asks for by itself, also when nobody is in the room.
NO_VISITS = {'main.notifications', 'main.task'}


@bp.before_app_request
def before_request() -> None:
    """Note the page's language (13) and that the visitor is here (6); give the search box (16)."""
    choose_language()
    if _is_visit() and current_user.is_authenticated:
        _see(current_user)
        # Made for the page that shows it: what is answered with a redirect needs none.
        g.search_form = LocalProxy(cache(SearchForm))


def _is_visit() -> bool:
    """Tell whether a person is looking at a page, not a program fetching a file."""
    if is_api_request():
        return False
    endpoint = request.endpoint or 'static'
    return not endpoint.endswith('static') and endpoint not in NO_VISITS


def is_looked_at() -> bool:
    """Tell whether the page goes to a person, and was not fetched in case one may want it."""
    return request.method == 'GET' and 'prefetch' not in request.headers.get('Sec-Purpose', '')


def _see(user: User) -> None:
    now = utcnow()
    due = now - LAST_SEEN_INTERVAL
    if user.last_seen is not None and user.last_seen > due:
        return
    if monotonic() < current_app.extensions.get(PAUSED_UNTIL, 0):
        return
    is_due = or_(User.last_seen.is_(None), User.last_seen <= due)
    try:
        # Only if no other request of the same minute was quicker.
        statement = update(User).where(User.id == user.id, is_due).values(last_seen=now)
        with waiting_for_writers(db.session.connection(), LAST_SEEN_PATIENCE):
            db.session.execute(statement)
        db.session.commit()
    except SQLAlchemyError:
        # Not worth failing, or holding up, requests that may need no more than to read.
        current_app.extensions[PAUSED_UNTIL] = monotonic() + PAUSE
        current_app.logger.exception('last_seen was not written')
        db.session.rollback()
