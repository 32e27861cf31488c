"""The body of a request: a JSON object, or an answer that says so."""

import json
from typing import Any, NoReturn

from apifairy import body as apifairy_body
from apifairy.decorators import parser
from flask import Request, abort

from app.api.errors import bad_request
from app.api.schemas import InputSchema

LOCATION = 'json_object'


def body(schema: type[InputSchema]) -> Any:
    """Give the view what came in, checked by `schema`, as its first argument."""
    return apifairy_body(schema, location=LOCATION)


@parser.location_loader(LOCATION)
def load_json_object(request: Request, schema: InputSchema) -> dict[str, Any]:
    """Return the object in the body. No body at all is an empty one, as in the tutorial."""
    data = request.get_data()
    if not data:
        return {}
    # A form, for example, is as in the tutorial a body without the fields that are wanted.
    is_json = request.is_json or not request.mimetype
    try:
        value = json.loads(data, parse_constant=_refuse) if is_json else None
    except (ValueError, RecursionError):
        value = None  # no JSON, or with numbers or nested as deep as nobody can mean it
    if not isinstance(value, dict):
        abort(bad_request(schema.must_be()))
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f'{constant} is not JSON')
