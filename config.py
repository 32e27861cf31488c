"""Every setting of Microblog: read from the environment once, checked once, here.

A file `.env` beside this one may hold the variables; real environment variables win over it.
`.env.example` lists them all, with what each of them is for.
"""

import os
import re
import secrets
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from babel import Locale, UnknownLocaleError
from dotenv import load_dotenv
from flask import Flask
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

basedir = Path(__file__).resolve().parent
load_dotenv(basedir / '.env')

T = TypeVar('T')

KEY_LENGTH = 16  # characters that a SECRET_KEY has at least
MAKE_KEY = "python -c 'import secrets; print(secrets.token_hex(32))'"

TRUE_WORDS = {'1', 't', 'true', 'y', 'yes', 'on'}
FALSE_WORDS = {'0', 'f', 'false', 'n', 'no', 'off'}


class InvalidSetting(SystemExit):
    """A setting that makes no sense: ends the start with one line that names the variable.

    It ends with gunicorn's status for "no application", and so prints the line itself: after any
    other status, the one of a text among them, gunicorn would start one process after the other.
    """

    def __init__(self, line: str) -> None:
        super().__init__(line)
        self.code = 4
        sys.stderr.write(f'{line}\n')


def _read(name: str, default: T, parse: Callable[[str], T], wanted: str) -> T:
    """Return a setting. One that makes no sense is named, and shown unless it can hold a secret."""
    text = os.environ.get(name)
    if text is None or not text.strip():
        return default
    try:
        return parse(text.strip())
    except (ValueError, ArgumentError, ImportError, UnknownLocaleError):
        # An address can hold a password, and one with a slip of the pen may not look like one.
        shown = '' if name.endswith('_URL') else f', not {text!r}'
        raise InvalidSetting(f'{name} must be {wanted}{shown}') from None


def _integer(name: str, default: int, at_least: int, at_most: int = 2**31 - 1) -> int:
    def parse(text: str) -> int:
        number = int(text)
        if not at_least <= number <= at_most:
            raise ValueError
        return number

    return _read(name, default, parse, f'a whole number from {at_least} to {at_most}')


def _boolean(name: str, default: bool) -> bool:
    def parse(text: str) -> bool:
        if text.lower() not in TRUE_WORDS | FALSE_WORDS:
            raise ValueError
        return text.lower() in TRUE_WORDS

    return _read(name, default, parse, '1 or 0 (true or false, yes or no, on or off)')


def _list(name: str, default: list[str], pattern: str, wanted: str) -> list[str]:
    def parse(text: str) -> list[str]:
        items = text.replace(',', ' ').split()
        if not items or not all(re.fullmatch(pattern, item) for item in items):
            raise ValueError
        return items

    return _read(name, default, parse, wanted)


DRIVERS = {
    'sqlite': 'sqlite',
    'postgres': 'postgresql+psycopg',
    'postgresql': 'postgresql+psycopg',
    'mysql': 'mysql+pymysql',
    'mariadb': 'mysql+pymysql',
}


def database_uri(text: str) -> str:
    """Turn the address of a database, as hosts hand it out, into one that names our driver.

    A relative SQLite path starts at the project folder, wherever the command is run.
    Raises ValueError for a database that Microblog does not work with, ArgumentError or ImportError
    for a driver that is not there.
    """
    url: URL = make_url(text)
    family, _, driver = url.drivername.partition('+')
    if family not in DRIVERS:
        raise ValueError
    if not driver:
        url = url.set(drivername=DRIVERS[family])
    if family == 'sqlite' and url.database not in (None, '', ':memory:'):
        url = url.set(database=str(basedir / str(url.database)))
    if url.get_backend_name() == 'mysql':
        url = url.update_query_dict({'charset': 'utf8mb4'})
    dialect = url.get_dialect()
    dialect.import_dbapi()
    if dialect.is_async:
        raise ValueError
    return url.render_as_string(hide_password=False)


def site_address(text: str) -> str:
    """Return the address of a site without a slash at its end. Raises ValueError for none."""
    parts = urlsplit(text)
    if parts.scheme not in ('http', 'https') or not parts.hostname or parts.query or parts.fragment:
        raise ValueError
    _ = parts.port  # raises ValueError for one that is none
    return text.rstrip('/')


