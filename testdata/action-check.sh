#!/usr/bin/env bash
# Tries .github/actions/scan with a runner for every event:
#
#   testdata/action-check.sh
#
# act runs the action on this machine, on checkouts as actions/checkout makes
# them (fetched by commit, whole, shallow, without blobs, sparse), with payloads
# as GitHub sends them. Needs git, go and npm. Exits 1 at the first thing that
# is not as it should be.
set -euo pipefail
cd "$(dirname "$0")/.."
source=$PWD

work=$(mktemp -d)
cleanup() { chmod -R u+w "$work" && rm -rf "$work"; }
trap cleanup EXIT
tools=${PETRASCAN_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/petrascan-tools}
act=$tools/act-0.2.89/act
[ -x "$act" ] || GOBIN=$(dirname "$act") go install github.com/nektos/act@v0.2.89
validator=$tools/action-validator-0.6.0
[ -d "$validator/node_modules/@action-validator/cli" ] ||
	npm install --silent --no-fund --no-audit --prefix "$validator" @action-validator/core@0.6.0 @action-validator/cli@0.6.0

"$validator/node_modules/.bin/action-validator" .github/actions/scan/action.yml
go build -o "$work/petrascan" ./cmd/petrascan

gocache=$(go env GOCACHE) gomodcache=$(go env GOMODCACHE)
export GOCACHE=$gocache GOMODCACHE=$gomodcache
export HOME=$work/home GIT_CONFIG_GLOBAL=$work/gitconfig GIT_CONFIG_SYSTEM=/dev/null
mkdir "$HOME"
git config --file "$GIT_CONFIG_GLOBAL" user.name Ada
git config --file "$GIT_CONFIG_GLOBAL" user.email ada@example.com
git config --file "$GIT_CONFIG_GLOBAL" init.defaultBranch main
git config --file "$GIT_CONFIG_GLOBAL" advice.detachedHead false

# A made-up key; nothing in this file looks like one.
key() { printf 'petra_%s' "$(printf %s "$1" | sha256sum | base64 -w 0 | tr -dc 'A-Za-z0-9' | cut -c 1-32)"; }
id() { printf %s "$(key "$1")" | sha256sum | cut -c 1-64; }
zeros=0000000000000000000000000000000000000000

# The repository on GitHub.
git init -q --bare "$work/forge.git"
git -C "$work/forge.git" config uploadpack.allowFilter true
git -C "$work/forge.git" config uploadpack.allowAnySHA1InWant true
git init -q "$work/author"
cd "$work/author"
git remote add origin "$work/forge.git"
# commit MESSAGE: everything, and tells the commit.
commit() { git add -A && git commit -q --allow-empty -m "$1" && git rev-parse HEAD; }
# branch NAME [FROM]: starts one.
branch() { git checkout -q -b "$1" "${2:-main}"; }
publish() { git push -q -f origin --all; }

mkdir src
echo hello >src/hello.txt
echo "K=$(key old)" >old.env
root=$(commit root)
git rm -q old.env
removal=$(commit 'take the key out')
printf '%s  # deleted in the API\n' "$(id accepted)" >.petrascan-baseline
main=$(commit 'accept a key')

branch clean
echo clean >clean.txt
clean=$(commit clean)

branch inside
echo "K=$(key inside)" >src/inside.env
commit added >/dev/null
git rm -q src/inside.env
inside=$(commit 'and removed')

branch older "$root"
echo "K=$(key older)" >older.env
GIT_COMMITTER_DATE=2020-01-01T00:00:00Z commit 'long ago' >/dev/null
branch late
git merge -q --no-edit older
git rm -q older.env
late=$(commit 'merged late, then removed')

branch reverted
git revert --no-edit "$removal" >/dev/null
git rm -q old.env
reverted=$(commit 'removed again')

branch forty
for i in $(seq 40); do
	if [ "$i" = 3 ]; then echo "K=$(key forty)" >forty.env; fi
	if [ "$i" = 4 ]; then git rm -q forty.env; fi
	commit "commit $i" >/dev/null
