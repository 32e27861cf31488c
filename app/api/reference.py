"""The reference: what the OpenAPI document says, for people."""

from flask import render_template, request
from flask_babel import gettext as _

from app.api.blueprint import bp
from app.api.openapi import SUBJECTS, Document, document, resolve, schema_of, scopes_of

EXAMPLE = """\
curl -X POST --user susan {site}/api/tokens
curl -H 'Authorization: Bearer …' {site}/api/timeline
"""


SCHEMES = {'token_auth': 'Bearer', 'basic_auth': 'Basic'}  # of the header `Authorization`


@bp.route('/docs')
def docs() -> str:
    """Show the reference. Everybody may read it."""
    spec = document()
    operations = [
        _operation(path, method, operation, spec)
        for path, operations in spec['paths'].items()
        for method, operation in operations.items()
    ]
    return render_template(
        'api/docs.html',
        title=_('API reference'),
        example=EXAMPLE.format(site=request.url_root.rstrip('/')),
        subjects={
            title: [operation for operation in operations if title in operation['tags']]
            for title in SUBJECTS.values()
        },
        answers={
            name: _fields(schema)
            for name, schema in sorted(spec['components']['schemas'].items())
            if schema.get('additionalProperties') is False
        },
    )


def _operation(path: str, method: str, operation: Document, spec: Document) -> Document:
    """Return what can be done, with what the page says of it."""
    responses = sorted(operation['responses'].items())
    security = [SCHEMES[name] for choice in operation.get('security', []) for name in choice]
    return {
        **operation,
        'id': operation['operationId'],
        'method': method.upper(),
        'path': path,
        'auth': security[0] if security else None,
        'scopes': scopes_of(operation),
        'parameters': [_parameter(p) for p in operation['parameters'] if p['in'] == 'query'],
        'body': _fields(resolve(schema_of(operation.get('requestBody', {})), spec)),
        'answers': [
            {'status': status, 'name': _reference(schema_of(response))}
            for status, response in responses
            if int(status) < 300
        ],
        'errors': [status for status, _response in responses if int(status) >= 400],
    }


def _parameter(parameter: Document) -> Document:
    schema = parameter['schema']
    return {**schema, **parameter, 'type': _type(schema) if 'type' in schema else 'integer'}


def _fields(schema: Document) -> list[Document]:
    return [
        {
            **field,
            'name': name,
            'type': _type(field),
            'reference': _reference(field),
            'required': name in schema.get('required', []),
        }
        for name, field in schema.get('properties', {}).items()
    ]


def _reference(field: Document) -> str | None:
    """Return the name of what the field, or each of its items, consists of."""
    address: str = field.get('$ref') or field.get('items', {}).get('$ref', '')
    return address.rpartition('/')[2] or None


def _type(field: Document) -> str:
    """Return the type of a field in words."""
    if '$ref' in field:
        return 'object'
    if 'enum' in field:
        return ' or '.join(field['enum'])
    types = field.get('type', 'anything')
    types = types if isinstance(types, list) else [types]
    return ' or '.join(types) + (f' ({field["format"]})' if 'format' in field else '')
