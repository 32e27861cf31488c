"""Collections: pages of entries, with links to their neighbours (chapter 23)."""

import re
from collections.abc import Sequence
from math import ceil
from typing import Any

from flask import request, url_for
from marshmallow import fields, pre_load, validate

from app.api.schemas import AnswerSchema, InputSchema
from app.database import LARGEST_ID
from app.forms.search import clean_query
from app.models.correspondence import Messages
from app.models.listing import OUT_OF_REACH
from app.models.people import Followed, Followers
from app.models.timeline import Timeline, place_of

PER_PAGE = 10
MOST_PER_PAGE = 100

Arguments = dict[str, Any]

WHOLE_NUMBER = re.compile('[+-]?[0-9]+')
MANY_DIGITS = 1000  # what comes after them makes no difference


class Number(fields.Field[int]):
    """A number from 1 to `most`: beyond them the nearest one counts, for anything else the default.

    (Space is what `+` in an address stands for.)
    """

    def __init__(self, *, most: int, load_default: int, description: str) -> None:
        metadata = {
            'anyOf': [{'type': 'integer', 'minimum': 1}, {'type': 'string'}],
            'description': description,
        }
        super().__init__(load_default=load_default, metadata=metadata)
        self.most = most

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> int:
        text = str(value).strip()
        if WHOLE_NUMBER.fullmatch(text) is None:
            default: int = self.load_default
            return default
        return min(max(int(text[:MANY_DIGITS]), 1), self.most)


class PageSchema(InputSchema):
    """Which page of a collection."""

    page = Number(most=OUT_OF_REACH, load_default=1, description='counted from 1')
    per_page = Number(
        most=MOST_PER_PAGE, load_default=PER_PAGE, description='1 to 100, or the nearest of them'
    )


class TimelinePageSchema(PageSchema):
    """Which part of a timeline."""

    before = fields.Integer(
        validate=validate.Range(min=1),
        metadata={
            'description': 'only what is older than the entry with this id: so reading on is '
            'stable while others write, which counting pages from the newest entry is not'
        },
    )


class SearchSchema(PageSchema):
    """What to look for."""

    q = fields.String(
        required=True,
        metadata={
            'description': 'any of these words; "an exact phrase" or -not if there are such',
            'minLength': 1,
        },
    )
    order = fields.String(load_default='best', validate=validate.OneOf(['best', 'newest']))

    @pre_load
    def clean(self, data: Any, **_kwargs: Any) -> Any:
        """Take nothing to look for as nothing said."""
        q = clean_query(data.get('q'))
        said = {name: value for name, value in data.items() if name != 'q'}
        return {**said, 'q': q} if q else said


class MetaSchema(AnswerSchema):
    """How much there is."""

    page = fields.Integer()
    per_page = fields.Integer()
    total_pages = fields.Integer()
    total_items = fields.Integer()


class NeighboursSchema(AnswerSchema):
    """The pages beside this one; null where there is none."""

    self = fields.String(metadata={'format': 'uri-reference'})
    next = fields.String(allow_none=True, metadata={'format': 'uri-reference'})
    prev = fields.String(allow_none=True, metadata={'format': 'uri-reference'})


def collection_of(schema: type[AnswerSchema], name: str) -> type[AnswerSchema]:
    """Return the schema of a page of such entries."""
    schema_class: type[Any] = AnswerSchema.from_dict(
        {
            'items': fields.List(fields.Nested(schema)),
            '_meta': fields.Nested(MetaSchema),
            '_links': fields.Nested(NeighboursSchema),
        },
        name=name,
    )
    return schema_class


def skipped(arguments: Arguments) -> int:
    """Return how many entries there are on the pages before this one."""
    skip: int = (arguments['page'] - 1) * arguments['per_page']
    return skip


def collection(
    items: Sequence[Any],
    has_next: bool,
    total: int,
    arguments: Arguments,
    next_before: int | None = None,
) -> dict[str, Any]:
    """Return a page as a collection schema wants it, with links to others like the present one.

    `total` is the number of entries on all pages; the next one begins below `next_before`.
    """
    page, per_page = arguments['page'], arguments['per_page']

    def address(page: int, before: int | None = None) -> str:
        values = {**(request.view_args or {}), **arguments, 'page': page, 'before': before}
        return url_for(str(request.endpoint), **values)

    return {
        'items': items,
        '_meta': {
            'page': page,
            'per_page': per_page,
            'total_pages': ceil(total / per_page),
            'total_items': total,
        },
        '_links': {
            'self': address(page, arguments.get('before')),
            'next': address(page + 1, next_before) if has_next else None,
            'prev': address(page - 1) if page > 1 else None,
        },
    }


def people_page(people: Followers | Followed, arguments: Arguments) -> dict[str, Any]:
    """Return a page of people."""
    page = people.page(arguments['page'], arguments['per_page'])
    return collection(page.items, page.older is not None, people.total(), arguments)


def timeline_page(timeline: Timeline | Messages, arguments: Arguments) -> dict[str, Any]:
    """Return a page of posts or messages. The link to the next one goes on where this one ends."""
    before = arguments.get('before')
    position = None if before is None else place_of(timeline.model, min(before, LARGEST_ID))
    page = timeline.page(arguments['page'], arguments['per_page'], before=position)
    next_before = page.items[-1].id if page.items else None
    return collection(page.items, page.older is not None, timeline.total(), arguments, next_before)
