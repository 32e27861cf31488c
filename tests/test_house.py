"""The plan of the house, as docs/architecture.md draws it: which room stands on which."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

PROJECT = Path(__file__).parents[1]
MOST_ROOMS = 30
# Packages and loose modules, from the roof down: each imports from those below it alone.
PLAN = """
    microblog app cli
    api main settings auth errors tasks
    forms web logs email
    models languages search media
    extensions database
    background markup names weak_passwords time_limit text
    config
"""
ROOMS = PLAN.split()


def modules() -> dict[str, Path]:
    files = [*PROJECT.glob('app/**/*.py'), PROJECT / 'microblog.py', PROJECT / 'config.py']
    names = ('.'.join(path.relative_to(PROJECT).with_suffix('').parts) for path in files)
    return dict(zip((name.removesuffix('.__init__') for name in names), files, strict=True))


MODULES = modules()


def room(module: str) -> str:
    """Return the package or loose module of `app` that a module is in, else the module itself."""
    return module.removeprefix('app.').partition('.')[0]


def imports(module: str) -> Iterator[str]:
    """Yield the modules of ours that a module imports: in functions and for types alike.

    For types, too, because whoever wants to understand a file reads those first that it names.
    """
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f'{module}: a relative import'
            package = node.module or ''
            for alias in node.names:
                name = f'{package}.{alias.name}'
                if name in MODULES or package in MODULES:
                    yield name if name in MODULES else package


def test_the_document_shows_this_plan() -> None:
    document = (PROJECT / 'docs/architecture.md').read_text()
    plan = document[: document.index('Beside them:')]
    drawn = re.findall(r'^(?: {4}| {6})(?=\S)(\w+)(?:\.py |/__init__\.py|/ )', plan, re.MULTILINE)
    assert drawn == ROOMS


def test_every_room_has_its_place_and_they_are_few() -> None:
    assert sorted(ROOMS) == sorted({room(module) for module in MODULES})
    assert len(ROOMS) <= MOST_ROOMS


def test_no_room_imports_from_one_above_it() -> None:
    upward = [
        f'{module} imports {other}'
        for module in MODULES
        for other in imports(module)
        if ROOMS.index(room(other)) < ROOMS.index(room(module))
    ]
    assert upward == []


def test_no_modules_import_one_another() -> None:
    TopologicalSorter({module: {*imports(module)} - {module} for module in MODULES}).prepare()
