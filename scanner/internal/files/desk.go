package files

import "github.com/petrascan/petrascan/scanner/internal/detect"

// A desk is what it takes to search around the literals of much content: memory
// for a part of it, and what detection makes of that, which is several times as
// much. Few contents have a literal, so few desks do for many workers.
type desk struct {
	detect *detect.Worker
	part   []byte
}

// desks are shared by the workers. Who takes one gives it back.
type desks struct {
	engine *detect.Engine
	free   chan *desk
}

// newDesks returns one desk for every eight workers, and not less than one. They
// are furnished when they are needed.
func newDesks(engine *detect.Engine, workers int) *desks {
	n := max(1, workers/8)
	d := &desks{engine: engine, free: make(chan *desk, n)}
	for range n {
		d.free <- &desk{}
	}
	return d
}

func (d *desks) take() *desk {
	got := <-d.free
	if got.detect == nil {
		length, _ := d.engine.PartSize()
		got.detect, got.part = d.engine.NewWorker(), make([]byte, length)
	}
	return got
}

func (d *desks) give(back *desk) { d.free <- back }
