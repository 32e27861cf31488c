"""Answers to what a program did wrong, in the tutorial's form."""

from flask import Response

from app.errors.handlers import json_error

Errors = dict[str, list[str]]


def bad_request(message: str, errors: Errors | None = None) -> Response:
    """Return a 400 that says what is wrong; `errors` lists it for each field. For `abort`."""
    return json_error(400, message, errors)


def try_later(status_code: int, message: str, seconds: int) -> Response:
    """Return an answer that says when trying again makes sense. For `abort`."""
    response = json_error(status_code, message)
    response.headers['Retry-After'] = str(seconds)
    return response