def server_address(*ports: tuple[str, int | None]) -> Callable[[str], str]:
    """Return what reads the address of a server, given the schemes and their usual ports."""
    usual = dict(ports)

    def parse(text: str) -> str:
        parts = urlsplit(text)
        if parts.scheme not in usual or not (parts.hostname or parts.scheme == 'unix'):
            raise ValueError
        port = usual[parts.scheme]
        if parts.port is not None or port is None:
            return text
        return parts._replace(netloc=f'{parts.netloc}:{port}').geturl()

    return parse


def redis_address(verify: bool) -> Callable[[str], str]:
    """Return what reads the address of Redis, on this machine where it names none.

    With TLS, a certificate is believed or verified.
    """
    parse_server = server_address(('redis', None), ('rediss', None), ('unix', None))

    def parse(text: str) -> str:
        parts = urlsplit(text)
        if parts.scheme in ('redis', 'rediss') and not parts.hostname:
            credentials, at, port = parts.netloc.rpartition('@')
            text = parts._replace(netloc=f'{credentials}{at}localhost{port}').geturl()
        parts = urlsplit(parse_server(text))
        if parts.scheme == 'rediss' and not verify:
            query = {**dict(parse_qsl(parts.query)), 'ssl_cert_reqs': 'none'}
            text = parts._replace(query=urlencode(query)).geturl()
        return text

    return parse


def media_address(text: str) -> str:
    """Check the address of a bucket, like s3://bucket?endpoint=https://host. Raises ValueError."""
    parts = urlsplit(text)
    query = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    if parts.scheme != 's3' or not parts.netloc or len(query) > 1 or parts.fragment:
        raise ValueError
    for name, value in query:
        if name != 'endpoint':
            raise ValueError
        site_address(value)
    return text


def hosts_of(site: str | None) -> list[str]:
    host = urlsplit(site or '').hostname
    return [host] if host else []


def languages(text: str) -> list[str]:
    """Return the codes in a list of languages.

    Raises ValueError for none, UnknownLocaleError for one unheard of.
    """
    codes = text.replace(',', ' ').replace('-', '_').split()
    if not codes:
        raise ValueError
    for code in codes:
        Locale.parse(code)
    return codes


def detector(text: str) -> str:
    if text not in ('py3langid', 'guess_language'):
        raise ValueError
    return text


def registration(text: str) -> str:
    if text not in ('open', 'invite', 'closed'):
        raise ValueError
    return text


def _shipped_languages() -> list[str]:
    catalogues = basedir.glob('app/translations/*/LC_MESSAGES/messages.po')
    return ['en', *sorted(path.parent.parent.name for path in catalogues)]


