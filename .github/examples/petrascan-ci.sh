#!/bin/sh
# For any CI that has a clone and a shell. It needs petrascan on PATH and the
# whole history; the CI says what changed:
#
#   BASE=origin/main HEAD=HEAD sh petrascan-ci.sh
#
# Without BASE all of history is searched. Configuration and baseline are those
# of BASE: a change can't accept its own keys. Exit status: 0 clean, 1 found, 2
# failed or incomplete, 3 found and incomplete.
set -eu
if [ -n "${BASE-}" ]; then
	exec petrascan history --range "$BASE..${HEAD:-HEAD}" --config-from "$BASE" --require-complete \
		-o petrascan.json -o petrascan.sarif -o junit:petrascan.xml
fi
exec petrascan history --require-complete -o petrascan.json -o petrascan.sarif -o junit:petrascan.xml
