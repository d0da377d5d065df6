package gitobj

import (
	"container/list"
	"sync"
)

// A baseCache keeps the delta bases that were needed last. The bytes in it are
// shared and never written.
type baseCache struct {
	mu    sync.Mutex
	bytes int
	order list.List // of *base, latest first
	at    map[baseKey]*list.Element
}

type baseKey struct {
	pack *pack
	off  int64
}

type base struct {
	key  baseKey
	t    Type
	data []byte
}

const (
	cacheBytes = 16 << 20        // held at most
	cacheEntry = cacheBytes / 16 // larger bases are not kept
)

func newBaseCache() *baseCache { return &baseCache{at: make(map[baseKey]*list.Element)} }

func (c *baseCache) get(p *pack, off int64) (Type, []byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.at[baseKey{p, off}]
	if !ok {
		return 0, nil, false
	}
	c.order.MoveToFront(e)
	b := e.Value.(*base)
	return b.t, b.data, true
}

func (c *baseCache) put(p *pack, off int64, t Type, data []byte) {
	if len(data) > cacheEntry {
		return
	}
	key := baseKey{p, off}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.at[key]; ok {
		return
	}
	c.at[key] = c.order.PushFront(&base{key, t, data})
	c.bytes += len(data)
	for c.bytes > cacheBytes {
		e := c.order.Back()
		b := e.Value.(*base)
		c.order.Remove(e)
		delete(c.at, b.key)
		c.bytes -= len(b.data)
	}
}
