#!/bin/bash
celery -A shop "$@" -l info
