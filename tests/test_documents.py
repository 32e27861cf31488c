"""docs/deployment.md and .env.example list what there is to set, and nothing else."""

import ast
import re
from pathlib import Path
from typing import Any

from tests.servers import PROJECT

READERS = {'_read', '_integer', '_boolean', '_list'}
ROW = re.compile(r'^\| `([A-Z_]+)` \| (.*?) \| (.*) \|$', re.MULTILINE)
UNKNOWN = object()  # a default that is computed


def variables(path: Path) -> dict[str, Any]:
    """Return the environment variables that a file reads, with their defaults."""
    found: dict[str, Any] = {}
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(ast.Name(reader), [ast.Constant(str(name)), default, *_]) if (
                reader in READERS
            ):
                found[name] = _literal(default)
            case ast.BoolOp(ast.Or(), [read, default]) if (
                variable := _name_read(read)
            ) is not None:
                found[variable] = _literal(default)
            case ast.Call() if (variable := _name_read(node)) is not None:
                found.setdefault(variable, None)
    return found


def _name_read(node: ast.expr) -> str | None:
    """Return the name in `os.environ.get(name)`."""
    match node:
        case ast.Call(
            ast.Attribute(ast.Attribute(ast.Name('os'), 'environ'), 'get'), [ast.Constant(name)]
        ):
            return str(name)
    return None


def _literal(node: ast.expr) -> Any:
    try:
        value = ast.literal_eval(node)
        return None if value == [] else value
    except ValueError:
        return UNKNOWN


def shown(default: Any) -> str:
    """Return a default as the table writes it."""
    if default is None:
        return 'none'
    if isinstance(default, bool):
        default = int(default)
    if isinstance(default, list):
        default = ', '.join(default)
    return f'`{default}`'


def test_every_setting_is_in_the_table() -> None:
    settings = variables(PROJECT / 'config.py')
    settings |= variables(PROJECT / 'deployment/gunicorn.conf.py')
    rows = ROW.findall((PROJECT / 'docs/deployment.md').read_text())
    table = {name: default for name, default, _meaning in rows}
    assert len(table) == len(rows), 'a variable is listed twice'
    assert table.keys() == settings.keys()
    for name, default in settings.items():
        if default is not UNKNOWN:
            assert table[name] == shown(default), name


def test_every_setting_is_in_the_example() -> None:
    example = (PROJECT / '.env.example').read_text()
    lines = dict(re.findall(r'^#([A-Z_]+)=(.*)$', example, re.MULTILINE))
    settings = variables(PROJECT / 'config.py')
    settings |= variables(PROJECT / 'deployment/gunicorn.conf.py')
    assert lines.keys() == settings.keys()
    for name, default in settings.items():
        if default is not UNKNOWN and default is not None:
            assert f'`{lines[name]}`' == shown(default), name


def test_the_procfile_is_as_promised() -> None:
    lines = (PROJECT / 'Procfile').read_text().splitlines()
    processes = dict(line.split(': ', 1) for line in lines)
    assert processes['release'] == 'flask db upgrade'
    assert processes['worker'].endswith('rq worker -u $REDIS_URL microblog-tasks')


def test_what_is_said_to_be_tested_is_tested() -> None:
    """docs/security.md names a test for each promise: there is such a file, and such a test."""
    named = (PROJECT / 'docs/security.md').read_text()
    files = {*re.findall(r'tests/[\w/]+\.py', named)}
    missing = {file for file in files if not (PROJECT / file).exists()}
    texts = [path.read_text() for path in PROJECT.glob('tests/**/test_*.py')]
    there = {name for text in texts for name in re.findall(r'^def (test_\w+)\(', text, re.M)}
    assert (missing, {*re.findall(r'`(test_\w+)`', named)} - there) == (set(), set())
