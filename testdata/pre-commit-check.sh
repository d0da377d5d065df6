#!/usr/bin/env bash
# Tries .pre-commit-hooks.yaml with the real pre-commit program:
#
#   testdata/pre-commit-check.sh
#
# The program builds petrascan from a clone of this work tree, as it does for
# users. Needs pre-commit, git and go on PATH. Exits 1 at the first thing that
# is not as it should be.
set -euo pipefail
cd "$(dirname "$0")/.."
source=$PWD

work=$(mktemp -d)
cleanup() { chmod -R u+w "$work" && rm -rf "$work"; }
trap cleanup EXIT
gocache=$(go env GOCACHE) gomodcache=$(go env GOMODCACHE) goproxy=$(go env GOPROXY)
export GOCACHE=$gocache GOPROXY="file://$gomodcache/cache/download,$goproxy" GONOSUMDB='*' GOFLAGS=-modcacherw
export HOME=$work/home PRE_COMMIT_HOME=$work/store
export GIT_CONFIG_GLOBAL=$work/gitconfig GIT_CONFIG_SYSTEM=/dev/null
mkdir "$HOME"
git config --file "$GIT_CONFIG_GLOBAL" user.name Ada
git config --file "$GIT_CONFIG_GLOBAL" user.email ada@example.com
git config --file "$GIT_CONFIG_GLOBAL" init.defaultBranch main

tell() { local words="$*"; echo "${words//petra_*/petra_…}"; }
fail() { echo "$0: $*" >&2; cat "$work/out" >&2; exit 1; }
# passes COMMAND… and refuses COMMAND…: what the command has to do.
passes() { tell "+ $*"; "$@" >"$work/out" 2>&1 || fail "failed: $*"; }
refuses() {
	tell "+ ! $*"
	if "$@" >"$work/out" 2>&1; then fail "went through: $*"; fi
	grep -q 'What to do:' "$work/out" || fail "did not say what to do: $*"
}
says() { grep -qE -- "$1" "$work/out" || fail "did not say: $1"; }
# A made-up key; nothing in this file looks like one.
key() { printf 'petra_%s' "$(printf %s "$1" | sha256sum | base64 -w 0 | tr -dc 'A-Za-z0-9' | cut -c 1-32)"; }

# The work tree as it is, committed in a repository of its own.
mkdir "$work/petrascan"
git ls-files -z --cached --others --exclude-standard |
	while IFS= read -r -d '' file; do
		[ ! -e "$file" ] || printf '%s\0' "$file"
	done | tar -cf - --null -T - | tar -xf - -C "$work/petrascan"
cd "$work/petrascan"
git init -q
git add -A
git commit -q -m 'the work tree'
rev=$(git rev-parse HEAD)

git init -q --bare "$work/server.git"
git init -q "$work/project"
cd "$work/project"
git remote add origin "$work/server.git"
cat >.pre-commit-config.yaml <<-END
	repos:
	  - repo: $work/petrascan
	    rev: $rev
	    hooks:
	      - id: petrascan
	      - id: petrascan-commit-msg
END
passes pre-commit validate-manifest "$source/.pre-commit-hooks.yaml"
passes pre-commit install --install-hooks -t pre-commit -t pre-merge-commit -t commit-msg -t pre-push
git add .

echo "== commits"
passes git commit -m first
echo "K=$(key a)" >a.env
git add a.env
refuses git commit -m a
says 'a\.env:1:3'

echo "== unstaged changes are stashed, and only what is staged counts"
echo clean >a.env
git add a.env
echo "K=$(key a)" >a.env
passes git commit -m 'clean in the index'
grep -q petra_ a.env || fail "the unstaged change is gone"
git checkout -q a.env
echo "K=$(key a)" >a.env
git add a.env
echo clean >a.env
refuses git commit -m 'clean in the work tree'
says 'a\.env:1:3'
git reset -q --hard

echo "== commit -a, commit PATH, --amend"
echo "K=$(key b)" >a.env
refuses git commit -a -m all
refuses git commit -m path a.env
refuses git commit -a --amend --no-edit
git checkout -q a.env

echo "== the message"
refuses git commit --allow-empty -m "the key is $(key c)"
says 'commit message'
passes git commit --allow-empty -m harmless

echo "== a merge"
git checkout -q -b side
echo side >side.txt
git add side.txt
passes git commit -m side
git checkout -q main
passes git commit --allow-empty -m main
passes git merge --no-edit side

echo "== pushes"
passes git push origin main
git checkout -q -b topic
echo "K=$(key d)" >d.env
git add d.env
git commit -q --no-verify -m d
git rm -q d.env
git commit -q --no-verify -m 'taken out again'
refuses git push origin topic
says 'd\.env:1:3, commit'
git checkout -q main
refuses git push origin topic
passes git commit --allow-empty -m more
passes git push origin main
git checkout -q --orphan other
git commit -q --no-verify -m 'a root of its own'
passes git push origin other
echo "K=$(key e)" >e.env
git add e.env
git commit -q --no-verify --amend -m 'a root of its own'
refuses git push origin other:another
says 'e\.env:1:3'

echo "== by hand and in CI: every tracked file"
refuses pre-commit run --all-files
says 'e\.env:1:3'
git checkout -q main
passes pre-commit run --all-files
refuses pre-commit run --from-ref main --to-ref topic
says 'd\.env:1:3'

echo "== with the petrascan on PATH"
bin=$(dirname "$(find "$PRE_COMMIT_HOME" -name petrascan -type f -path '*/bin/*' | head -n 1)")
PATH=$bin:$PATH
sed -i 's/id: petrascan$/id: petrascan-system/' .pre-commit-config.yaml
git add .
passes git commit -m system
echo "K=$(key f)" >f.env
git add f.env
refuses git commit -m f

echo "all passed"
