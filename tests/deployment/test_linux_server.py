"""The files of deployment/ as they are, on a server as docs/deployment.md sets it up."""

from tests.deployment.namespaces import run_tests_on_another_machine


def test_linux_server() -> None:
    programs = ['nginx', 'supervisord', 'redis-server', 'openssl', 'git']
    run_tests_on_another_machine('on_linux_server.py', *programs)
