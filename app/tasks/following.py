"""Following people whose names stand in a file, with a report."""

from collections import Counter
from typing import Any

from app.extensions import db
from app.models import User
from app.tasks.job import job, set_progress, set_result

MOST_SHOWN = 100  # names of a kind in the report
FOLLOWED, ALREADY, ONESELF, UNKNOWN = 'followed', 'already', 'oneself', 'unknown'


@job
def import_follows(user_id: int, names: list[str], malformed: list[int]) -> None:
    """Follow those of `names` whom there are; the report counts these, and the lines `malformed`.

    Each is a transaction of its own. Done twice, it follows nobody twice.
    """
    counts: Counter[str] = Counter()
    unknown: list[str] = []
    for number, name in enumerate(names):
        outcome = _follow(user_id, name)
        counts[outcome] += 1
        if outcome == UNKNOWN and len(unknown) < MOST_SHOWN:
            unknown.append(name)
        set_progress(100 * number // len(names))
    report: dict[str, Any] = {**counts, 'malformed': len(malformed)}
    set_result({**report, 'names': unknown, 'lines': malformed[:MOST_SHOWN]})


def _follow(user_id: int, name: str) -> str:
    user, other = db.session.get_one(User, user_id), User.find_for_login(name)
    if other is None:
        db.session.rollback()
        return UNKNOWN
    if other.id == user_id:
        return ONESELF
    is_new = user.follow(other)
    db.session.commit()
    return FOLLOWED if is_new else ALREADY
