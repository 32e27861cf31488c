"""Collections: pages of entries, with links to their neighbours (chapter 23)."""

import re
from collections.abc import Sequence
from math import ceil
from typing import Any

from flask import abort, request, url_for
from marshmallow import fields, pre_load, validate

from app.api.errors import try_later
from app.api.schemas import AnswerSchema, InputSchema
from app.database import LARGEST_ID
from app.extensions import db
from app.forms.search import clean_query
from app.models import Post, User
from app.models.activity import Activities
from app.models.correspondence import Messages
from app.models.listing import OUT_OF_REACH, Page
from app.models.people import People
from app.models.timeline import AnswersTo, Bookmarked, Timeline, place_of
from app.search import DEEPEST_HIT, Order, SearchUnavailable

PER_PAGE = 10
MOST_PER_PAGE = 100
CURSORS = {'before', 'after'}  # arguments of which each page has its own, or none
RETRY_AFTER = 30  # seconds that a search engine is left alone
UNAVAILABLE = {503: 'The search engine is away'}

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


class RepliesPageSchema(PageSchema):
    """Which part of the answers to a post."""

    after = fields.Integer(
        validate=validate.Range(min=1),
        metadata={
            'description': 'only what is newer than the answer with this id: so reading on is '
            'stable while others delete theirs'
        },
    )


class BookmarkPageSchema(PageSchema):
    """Which part of the bookmarks."""

    before = fields.String(
        validate=validate.Regexp('^[0-9]{1,18}-[0-9]{1,18}$'),
        metadata={'description': 'where the page before has ended: its `next` link says so'},
    )


class PeoplePageSchema(PageSchema):
    """Which people."""

    q = fields.String(metadata={'description': 'only those whose names have one of these words'})

    @pre_load
    def clean(self, data: Any, **_kwargs: Any) -> Any:
        """Take nothing to look for as nothing said."""
        q = clean_query(data.get('q'))
        said = {name: value for name, value in data.items() if name != 'q'}
        return {**said, 'q': q} if q else said


class SearchSchema(PeoplePageSchema):
    """What to look for."""

    q = fields.String(
        required=True,
        metadata={
            'description': 'any of these words; "an exact phrase" or -not if there are such',
            'minLength': 1,
        },
    )
    order = fields.String(load_default='best', validate=validate.OneOf(['best', 'newest']))


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
    onward: Arguments | None = None,
) -> dict[str, Any]:
    """Return a page as a collection schema wants it, with links to others like the present one.

    `total` is the number of entries on all pages; `onward` says where the next one begins.
    """
    page, per_page = arguments['page'], arguments['per_page']
    here = {name: value for name, value in arguments.items() if name in CURSORS}

    def address(page: int, place: Arguments) -> str:
        said = {name: value for name, value in arguments.items() if name not in CURSORS}
        values = {**(request.view_args or {}), **said, 'page': page, **place}
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
            'self': address(page, here),
            'next': address(page + 1, onward or {}) if has_next else None,
            'prev': address(page - 1, {}) if page > 1 else None,
        },
    }


def people_page(people: People, arguments: Arguments) -> dict[str, Any]:
    """Return a page of people."""
    page = people.page(arguments['page'], arguments['per_page'])
    return collection(page.items, page.older is not None, people.total(), arguments)


def timeline_page(
    timeline: Timeline | Messages | Activities, arguments: Arguments
) -> dict[str, Any]:
    """Return a page of what has a time. The link to the next one goes on where this one ends."""
    # The answers to a post are read from the oldest on.
    cursor = 'after' if isinstance(timeline, AnswersTo) else 'before'
    said = arguments.get(cursor)
    by_place = isinstance(timeline, Bookmarked)
    place = said if by_place or said is None else place_of(timeline.model, min(said, LARGEST_ID))
    page: Page[Any] = timeline.page(arguments['page'], arguments['per_page'], before=place)
    onward: Arguments = {}
    if page.older is not None:
        end = page.older['before']
        onward = {cursor: end if by_place else end.rpartition('-')[2]}
    return collection(page.items, page.older is not None, timeline.total(), arguments, onward)


def search_page(
    model: type[Post] | type[User], arguments: Arguments, order: Order = 'best'
) -> dict[str, Any]:
    """Return a page of what a search finds."""
    # The engine may take its time: no connection to the database waits for it.
    db.session.rollback()
    try:
        items, total = model.search(arguments['q'], arguments['page'], arguments['per_page'], order)
    except SearchUnavailable:
        abort(try_later(503, 'search is unavailable', RETRY_AFTER))
    has_next = skipped(arguments) + arguments['per_page'] < min(total, DEEPEST_HIT)
    return collection(items, has_next, total, arguments)
