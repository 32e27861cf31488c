"""How often things may be done: one table, applied when the application is made.

What is counted lives in a file for all processes of the machine, or in Redis for those of all
machines when REDIS_URL is set; while that is away, in the memory of each process.
RATELIMIT_ENABLED=0 turns all limits off.
"""

import os
import time
from collections.abc import Callable
from hashlib import sha256
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import Any

from flask import Flask, Response, current_app, request
from flask_limiter import HeaderNames, Limiter
from flask_limiter.util import get_remote_address
from flask_login import current_user
from limits import parse
from limits.strategies import MovingWindowRateLimiter
from werkzeug.exceptions import ServiceUnavailable, TooManyRequests

from app.models import User
from app.text import case_key, normalize_name
from app.web.known_browsers import browser_known_to, is_shown
from app.web.limit_file import LIMIT_FILE
from app.web.public import is_for_the_public, is_stranger


def address() -> str:
    """The network address of the visitor; of IPv6 the first half, which a customer gets at least.

    (A server that listens to both kinds shows an IPv4 address as the end of an IPv6 one.)
    """
    text = get_remote_address()
    try:
        number = ip_address(text)
    except ValueError:
        return f'address {text}'
    if isinstance(number, IPv6Address):
        number = number.ipv4_mapped or IPv6Address(int(number) >> 64 << 64)
    return f'address {number}'


def person() -> str:
    """The account that is logged in, else the address."""
    return f'user {current_user.get_id()}' if current_user.is_authenticated else address()


def token() -> str:
    """The token that a program shows, however it is written, else the address."""
    shown = _shown_token()
    return f'token {sha256(shown.encode()).hexdigest()}' if shown else address()


def token_owner() -> str:
    """The account whose token a program shows, of which there can be many, else the address."""
    shown = _shown_token()
    user = User.check_token(shown) if shown else None
    return f'account {user.id}' if user is not None else address()


def _shown_token() -> str | None:
    return request.authorization.token if request.authorization is not None else None


def link() -> str:
    """The token in the address of the page, which came by mail."""
    token = (request.view_args or {})['token']
    return f'link {sha256(token.encode("utf-8", "surrogatepass")).hexdigest()}'


def owner(field: str, find: Callable[[str], User | None]) -> Callable[[], str]:
    """The browser, where it is known to the account that was typed into `field`, else the address.

    So nobody is kept from an own account by those who share an address.
    """

    def key() -> str:
        user = find(request.form.get(field, '').strip()) if is_shown() else None
        browser = browser_known_to(user) if user is not None else None
        return f'browser {browser}' if browser is not None else address()

    return key


def both(one: Callable[[], str], field: str) -> Callable[[], str]:
    """Two together, of which the second is what was typed, whether there is such an account."""
    return lambda: f'{one()} {folded(request.form.get(field))}'


def folded(text: str | None) -> str:
    """What was typed, as it is counted: in its one spelling, and such as every storage takes."""
    return case_key(normalize_name(text))[:200].encode('utf-8', 'replace').decode()


def succeeded(response: Response) -> bool:
    return response.status_code in (HTTPStatus.FOUND, HTTPStatus.CREATED)


logging_in = owner('username', User.find_for_login)
resetting = owner('email', User.find_by_email)
resetting_one = both(resetting, 'email')

