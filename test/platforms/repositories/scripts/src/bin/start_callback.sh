set -e
exec bin/run.sh "$1"
