"""Times in pages: Flask-Moment's way to write them, our way to show them (chapter 12).

`moment(t).fromNow()` and `moment(t).format('LLL')` give a <time> element whose text, in UTC, can
be read as it is; app/static/js/times.js puts it into the reader's own time zone and language.
"""

from flask import Flask, current_app
from flask_moment import Moment as FlaskMoment
from flask_moment import moment as flask_moment
from markupsafe import Markup

MINUTE = 60  # seconds


class moment(flask_moment):
    """One point in time, a datetime in UTC without a time zone."""

    def _render(self, func: str, format: str = '', refresh: bool = False, **_: object) -> Markup:
        # Without the context of the page, which a time does not need: a page has many of them.
        template = current_app.jinja_env.get_template('_time.html')
        html = template.render(
            timestamp=self.timestamp,
            iso=self._timestamp_as_iso_8601(self.timestamp),
            function=func,
            format=format,
            refresh_seconds=int(refresh) * MINUTE,
        )
        return Markup(html)  # noqa: S704 (the template has escaped it)


class Moment(FlaskMoment):
    def init_app(self, app: Flask) -> None:
        super().init_app(app)
        app.extensions['moment'] = moment
