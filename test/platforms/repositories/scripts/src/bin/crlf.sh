#!/usr/bin/env bash
exec gunicorn callback:app -w "$1"
