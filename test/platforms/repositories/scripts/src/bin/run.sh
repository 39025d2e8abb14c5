#!/bin/sh -e
exec gunicorn callback:app --workers "$1" --bind 127.0.0.1:8000
