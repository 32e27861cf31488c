"""Posts as a page shows them: with what belongs to its reader, and one that is there twice once."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from flask_login import current_user

from app.models.reaction import NOTHING, Context, contexts


@dataclass(frozen=True, slots=True)
class Shown:
    """A post, an `Entry` of a timeline or a `Post`, and what stands around it."""

    post: Any
    context: Context = NOTHING
    reposters: tuple[str, ...] = ()  # the names of those who put it there by passing it on
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
    once: dict[int, Shown] = {}
    for post in posts:
        known = once.get(post.id) or Shown(post, answers=getattr(post, 'answers', None))
        reposter = getattr(post, 'reposted_by', None)
        if reposter:
            known = replace(known, reposters=(*known.reposters, reposter))
        once[post.id] = known
    found = contexts(current_user.id if current_user.is_authenticated else None, once)
    return [replace(each, context=found.get(id_, NOTHING)) for id_, each in once.items()]
