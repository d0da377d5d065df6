#!/bin/sh
# For any CI that has a clone and a shell. It needs petrascan on PATH and the
# whole history; the CI says what changed:
#
#   BASE=origin/main HEAD=HEAD sh petrascan-ci.sh
#
# Without BASE all of history is searched. Configuration and baseline are those
# of BASE: a change can't accept its own keys. Where BASE is not here, since it
# was pushed away, more is searched and nothing is accepted. Exit status: 0
# clean, 1 found, 2 failed or incomplete, 3 found and incomplete.
set -eu
set -- --require-complete -o petrascan.json -o petrascan.sarif -o junit:petrascan.xml
if [ -z "${BASE-}" ]; then
	exec petrascan history "$@"
fi
if git cat-file -e "$BASE^{commit}" 2>/dev/null; then
	exec petrascan history --range "$BASE..${HEAD:-HEAD}" --config-from "$BASE" "$@"
fi
exec petrascan history --range "$BASE..${HEAD:-HEAD}" --no-config "$@"
