package report

import (
	"runtime"
	"testing"
)

// A peak is a writer that watches the heap while it is written to.
type peak struct {
	since int    // bytes since the last look
	most  uint64 // bytes of heap in use at most
}

func (p *peak) Write(b []byte) (int, error) {
	if p.since += len(b); p.since > 4<<20 || p.most == 0 {
		p.look()
	}
	return len(b), nil
}

func (p *peak) look() {
	p.since = 0
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	p.most = max(p.most, m.HeapInuse)
}

// BenchmarkWrite writes 100,000 findings of 25,000 keys. The heap it reports
// holds the report itself too.
func BenchmarkWrite(b *testing.B) {
	r := many(100_000)
	runtime.GC()
	for _, f := range Formats() {
		b.Run(string(f), func(b *testing.B) {
			b.ReportAllocs()
			var p peak
			for b.Loop() {
				if err := Write(&p, f, r, Options{}); err != nil {
					b.Fatal(err)
				}
				p.look()
			}
			b.ReportMetric(float64(p.most)/1e6, "heap-MB")
		})
	}
}
