#!/usr/bin/env bash
# Does what action.yml promises. Everything comes in through the environment:
# INPUT_* are the action's inputs, PULL_*, PUSH_* and QUEUE_* what the event
# says, GITHUB_* and RUNNER_TEMP what the runner sets.
set -euo pipefail

# escaped TEXT: as the data of a workflow command.
escaped() {
	local text=${1//'%'/%25}
	text=${text//$'\r'/%0D}
	printf '%s' "${text//$'\n'/%0A}"
}
say() { printf 'petrascan: %s\n' "$(escaped "$*")"; }
fail() {
	printf '::error title=petrascan::%s\n' "$(escaped "$*")"
	output exit-code 2
	exit 2
}
# output NAME VALUE: one of the action's outputs.
output() {
	[ -n "${GITHUB_OUTPUT-}" ] || return 0
	local end
	end="end_${RANDOM}_${RANDOM}_$RANDOM"
	printf '%s<<%s\n%s\n%s\n' "$1" "$end" "$2" "$end" >>"$GITHUB_OUTPUT"
}
# truth NAME VALUE: fails unless VALUE is true or false; tells which it is.
truth() {
	case $2 in
	true) return 0 ;;
	false | '') return 1 ;;
	esac
	fail "$1 must be true or false, and is $2"
}
# zeros ID: whether it stands for no commit.
zeros() { [ -z "${1//0/}" ]; }
# in_git COMMAND…: Git's answer about the checkout, which may belong to another
# user, and is not to fetch anything.
in_git() { GIT_NO_LAZY_FETCH=1 git -c safe.directory='*' -C "$path" "$@"; }
# here REV: whether the repository has that commit.
here() { in_git rev-parse --quiet --verify --end-of-options "$1^{commit}" >/dev/null 2>&1; }

path=${INPUT_PATH:-.}
temp=$(mktemp -d "${RUNNER_TEMP:-${TMPDIR:-/tmp}}/petrascan.XXXXXX")
[ -d "$path" ] || fail "path $path is not a directory: check the repository out first"

# Which commits: the range, and the revision whose configuration is trusted.
range=
trusted=
untrusted=
command=history
changed() { # BASE HEAD
	if [ -z "$1" ] || [ -z "$2" ]; then fail "the event $GITHUB_EVENT_NAME does not say what changed"; fi
	range="$1..$2"
	trusted=$1
}
pushed() {
	local default=refs/remotes/origin/${DEFAULT_BRANCH:-main}
	if zeros "${PUSH_AFTER-}"; then
		say "a branch or tag was deleted: there is nothing to search"
		output exit-code 0
		output findings 0
		output keys 0
		output active 0
		exit 0
	fi
	# A branch may say in one push what it is allowed in the next: only the
	# default branch is its own judge.
	if [ "${GITHUB_REF-}" != "refs/heads/${DEFAULT_BRANCH:-main}" ] && here "$default"; then
		trusted=$default
	elif ! zeros "${PUSH_BEFORE-}"; then
		trusted=$PUSH_BEFORE
	fi
	if ! zeros "${PUSH_BEFORE-}"; then
		range="$PUSH_BEFORE..$PUSH_AFTER"
	elif [ "$trusted" = "$default" ]; then
		range="$PUSH_AFTER ^$default"
	else
		say "the first push: all of history is searched"
	fi
}
case ${INPUT_MODE:-auto} in
auto)
	case ${GITHUB_EVENT_NAME-} in
	pull_request_target)
		# This event has the rights of the base repository. What a stranger
		# wrote is not to be worked with here.
		[ "${PULL_HEAD_REPOSITORY-}" = "$GITHUB_REPOSITORY" ] ||
			fail "pull_request_target with a head from ${PULL_HEAD_REPOSITORY:-a deleted repository} is refused: use the event pull_request"
		changed "${PULL_BASE-}" "${PULL_HEAD-}"
		;;
	pull_request) changed "${PULL_BASE-}" "${PULL_HEAD-}" ;;
	merge_group) changed "${QUEUE_BASE-}" "${QUEUE_HEAD-}" ;;
	push) pushed ;;
	esac
	;;
range)
	[ -n "${INPUT_BASE-}" ] || fail "mode range needs a base"
	range="$INPUT_BASE..${INPUT_HEAD:-HEAD}"
	trusted=$INPUT_BASE
	;;
history) ;;
tree) command=files ;;
*) fail "mode must be auto, range, history or tree, and is ${INPUT_MODE-}" ;;
esac
case $range in *[[:space:]]-* | -*) fail "no revision begins with a dash: $range" ;; esac

