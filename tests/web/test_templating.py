"""What templates make of text and times."""

from datetime import datetime

import pytest
from flask import Flask, render_template_string

from app.web.templating import AVATAR_HUES, hue, is_long_text, links


@pytest.mark.parametrize(
    ('text', 'pieces'),
    [
        ('', []),
        ('no address', [('no address', None)]),
        ('https://example.org', [('https://example.org', 'https://example.org')]),
        (
            'see https://example.org/a_(b), ok?',
            [
                ('see ', None),
                ('https://example.org/a_(b)', 'https://example.org/a_(b)'),
                (', ok?', None),
            ],
        ),
        (
            '(http://example.org/?a=1&b=2).',
            [
                ('(', None),
                ('http://example.org/?a=1&b=2', 'http://example.org/?a=1&b=2'),
                (').', None),
            ],
        ),
        (
            '看https://example.org/路径。好',
            [
                ('看', None),
                ('https://example.org/路径', 'https://example.org/路径'),
                ('。好', None),
            ],
        ),
        (
            'https://example.org/\u202emoc',
            [('https://example.org/', 'https://example.org/'), ('\u202emoc', None)],
        ),
    ],
)
def test_web_addresses(text: str, pieces: list[tuple[str, str | None]]) -> None:
    assert list(links(text)) == pieces


@pytest.mark.parametrize(
    'text',
    [
        'javascript:alert(1)',
        'ftp://example.org',
        'mailto:a@example.org',
        'www.example.org',
        'https://',
        'xhttp://example.org',
    ],
)
def test_other_addresses_stay_text(text: str) -> None:
    assert list(links(text)) == [(text, None)]


def test_a_link_cannot_break_out_of_its_tag(app: Flask) -> None:
    source = "{% from '_text.html' import written %}{{ written(text) }}"
    with app.test_request_context():
        html = render_template_string(source, text='https://e.org/"onmouseover="x <b>&')
    assert '"onmouseover' not in html
    assert '<b>' not in html
    assert 'rel="nofollow noopener ugc"' in html


def test_a_time_can_be_read_without_a_script(app: Flask) -> None:
    source = '{{ moment(time).fromNow(refresh=True) }}|{{ moment(time).format("LLL") }}'
    with app.test_request_context():
        html = render_template_string(source, time=datetime(2026, 3, 9, 17, 4, 5))
    relative, absolute = html.split('|')
    assert 'datetime="2026-03-09T17:04:05Z"' in relative
    assert 'data-format' not in relative
    assert 'Mar 9, 2026' in relative
    assert 'UTC</time>' in relative
    assert 'data-format="LLL"' in absolute
    assert 'style=' not in html


def test_a_person_has_one_colour() -> None:
    assert hue('Susan') == hue('susan')
    assert 0 <= hue('小林') < AVATAR_HUES


@pytest.mark.parametrize(
    ('text', 'is_long'),
    [
        ('', False),
        ('字' * 140, False),
        ('\n'.join('x' * 12), False),
        ('\n'.join('x' * 13), True),
        ('x' + '\n' * 138 + 'x', True),
        ('\u2028'.join('x' * 13), True),
    ],
)
def test_what_is_folded(text: str, is_long: bool) -> None:
    assert is_long_text(text) == is_long
