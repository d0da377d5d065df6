package files

import (
	"bytes"
	"sync"
)

// A task is one bit of work in a directory: to enter the directory called name,
// to read the files of batch, or, with neither, to read on in the directory
// itself. It holds a reference to the directory.
type task struct {
	dir   *dir
	name  string
	batch *batch
}

// A queue is the work still to do. The newest is done first.
type queue struct {
	mu      sync.Mutex
	wake    sync.Cond
	tasks   []task
	spare   []*batch
	busy    int // workers that may still add tasks
	waiting int
	done    bool
}

func newQueue() *queue {
	q := &queue{}
	q.wake.L = &q.mu
	return q
}

// push adds tasks; the last is the first to be done.
func (q *queue) push(tasks ...task) {
	if len(tasks) == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.tasks = append(q.tasks, tasks...)
	if q.waiting > 0 {
		q.wake.Broadcast()
	}
}

// next returns a task, waiting for one as long as another worker may add some.
// Who got one calls finish after it.
func (q *queue) next() (task, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.tasks) == 0 && q.busy > 0 && !q.done {
		q.waiting++
		q.wake.Wait()
		q.waiting--
	}
	if len(q.tasks) == 0 || q.done {
		return task{}, false
	}
	last := len(q.tasks) - 1
	t := q.tasks[last]
	q.tasks[last] = task{}
	q.tasks = q.tasks[:last]
	q.busy++
	return t, true
}

func (q *queue) finish() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy--
	if q.busy == 0 && q.waiting > 0 {
		q.wake.Broadcast()
	}
}

// stop lets no further task be taken.
func (q *queue) stop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.done = true
	q.wake.Broadcast()
}

// drop forgets the tasks that are left, once no worker runs.
func (q *queue) drop() {
	for _, t := range q.tasks {
		t.dir.release()
	}
	q.tasks = nil
}

// newBatch returns an empty batch.
func (q *queue) newBatch() *batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	if last := len(q.spare) - 1; last >= 0 {
		b := q.spare[last]
		q.spare = q.spare[:last]
		return b
	}
	return &batch{}
}

// recycle takes back a batch that was worked through.
func (q *queue) recycle(b *batch) {
	b.reset()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.spare = append(q.spare, b)
}

// A kind is what a directory says that an entry is.
type kind byte

const (
	kindFile kind = iota
	kindDir
	kindLink
	kindOther
)

// A batch is a list of directory entries: of each its kind, its name and a
// zero byte, one after the other.
type batch struct {
	text  []byte
	count int
}

func (b *batch) reset() { b.text, b.count = b.text[:0], 0 }

func (b *batch) add(k kind, name []byte) {
	b.text = append(append(append(b.text, byte(k)), name...), 0)
	b.count++
}

// entry returns the entry at an offset and the offset of the next one, which is
// negative after the last. The name is part of the batch; a zero byte follows it.
func (b *batch) entry(at int) (k kind, name []byte, next int) {
	rest := b.text[at+1:]
	n := bytes.IndexByte(rest, 0)
	if next = at + n + 2; next == len(b.text) {
		next = -1
	}
	return kind(b.text[at]), rest[:n], next
}