# Endpoint: how many changes in which time, counted for whom. A person never gets there.
# Every view that changes something is here, or the application does not start.
LIMITS: dict[str, list[tuple[str, Callable[[], str]]]] = {
    'auth.login': [('60 per minute', logging_in)],  # and app/web/guesses.py
    'auth.register': [('30 per 10 minutes', address)],
    'auth.reset_password_request': [
        ('5 per hour', resetting_one),
        ('20 per hour', resetting),
    ],
    'auth.reset_password': [('10 per hour', link), ('60 per hour', address)],
    'auth.change_password': [('10 per hour', person)],
    'auth.change_email': [('5 per hour', person)],
    'auth.second_factor': [('60 per minute', address)],  # and app/web/guesses.py
    'auth.passkey_options': [('60 per minute', person)],
    'auth.prove': [('30 per hour', person)],  # and app/web/guesses.py
    'auth.confirm_email': [('10 per hour', link), ('60 per hour', address)],
    'settings.second_factor': [('30 per hour', person)],
    'settings.passkeys': [('30 per hour', person)],
    'settings.passkey_options': [('60 per hour', person)],
    'settings.passkey': [('60 per hour', person)],
    'settings.look': [('30 per minute', person)],
    'settings.notices': [('30 per minute', person)],
    'settings.messages': [('30 per minute', person)],
    'settings.invitations': [('30 per hour', person)],
    'settings.revoke_invitation': [('60 per minute', person)],
    'settings.send_confirmation': [('5 per hour', person)],
    'auth.deny_login': [('10 per hour', link), ('60 per hour', address)],
    'settings.devices': [('60 per minute', person)],
    'main.index': [('30 per minute', person)],
    'main.post': [('30 per minute', person)],
    'main.edit_post': [('30 per minute', person)],
    'main.delete_post': [('60 per minute', person)],
    'main.react': [('120 per minute', person)],
    'main.follow': [('60 per minute', person)],
    'main.unfollow': [('60 per minute', person)],
    'main.upload_picture': [('60 per minute', person)],  # and UPLOADS
    'main.edit_profile': [('30 per minute', person)],  # and UPLOADS
    'main.set_language': [('30 per minute', person)],
    'main.translate_text': [('30 per minute', person)],
    'main.dismiss_task': [('60 per minute', person)],
    'settings.new_token': [('20 per hour', person)],
    'settings.end_token': [('60 per minute', person)],
    'settings.import_follows': [('10 per hour', person)],
    'settings.delete_account': [('10 per hour', person)],
    'api.get_token': [('60 per minute', address)],  # and app/web/guesses.py
    'api.revoke_token': [('60 per minute', token)],
    'api.create_user': [('30 per 10 minutes', address)],
    'api.update_user': [('30 per minute', token_owner)],
    'api.change_password': [('10 per hour', token_owner)],
    'api.delete_me': [('10 per hour', token_owner)],
    'api.send_message': [('30 per minute', token_owner)],
    'api.delete_message': [('60 per minute', token_owner)],
    'api.read_messages': [('60 per minute', token_owner)],
    'api.create_post': [('30 per minute', token_owner)],
    'api.update_post': [('30 per minute', token_owner)],
    'api.delete_post': [('60 per minute', token_owner)],
    'api.upload_media': [('30 per minute', token_owner)],  # and UPLOADS, as the next one
    'api.set_avatar': [('30 per minute', token_owner)],
    'api.delete_avatar': [('30 per minute', token_owner)],
    'api.like': [('120 per minute', token_owner)],
    'api.unlike': [('120 per minute', token_owner)],
    'api.repost': [('120 per minute', token_owner)],
    'api.unrepost': [('120 per minute', token_owner)],
    'api.bookmark': [('120 per minute', token_owner)],
    'api.unbookmark': [('120 per minute', token_owner)],
    'api.read_activity': [('60 per minute', token_owner)],
    'api.follow': [('60 per minute', token_owner)],
    'api.unfollow': [('60 per minute', token_owner)],
    'main.send_message': [('30 per minute', person)],
    'main.conversation': [('30 per minute', person)],
    'main.delete_message': [('60 per minute', person)],
    'main.export_posts': [('10 per hour', person)],
}
# Pictures, wherever they are uploaded, by one account.
UPLOADS = '100 per hour'
# The extension gives every answer its `Retry-After`, under this name, which visitors do not see.
RETRY_AFTER = 'X-RateLimit-Retry-After'
CHANGES = ['POST', 'PUT', 'PATCH', 'DELETE']
# How many successes, of all together. Finding a free name may take several tries; nobody needs many
# accounts.
SUCCESSES = {
    'auth.register': [('10 per hour', address)],
    'api.create_user': [('10 per hour', address)],
}
# What a stranger reads of a public site: pages, feeds and the sitemap together.
READING_LIMITS = [('300 per minute', address)]
# All requests of the API together, reading included.
API_LIMITS = [('300 per minute', token), ('600 per minute', address)]


