#!/usr/bin/env bash
# Tries what .github/examples/Dockerfile makes, where no container can be built:
#
#   testdata/image-check.sh
#
# Builds the program with the Dockerfile's own command and runs it as the image
# has it: alone in a root that is read-only, as nobody, without a network, on a
# repository that belongs to somebody else. Needs Linux, root (or sudo), go and
# git. Exits 1 at the first thing that is not as it should be.
set -euo pipefail
cd "$(dirname "$0")/.."
dockerfile=.github/examples/Dockerfile

work=$(mktemp -d)
cleanup() { chmod -R u+w "$work" && rm -rf "$work"; }
trap cleanup EXIT
fail() { echo "$0: $*" >&2; cat "$work/out" >&2 || true; exit 1; }
root=()
[ "$(id -u)" = 0 ] || root=(sudo)

build=$(sed -n 's/^RUN \(.*go build.*\)$/\1/p' "$dockerfile")
user=$(sed -n 's/^USER //p' "$dockerfile")
directory=$(sed -n 's/^WORKDIR //p' "$dockerfile" | tail -n 1)
if [ -z "$build" ] || [ -z "$user" ] || [ "$directory" != /src ]; then fail "$dockerfile is not what is tried here"; fi
grep -qx 'FROM scratch' "$dockerfile" || fail "there is more in the image than the program"
grep -qxF 'ENTRYPOINT ["/petrascan"]' "$dockerfile" || fail "the image does not start the program"

mkdir "$work/image" "$work/image/src"
(eval "${build//\/petrascan /$work/image/petrascan }")

# A made-up key; nothing in this file looks like one.
key() { printf 'petra_%s' "$(printf %s "$1" | sha256sum | base64 -w 0 | tr -dc 'A-Za-z0-9' | cut -c 1-32)"; }
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
export GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=ada@example.com GIT_COMMITTER_NAME=Ada GIT_COMMITTER_EMAIL=ada@example.com
git init -q "$work/repository"
echo "K=$(key a)" >"$work/repository/a.env"
git -C "$work/repository" add .
git -C "$work/repository" commit -q -m added
git -C "$work/repository" rm -q a.env
git -C "$work/repository" commit -q -m removed
chmod -R a+rX "$work" && chmod a+x "$work"

# image STATUS ARGUMENT…: runs the program with the repository at /src.
image() {
	local want=$1 status=0
	shift
	# shellcheck disable=SC2016 # for the shell inside
	"${root[@]}" unshare --mount --net -- sh -eu -c '
		image=$1 repository=$2 user=$3
		shift 3
		mount --bind "$image" "$image"
		mount --bind "$repository" "$image/src"
		mount -o remount,bind,ro "$image/src"
		mount -o remount,bind,ro "$image"
		exec env -i "$(command -v chroot)" --userspec="$user" "$image" /petrascan "$@"
	' sh "$work/image" "$work/repository" "$user" "$@" >"$work/out" 2>&1 || status=$?
	[ "$status" = "$want" ] || fail "petrascan $*: exit status $status, not $want"
	echo "ok: petrascan $* exits $status"
}
image 0 version
image 1 scan /src
grep -q 'a\.env:1:3' "$work/out" || fail "does not say where the key is"
if grep -qF "$(key a)" "$work/out"; then fail "a raw key was printed"; fi
image 0 files /src --require-complete
image 2 scan /src -o /src/report.json
grep -q 'read-only file system' "$work/out" || fail "does not say that nothing can be written"
image 2 scan https://127.0.0.1/x.git
echo "all passed"
