"""The HTTP headers that every response carries for the visitor's safety."""

from flask import Flask, Response, current_app, g, request
from flask_login import AnonymousUserMixin

from app.web.sessions import is_api_request

# Everything comes from this server, but for the avatars; nothing inline is ever run.
# Bootstrap's style sheet draws some of its icons from data: addresses.
CONTENT_SECURITY_POLICY = '; '.join(
    [
        "default-src 'self'",
        "img-src 'self' data: https://www.gravatar.com",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
WITHOUT_GRAVATAR = CONTENT_SECURITY_POLICY.replace(' https://www.gravatar.com', '')
SECURITY_HEADERS = {
    'Content-Security-Policy': CONTENT_SECURITY_POLICY,
    'X-Content-Type-Options': 'nosniff',
    # Addresses can hold names and tokens: they are nobody else's business.
    'Referrer-Policy': 'same-origin',
}
# Their addresses hold what is as good as a password.
SECRET_ADDRESSES = {'auth.reset_password', 'auth.confirm_email', 'auth.deny_login'}
# What the API tells everybody.
PUBLIC_API = {'api.openapi'}
# For a year, the browser asks this host through TLS only.
STRICT_TRANSPORT_SECURITY = 'max-age=31536000'


def add_security_headers(response: Response) -> Response:
    headers = response.headers
    if not current_app.config['GRAVATAR']:
        headers.setdefault('Content-Security-Policy', WITHOUT_GRAVATAR)
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    if current_app.config['PREFERRED_URL_SCHEME'] == 'https':
        headers.setdefault('Strict-Transport-Security', STRICT_TRANSPORT_SECURITY)
    if is_private():
        # Nor does it come back out of the browser's own cache after logging out.
        headers['Cache-Control'] = 'no-store'
    else:
        # What was typed into a form to log in or register is still there when one comes back.
        headers.setdefault('Cache-Control', 'private, no-cache')
    return response


def is_private() -> bool:
    """Tell whether the answer is one person's own, or its address is a secret."""
    if is_api_request():
        return request.endpoint not in PUBLIC_API
    # Whoever was looked up for a page is on it, in its navigation bar at least.
    visitor = g.get('_login_user')
    is_known = visitor is not None and not isinstance(visitor, AnonymousUserMixin)
    return is_known or request.endpoint in SECRET_ADDRESSES


def init_app(app: Flask) -> None:
    app.after_request(add_security_headers)
