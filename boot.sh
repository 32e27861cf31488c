#!/bin/sh
# What the container does: waits for the database, upgrades it, and serves.
# (Containers that start together upgrade one after the other: migrations/env.py takes a lock.)
. venv/bin/activate
# Read once by itself: gunicorn would not name a setting of its own that makes no sense.
python deployment/gunicorn.conf.py || exit
trap 'exit 143' TERM INT
until said=$(flask db upgrade 2>&1); do
    # A setting that makes no sense (config.py) does not get better by waiting.
    [ $? -ne 4 ] || { printf '%s\n' "$said" >&2; exit 4; }
    # One line, unless something else is wrong than that the database does not answer.
    case $said in *Traceback*) printf '%s\n' "$said"; said= ;; esac
    echo "Upgrade command failed, retrying in 5 secs... $(printf '%s\n' "$said" | tail -n 1)"
    # In the background, for a signal interrupts nothing but `wait`.
    sleep 5 &
    wait $!
done
printf '%s\n' "$said"
exec gunicorn -c deployment/gunicorn.conf.py -b ":${PORT:-5000}" \
    --access-logfile - --error-logfile - microblog:app
