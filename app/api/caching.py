"""Answers that a program has already: `ETag` and `If-None-Match`."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from apifairy import other_responses
from flask import Response, make_response, request


def conditional(view: Callable[..., Any]) -> Any:
    """Mark the answers of `view`, and send none (304) to whoever has the present one."""

    @wraps(view)
    def marked(*args: Any, **kwargs: Any) -> Response:
        response = make_response(view(*args, **kwargs))
        if response.status_code == HTTPStatus.OK:
            response.vary.add('Authorization')
            response.add_etag()
            response.make_conditional(request)
        return response

    return other_responses({304: 'What `If-None-Match` names is still true'})(marked)
