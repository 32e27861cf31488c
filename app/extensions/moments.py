"""Times in pages: Flask-Moment's way to write them, our way to show them (chapter 12).

`moment(t).fromNow()` and `moment(t).format('LLL')` give a <time> element whose text, in UTC, can
be read as it is; app/static/js/times.js puts it into the reader's own time zone and language.
"""

from datetime import datetime
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.dates import format_datetime
from flask import Flask, current_app
from flask_babel import get_locale
from flask_moment import Moment as FlaskMoment
from flask_moment import moment as flask_moment
from markupsafe import Markup

DEFAULT_FORMAT = 'LLL'


@lru_cache(maxsize=2000)
def _text(timestamp: datetime, locale: Locale | None) -> str:
    return format_datetime(timestamp, 'medium', locale=locale or 'en')


class moment(flask_moment):
    """One point in time, a datetime in UTC without a time zone."""

    def _render(self, func: str, format: str = '', **_: object) -> Markup:
        # A macro, not a page of its own: a page has many times.
        module: Any = current_app.jinja_env.get_template('_time.html').module
        html: Markup = module.time(
            self._timestamp_as_iso_8601(self.timestamp),
            '' if func == 'fromNow' else format or DEFAULT_FORMAT,
            _text(self.timestamp, get_locale()),
        )
        return html


class Moment(FlaskMoment):
    def init_app(self, app: Flask) -> None:
        super().init_app(app)
        app.extensions['moment'] = moment
        # Also for macros, which know nothing of the page that they are called in.
        app.jinja_env.globals['moment'] = moment
