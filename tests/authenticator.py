"""A device that makes passkeys and answers challenges, as a browser hands them to a page."""

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from flask.testing import FlaskClient
from webauthn.helpers import encode_cbor

ORIGIN = 'http://localhost'
PRESENT, VERIFIED, ATTESTED = 1, 4, 64  # flags of what a device says


def base64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip('=')


class Authenticator:
    """One passkey of one device. What is false about an answer is said by keyword."""

    def __init__(self, *, counts: bool = True) -> None:
        self.key = generate_private_key(SECP256R1())
        self.id = secrets.token_bytes(32)
        self.handle = b''
        self.counts = counts
        self.count = 0

    def _data(self, domain: str, flags: int) -> bytes:
        self.count += self.counts
        return sha256(domain.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)

    def _answer(self, **response: bytes) -> str:
        parts = {name: base64(part) for name, part in response.items()}
        facts: dict[str, Any] = {'id': base64(self.id), 'rawId': base64(self.id)}
        return json.dumps({**facts, 'type': 'public-key', 'response': parts})

    @staticmethod
    def _client_data(kind: str, options: dict[str, Any], origin: str) -> bytes:
        facts = {'type': f'webauthn.{kind}', 'challenge': options['challenge'], 'origin': origin}
        return json.dumps(facts).encode()

    def make(
        self,
        options: dict[str, Any],
        *,
        origin: str = ORIGIN,
        domain: str = 'localhost',
        flags: int = PRESENT | VERIFIED | ATTESTED,
    ) -> str:
        """Return the answer to the options for making a passkey."""
        self.handle = urlsafe_decode(options['user']['id'])
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        data = self._data(domain, flags) + bytes(16) + len(self.id).to_bytes(2) + self.id
        attestation = {'fmt': 'none', 'attStmt': {}, 'authData': data + encode_cbor(public)}
        return self._answer(
            clientDataJSON=self._client_data('create', options, origin),
            attestationObject=encode_cbor(attestation),
        )

    def show(
        self,
        options: dict[str, Any],
        *,
        origin: str = ORIGIN,
        domain: str = 'localhost',
        flags: int = PRESENT | VERIFIED,
        handle: bytes | None = None,
    ) -> str:
        """Return the answer to the options for showing it."""
        client_data = self._client_data('get', options, origin)
        data = self._data(domain, flags)
        signed = data + sha256(client_data).digest()
        return self._answer(
            clientDataJSON=client_data,
            authenticatorData=data,
            signature=self.key.sign(signed, ECDSA(SHA256())),
            userHandle=self.handle if handle is None else handle,
        )


def urlsafe_decode(text: str) -> bytes:
    return urlsafe_b64decode(text + '=' * (-len(text) % 4))


def options_for(client: FlaskClient, path: str = '/auth/passkey_options') -> dict[str, Any]:
    """Return what the page's script is given: its challenge is that of the session from now on."""
    response = client.post(path)
    assert response.status_code == 200, response.location
    options: dict[str, Any] = response.get_json()
    return options


def give_passkey(client: FlaskClient, *, counts: bool = True) -> Authenticator:
    """Add a passkey to the account that has just logged in there."""
    device = Authenticator(counts=counts)
    answer = device.make(options_for(client, '/settings/passkeys/options'))
    client.post('/settings/passkeys', data={'credential': answer})
    return device