class Config:
    """The settings under the names that Flask and its extensions read from `app.config`."""

    # How long it is is checked in init_app, wherever it comes from.
    SECRET_KEY: str | None = _read('SECRET_KEY', None, str, 'a secret')
    INSTANCE_PATH = _read('INSTANCE_PATH', str(basedir / 'instance'), os.path.abspath, 'a folder')
    PUBLIC_PATH = _read('PUBLIC_PATH', str(basedir / 'public'), os.path.abspath, 'a folder')

    SQLALCHEMY_DATABASE_URI = _read(
        'DATABASE_URL',
        database_uri('sqlite:///app.db'),
        database_uri,
        'the address of an SQLite, PostgreSQL, MySQL or MariaDB database',
    )
    SQLALCHEMY_TRACK_MODIFICATIONS = False
    # Connections that each process keeps to a database server (of SQLite only the pool time-out).
    DATABASE_POOL_SIZE = _integer('DATABASE_POOL_SIZE', 5, at_least=1)
    DATABASE_MAX_OVERFLOW = _integer('DATABASE_MAX_OVERFLOW', 10, at_least=0)
    DATABASE_POOL_TIMEOUT = _integer('DATABASE_POOL_TIMEOUT', 5, at_least=1)
    DATABASE_POOL_RECYCLE = _integer('DATABASE_POOL_RECYCLE', 1800, at_least=1)

    # Elasticsearch; without it, the embedded index in a file, one for each database.
    ELASTICSEARCH_URL: str | None = _read(
        'ELASTICSEARCH_URL',
        None,
        server_address(('http', 9200), ('https', 443)),
        'an address like http://localhost:9200',
    )
    SEARCH_INDEX: str | None = _read('SEARCH_INDEX', None, os.path.abspath, 'a file')

    ADMINS = _list(
        'ADMINS', ['your-email@example.com'], r'[^@]+@[^@]+', 'a list of e-mail addresses'
    )
    # Whom to tell of a hole in the site: /.well-known/security.txt says so.
    SECURITY_CONTACT: list[str] = _list(
        'SECURITY_CONTACT',
        [],
        r'(mailto:[^@]+@[^@]+|https://[^/]+.*|tel:\+[\d-]+)',
        'a list of addresses like mailto:security@microblog.example or https://...',
    )
    # Whether posts and profiles can be read without an account.
    PUBLIC = _boolean('PUBLIC', False)
    POSTS_PER_PAGE = _integer('POSTS_PER_PAGE', 25, at_least=1)
    LANGUAGES = _read('LANGUAGES', _shipped_languages(), languages, 'a list like en, es, pt_BR')
    # Whether an account confirms its address before it does anything that others see.
    CONFIRM_EMAIL = _boolean('CONFIRM_EMAIL', False)
    REGISTRATION = _read('REGISTRATION', 'open', registration, 'open, invite or closed')
    PASSWORD_MIN_LENGTH = _integer('PASSWORD_MIN_LENGTH', 8, at_least=1)
    # How long a session may rest, without and with "Remember Me", and how long it may last at all.
    SESSION_IDLE = timedelta(hours=_integer('SESSION_HOURS', 12, at_least=1, at_most=8760))
    SESSION_IDLE_REMEMBERED = timedelta(
        days=_integer('SESSION_REMEMBERED_DAYS', 30, at_least=1, at_most=365)
    )
    SESSION_LONGEST = timedelta(days=_integer('SESSION_LONGEST_DAYS', 90, at_least=1, at_most=365))
    REMEMBER_COOKIE_DURATION = SESSION_LONGEST

    # Days in which somebody who wants to leave can come back; 0 deletes accounts at once.
    DELETION_DELAY = _integer('DELETION_DELAY', 7, at_least=0, at_most=365)

    # Where pictures lie: on a server that speaks S3, else in a folder of INSTANCE_PATH.
    MEDIA_URL: str | None = _read(
        'MEDIA_URL', None, media_address, 'an address like s3://bucket?endpoint=https://s3.example'
    )
    MEDIA_QUOTA = _integer('MEDIA_QUOTA', 200, at_least=1)  # MB that each person may store
    # Pictures of those who have uploaded none come from Gravatar, which learns who looks.
    GRAVATAR = _boolean('GRAVATAR', True)

    LANGUAGE_DETECTOR = _read(
        'LANGUAGE_DETECTOR', 'py3langid', detector, 'py3langid or guess_language'
    )
    MS_TRANSLATOR_KEY = os.environ.get('MS_TRANSLATOR_KEY') or None
    MS_TRANSLATOR_REGION = os.environ.get('MS_TRANSLATOR_REGION') or 'westus2'
    MS_TRANSLATOR_URL = _read(
        'MS_TRANSLATOR_URL',
        'https://api.cognitive.microsofttranslator.com',
        site_address,
        'an address like https://api.cognitive.microsofttranslator.com',
    )

    MAIL_SERVER = os.environ.get('MAIL_SERVER') or None
    MAIL_PORT = _integer('MAIL_PORT', 25, at_least=1, at_most=65535)
    MAIL_USE_TLS = _boolean('MAIL_USE_TLS', False)
    MAIL_USE_SSL = _boolean('MAIL_USE_SSL', False)
    MAIL_USERNAME = os.environ.get('MAIL_USERNAME') or None
    MAIL_PASSWORD = os.environ.get('MAIL_PASSWORD') or None
    LOG_TO_STDOUT = _boolean('LOG_TO_STDOUT', False)

    # The address that visitors know the site by, and the hosts under which it answers at all.
    SITE_URL: str | None = _read(
        'SITE_URL', None, site_address, 'an address like https://microblog.example'
    )
    TRUSTED_HOSTS = (
        _list('TRUSTED_HOSTS', hosts_of(SITE_URL), r'[^/@]+', 'a list of host names') or None
    )
    # How many servers stand in front of this one, whose X-Forwarded-... headers are true.
    PROXY_COUNT = _integer('PROXY_COUNT', 0, at_least=0)
    # A site that is known by an https address is visited through TLS only.
    PREFERRED_URL_SCHEME = urlsplit(SITE_URL or 'http:').scheme
    SESSION_COOKIE_SECURE = REMEMBER_COOKIE_SECURE = PREFERRED_URL_SCHEME == 'https'

    # Hosts that sign the certificates of their Redis themselves give no way to verify them.
    REDIS_TLS_VERIFY = _boolean('REDIS_TLS_VERIFY', True)
    REDIS_URL: str | None = _read(
        'REDIS_URL',
        None,
        redis_address(REDIS_TLS_VERIFY),
        'an address like redis://localhost:6379/0',
    )
    RATELIMIT_ENABLED = _boolean('RATELIMIT_ENABLED', True)
    # Without Redis: app/web/limit_file.py.
    RATELIMIT_STORAGE_URI = re.sub('^unix:', 'redis+unix:', REDIS_URL or 'file://')
    # Redis that does not answer at once is as good as away.
    RATELIMIT_STORAGE_OPTIONS = (
        {'socket_connect_timeout': 1, 'socket_timeout': 1} if REDIS_URL else {}
    )

    # Bootstrap's own files, from this server: no page asks another host for a script or a style.
    BOOTSTRAP_SERVE_LOCAL = True
    # A form that was open all day can still be sent: its token lives as long as the session.
    WTF_CSRF_TIME_LIMIT = None
    # The token is proof enough; some browsers and networks hide the Referer, also from us.
    WTF_CSRF_SSL_STRICT = False
    SESSION_COOKIE_SAMESITE = 'Lax'
    REMEMBER_COOKIE_SAMESITE = 'Lax'
    REMEMBER_COOKIE_HTTPONLY = True
    # The longest form that we have is far below this.
    MAX_CONTENT_LENGTH = 64 * 1024

    @staticmethod
    def init_app(app: Flask) -> None:
        """Complete what depends on other settings. Raises InvalidSetting without a usable key."""
        if app.config['SECRET_KEY']:
            if len(app.config['SECRET_KEY']) < KEY_LENGTH:
                raise InvalidSetting(
                    f'SECRET_KEY must have at least {KEY_LENGTH} characters, for whoever guesses '
                    f'it can be anybody; make one with: {MAKE_KEY}'
                )
            return
        try:
            app.config['SECRET_KEY'] = _own_secret_key(app)
        except OSError as error:
            raise InvalidSetting(
                f'INSTANCE_PATH must be a folder that can be written, for there is no SECRET_KEY: '
                f'{error}'
            ) from None


def _own_secret_key(app: Flask) -> str:
    """Return the key of this machine, made once, where one machine is all that there can be.

    With a database server behind it the application may run on several machines, which must
    share one key: there its absence is an error instead.
    """
    if make_url(app.config['SQLALCHEMY_DATABASE_URI']).get_backend_name() != 'sqlite':
        raise InvalidSetting(
            'SECRET_KEY must be set when DATABASE_URL names a database server; make one with: '
            f'{MAKE_KEY}'
        )
    folder = Path(app.config['INSTANCE_PATH'])
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / 'secret_key'
    if not path.exists():
        # Several processes may start at once: each writes a file of its own, one link wins.
        draft = folder / f'secret_key.{os.getpid()}.{secrets.token_hex(4)}'
        draft.touch(mode=0o600, exist_ok=False)
        draft.write_text(secrets.token_hex(32))
        try:
            os.link(draft, path)
            app.logger.warning('SECRET_KEY is not set: made a random one in %s', path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    key = path.read_text()
    if len(key) < KEY_LENGTH:
        raise InvalidSetting(
            f'SECRET_KEY is not set, and {path} holds none: delete it, and another one is made'
        )
    return key
