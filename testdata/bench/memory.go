package main

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"
)

// anonymous runs c some times more and returns the most memory it had beyond
// mapped files, sampled every millisecond: resident less shared pages, as
// proc_pid_statm(5) counts them. These runs are not timed. It returns 0 where
// the system has no such file.
func (b *bench) anonymous(ctx context.Context, c command, times int) (int64, error) {
	var most atomic.Int64
	page := int64(os.Getpagesize())
	for range times {
		b.say("memory: %s", c.name)
		_, err := b.execute(ctx, c, func(ended context.Context, pid int) {
			name := fmt.Sprintf("/proc/%d/statm", pid)
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-ended.Done():
					return
				case <-tick.C:
				}
				var size, resident, shared int64
				text, err := os.ReadFile(name)
				if err != nil {
					return
				}
				if _, err := fmt.Sscan(string(text), &size, &resident, &shared); err == nil {
					most.Store(max(most.Load(), (resident-shared)*page))
				}
			}
		})
		if err != nil {
			return 0, err
		}
	}
	return most.Load(), nil
}