if [ -n "$trusted" ] && ! here "$trusted"; then
	if [ "$(in_git rev-parse --is-shallow-repository 2>/dev/null)" = true ]; then
		fail "the base $trusted is not in this shallow checkout, so what changed can't be told: set fetch-depth: 0 for actions/checkout"
	fi
	trusted=
	untrusted=yes
fi

# Which petrascan.
built() {
	local root suffix=
	root=$(cd "$GITHUB_ACTION_PATH/../../.." && pwd)
	[ "${RUNNER_OS-}" != Windows ] || suffix=.exe
	petrascan=$temp/petrascan$suffix
	command -v go >/dev/null ||
		fail "there is no Go here to build petrascan with: run actions/setup-go before, or give binary, or download and sha256"
	(cd "$root" && GOWORK=off GOFLAGS=-mod=readonly CGO_ENABLED=0 go build -buildvcs=false -o "$petrascan" ./cmd/petrascan) ||
		fail "petrascan could not be built"
}
downloaded() {
	[ -n "${INPUT_SHA256-}" ] || fail "download needs sha256: what is not known is not run"
	local file=$temp/download sum
	curl --fail --silent --show-error --location --retry 3 --output "$file" -- "$INPUT_DOWNLOAD" ||
		fail "could not download $INPUT_DOWNLOAD"
	sum=$( (sha256sum "$file" 2>/dev/null || shasum -a 256 "$file") | cut -d ' ' -f 1)
	[ "${sum#\\}" = "$INPUT_SHA256" ] || fail "the SHA-256 of $INPUT_DOWNLOAD is $sum, not $INPUT_SHA256"
	petrascan=$temp/petrascan
	[ "${RUNNER_OS-}" != Windows ] || petrascan=$petrascan.exe
	case $INPUT_DOWNLOAD in
	*.tar.gz)
		# From standard input: of a name with a colon, as D:\_temp\download, GNU tar
		# takes what is before it for another machine.
		tar -xz -C "$temp" --strip-components 1 -f - <"$file" || fail "$INPUT_DOWNLOAD is no archive of a release"
		[ -f "$petrascan" ] || fail "there is no ${petrascan##*/} in $INPUT_DOWNLOAD"
		;;
	*) mv "$file" "$petrascan" ;;
	esac
	chmod +x "$petrascan"
}
if [ -n "${INPUT_BINARY-}" ]; then
	petrascan=$INPUT_BINARY
elif [ -n "${INPUT_DOWNLOAD-}" ]; then
	downloaded
else
	built
fi

args=("$command" --format github --no-progress)
args+=(--output "json:$temp/report.json" --output "markdown:$temp/summary.md")
[ -z "${INPUT_SARIF_FILE-}" ] || args+=(--output "sarif:$INPUT_SARIF_FILE")
[ -z "${INPUT_CATEGORY-}" ] || args+=(--sarif-category "$INPUT_CATEGORY")
[ -z "$range" ] || args+=(--range "$range")
[ -z "$trusted" ] || args+=(--config-from "$trusted")
[ -z "$untrusted" ] || args+=(--no-config)
if truth verify "${INPUT_VERIFY-}"; then args+=(--verify); fi
if truth require-complete "${INPUT_REQUIRE_COMPLETE-}"; then args+=(--require-complete); fi
args+=(--fail-on "${INPUT_FAIL_ON:-any}")
while IFS= read -r arg; do
	[ -z "$arg" ] || args+=("${arg%$'\r'}")
done <<<"${INPUT_ARGS-}"
args+=(-- "$path")

# On Windows the shell would make paths of what looks like one, globs and the
# format before a file's name among it.
status=0
MSYS_NO_PATHCONV=1 "$petrascan" "${args[@]}" 2>"$temp/stderr" || status=$?

# What is said here may quote the repository: no line of it is a command.
stop="stop_${RANDOM}_${RANDOM}_$RANDOM"
printf '::stop-commands::%s\n' "$stop"
cat "$temp/stderr"
printf '::%s::\n' "$stop"

output exit-code "$status"
output range "$range"
if [ -s "$temp/report.json" ]; then
	count() { grep -oE "$1" "$temp/report.json" | wc -l | tr -d '[:space:]' || true; }
	output findings "$(count '"fingerprint":')"
	output keys "$(count '"occurrences":')"
	output active "$(count '"status": *"active"')"
	output json-file "$temp/report.json"
	[ -z "${INPUT_SARIF_FILE-}" ] || output sarif-file "$INPUT_SARIF_FILE"
	[ -z "${GITHUB_STEP_SUMMARY-}" ] || cat "$temp/summary.md" >>"$GITHUB_STEP_SUMMARY"
else
	printf '::error title=petrascan::%s\n' "$(escaped "the search failed with exit status $status: $(tail -n 2 "$temp/stderr")")"
fi
exit "$status"
