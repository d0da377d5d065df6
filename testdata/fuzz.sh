#!/usr/bin/env bash
# Fuzzes every target of every package, and goes on after a failure:
#
#   testdata/fuzz.sh 500x           so many inputs each
#   testdata/fuzz.sh 5m DIRECTORY   so long each; what failed is put into the directory
#
# An input that holds a key, be it a made-up one, is not put there: its name is,
# and the seed corpus makes it again. Exits 1 if anything failed.
set -euo pipefail
how=$1
into=${2-}
[ -z "$into" ] || into=$(mkdir -p "$into" && cd "$into" && pwd)
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# keep FILE: puts a failing input into the directory, unless it holds a key.
keep() {
	[ -n "$into" ] || return 0
	[ -x "$work/petrascan" ] || go build -o "$work/petrascan" ./cmd/petrascan
	if "$work/petrascan" files --quiet --no-config --min-confidence low "$1" >/dev/null 2>&1; then
		mkdir -p "$into/$(dirname "$1")"
		cp "$1" "$into/$1"
	else
		printf '%s holds a key, or could not be searched for one: not kept\n' "$1" | tee -a "$into/not-kept.txt"
	fi
}

failed=0
for package in $(go list ./...); do
	dir=$(go list -f '{{.Dir}}' "$package")
	dir=${dir#"$PWD/"}
	for target in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
		printf '+ %s %s\n' "$package" "$target"
		if go test -run '^$' -fuzz "^$target\$" -fuzztime "$how" "$package" >"$work/log" 2>&1; then
			continue
		fi
		new=$(git ls-files --others -- "$dir/testdata/fuzz/$target")
		# A run that its time ends fails now and then for no other reason.
		if [ -z "$new" ] && grep -q 'context deadline exceeded' "$work/log" && ! grep -q 'Failing input' "$work/log"; then
			continue
		fi
		# On a machine that stands still for ten seconds any input seems to hang: one
		# that does it by itself does it again.
		if [ -n "$new" ] && grep -q 'hung or terminated unexpectedly' "$work/log" && ! grep -q '^panic' "$work/log" &&
			go test -count 3 -timeout 2m -run "^$target\$" "$package" >"$work/again" 2>&1; then
			printf '  seemed to hang, but its inputs pass:\n%s\n' "$new"
			while IFS= read -r file; do rm -f "$file"; done <<<"$new"
			continue
		fi
		failed=1
		tail -n 50 "$work/log"
		while IFS= read -r file; do
			[ -z "$file" ] || keep "$file"
		done <<<"$new"
	done
done
exit "$failed"
