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
LAST_USED_INTERVAL = timedelta(minutes=5)
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
    """Note that the person is here, and that their session is in use: no poll keeps it alive."""
    now = utcnow()
    due, session = now - LAST_SEEN_INTERVAL, user.present_session
    is_seen = user.last_seen is not None and user.last_seen > due
    is_used = session is None or session.last_used > now - LAST_USED_INTERVAL
    if (is_seen and is_used) or monotonic() < current_app.extensions.get(PAUSED_UNTIL, 0):
        return
    try:
        with waiting_for_writers(db.session.connection(), LAST_SEEN_PATIENCE):
            if not is_seen:
                # Only if no other request of the same minute was quicker.
                is_due = or_(User.last_seen.is_(None), User.last_seen <= due)
                own = User.id == user.id
                db.session.execute(update(User).where(own, is_due).values(last_seen=now))
            if not is_used:
                user.note_use(now)
        db.session.commit()
    except SQLAlchemyError:
        # Not worth failing, or holding up, requests that may need no more than to read.
        current_app.extensions[PAUSED_UNTIL] = monotonic() + PAUSE
        current_app.logger.exception('last_seen was not written')
        db.session.rollback()