def allows(limit: str, *what: str) -> bool:
    """Tell whether `what` may happen once more within `limit`, and count it if so.

    For what is not a request, in any span of that length. Redis that goes away in between allows
    nothing: the next request counts in memory.
    """
    limiter: Limiter = current_app.extensions['limits']
    if not limiter.enabled:
        return True
    storage = limiter.limiter.storage
    try:
        return MovingWindowRateLimiter(storage).hit(parse(limit), *what)
    except storage.base_exceptions:
        current_app.logger.exception('The limit "%s" of %s was not counted', limit, what[0])
        return False


Counter = tuple[str, str]  # how many in which time, of what


def take(counters: list[Counter]) -> None:
    """Count one for each of `counters`; where one of them is full, for none, and answer with a 429.

    Counted before it is known whether it has to be: so those who come at once do not get past.
    """
    limiter: Limiter = current_app.extensions['limits']
    if not limiter.enabled:
        return
    taken = []
    try:
        for limit, what in counters:
            item = parse(limit)
            taken.append((limit, what))
            if not limiter.limiter.hit(item, what):
                end = limiter.limiter.get_window_stats(item, what).reset_time
                give_back(taken)
                raise TooManyRequests(retry_after=max(ceil(end - time.time()), 1))
    except limiter.limiter.storage.base_exceptions:
        # Gone since the limits of the view were looked at: the next request counts in memory.
        current_app.logger.exception('The limit of %s was not counted', taken[-1][0])
        raise ServiceUnavailable(retry_after=1) from None


def give_back(counters: list[Counter]) -> None:
    """Undo what `take` has counted."""
    limiter: Limiter = current_app.extensions['limits']
    if not limiter.enabled:
        return
    storage = limiter.limiter.storage
    try:
        for limit, what in counters:
            item = parse(limit)
            storage.incr(item.key_for(what), item.get_expiry(), -1)
    except storage.base_exceptions:
        current_app.logger.exception('What was right counts as wrong')


def init_app(app: Flask) -> None:
    """Limit the views of `app`, which must all be registered by now."""
    rules = app.url_map.iter_rules()
    changing = {rule.endpoint for rule in rules if (rule.methods or set()) & {*CHANGES}}
    if changing != LIMITS.keys():
        names = ', '.join(sorted(changing ^ LIMITS.keys()))
        raise RuntimeError(f'views that change something, and the table of limits, differ: {names}')
    options = app.config['RATELIMIT_STORAGE_OPTIONS']
    if app.config['RATELIMIT_STORAGE_URI'] == LIMIT_FILE:
        options = {**options, 'path': os.path.join(app.instance_path, 'limits.db')}
    # One for each application: the extension keeps its state in itself.
    limiter = Limiter(
        address,
        storage_uri=app.config['RATELIMIT_STORAGE_URI'],
        storage_options=options,
        in_memory_fallback_enabled=True,
        swallow_errors=True,
        headers_enabled=True,
        header_name_mapping={HeaderNames.RETRY_AFTER: RETRY_AFTER},
    )
    # Hooks run from the last one to the first: this one after the extension's.
    app.after_request(_tell_when_to_try_again)
    limiter.init_app(app)
    app.extensions['limits'] = limiter  # its decorators hold it weakly
    view: Any
    for endpoint, view in app.view_functions.items():
        is_read = app.config['PUBLIC'] and is_for_the_public(view)
        for limit, of in READING_LIMITS if is_read else []:
            view = limiter.shared_limit(
                limit, scope='reading', key_func=of, exempt_when=lambda: not is_stranger()
            )(view)
        for limit, of in LIMITS.get(endpoint, []):
            view = limiter.limit(limit, key_func=of, methods=CHANGES)(view)
        for limit, of in SUCCESSES.get(endpoint, []):
            view = limiter.shared_limit(
                limit, scope='accounts', key_func=of, methods=CHANGES, deduct_when=succeeded
            )(view)
        for limit, of in API_LIMITS if endpoint.startswith('api.') else []:
            view = limiter.shared_limit(limit, scope='api', key_func=of)(view)
        app.view_functions[endpoint] = view


def _tell_when_to_try_again(response: Response) -> Response:
    """Let only the answer that somebody asked too often tell when a limit ends."""
    seconds = response.headers.pop(RETRY_AFTER, None)
    if seconds is not None and response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        response.headers['Retry-After'] = seconds
    return response
