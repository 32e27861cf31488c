"""The reference: what the OpenAPI document says, for people."""

from flask import render_template, request
from flask_babel import gettext as _

from app.api.blueprint import bp
from app.api.openapi import SUBJECTS, Document, document, resolve

EXAMPLE = """\
curl -X POST --user susan {site}/api/tokens
curl -H 'Authorization: Bearer …' {site}/api/timeline
"""


@bp.route('/docs')
def docs() -> str:
    """Show the reference. Everybody may read it."""
    spec = document()
    return render_template(
        'api/docs.html',
        title=_('API reference'),
        example=EXAMPLE.format(site=request.url_root.rstrip('/')),
        subjects={title: _operations(title, spec) for title in SUBJECTS.values()},
        answers=_answers(spec),
    )


def _operations(subject: str, spec: Document) -> list[Document]:
    """Return what can be done about a subject."""
    return [
        {
            'id': operation['operationId'],
            'method': method.upper(),
            'path': path,
            'summary': operation['summary'],
            'description': operation.get('description'),
            'auth': _auth(operation),
            'parameters': [_parameter(p) for p in operation['parameters'] if p['in'] == 'query'],
            'body': _body(operation, spec),
            'answers': _success(operation),
            'errors': sorted(s for s in operation['responses'] if int(s) >= 400),
        }
        for path, operations in spec['paths'].items()
        for method, operation in operations.items()
        if subject in operation['tags']
    ]


def _auth(operation: Document) -> str | None:
    """Return the scheme that the operation wants to be shown in the header `Authorization`."""
    schemes = [name for choice in operation.get('security', []) for name in choice]
    return {'token_auth': 'Bearer', 'basic_auth': 'Basic'}[schemes[0]] if schemes else None


def _parameter(parameter: Document) -> Document:
    schema = parameter['schema']
    return {
        'name': parameter['name'],
        'type': _type(schema) if 'type' in schema else 'integer',
        'required': parameter['required'],
        'default': schema.get('default'),
        'description': parameter.get('description'),
    }


def _body(operation: Document, spec: Document) -> list[Document]:
    """Return the fields that the operation takes."""
    if 'requestBody' not in operation:
        return []
    [content] = operation['requestBody']['content'].values()
    return _fields(resolve(content['schema'], spec))


def _success(operation: Document) -> list[Document]:
    """Return the answers when all goes well: their status, and what is in them."""
    return [
        {'status': status, 'name': _name_of(answer)}
        for status, answer in sorted(operation['responses'].items())
        if int(status) < 300
    ]


def _name_of(answer: Document) -> str | None:
    for content in answer.get('content', {}).values():
        name: str = content['schema']['$ref'].rpartition('/')[2]
        return name
    return None


def _answers(spec: Document) -> dict[str, list[Document]]:
    """Return the fields of all that goes out, under its name."""
    return {
        name: _fields(schema)
        for name, schema in sorted(spec['components']['schemas'].items())
        if schema.get('additionalProperties') is False
    }


def _fields(schema: Document) -> list[Document]:
    return [
        {
            'name': name,
            'type': _type(field),
            'reference': _reference(field),
            'required': name in schema.get('required', []),
            'description': field.get('description'),
        }
        for name, field in schema['properties'].items()
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
