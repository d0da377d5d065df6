#!/usr/bin/env bash
# Tries .github/release.sh: builds a release in two directories, with another
# home, umask and build cache, and compares the checksums:
#
#   testdata/release-check.sh
#
# Needs what the script needs. Exits 1 at the first thing that is not as it
# should be.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
cleanup() { chmod -R u+w "$work" && rm -rf "$work"; }
trap cleanup EXIT
fail() { echo "$0: $*" >&2; exit 1; }
gocache=$(go env GOCACHE) gomodcache=$(go env GOMODCACHE) goproxy=$(go env GOPROXY) gosumdb=$(go env GOSUMDB)
export GOMODCACHE=$gomodcache GOPROXY=$goproxy GOSUMDB=$gosumdb
export GIT_CONFIG_GLOBAL=$work/gitconfig GIT_CONFIG_SYSTEM=/dev/null
git config --file "$GIT_CONFIG_GLOBAL" user.name Ada
git config --file "$GIT_CONFIG_GLOBAL" user.email ada@example.com

# The work tree as it is, committed and tagged in a repository of its own.
tagged=v0.0.1-check
mkdir "$work/tree"
git ls-files -z --cached --others --exclude-standard |
	while IFS= read -r -d '' file; do
		[ ! -e "$file" ] || printf '%s\0' "$file"
	done | tar -cf - --null -T - | tar -xf - -C "$work/tree"
git -C "$work/tree" init -q
git -C "$work/tree" add -A
git -C "$work/tree" commit -q -m 'the work tree'
git -C "$work/tree" tag "$tagged"
git clone -q "$work/tree" "$work/one"
git clone -q "$work/tree" "$work/somewhere else"

# All six once; one again, built from nothing.
GOCACHE=$gocache "$work/one/.github/release.sh" "$work/first"
(
	umask 077
	mkdir "$work/home"
	HOME=$work/home GOCACHE=$work/cache "$work/somewhere else/.github/release.sh" "$work/second" linux/amd64
)
[ "$(wc -l <"$work/first/SHA256SUMS")" = 12 ] || fail "there are not six archives and six lists"
(cd "$work/first" && sha256sum --quiet --check SHA256SUMS)
[ "$(wc -l <"$work/second/SHA256SUMS")" = 2 ] || fail "there are not one archive and one list"
while IFS= read -r line; do
	grep -qxF -- "$line" "$work/first/SHA256SUMS" || fail "built twice, and not the same: $line"
done <"$work/second/SHA256SUMS"

# What is in them.
mkdir "$work/unpacked"
tar -xzf "$work/first/petrascan_${tagged}_linux_$(go env GOARCH).tar.gz" -C "$work/unpacked" --strip-components 1
said=$("$work/unpacked/petrascan" version)
case $said in "petrascan $tagged ("*) ;; *) fail "the version is: $said" ;; esac
"$work/unpacked/petrascan" files "$work/unpacked/README.md" >/dev/null
if grep -qF -e "$work" "$work/unpacked/petrascan"; then fail "the program names a directory of this machine"; fi
for list in "$work"/first/*.cdx.json; do
	[ "$(jq -r '.metadata.component.version' "$list")" = "$tagged" ] || fail "$list is of another version"
	for module in klauspost/compress go-git/go-git/v5 golang/std; do
		case $module in golang/*) module='pkg:golang/std@' ;; *) module="pkg:golang/github.com/$module@" ;; esac
		jq -e --arg url "$module" 'any(.components[].purl; startswith($url))' "$list" >/dev/null || fail "$list lacks $module"
	done
done

# A work tree that is not the commit is no release.
echo >>"$work/one/README.md"
if "$work/one/.github/release.sh" "$work/third" linux/amd64 2>"$work/said"; then fail "built what is not committed"; fi
grep -q 'not the commit' "$work/said" || fail "did not say why"

cat "$work/first/SHA256SUMS"
echo "all passed"
