"""compose.yaml: what is in it, and its nginx in front of containers that come and go."""

import json
import re
from typing import Any

import pytest
import yaml

from tests.deployment.namespaces import run_tests_on_another_machine
from tests.servers import PROJECT

COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / 'compose.yaml').read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE['services']


def test_the_whole_site() -> None:
    assert SERVICES.keys() == {'nginx', 'web', 'worker', 'postgres', 'redis', 'elasticsearch'}
    assert all('healthcheck' in service for service in SERVICES.values())
    assert all(service['restart'] == 'unless-stopped' for service in SERVICES.values())
    # Whatever a name of a container or a port of this machine would tie to one instance.
    for name in ('web', 'worker'):
        assert not {'container_name', 'ports'} & SERVICES[name].keys()
        # All of them have one folder of pictures.
        assert SERVICES[name]['volumes'] == ['media:/home/microblog/data/instance/media']
    used = re.findall(r"'([a-z-]+):/", str([s.get('volumes') for s in SERVICES.values()]))
    assert set(used) == COMPOSE['volumes'].keys()


def filled_in(text: str, **environment: str) -> str:
    """Return a value of compose.yaml with its variables put in, as Compose does it."""
    innermost = re.compile(r'\$\{(\w+):-([^${}]*)\}')
    while found := innermost.search(text):
        text = text.replace(found[0], environment.get(found[1]) or found[2])
    return text


@pytest.mark.parametrize(
    ('environment', 'site'),
    [
        ({}, 'http://localhost:8000'),
        ({'HTTP_PORT': '8080'}, 'http://localhost:8080'),
        (
            {'HTTP_PORT': '8080', 'SITE_URL': 'https://microblog.example'},
            'https://microblog.example',
        ),
    ],
)
def test_mailed_links_lead_to_where_nginx_listens(environment: dict[str, str], site: str) -> None:
    if 'SITE_URL' not in environment:
        (port,) = SERVICES['nginx']['ports']
        assert site == f'http://localhost:{filled_in(port, **environment).partition(":")[0]}'
    for name in ('web', 'worker'):
        assert filled_in(SERVICES[name]['environment']['SITE_URL'], **environment) == site


@pytest.mark.parametrize('name', ['web', 'worker'])
def test_settings_exist(name: str) -> None:
    table = (PROJECT / 'docs/deployment.md').read_text()
    for variable in SERVICES[name]['environment']:
        assert f'| `{variable}` |' in table


def test_settings_of_heroku_exist() -> None:
    table = (PROJECT / 'docs/deployment.md').read_text()
    for variable in json.loads((PROJECT / 'app.json').read_text())['env']:
        assert variable == 'FLASK_APP' or f'| `{variable}` |' in table


def test_nginx() -> None:
    run_tests_on_another_machine('on_compose_network.py', 'nginx')
