"""The HTTP headers that every response carries for the visitor's safety."""

from flask import Flask, Response, current_app

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
SECURITY_HEADERS = {
    'Content-Security-Policy': CONTENT_SECURITY_POLICY,
    'X-Content-Type-Options': 'nosniff',
    # Addresses can hold names and tokens: they are nobody else's business.
    'Referrer-Policy': 'same-origin',
}
# For a year, the browser asks this host through TLS only.
STRICT_TRANSPORT_SECURITY = 'max-age=31536000'


def add_security_headers(response: Response) -> Response:
    headers = response.headers
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    if current_app.config['PREFERRED_URL_SCHEME'] == 'https':
        headers.setdefault('Strict-Transport-Security', STRICT_TRANSPORT_SECURITY)
    # A page of somebody who has logged out must not come back out of a cache.
    headers.setdefault('Cache-Control', 'private, no-cache')
    return response


def init_app(app: Flask) -> None:
    app.after_request(add_security_headers)
