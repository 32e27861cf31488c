"""Print the address of Redis as config.py reads it, for workers (Procfile, supervisor).

python -m deployment.redis_url    fails, and says so, where there is none
"""

import sys

from config import Config

if not Config.REDIS_URL:
    sys.exit('REDIS_URL is not set')
sys.stdout.write(f'{Config.REDIS_URL}\n')
