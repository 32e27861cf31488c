"""Posts as a page shows them: with what belongs to its reader, and one that is there twice once."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_login import current_user

from app.models import reaction


@dataclass(frozen=True, slots=True)
class Shown(reaction.Shown):
    """A post and what stands around it on a page."""

    # Who wrote what it answers: '' if that was deleted, None where the page says so anyway.
    answers: str | None = None
    is_alone: bool = False  # it is what the page is about

    @property
    def names(self) -> dict[str, str]:
        """What those are called whom it mentions, by the keys of app/markup.py."""
        return dict(self.context.names)

    @property
    def facts(self) -> tuple[Any, ...]:
        """All that its drawing depends on beside the post itself (app/web/drawn.py)."""
        return self.context, self.reposters, self.answers, self.is_alone


def shown(posts: Iterable[Any]) -> list[Shown]:
    """Return what a page shows of `posts`, in their order: one query, however many there are."""
    reader_id = current_user.id if current_user.is_authenticated else None
    return [
        Shown(each.post, each.context, each.reposters, getattr(each.post, 'answers', None))
        for each in reaction.shown(reader_id, posts)
    ]
