package scanner_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// floors lists the packages from the top of the house down. A package imports
// packages of lower floors only. A new package joins the list in the commit
// that brings it.
var floors = [][]string{
	{"cmd/petrascan"},
	{"cmd/internal/cli"},
	{"cmd/internal/config", "cmd/internal/audit"},
	{"cmd/internal/report", "cmd/internal/hook", "cmd/internal/clone"},
	{"scanner", "verify", "cmd/internal/atomicfile"},
	{"scanner/internal/files", "scanner/internal/history"},
	{"scanner/internal/detect", "scanner/internal/repo", "scanner/internal/cache"},
	{"scanner/internal/layer"},
	{"scanner/internal/gitobj"},
	{"scanner/internal/literal", "scanner/internal/inflate"},
	{"rules"},
	{"rules/internal/template"},
	{"scanner/finding"},
}

// helpers are packages that tests alone import, or commands that make files of
// the tree. They stand outside the house.
var helpers = []string{"rulestest", "layertest", "verifytest", "/internal/gen", "/internal/train"}

const module = "github.com/petrascan/petrascan/"

func TestFloors(t *testing.T) {
	floor := map[string]int{}
	for i, names := range floors {
		for _, name := range names {
			floor[module+name] = i
		}
	}
	for line := range strings.Lines(goList(t, "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...")) {
		pkg, imports, _ := strings.Cut(strings.TrimSpace(line), " ")
		if slices.ContainsFunc(helpers, func(h string) bool { return strings.Contains(pkg, h) }) {
			continue
		}
		at, ok := floor[pkg]
		if !ok {
			t.Errorf("%s is on no floor: add it to the list", pkg)
			continue
		}
		for imported := range strings.FieldsSeq(imports) {
			if !strings.HasPrefix(imported, module) {
				continue
			}
			if to, ok := floor[imported]; !ok || to <= at {
				t.Errorf("%s imports %s, which is not below it", pkg, imported)
			}
		}
	}
}

// TestScannerIsOffline proves that a scan can't open a network: nothing that
// the engine links knows how.
func TestScannerIsOffline(t *testing.T) {
	deps := strings.Fields(goList(t, "-deps", module+"scanner"))
	for _, banned := range []string{"net/http", "net", "crypto/tls"} {
		if slices.Contains(deps, banned) {
			t.Errorf("package scanner depends on %s", banned)
		}
	}
}

// TestFindingIsALeaf proves that the lowest floor stands on the standard
// library alone.
func TestFindingIsALeaf(t *testing.T) {
	for dep := range strings.FieldsSeq(goList(t, "-deps", module+"scanner/finding")) {
		if first, _, _ := strings.Cut(dep, "/"); strings.Contains(first, ".") && dep != module+"scanner/finding" {
			t.Errorf("scanner/finding depends on %s", dep)
		}
	}
}

func goList(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	return string(out)
}
