package layer

import (
	"bytes"
	"maps"
	"slices"
	"testing"
)

// fuzzFormat feeds what the fuzzer makes of a container of the format to
// Unpack. It must not panic; what comes out is bounded, memory is given back,
// and a stream gives what bytes give.
func fuzzFormat(f *testing.F, format Format) {
	content := []byte("some content of a container, some content of a container, and more\n")
	f.Add(wraps[format](content))
	if format != UTF32LE && format != UTF32BE {
		f.Add(wraps[format](wraps[Gzip](content)))
	}
	f.Add(wraps[format](nil))
	limits := Limits{Depth: 3, Bytes: 1 << 20, Members: 200}
	f.Fuzz(func(t *testing.T, data []byte) {
		Sniff(data)
		SniffTail(data)
		var walks [2]*found
		for i, src := range []Source{bytesSource(data), SourceStream(bytes.NewReader(data))} {
			r := walk(t, format, src, limits)
			// Plain slices of the source are free, once a level.
			if most := (limits.Bytes + int64(len(data))) * int64(limits.Depth+1); r.bytes > most {
				t.Fatalf("%d bytes came out, %d may", r.bytes, most)
			}
			if r.budget.Expanded() > limits.Bytes || len(r.members) > limits.Members {
				t.Fatalf("%d bytes expanded, %d members", r.budget.Expanded(), len(r.members))
			}
			if r.budget.memory != maxMemory || r.budget.depth != 0 {
				t.Fatalf("%d bytes of memory were not given back", maxMemory-r.budget.memory)
			}
			for _, fault := range r.faults {
				if fault.Kind == Unreadable && fault.Format != GitPack && fault.Format != GitBundle {
					t.Fatalf("bytes in memory cannot be read: %v", fault)
				}
			}
			walks[i] = r
		}
		a, b := walks[0], walks[1]
		if !slices.Equal(a.members, b.members) || !maps.Equal(a.contents, b.contents) || a.faults.Error() != b.faults.Error() {
			t.Fatalf("bytes give %q, %v; a stream gives %q, %v", a.members, a.faults, b.members, b.faults)
		}
	})
}

func FuzzGzip(f *testing.F)      { fuzzFormat(f, Gzip) }
func FuzzZlib(f *testing.F)      { fuzzFormat(f, Zlib) }
func FuzzBzip2(f *testing.F)     { fuzzFormat(f, Bzip2) }
func FuzzXZ(f *testing.F)        { fuzzFormat(f, XZ) }
func FuzzZstd(f *testing.F)      { fuzzFormat(f, Zstd) }
func FuzzZip(f *testing.F)       { fuzzFormat(f, Zip) }
func FuzzTar(f *testing.F)       { fuzzFormat(f, Tar) }
func FuzzAr(f *testing.F)        { fuzzFormat(f, Ar) }
func FuzzCpio(f *testing.F)      { fuzzFormat(f, Cpio) }
func FuzzPDF(f *testing.F)       { fuzzFormat(f, PDF) }
func FuzzPNG(f *testing.F)       { fuzzFormat(f, PNG) }
func FuzzSQLite(f *testing.F)    { fuzzFormat(f, SQLite) }
func FuzzGitPack(f *testing.F)   { fuzzFormat(f, GitPack) }
func FuzzGitBundle(f *testing.F) { fuzzFormat(f, GitBundle) }
func FuzzUTF32LE(f *testing.F)   { fuzzFormat(f, UTF32LE) }
func FuzzUTF32BE(f *testing.F)   { fuzzFormat(f, UTF32BE) }
func FuzzIntelHex(f *testing.F)  { fuzzFormat(f, IntelHex) }
func FuzzSRecord(f *testing.F)   { fuzzFormat(f, SRecord) }
