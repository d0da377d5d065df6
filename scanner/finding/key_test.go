package finding_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/finding"
)

// TestKeyIsNeverPrinted sends a key through everything that prints values, by
// itself and inside types that hide it from its own methods.
func TestKeyIsNeverPrinted(t *testing.T) {
	text := rulestest.Key("printed")
	key := finding.NewKey(text)
	type inside struct{ key finding.Key }
	values := []any{key, &key, []finding.Key{key}, map[string]finding.Key{"k": key}, struct{ K finding.Key }{key}, inside{key}, &inside{key}}
	var out bytes.Buffer
	for _, v := range values {
		for _, verb := range strings.Fields("%v %+v %#v %s %q %x %X %d %t %T %p %08b %10.3f %U %c") {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		fmt.Fprintln(&out, v, fmt.Errorf("wrapped: %w %v", errors.New("x"), v))
		data, err := json.Marshal(v)
		if err != nil {
			t.Errorf("json.Marshal(%T): %v", v, err)
		}
		out.Write(data)
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "v", v)
	}
	func() {
		defer func() { fmt.Fprint(&out, recover()) }()
		panic(key)
	}()
	body := text[len(finding.Prefix):]
	for _, secret := range []string{body, body[:8], body[len(body)-8:], fmt.Sprintf("%x", body[4:12])} {
		if strings.Contains(out.String(), secret) {
			t.Fatalf("a part of the key was printed")
		}
	}
	if !strings.Contains(out.String(), key.Masked()) {
		t.Error("the masked key was not printed")
	}
}

func TestMasked(t *testing.T) {
	for n, shown := range map[int]int{0: 0, 3: 0, 4: 1, 8: 2, 12: 3, 16: 4, 40: 4, 256: 4} {
		text := rulestest.KeyN("masked", n)
		masked := finding.NewKey(text).Masked()
		first, last, ok := strings.Cut(strings.TrimPrefix(masked, finding.Prefix), "…")
		if !ok || len(first)+len(last) != shown || len(first) < len(last) || len(first) > len(last)+1 {
			t.Errorf("a body of %d is masked as %d and %d characters, want %d in all", n, len(first), len(last), shown)
		}
		if body := text[len(finding.Prefix):]; !strings.HasPrefix(body, first) || !strings.HasSuffix(body, last) {
			t.Errorf("a body of %d is masked by characters that are not its own", n)
		}
	}
}

func TestKeyID(t *testing.T) {
	// printf petra_ | sha256sum
	const want = "d015db259bb10f6b2024048fd0d848b1033a769b5aa027c97b3bb1956fbb7de9"
	if got := finding.NewKey(finding.Prefix).ID(); got != want {
		t.Errorf("the id of the bare prefix is %s, want %s", got, want)
	}
}

func TestFingerprintIgnoresWhatChanges(t *testing.T) {
	f := finding.Finding{Key: "id", Location: finding.InBlob, Path: "a/b.env", Layers: []string{"base64", "gzip"}}
	f.SetFingerprint()
	moved := f
	moved.Line, moved.Commit, moved.Blob, moved.Versions = 7, "c", "b", 3
	moved.SetFingerprint()
	if moved.Fingerprint != f.Fingerprint {
		t.Error("line, commit or blob changed the fingerprint")
	}
	for name, change := range map[string]func(*finding.Finding){
		"key":      func(f *finding.Finding) { f.Key = "other" },
		"location": func(f *finding.Finding) { f.Location = finding.InFile },
		"path":     func(f *finding.Finding) { f.Path = "a/c.env" },
		"member":   func(f *finding.Finding) { f.Member = "m" },
		"layers":   func(f *finding.Finding) { f.Layers = nil },
		"ordinal":  func(f *finding.Finding) { f.Ordinal = 1 },
	} {
		other := f
		change(&other)
		other.SetFingerprint()
		if other.Fingerprint == f.Fingerprint {
			t.Errorf("another %s has the same fingerprint", name)
		}
	}
	// A blob that no path leads to is told apart by its id.
	x, y := finding.Finding{Location: finding.InBlob, Blob: "1"}, finding.Finding{Location: finding.InBlob, Blob: "2"}
	x.SetFingerprint()
	y.SetFingerprint()
	if x.Fingerprint == y.Fingerprint {
		t.Error("two unreachable blobs share a fingerprint")
	}
}

func TestConfidenceText(t *testing.T) {
	for _, c := range []finding.Confidence{finding.Low, finding.Medium, finding.High} {
		text, err := c.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var back finding.Confidence
		if err := back.UnmarshalText(text); err != nil || back != c {
			t.Errorf("%s reads back as %v, %v", text, back, err)
		}
	}
	if _, err := finding.ParseConfidence("sure"); err == nil || !strings.Contains(err.Error(), "low, medium or high") {
		t.Errorf("an unknown confidence gives %v", err)
	}
}