done
forty=$(git rev-parse HEAD)

branch selfallowed
echo "K=$(key self) # petrascan:allow trust me" >self.env
id self >>.petrascan-baseline
printf '[[allow]]\nkey = "%s"\nreason = "trust me"\n' "$(id self)" >.petrascan.toml
selfallowed=$(commit 'allows itself')
# Another push to the same branch: what it said before does not count either.
echo "L=$(key self)" >self2.env
selfagain=$(commit 'and again')

branch accepted
echo "K=$(key accepted)" >accepted.env
accepted=$(commit 'a key that the base accepts')
publish

# A pull request from a fork: its commits are on no branch here.
git checkout -q --detach main
echo "K=$(key fork)" >fork.env
commit 'added in a fork' >/dev/null
git rm -q fork.env
fork=$(commit 'and removed there')
git checkout -q --detach main
git merge -q --no-ff -m 'as GitHub merges it to try it' "$fork"
git push -q origin "$fork:refs/pull/7/head" HEAD:refs/pull/7/merge

# checkout NAME COMMIT [GIT-FETCH-OPTION…]: a clone as actions/checkout makes it
# with fetch-depth 0, or with the options given.
checkout() {
	local dir=$work/checkouts/$1 commit=$2 refs
	shift 2
	git init -q "$dir"
	git -C "$dir" remote add origin "file://$work/forge.git"
	refs=('+refs/heads/*:refs/remotes/origin/*' '+refs/tags/*:refs/tags/*')
	if [ "$commit" = refs/pull/7/merge ]; then
		refs=('+refs/heads/*:refs/remotes/origin/*' +refs/pull/7/merge:refs/remotes/pull/7/merge)
		commit=refs/remotes/pull/7/merge
		if [[ " $* " == *" --depth"* ]]; then refs=(+refs/pull/7/merge:refs/remotes/pull/7/merge); fi
	elif [[ " $* " == *" --depth"* ]]; then refs=("+$commit:refs/remotes/origin/checked-out"); fi
	git -C "$dir" fetch -q --no-tags --prune --no-recurse-submodules "$@" origin "${refs[@]}"
	[ -z "${sparse-}" ] || git -C "$dir" sparse-checkout set "$sparse"
	git -C "$dir" checkout -q --progress --force "$commit" 2>/dev/null
}

cat >"$work/workflow.yml" <<'END'
on: [push, pull_request, pull_request_target, merge_group, schedule, workflow_dispatch]
permissions:
  contents: read
jobs:
  scan:
    runs-on: ubuntu-latest
    steps:
      # act copies the directory it is started in instead.
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1
      - id: petrascan
        uses: petrascan/petrascan/.github/actions/scan@main
        with:
          binary: ${{ env.BINARY }}
          download: ${{ env.DOWNLOAD }}
          sha256: ${{ env.SHA256 }}
          mode: ${{ env.MODE }}
          base: ${{ env.BASE }}
          fail-on: ${{ env.FAIL_ON }}
          args: ${{ env.ARGS }}
      - if: always()
        env:
          OUTPUTS: ${{ toJSON(steps.petrascan.outputs) }}
          OUTCOME: ${{ steps.petrascan.outcome }}
        run: |
          printf '%s\n' "$OUTPUTS" >"$RESULTS/outputs.json"
          printf '%s\n' "$OUTCOME" >"$RESULTS/outcome"
          if [ -f petrascan.sarif ]; then cp petrascan.sarif "$RESULTS/"; fi
END

