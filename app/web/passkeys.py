"""Passkeys (WebAuthn): what a browser is asked for, and whether its answer is right.

A challenge is in the session of whom it was made for, for five minutes, and is answered once: the
row of the passkey knows when the last was made that it has answered, so that a copy of cookie and
answer is worth nothing.
"""

from ipaddress import ip_address
from time import time_ns
from typing import NamedTuple
from urllib.parse import urlsplit

from flask import current_app, request, session
from sqlalchemy import select
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    generate_challenge,
    parse_authentication_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from app.extensions import db
from app.logs import audit
from app.models import Passkey, User
from app.models.passkey import CREDENTIAL_LENGTH
from app.web.site import known_site

LASTS = 5 * 60 * 1_000_000  # microseconds
MAKE, SHOW = 'make', 'show'  # what a challenge is for
DEFAULT_PORTS = {'http': 80, 'https': 443}
_KEY = 'passkey_challenge'
REQUIRED = UserVerificationRequirement.REQUIRED
# What is raised for answers that are none.
NO_ANSWER = (WebAuthnException, ValueError, TypeError, LookupError, AttributeError, RecursionError)


class Site(NamedTuple):
    """What passkeys are bound to: a domain, and what browsers call its pages' origin."""

    domain: str
    origin: str


def site() -> Site | None:
    """Return what the passkeys of this site are bound to, None where there can be none.

    It is what the site itself is known by, never merely what a request claims; and no number.
    """
    parts = urlsplit(known_site() or '')
    domain = parts.hostname
    if not domain or _is_number(domain):
        return None
    is_usual = parts.port in (None, DEFAULT_PORTS[parts.scheme])
    return Site(domain, f'{parts.scheme}://{domain}{"" if is_usual else f":{parts.port}"}')


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def make_options(user: User, site: Site) -> str:
    """Return what a browser is asked for that is to make a passkey for `user`, as JSON."""
    return options_to_json(
        generate_registration_options(
            rp_id=site.domain,
            rp_name='Microblog',
            user_id=_handle(user),
            user_name=user.username,
            user_display_name=user.username,
            challenge=_challenge(MAKE),
            exclude_credentials=_known(user),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=REQUIRED
            ),
        )
    )


def show_options(user: User | None, site: Site) -> str:
    """Return what a browser is asked for that is to show a passkey, of `user` or of anybody."""
    return options_to_json(
        generate_authentication_options(
            rp_id=site.domain,
            challenge=_challenge(SHOW),
            allow_credentials=_known(user) if user is not None else None,
            user_verification=REQUIRED,
        )
    )


def make(user: User, name: str) -> bool:
    """Add the passkey that the form brings to `user`; return whether it is one."""
    site_, taken = site(), _take(MAKE)
    if site_ is None or taken is None:
        return False
    try:
        made = verify_registration_response(
            credential=request.form.get('credential', ''),
            expected_challenge=taken[0],
            expected_rp_id=site_.domain,
            expected_origin=site_.origin,
            require_user_verification=True,
        )
    except NO_ANSWER as error:
        _refuse(user, error)
        return False
    credential_id = bytes_to_base64url(made.credential_id)
    is_added = len(credential_id) <= CREDENTIAL_LENGTH and user.add_passkey(
        credential_id=credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        last_challenge=taken[1],
        name=name,
    )
    db.session.commit()
    return is_added


def is_shown() -> bool:
    """Tell whether the form brings a passkey, whatever else is in it."""
    return 'credential' in request.form


def shown(of: User | None = None) -> User | None:
    """Return whose passkey the form brings, None for a wrong one, or another's than `of`."""
    site_, taken = site(), _take(SHOW)
    if site_ is None or taken is None:
        return None
    passkey = None
    try:
        credential = parse_authentication_credential_json(request.form.get('credential', ''))
        same_id = Passkey.credential_id == bytes_to_base64url(credential.raw_id)
        passkey = db.session.scalars(select(Passkey).where(same_id)).first()
        if passkey is None:
            raise ValueError('of no account')
        if of is not None and passkey.user_id != of.id:
            raise ValueError('of another account')
        if credential.response.user_handle not in (None, _handle(passkey.user)):
            raise ValueError('made for another account')
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=taken[0],
            expected_rp_id=site_.domain,
            expected_origin=site_.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except NO_ANSWER as error:
        _refuse(of or (passkey.user if passkey is not None else ''), error)
        return None
    user: User = passkey.user
    is_new = passkey.note_use(taken[1], verified.new_sign_count)
    db.session.commit()
    return user if is_new else None


def _refuse(account: User | str, error: Exception) -> None:
    current_app.logger.info('No passkey: %s', type(error).__name__)
    audit.note('passkey refused', account)


def _handle(user: User) -> bytes:
    """Return what devices know an account by, which nothing else is told from."""
    return str(user.id).encode()


def _known(user: User) -> list[PublicKeyCredentialDescriptor]:
    ids = [base64url_to_bytes(passkey.credential_id) for passkey in user.passkeys()]
    return [PublicKeyCredentialDescriptor(id=id_) for id_ in ids]


def _challenge(purpose: str) -> bytes:
    challenge = generate_challenge()
    session[_KEY] = [purpose, bytes_to_base64url(challenge), time_ns() // 1000]
    return challenge


def _take(purpose: str) -> tuple[bytes, int] | None:
    """Return the challenge of the session and when it was made, which is gone with that."""
    made_for, challenge, made = session.pop(_KEY, ['', '', 0])
    if made_for != purpose or time_ns() // 1000 - made > LASTS:
        return None
    return base64url_to_bytes(challenge), made
