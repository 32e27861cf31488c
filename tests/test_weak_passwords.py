"""What makes a password one that nobody may choose."""

import pytest

from app.weak_passwords import Weakness, weakness_of

KNOWN = ['susan', 'maria.lopez@example.com']


@pytest.mark.parametrize(
    ('password', 'weakness'),
    [
        ('password', Weakness.COMMON),
        ('PASSWORD', Weakness.COMMON),
        ('12345678', Weakness.COMMON),
        ('iloveyou1', Weakness.COMMON),
        ('1q2w3e4r5t', Weakness.COMMON),
        ('P@ssw0rd', Weakness.COMMON),
        ('microblog', Weakness.OWN),
        ('MicroBlog-2026!', Weakness.OWN),
        ('susan1234', Weakness.OWN),
        ('Susan_Susan', Weakness.OWN),
        ('12susan34', Weakness.OWN),
        ('maria.lopez@example.com', Weakness.OWN),
        ('MariaLopez7', Weakness.OWN),
        ('susan likes mangoes', None),
        ('a good one', None),
        ('8471 2290 6653', None),
        ('password\n12345678', None),
        ('пароль пароль', None),
        ('🦜🦜🦜🦜🦜🦜🦜🦜', None),
        ('x y' * 50, None),
        # Shorter ones than the list is for are a matter of PASSWORD_MIN_LENGTH.
        ('cat', None),
        ('', None),
    ],
)
def test_what_is_wrong_with_it(password: str, weakness: Weakness | None) -> None:
    assert weakness_of(password, KNOWN) == weakness


def test_names_of_digits_or_none_at_all() -> None:
    assert weakness_of('90210 38', ['9']) is None
    assert weakness_of('40302010', ['40302010']) is Weakness.OWN
    assert weakness_of('a good one', ['', None]) is None
