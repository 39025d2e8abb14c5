#!/bin/bash
# workers come from the description
python manage.py collectstatic --noinput &&
gunicorn wsgi -w $GUNICORN_WORKER_NUM -k gevent --threads ${GUNICORN_THREAD_NUM:-4} \
    --max-requests=500 --env prometheus_multiproc_dir=/tmp/
