"""The OpenAPI document, made from the views and the schemas."""

from http import HTTPStatus
from typing import Any

from apifairy import APIFairy
from flask import Flask, current_app, jsonify, request
from werkzeug.http import HTTP_STATUS_CODES

from app.api.blueprint import bp

Document = dict[str, Any]

# The subjects, in the order of the reference. Each is a file of views.
SUBJECTS = {
    'tokens': 'Tokens',
    'users': 'Users',
    'followers': 'Following',
    'posts': 'Posts',
    'reactions': 'Likes, reposts and bookmarks',
    'activity': 'Activity',
    'media': 'Pictures',
    'messages': 'Messages',
    'notifications': 'Notifications',
    'search': 'Search',
    'account': 'Your account',
}
# In these, nonsense counts as the default.
TOLERANT = {'page', 'per_page'}
# What app/errors/handlers.py makes: in a word, in a sentence, and by field.
ERROR = {
    'type': 'object',
    'properties': {
        'error': {'type': 'string'},
        'message': {'type': 'string'},
        'errors': {
            'type': 'object',
            'additionalProperties': {'type': 'array', 'items': {'type': 'string'}},
        },
    },
    'required': ['error'],
    'additionalProperties': False,
}
RATE_LIMIT_HEADERS = {
    name: {'description': description, 'schema': {'type': 'integer'}}
    for name, description in {
        'X-RateLimit-Limit': 'how many requests are allowed in the present span of time',
        'X-RateLimit-Remaining': 'how many of them are left',
        'X-RateLimit-Reset': 'when the span ends, in seconds since 1970',
        'Retry-After': 'how many seconds to wait',
    }.items()
}


@bp.route('/openapi.json')
def openapi() -> Any:
    """Show the OpenAPI document."""
    return jsonify(document())


def document() -> Document:
    found: Document = current_app.extensions['apifairy'].apispec
    return {**found, 'servers': [{'url': request.url_root}]}


def init_app(app: Flask) -> None:
    """Describe the views of `app`."""
    app.config.update(
        APIFAIRY_TITLE='Microblog',
        APIFAIRY_VERSION='1.0',
        APIFAIRY_APISPEC_VERSION='3.1.0',
        APIFAIRY_APISPEC_PATH=None,
        APIFAIRY_UI_PATH=None,
        APIFAIRY_TAGS=[],
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of Flask's own provider alone
    apifairy = APIFairy()
    apifairy.init_app(app)
    apifairy.process_apispec(complete)
    app.extensions['apifairy'] = apifairy


def complete(spec: Document) -> Document:
    """Add what follows from what the views say of themselves, so that none has to repeat it."""
    spec['info']['description'] = 'What programs do with Microblog, in JSON.'
    spec['components']['schemas']['Error'] = ERROR
    spec['tags'] = [{'name': title} for title in SUBJECTS.values()]
    _say_length_of_passwords(spec)
    for path, operations in spec['paths'].items():
        for method, operation in operations.items():
            _complete_operation(path, method, operation, spec)
    return spec


def _say_length_of_passwords(spec: Document) -> None:
    for schema in spec['components']['schemas'].values():
        for field in schema['properties'].values():
            if field.get('format') == 'password':
                field['minLength'] = current_app.config['PASSWORD_MIN_LENGTH']


def _complete_operation(path: str, method: str, operation: Document, spec: Document) -> None:
    view = current_app.view_functions[operation['operationId'].replace('api_', 'api.', 1)]
    operation['operationId'] = operation['operationId'].removeprefix('api_')
    operation['tags'] = [SUBJECTS[view.__module__.rpartition('.')[2]]]
    for answer in operation['responses'].values():
        for header in answer.get('headers', {}).values():
            # They are said by where it stands.
            header.pop('in', None)
            header.pop('name', None)
    if hasattr(view, 'request_body'):
        operation['requestBody'] = view.request_body
    elif 'requestBody' in operation:
        body = operation['requestBody']
        body['required'] = 'required' in resolve(schema_of(body), spec)
    for status in _possible_errors(path, method, operation):
        answer = operation['responses'].setdefault(str(status), {})
        answer.setdefault('description', HTTP_STATUS_CODES[status])
        answer['content'] = {'application/json': {'schema': {'$ref': '#/components/schemas/Error'}}}
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            answer['headers'] = RATE_LIMIT_HEADERS


def _possible_errors(path: str, method: str, operation: Document) -> set[int]:
    """Return the status codes of what can go wrong."""
    said = {int(status) for status in operation['responses'] if int(status) >= 400}
    errors = {429, 500, 503} | said
    if operation.get('security'):
        errors.add(401)
    if scopes_of(operation):
        errors.add(403)
    if '{' in path:
        errors.add(404)
    if method != 'get':
        errors.add(409)
    if 'requestBody' in operation:
        errors |= {400, 413}
    if any(p['in'] == 'query' and p['name'] not in TOLERANT for p in operation['parameters']):
        errors.add(400)
    return errors


def scopes_of(operation: Document) -> list[str]:
    """Return the scopes of which a token needs one."""
    return [scope for way in operation.get('security', []) for one in way.values() for scope in one]


def schema_of(part: Document) -> Document:
    """Return the schema of a body or an answer; an empty one where there is nothing in it."""
    schemas: list[Document] = [content['schema'] for content in part.get('content', {}).values()]
    return schemas[0] if schemas else {}


def resolve(schema: Document, spec: Document) -> Document:
    """Return what a reference leads to, anything else as it is."""
    name = schema.get('$ref', '').rpartition('/')[2]
    found: Document = spec['components']['schemas'][name] if name else schema
    return found
