#!/bin/sh
# Validates SARIF files with Microsoft's validator and GitHub's rules:
#
#   testdata/sarif-validate.sh DIR-or-FILE...
#
# Every *.sarif below a directory is taken. Exits 1 if any file draws an error
# or a warning, 2 if the validator cannot be had. It is installed by npm into
# ${PETRASCAN_TOOLS:-$HOME/.cache/petrascan-tools}.
set -eu

[ $# -gt 0 ] || { echo "usage: $0 DIR-or-FILE..." >&2; exit 2; }

version=5.7.0
tools=${PETRASCAN_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/petrascan-tools}/sarif-$version
validator=$tools/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool
if [ ! -f "$validator" ]; then
	mkdir -p "$tools"
	npm install --silent --no-fund --no-audit --prefix "$tools" "@microsoft/sarif-multitool-linux@$version" >&2 || {
		echo "$0: npm could not install @microsoft/sarif-multitool-linux@$version" >&2
		exit 2
	}
fi
[ -x "$validator" ] || chmod u+x "$validator"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
find "$@" -type f \( -name '*.sarif' -o -name '*.sarif.json' \) >"$work/files"
[ -s "$work/files" ] || { echo "$0: no SARIF file in: $*" >&2; exit 2; }

failed=0
while IFS= read -r file; do
	# The validator exits 0 whatever it finds: its output is the judge.
	rm -f "$work/result.sarif"
	DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 "$validator" validate "$file" \
		--rule-kind "Sarif;Ghas" --level "Error;Warning" \
		--output "$work/result.sarif" --log ForceOverwrite >"$work/log" 2>&1 || true
	if [ ! -s "$work/result.sarif" ] || ! grep -q '"results": *\[ *\]' "$work/result.sarif" || grep -qE ': (error|warning) ' "$work/log"; then
		echo "$file: not valid" >&2
		grep -E ': (error|warning) ' "$work/log" >&2 || cat "$work/log" >&2
		failed=1
	else
		echo "$file: valid"
	fi
done <"$work/files"
exit $failed
