package gitobj

import (
	"sync"
	"sync/atomic"
)

// A pool shares the trees of a forest out among workers: first whole trees, then
// what workers give away of those they are in.
type pool struct {
	forest  *forest
	roots   []int32
	next    atomic.Int64
	waiting atomic.Int32 // workers that wait, less gifts that wait

	workers int
	mu      sync.Mutex
	came    sync.Cond
	gifts   []frame
	idle    int
	over    bool
}

// batch is how many trees a worker takes at once; most are a single object.
const batch = 32

func newPool(f *forest, roots []int32, workers int) *pool {
	p := &pool{forest: f, roots: roots, workers: workers}
	p.came.L = &p.mu
	return p
}

// take returns trees for a worker, by their roots, until there are none left.
func (p *pool) take() []int32 {
	from := int(p.next.Add(batch)) - batch
	if from >= len(p.roots) {
		return nil
	}
	return p.roots[from:min(from+batch, len(p.roots))]
}

// hungry tells whether a worker waits for a gift.
func (p *pool) hungry() bool { return p.waiting.Load() > 0 }

// give hands an object with children to whoever waits.
func (p *pool) give(f frame) {
	p.waiting.Add(-1)
	p.mu.Lock()
	p.gifts = append(p.gifts, f)
	p.mu.Unlock()
	p.came.Signal()
}

// wait returns an object given away; it is false when all workers wait.
func (p *pool) wait() (frame, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle++
	p.waiting.Add(1)
	if p.idle == p.workers && len(p.gifts) == 0 {
		p.over = true
		p.came.Broadcast()
	}
	for len(p.gifts) == 0 && !p.over {
		p.came.Wait()
	}
	if len(p.gifts) == 0 {
		return frame{}, false
	}
	f := p.gifts[len(p.gifts)-1]
	p.gifts = p.gifts[:len(p.gifts)-1]
	p.idle--
	return f, true
}
