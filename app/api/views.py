"""What views share: finding what an address names, listing, and doing something."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from apifairy import arguments, response
from flask import abort

from app.api.auth import needs
from app.api.blueprint import bp
from app.api.paging import Arguments, TimelinePageSchema
from app.api.schemas import AnswerSchema, InputSchema
from app.database import LARGEST_ID
from app.extensions import db
from app.models import Post
from app.models.api_token import READ, WRITE
from app.models.base import Model

View = Callable[..., Any]
T = TypeVar('T', bound=Model)


def entry_or_404(model: type[T], id: int) -> T:
    """Return the row with that id; a number that no id can be is nothing to ask a database for."""
    return db.get_or_404(model, id if id <= LARGEST_ID else 0)


def post_or_404(id: int) -> Post:
    """Return the post with that id. What passes a post on has an id, too, and is none."""
    return Post.find(id) or abort(404)


def lists(
    rule: str,
    schema: type[InputSchema] = TimelinePageSchema,
    *,
    of: type[AnswerSchema],
    page_of: Callable[[Any, Arguments], dict[str, Any]],
    scope: str = READ,
) -> Callable[[View], View]:
    """Answer whoever has a token with the page that they want of the list that a view returns."""

    def decorate(view: View) -> View:
        @bp.route(rule, methods=['GET'])
        @needs(scope)
        @arguments(schema)
        @response(of)
        @wraps(view)
        def page(wanted: Arguments, **values: Any) -> dict[str, Any]:
            return page_of(view(**values), wanted)

        return page  # type: ignore[no-any-return]  # APIFairy has no types

    return decorate


def does(method: str, rule: str, scope: str = WRITE) -> Callable[[View], View]:
    """Let a view do what somebody with a token wants, and commit it. There is nothing to answer."""

    def decorate(view: View) -> View:
        @bp.route(rule, methods=[method])
        @needs(scope)
        @wraps(view)
        def done(**values: Any) -> tuple[str, int]:
            view(**values)
            db.session.commit()
            return '', 204

        return done  # type: ignore[no-any-return]  # APIFairy has no types

    return decorate
