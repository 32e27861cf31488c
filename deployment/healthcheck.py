"""Tell by the exit status whether the web server of this container answers (see Dockerfile).

python deployment/healthcheck.py [path]    the path is /healthz unless given
"""

import os
import sys
from urllib.request import ProxyHandler, build_opener

port = os.environ.get('PORT') or '5000'
path = sys.argv[1] if len(sys.argv) > 1 else '/healthz'
# Whatever proxy the container has for the way out (HTTP_PROXY), this is not a way out.
opener = build_opener(ProxyHandler({}))
try:
    opener.open(f'http://127.0.0.1:{port}{path}', timeout=8).close()
except OSError as error:
    sys.exit(str(error))
