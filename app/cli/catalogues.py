"""The catalogues of the site's texts, and the commands that look after them (chapter 13)."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from babel import Locale, UnknownLocaleError

PROJECT = Path(__file__).parents[2]
CATALOGUES = PROJECT / 'app/translations'


def _pybabel(command: str, *arguments: str) -> None:
    run = [sys.executable, '-m', 'babel.messages.frontend', '--quiet', command, *arguments]
    if subprocess.run(run, cwd=PROJECT, check=False).returncode:  # noqa: S603 (no shell)
        raise RuntimeError(f'{command} command failed')


def _extract(folder: str) -> str:
    """Collect all texts that are marked; return the file they are in."""
    template = str(Path(folder) / 'messages.pot')
    marks = ['-F', 'babel.cfg', '-k', '_l', '-k', 'lazy_ngettext:1,2']
    # By name and without line numbers: what several people add at a time can be merged.
    order = ['--sort-output', '--no-location', '--no-wrap']
    about = ['--project=Microblog', '--copyright-holder=the authors of Microblog']
    _pybabel('extract', *marks, *order, *about, '-o', template, '.')
    return template


@click.group()
def translate() -> None:
    """Translation and localization commands."""


@translate.command()
@click.argument('lang')
def init(lang: str) -> None:
    """Initialize a new language."""
    try:
        code = str(Locale.parse(lang.replace('-', '_')))
    except (ValueError, UnknownLocaleError):
        raise click.BadParameter(f'{lang} is no language', param_hint='LANG') from None
    if (CATALOGUES / code).exists():
        raise click.UsageError(f'{code} is there already: flask translate update')
    with TemporaryDirectory() as folder:
        _pybabel('init', '--no-wrap', '-i', _extract(folder), '-d', 'app/translations', '-l', code)


@translate.command()
def update() -> None:
    """Update all languages."""
    with TemporaryDirectory() as folder:
        # A guess at a translation would only have to be found and mended.
        options = ['--no-fuzzy-matching', '--ignore-obsolete', '--no-wrap']
        _pybabel('update', *options, '-i', _extract(folder), '-d', 'app/translations')


@translate.command('compile')
def compile_() -> None:
    """Compile all languages."""
    _pybabel('compile', '-d', 'app/translations')
