"""The site's own address, as links in mails need it, and which addresses belong to it."""

import re
from urllib.parse import urlsplit

from flask import current_app, request

LOOPBACK = {'localhost', '127.0.0.1', '::1'}


# Browsers read a backslash as a slash, and skip control characters.
_LOCAL_PATH = re.compile(r'/(?!/)[^\\\x00-\x20\x7f]*')


def is_local_path(target: str) -> bool:
    """Tell whether a redirect to `target` stays on this site."""
    return _LOCAL_PATH.fullmatch(target) is not None


def site_url() -> str | None:
    """Return the address that the site has for the visitor of this request.

    It is SITE_URL or, without that, the host that was asked for, if TRUSTED_HOSTS let it in or if
    it is this very machine. Any other host may be an attacker's, who wants a link to the password
    of somebody else to lead to him: None, with a line in the log.

    Where the application is mounted below a path, the address ends with that, unless SITE_URL has
    a path of its own, which is then the whole of it.
    """
    configured: str | None = current_app.config['SITE_URL']
    if configured:
        return configured if urlsplit(configured).path else configured + request.script_root
    if current_app.config['TRUSTED_HOSTS'] or urlsplit(request.host_url).hostname in LOOPBACK:
        return request.url_root
    current_app.logger.warning(
        'No link can be mailed: set SITE_URL (the visitor asked for %r)', request.host
    )
    return None


def absolute_url(site: str, endpoint: str, **values: str) -> str:
    """Return the address of a page of the site at `site`, also outside of a request."""
    parts = urlsplit(site)
    adapter = current_app.url_map.bind(
        parts.netloc, script_name=parts.path or '/', url_scheme=parts.scheme
    )
    return adapter.build(endpoint, values, force_external=True)


def local_path(target: str | None, default: str) -> str:
    """Return `target` if it is a path of this site, else `default`: nobody is led elsewhere."""
    return target if target and is_local_path(target) else default
