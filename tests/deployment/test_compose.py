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
        assert not {'container_name', 'ports', 'volumes'} & SERVICES[name].keys()
    used = re.findall(r"'([a-z-]+):/", str([s.get('volumes') for s in SERVICES.values()]))
    assert set(used) == COMPOSE['volumes'].keys()


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
