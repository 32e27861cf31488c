"""Finding out the language of a post (chapter 14), measured on tests/samples/posts.txt."""

from pathlib import Path

import pytest
from flask import Flask

from app import db
from app.language import detect_language
from app.models import Post
from tests.conftest import MakeUser

SAMPLE = [
    line.split('\t', 1)
    for line in (Path(__file__).parent / 'samples' / 'posts.txt').read_text('utf-8').splitlines()
]
# At least so many must be right, and at most so many wrong; for the rest no language is found.
WANTED = {'py3langid': (0.95, 0.03), 'guess_language': (0.55, 0.2)}
NOTHING_TO_GO_BY = [
    *[
        '',
        ' \n',
        '\u200d',
        '😀🎉',
        '👍🏽',
        '👩\u200d👩\u200d👧',
        '2024',
        '12:30 - 14:00',
        '!!!',
        '#1',
    ],
    *['ok', 'x', '@susan 👍', 'someone@example.org', 'https://example.org/guten-morgen'],
]
ODD = ['\ud800', '\0', 'a' * 5000, '\u202e\u0301', 'ﷺ' * 140, '𠮷' * 30, '\U000e0100a']


@pytest.mark.parametrize('engine', WANTED)
def test_accuracy(app: Flask, engine: str) -> None:
    app.config['LANGUAGE_DETECTOR'] = engine
    found = [(language, detect_language(text)) for language, text in SAMPLE]
    right = sum(wanted == got for wanted, got in found) / len(found)
    wrong = sum(wanted != got and got != '' for wanted, got in found) / len(found)
    print(f'{engine}: {len(found)} posts, {right:.1%} right, {wrong:.1%} wrong')  # noqa: T201
    at_least, at_most = WANTED[engine]
    assert right >= at_least
    assert wrong <= at_most


@pytest.mark.parametrize('engine', WANTED)
@pytest.mark.parametrize('text', NOTHING_TO_GO_BY)
def test_no_evidence_no_language(app: Flask, engine: str, text: str) -> None:
    app.config['LANGUAGE_DETECTOR'] = engine
    assert detect_language(text) == ''


@pytest.mark.parametrize('text', ODD)
@pytest.mark.parametrize('engine', WANTED)
def test_whatever_is_typed(app: Flask, engine: str, text: str) -> None:
    app.config['LANGUAGE_DETECTOR'] = engine
    assert len(detect_language(text)) <= 5


def test_every_new_post_has_one(app: Flask, make_user: MakeUser) -> None:
    susan = make_user('susan')
    told = Post(body='Guten Morgen zusammen', language='nl', author=susan)
    found = Post(body='Guten Morgen zusammen', author=susan)
    unknown = Post(body='😀', author=susan)
    db.session.add_all([told, found, unknown])
    db.session.commit()
    assert [told.language, found.language, unknown.language] == ['nl', 'de', '']
