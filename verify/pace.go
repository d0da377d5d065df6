package verify

import (
	"context"
	"sync"
	"time"
)

// As many requests as the rate allows in this time may begin together after a
// rest: few keys are not worth waiting for.
const burst = time.Second

// A pacer spaces requests out, holds all of them back while the API wants to be
// left alone, and knows when to give up.
type pacer struct {
	now      func() time.Time
	sleep    func(context.Context, time.Duration) error
	interval time.Duration
	budget   time.Duration

	mu        sync.Mutex
	next      time.Time // when the next request may begin; it may lie in the past by a burst
	notBefore time.Time // when any request may begin
	last      time.Time // when the API last answered
	over      bool
}

func newPacer(o Options) *pacer {
	return &pacer{
		now: o.Now, sleep: o.Sleep, budget: o.Budget,
		interval: time.Duration(float64(time.Second) / o.Rate),
		last:     o.Now(),
	}
}

// wait returns when a request may begin, or when ctx ends.
func (p *pacer) wait(ctx context.Context) error {
	for {
		p.mu.Lock()
		now := p.now()
		if least := now.Add(-burst); p.next.Before(least) {
			p.next = least
		}
		at := now
		if p.next.After(now) && !p.over {
			at = p.next
		}
		p.next = p.next.Add(p.interval)
		p.mu.Unlock()
		if at.Equal(now) {
			return ctx.Err()
		}
		if err := p.sleep(ctx, at.Sub(now)); err != nil {
			return err
		}
		p.mu.Lock()
		held := p.notBefore.After(at) && !p.over
		p.mu.Unlock()
		if !held {
			return ctx.Err()
		}
	}
}

// answered notes that the API said something about a key.
func (p *pacer) answered() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = p.now()
}

// pause reports whether to ask again after d, before which nobody asks: what
// ails one request ails the next.
func (p *pacer) pause(d time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	until := p.now().Add(d)
	if p.over || until.Sub(p.last) > p.budget {
		p.over = true
		return false
	}
	if until.After(p.notBefore) {
		p.notBefore = until
		p.next = until
	}
	return true
}

// givenUp tells whether the budget is used up.
func (p *pacer) givenUp() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.over
}
