"""The two kinds of views that there are many of: those that list, and those that do something."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from apifairy import arguments, response

from app.api.auth import needs
from app.api.blueprint import bp
from app.api.paging import Arguments, TimelinePageSchema
from app.api.schemas import AnswerSchema, InputSchema
from app.extensions import db
from app.models.api_token import READ, WRITE

View = Callable[..., Any]


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
