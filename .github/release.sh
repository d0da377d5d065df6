#!/usr/bin/env bash
# Builds what a release consists of from the commit that is checked out:
#
#   .github/release.sh DIRECTORY [SYSTEM/PROCESSOR…]
#
# An archive for every target (all six without arguments) with the program and
# README, a CycloneDX list of what is linked into it, and SHA256SUMS over all of
# them. The same commit gives the same bytes on every machine with the same Go:
# nothing depends on the place, the time or the user. The version is what Go reads
# off the tag (`go help buildvcs`). Needs git, Go, GNU tar, gzip and jq.
set -euo pipefail
umask 022
export LC_ALL=C TZ=UTC
out=$(mkdir -p "$1" && cd "$1" && pwd)
shift
cd "$(dirname "$0")/.."
targets=("$@")
[ $# -gt 0 ] || targets=(linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64)

if [ -n "$(git status --porcelain)" ]; then
	echo "$0: the work tree is not the commit: commit, or stash, what git status lists" >&2
	exit 1
fi
[ -z "$(ls -A "$out")" ] || { echo "$0: $out is not empty" >&2; exit 1; }

time=$(git log -1 --format=%ct)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Settings of the machine do not count, nor those of the user (go env -w).
export GOENV=off GOFLAGS=-mod=readonly GOWORK=off GOEXPERIMENT='' CGO_ENABLED=0 GOAMD64=v1 GOARM64=v8.0
GOBIN=$work go install github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.9.0

for target in "${targets[@]}"; do
	system=${target%/*} processor=${target#*/}
	program=petrascan
	[ "$system" != windows ] || program=petrascan.exe
	GOOS=$system GOARCH=$processor go build -trimpath -buildvcs=true -ldflags='-s -w' -o "$work/$program" ./cmd/petrascan
	version=$(go version -m "$work/$program" | awk '$1 == "mod" { print $3 }')
	name=petrascan_${version}_${system}_$processor
	mkdir "$work/$name"
	mv "$work/$program" "$work/$name/"
	cp README.md "$work/$name/"
	tar --create --format=ustar --sort=name --mtime="@$time" --owner=0 --group=0 --numeric-owner \
		--mode='u=rwX,go=rX' --directory="$work" "$name" | gzip -n -9 >"$out/$name.tar.gz"
	"$work/cyclonedx-gomod" bin -json -std -noserial -version "$version" "$work/$name/$program" |
		jq --argjson time "$time" '.metadata.timestamp = ($time | todate) | .metadata.tools |= map({vendor, name, version})' \
			>"$out/$name.cdx.json"
	echo "$name"
done
cd "$out"
sha256sum -- *.tar.gz *.cdx.json >SHA256SUMS
