"""The site's own address, as links in mails need it, and which addresses belong to it."""

import re
from urllib.parse import urlsplit

from flask import current_app, request, url_for
from flask.globals import request_ctx

LOOPBACK = {'localhost', '127.0.0.1', '::1'}


# Browsers read a backslash as a slash, and skip control characters.
_LOCAL_PATH = re.compile(r'/(?!/)[^\\\x00-\x20\x7f]*')


def is_local_path(target: str) -> bool:
    """Tell whether a redirect to `target` stays on this site."""
    return _LOCAL_PATH.fullmatch(target) is not None


def site_url() -> str | None:
    """Return the address that the site has for the visitor of this request, as `known_site` does.

    What cannot be mailed for want of one is logged.
    """
    site = known_site()
    if site is None:
        current_app.logger.warning(
            'No link can be mailed: set SITE_URL (the visitor asked for %r)', request.host
        )
    return site


def known_site() -> str | None:
    """Return the address that the site has for the visitor of this request.

    It is SITE_URL or, without that, the host that was asked for if TRUSTED_HOSTS let it in or it is
    this machine; else None, for an attacker may have sent it to get a mailed link. A path below
    which the application is mounted is added, unless SITE_URL has one of its own.
    """
    configured: str | None = current_app.config['SITE_URL']
    if configured:
        return configured if urlsplit(configured).path else configured + request.script_root
    if current_app.config['TRUSTED_HOSTS'] or urlsplit(request.host_url).hostname in LOOPBACK:
        return request.url_root
    return None


def public_url(endpoint: str, **values: str | int) -> str:
    """Return the address of a page for everybody, as other sites are to write it."""
    return absolute_url(public_site(), endpoint, **values)


def public_site() -> str:
    """Return the address of the site, as other sites are to write it.

    Without SITE_URL it is at the host that was asked for: nothing depends on it but a reader's way.
    """
    return (current_app.config['SITE_URL'] and site_url()) or request.url_root


def absolute_url(site: str, endpoint: str, **values: str | int) -> str:
    """Return the address of a page of the site at `site`, also outside of a request."""
    parts = urlsplit(site)
    adapter = current_app.url_map.bind(
        parts.netloc, script_name=parts.path or '/', url_scheme=parts.scheme
    )
    return adapter.build(endpoint, values, force_external=True)


def local_path(target: str | None, default: str) -> str:
    """Return `target` if it is a path of this site, else `default`: nobody is led elsewhere."""
    return target if target and is_local_path(target) else default


def is_from_this_site() -> bool:
    """Tell whether the browser vouches that the request comes from a page of this site."""
    site = request.headers.get('Sec-Fetch-Site')
    if site is not None:
        return site == 'same-origin'
    return request.headers.get('Origin', '').partition('://')[2] == request.host


def page_of_request() -> str:
    """Return the path of the page that the request belongs to, which can be asked for by GET.

    It is the page itself, or for what is nothing but a button the page that it stands on, which
    the form may name as `next`.
    """
    rule, values = request.url_rule, request.view_args or {}
    if request.method in ('GET', 'HEAD'):
        parts = urlsplit(request.url)
        return f'{parts.path}?{parts.query}' if parts.query else parts.path
    named, referring = request.form.get('next', ''), _referring_path()
    if _is_page(named):
        return named
    if rule is not None and 'GET' in (rule.methods or ()):
        return url_for(rule.endpoint, **values)
    if _is_page(referring):
        return referring
    return url_for('main.user', **values) if 'username' in values else url_for('main.index')


def _referring_path() -> str:
    _scheme, _, address = (request.referrer or '').partition('://')
    host = request.host
    return address.removeprefix(host) if address.startswith(f'{host}/') else ''


def _is_page(path: str) -> bool:
    root, adapter = request.script_root, request_ctx.url_adapter
    if adapter is None or not is_local_path(path) or not path.startswith(f'{root}/'):
        return False
    return adapter.test(urlsplit(path).path.removeprefix(root), method='GET')
