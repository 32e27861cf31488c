"""Translating a post through Microsoft Translator (chapter 14)."""

import json
from threading import Lock
from typing import Any

import requests
from cachetools import TTLCache, cached
from flask import current_app
from flask_babel import gettext as _
from requests.adapters import HTTPAdapter

from app.time_limit import limit_answers

TIMEOUT = 5  # seconds to connect, and again for the whole answer
LARGEST_ANSWER = 64 * 1024  # bytes
REMEMBERED = 2000  # translations
REMEMBERED_FOR = 24 * 60 * 60  # seconds
# What the service calls otherwise than BCP 47 does.
SERVICE_CODES = {
    'zh': 'zh-Hans',
    'zh-CN': 'zh-Hans',
    'zh-TW': 'zh-Hant',
    'zh-HK': 'zh-Hant',
    'no': 'nb',
    'sr': 'sr-Cyrl',
    'mn': 'mn-Cyrl',
    'tl': 'fil',
}


_FAILURES = (
    requests.RequestException,
    ValueError,
    LookupError,
    TypeError,
    RecursionError,  # JSON that is nested as deep as nobody can mean it
)


class Failure(str):
    """What to tell the visitor instead of a translation."""


def translate(text: str, source_language: str, dest_language: str) -> str:
    """Return `text` in another language (BCP 47 codes), or a Failure that says why not.

    What was translated before is answered from memory. The service may take its time: no
    transaction should be open meanwhile.
    """
    if not current_app.config['MS_TRANSLATOR_KEY']:
        return Failure(_('Error: the translation service is not configured.'))
    try:
        return translation(text, _service_code(source_language), _service_code(dest_language))
    except _FAILURES as error:
        current_app.logger.warning('The translation service failed: %s', error)
        return Failure(_('Error: the translation service failed.'))


def _service_code(language: str) -> str:
    code = language.replace('_', '-')
    return SERVICE_CODES.get(code, code)


class _Adapter(HTTPAdapter):
    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool = super().get_connection_with_tls_context(*args, **kwargs)
        limit_answers(pool)
        return pool


@cached(TTLCache(REMEMBERED, REMEMBERED_FOR), lock=Lock())
def translation(text: str, source: str, destination: str) -> str:
    """Return what the service makes of `text`. Raises one of `_FAILURES`."""
    translated = json.loads(_ask_service(text, source, destination))[0]['translations'][0]['text']
    if not isinstance(translated, str):
        raise TypeError('it answered without a text')
    return translated


def _ask_service(text: str, source: str, destination: str) -> bytes:
    config = current_app.config
    with requests.Session() as session:
        for scheme in ('http://', 'https://'):
            session.mount(scheme, _Adapter())
        with session.post(
            f'{config["MS_TRANSLATOR_URL"]}/translate',
            params={'api-version': '3.0', 'from': source, 'to': destination},
            headers={
                'Ocp-Apim-Subscription-Key': config['MS_TRANSLATOR_KEY'],
                'Ocp-Apim-Subscription-Region': config['MS_TRANSLATOR_REGION'],
            },
            json=[{'Text': text}],
            timeout=TIMEOUT,
            allow_redirects=False,  # the key is for nobody else
            stream=True,
        ) as response:
            if response.status_code != requests.codes.ok:
                raise ValueError(f'it answered with status {response.status_code}')
            return _read(response)


def _read(response: requests.Response) -> bytes:
    """Return the body of a response that is not endlessly long."""
    body = b''
    for piece in response.iter_content(1024):
        body += piece
        if len(body) > LARGEST_ANSWER:
            raise ValueError('its answer does not come to an end')
    return body
