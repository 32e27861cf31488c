"""The files that browsers and programs ask every site for, at addresses of their own.

`/favicon.ico` and `/robots.txt`; `/.well-known/security.txt` (RFC 9116) when SECURITY_CONTACT says
whom to tell of a hole.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from flask import Flask
from werkzeug import Request, Response

from app.web.plain_routes import PlainRoutes

MAX_AGE = 24 * 60 * 60  # seconds that browsers and programs keep a file
SECURITY_TXT = '/.well-known/security.txt'
# The RFC recommends less than a year. It is counted from the day of the question: whoever runs
# the site stands by the contact as long as the site answers.
SECURITY_TXT_IS_GOOD_FOR = timedelta(days=180)
# The pages behind links in mails are nobody else's; all others that matter ask for a login anyway.
ROBOTS = """\
User-agent: *
Disallow: /auth/reset_password/
Disallow: /auth/confirm_email/
"""
# Of a public site, all that a stranger is led away from. What people do not want to be found says
# so in the pages themselves, which therefore have to be read.
PUBLIC_ROBOTS = """\
User-agent: *
Disallow: /api/
Disallow: /auth/
Disallow: /search
"""


def _send(data: bytes, mimetype: str, request: Request) -> Response:
    response = Response(data, mimetype=mimetype)
    response.cache_control.public = True
    response.cache_control.max_age = MAX_AGE
    response.add_etag()
    response.make_conditional(request)
    return response


def _security_txt(contacts: list[str], site: str | None, request: Request) -> Response:
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [f'Contact: {contact}' for contact in contacts]
    lines.append(f'Expires: {(day + SECURITY_TXT_IS_GOOD_FOR).isoformat()}')
    if site:
        lines.append(f'Canonical: {site}{SECURITY_TXT}')
    return _send('\n'.join([*lines, '']).encode(), 'text/plain', request)


def _robots_txt(app: Flask) -> str:
    if not app.config['PUBLIC']:
        return ROBOTS
    site = app.config['SITE_URL']
    return f'{PUBLIC_ROBOTS}Sitemap: {site}/sitemap.xml\n' if site else PUBLIC_ROBOTS


def init_app(app: Flask) -> None:
    icon = Path(str(app.static_folder), 'favicon.ico').read_bytes()
    views: dict[str, Callable[[Request], Response]] = {
        '/favicon.ico': partial(_send, icon, 'image/x-icon'),
        '/robots.txt': partial(_send, _robots_txt(app).encode(), 'text/plain'),
    }
    contacts = app.config['SECURITY_CONTACT']
    if contacts:
        views[SECURITY_TXT] = partial(_security_txt, contacts, app.config['SITE_URL'])
    app.wsgi_app = PlainRoutes(app.wsgi_app, views)
