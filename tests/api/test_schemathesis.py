"""Schemathesis against the OpenAPI document that a server hands out.

All of its checks but one: that data which fits the schema is accepted, which a name that is taken,
by the tutorial a 400, is not. Every request is made by a person of its own: see the hooks.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.api.conftest import PROJECT, LiveServer

IN_CI = bool(os.environ.get('CI'))
EXAMPLES = 30 if IN_CI else 2  # of each operation, beside those that the schema itself suggests


def test_no_failure_and_nothing_that_the_document_does_not_say(
    live_server: LiveServer, tmp_path: Path
) -> None:
    schemathesis = Path(sys.executable).with_name('schemathesis')
    result = subprocess.run(
        [
            str(schemathesis),
            'run',
            f'{live_server.address}/api/openapi.json',
            '--checks=all',
            '--exclude-checks=positive_data_acceptance',
            f'--max-examples={EXAMPLES}',
            '--seed=1',
            '--no-color',
            '--generation-database=none',
        ],
        cwd=tmp_path,
        env={
            **live_server.environment,
            'PYTHONPATH': str(PROJECT),
            'SCHEMATHESIS_HOOKS': 'tests.api.schemathesis_hooks',
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    [generated] = re.findall(r'(\d+) generated', result.stdout)
    assert int(generated) >= (1000 if IN_CI else 300)
