"""The walk through docs/api.md does what it says, command by command."""

import json
import re
import subprocess
from typing import Any

from tests.api.conftest import PROJECT, LiveServer

BLOCK = re.compile(r'^```(\w*)\n(.*?)^```$', re.MULTILINE | re.DOTALL)
MARK = '--- next ---'
# What is another every time.
VARIABLE = {'timestamp', 'edited', 'last_seen', 'token', 'avatar'}


def test_the_walk(live_server: LiveServer) -> None:
    text = (PROJECT / 'docs' / 'api.md').read_text()
    blocks = BLOCK.findall(text)
    commands = [content for kind, content in blocks if kind == 'sh']
    assert commands[0] == 'API=http://127.0.0.1:5000/api\n'
    script = f'echo; echo {MARK}\n'.join([f'API={live_server.address}/api\n', *commands[1:]])
    output = subprocess.run(
        ['bash', '-eu', '-c', script], capture_output=True, text=True, check=True
    ).stdout
    answers = iter(output.split(MARK))
    answer = ''
    for kind, content in blocks:
        if kind == 'sh':
            answer = next(answers)
        elif kind == 'json':
            body = answer.replace('\r', '').strip().split('\n\n')[-1]
            compare(json.loads(body), json.loads(content))
        else:
            for line in content.splitlines():
                assert line in answer.splitlines(), answer


def compare(found: Any, expected: Any) -> None:
    """Everything that is in the document is in the answer."""
    if isinstance(expected, dict):
        for key, value in expected.items():
            if key in VARIABLE:
                assert type(found[key]) is type(value)
            else:
                compare(found[key], value)
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            compare(one, other)
    else:
        assert found == expected