# event NAME CHECKOUT STATUS FINDINGS [VARIABLE=VALUE…] <PAYLOAD: runs the
# workflow and checks exit status and findings; FINDINGS - is a report that was
# not written. What was printed is in $results/log.
results=
event() {
	local name=$1 dir=$work/checkouts/$2 status=$3 findings=$4 outcome=failure options=()
	shift 4
	results=$(mktemp -d "$work/results.XXXX")
	cat >"$results/payload.json"
	local mode=auto fail_on=any
	for pair in "$@"; do
		case $pair in
		MODE=*) mode=${pair#*=} ;;
		FAIL_ON=*) fail_on=${pair#*=} ;;
		*) options+=(--env "$pair") ;;
		esac
	done
	[[ " $* " == *" BINARY="* ]] || options+=(--env "BINARY=$work/petrascan")
	(cd "$dir" && timeout 300 "$act" "$name" --platform ubuntu-latest=-self-hosted --workflows "$work/workflow.yml" \
		--eventpath "$results/payload.json" --local-repository "petrascan/petrascan@main=$source" --no-cache-server \
		--env "RESULTS=$results" --env "MODE=$mode" --env "FAIL_ON=$fail_on" "${options[@]}") >"$results/log" 2>&1 || true
	[ "$status" != 0 ] || outcome=success
	is exit-code "$status"
	[ "$(cat "$results/outcome")" = "$outcome" ] || wrong "outcome is not $outcome"
	if [ "$findings" = - ]; then
		[ ! -e "$results/petrascan.sarif" ] || wrong "there is SARIF"
	else
		is findings "$findings"
		[ "$(grep -c '"ruleIndex"' "$results/petrascan.sarif" || true)" = "$findings" ] || wrong "SARIF has not $findings results"
		says 'Summary - # petrascan'
	fi
	if grep -qF -e "$(key inside)" -e "$(key old)" -e "$(key self)" -e "$(key forty)" -e "$(key fork)" -r "$results"; then wrong "a raw key was printed"; fi
	echo "ok: $name $(basename "$dir") exits $status, finds $findings"
}
wrong() {
	cat "$results/log" >&2
	cat "$results/outputs.json" >&2 || true
	echo "$0: $*" >&2
	exit 1
}
is() { grep -qF "\"$1\": \"$2\"" "$results/outputs.json" || wrong "output $1 is not $2"; }
says() { grep -qE -e "$1" "$results/log" || wrong "does not say $1"; }

# Payloads, cut to what matters.
pull() { # BASE HEAD [HEAD-REPOSITORY]
	printf '{"action":"opened","number":7,"pull_request":{"base":{"ref":"main","sha":"%s"},"head":{"ref":"topic","sha":"%s","repo":{"full_name":"%s"}}},"repository":{"full_name":"ada/repo","default_branch":"main"}}' "$1" "$2" "${3-ada/repo}"
}
push() { # REF BEFORE AFTER
	printf '{"ref":"%s","before":"%s","after":"%s","deleted":false,"repository":{"full_name":"ada/repo","default_branch":"main"}}' "$1" "$2" "$3"
}
plain='{"repository":{"full_name":"ada/repo","default_branch":"main"}}'

for name in clean inside late reverted forty selfallowed selfagain accepted main; do
	checkout "$name" "${!name}"
done

echo "== pull requests"
event pull_request clean 0 0 < <(pull "$main" "$clean")
event pull_request inside 1 1 < <(pull "$main" "$inside")
is range "$main..$inside"
says '::error|Error|key'
event pull_request inside 0 1 FAIL_ON=none < <(pull "$main" "$inside")
event pull_request late 1 1 < <(pull "$main" "$late")
event pull_request reverted 1 1 < <(pull "$main" "$reverted")
event pull_request forty 1 1 < <(pull "$main" "$forty")
event pull_request selfallowed 1 1 < <(pull "$main" "$selfallowed")
event pull_request accepted 0 0 < <(pull "$main" "$accepted")
event pull_request inside 1 1 < <(pull "$main" "$inside" stranger/repo)
checkout fork refs/pull/7/merge
event pull_request fork 1 1 < <(pull "$main" "$fork" stranger/repo)
checkout shallowfork refs/pull/7/merge --depth=1
event pull_request shallowfork 2 - < <(pull "$main" "$fork" stranger/repo)
says 'fetch-depth: 0'
event pull_request_target inside 2 - GITHUB_REPOSITORY=ada/repo < <(pull "$main" "$inside" stranger/repo)
says 'pull_request_target with a head from stranger/repo is refused'
event pull_request_target inside 2 - < <(pull "$main" "$inside" '')

