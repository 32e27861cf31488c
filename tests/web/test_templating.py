"""What templates make of text and times."""

from datetime import datetime

import pytest
from flask import Flask, render_template_string

from app.web.templating import AVATAR_HUES, hue, is_long_text


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
