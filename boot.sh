#!/bin/sh
# What the container does: waits for the database, upgrades it, and serves.
# (Containers that start together upgrade one after the other: migrations/env.py takes a lock.)
. venv/bin/activate
# Read once by itself: gunicorn would not name a setting of its own that makes no sense.
python deployment/gunicorn.conf.py || exit
trap 'exit 143' TERM INT
while ! flask db upgrade; do
    echo Upgrade command failed, retrying in 5 secs...
    # In the background, for a signal interrupts nothing but `wait`.
    sleep 5 &
    wait $!
done
exec gunicorn -c deployment/gunicorn.conf.py -b ":${PORT:-5000}" \
    --access-logfile - --error-logfile - microblog:app