echo "== pushes"
event push clean 0 0 < <(push refs/heads/topic "$main" "$clean")
event push inside 1 1 < <(push refs/heads/topic "$main" "$inside")
event push inside 1 1 GITHUB_REF=refs/heads/topic < <(push refs/heads/topic "$zeros" "$inside")
is range "$inside ^refs/remotes/origin/main"
event push selfagain 1 1 GITHUB_REF=refs/heads/topic < <(push refs/heads/topic "$selfallowed" "$selfagain")
event push main 1 5 GITHUB_REF=refs/heads/main < <(push refs/heads/main "$zeros" "$main")
event push inside 1 2 GITHUB_REF=refs/heads/topic < <(push refs/heads/topic 1234567890123456789012345678901234567890 "$inside")
event push main 0 - < <(push refs/heads/topic "$inside" "$zeros")

echo "== merge queue, schedule, by hand"
event merge_group inside 1 1 < <(printf '{"action":"checks_requested","merge_group":{"base_sha":"%s","head_sha":"%s"},"repository":{"full_name":"ada/repo","default_branch":"main"}}' "$main" "$inside")
event schedule main 1 5 < <(echo "$plain")
event workflow_dispatch main 1 5 < <(echo "$plain")
event workflow_dispatch clean 0 0 MODE=tree < <(echo "$plain")
event workflow_dispatch inside 1 1 MODE=range BASE="$main" < <(echo "$plain")
event workflow_dispatch inside 2 - MODE=rang < <(echo "$plain")

echo "== checkouts that are not whole"
checkout shallow "$inside" --depth=1
event pull_request shallow 2 - < <(pull "$main" "$inside")
says 'fetch-depth: 0'
event push shallow 2 - < <(push refs/heads/topic "$main" "$inside")
says 'fetch-depth: 0'
event push shallow 2 0 < <(push refs/heads/topic "$zeros" "$inside")
event schedule shallow 2 0 < <(echo "$plain")
says 'shallow'
checkout shallow40 "$forty" --depth=2
event pull_request shallow40 2 - < <(pull "$main" "$forty")
says 'fetch-depth: 0'
checkout blobless "$inside" --filter=blob:none
event pull_request blobless 2 0 < <(pull "$main" "$inside")
says 'clone without .--filter'
event schedule blobless 2 0 < <(echo "$plain")
sparse=src checkout sparse "$late"
event pull_request sparse 1 1 < <(pull "$main" "$late")

echo "== where petrascan comes from"
event pull_request inside 1 1 BINARY= < <(pull "$main" "$inside")
sum=$(sha256sum "$work/petrascan" | cut -c 1-64)
event pull_request inside 1 1 BINARY= DOWNLOAD="file://$work/petrascan" SHA256="$sum" < <(pull "$main" "$inside")
event pull_request inside 2 - BINARY= DOWNLOAD="file://$work/petrascan" SHA256="${sum//[0-4]/5}" < <(pull "$main" "$inside")
says 'The SHA-256|the SHA-256 of'
mkdir "$work/petrascan_v1_linux"
cp "$work/petrascan" "$work/petrascan_v1_linux/"
tar -czf "$work/release.tar.gz" -C "$work" petrascan_v1_linux
sum=$(sha256sum "$work/release.tar.gz" | cut -c 1-64)
event pull_request inside 1 1 BINARY= DOWNLOAD="file://$work/release.tar.gz" SHA256="$sum" < <(pull "$main" "$inside")
event pull_request inside 2 - BINARY= DOWNLOAD="file://$work/petrascan" < <(pull "$main" "$inside")
# A temporary directory with a colon in its name, as Windows has it.
mkdir -p "$work/colon/D:"
(
	cd "$work/colon"
	RUNNER_TEMP=D: INPUT_PATH=$work/author INPUT_MODE=history INPUT_FAIL_ON=none \
		INPUT_DOWNLOAD="file://$work/release.tar.gz" INPUT_SHA256=$sum bash "$source/.github/actions/scan/scan.sh" >/dev/null
)

echo "all passed"
