"""Translating a post through Microsoft Translator (chapter 14)."""

import json
from collections.abc import MutableMapping
from threading import Lock
from time import monotonic

import requests
from cachetools import TTLCache
from flask import Flask, current_app
from flask_babel import gettext as _

TIMEOUT = 5  # seconds to connect, and again between two pieces of the answer
DEADLINE = 10  # seconds for the whole answer
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


class Failure(str):
    """What to tell the visitor instead of a translation."""


def translate(text: str, source_language: str, dest_language: str) -> str:
    """Return `text` in another language (BCP 47 codes), or a Failure that says why not.

    What was translated before is answered from memory.
    """
    if not current_app.config['MS_TRANSLATOR_KEY']:
        return Failure(_('Error: the translation service is not configured.'))
    known: MutableMapping[tuple[str, str, str], str] = current_app.extensions['translations']
    lock: Lock = current_app.extensions['translations_lock']
    wanted = (text, _service_code(source_language), _service_code(dest_language))
    with lock:
        translated = known.get(wanted)
    if translated is None:
        try:
            translated = _ask_service(*wanted)
        except (requests.RequestException, ValueError, LookupError, TypeError) as error:
            current_app.logger.warning('The translation service failed: %s', error)
            return Failure(_('Error: the translation service failed.'))
        with lock:
            known[wanted] = translated
    return translated


def _service_code(language: str) -> str:
    code = language.replace('_', '-')
    return SERVICE_CODES.get(code, code)


def _ask_service(text: str, source: str, destination: str) -> str:
    config = current_app.config
    with requests.post(
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
        answer = json.loads(_read(response))
    translated = answer[0]['translations'][0]['text']
    if not isinstance(translated, str):
        raise TypeError('it answered without a text')
    return translated


def _read(response: requests.Response) -> bytes:
    """Return the body of a response that is neither endlessly long nor endlessly slow."""
    body = b''
    end = monotonic() + DEADLINE
    for piece in response.iter_content(1024):
        body += piece
        if len(body) > LARGEST_ANSWER or monotonic() > end:
            raise ValueError('its answer does not come to an end')
    return body


def init_app(app: Flask) -> None:
    app.extensions['translations'] = TTLCache(REMEMBERED, REMEMBERED_FOR)
    app.extensions['translations_lock'] = Lock()
