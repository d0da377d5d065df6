package clone

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options say how to clone.
type Options struct {
	// Environ is the environment for git, as NAME=VALUE; nil: that of this process.
	Environ []string
	// Ask lets git and ssh ask on the terminal. They hear the terminal's signals
	// then, and one clone is made at a time.
	Ask bool
}

// ahead is how many clones there are at a time, made and not yet read among
// them: they lie on a disk that has other uses.
const ahead = 4

// A Queue clones repositories in their order, a few ahead of the one that is
// being read, into a temporary directory of its own that nobody else may look
// into. It is not safe for concurrent use.
type Queue struct {
	ctx     context.Context
	cancel  context.CancelFunc
	options Options
	program string // git; "" where there is none
	room    string // the temporary directory
	made    []chan made
	next    int
	slots   chan struct{}
	workers sync.WaitGroup
}

// made is a clone, or why there is none.
type made struct {
	dir string
	err error
}

// NewQueue starts to clone the sources. The caller has to [Queue.Close] it.
func NewQueue(ctx context.Context, sources []Source, o Options) (*Queue, error) {
	room, err := os.MkdirTemp("", "petrascan-clone-")
	if err != nil {
		return nil, fmt.Errorf("make a place for clones: %w", err)
	}
	if o.Environ == nil {
		o.Environ = os.Environ()
	}
	q := &Queue{options: o, room: room, made: make([]chan made, len(sources)), slots: make(chan struct{}, ahead)}
	if o.Ask {
		q.slots = make(chan struct{}, 1)
	}
	q.program, _ = exec.LookPath("git")
	q.ctx, q.cancel = context.WithCancel(ctx)
	for i := range sources {
		q.made[i] = make(chan made, 1)
	}
	q.workers.Go(func() { q.start(sources) })
	return q, nil
}

// start clones each source as soon as there is a slot. The slot is free again
// when the clone was read.
func (q *Queue) start(sources []Source) {
	for i, s := range sources {
		select {
		case <-q.ctx.Done():
			return
		case q.slots <- struct{}{}:
		}
		q.workers.Go(func() {
			dir, err := q.clone(s, filepath.Join(q.room, strconv.Itoa(i)+".git"))
			q.made[i] <- made{dir, err}
		})
	}
}

func (q *Queue) clone(s Source, dir string) (string, error) {
	switch {
	case q.program != "":
		return dir, byGit(q.ctx, q.program, s, dir, q.options)
	case s.scheme == "file":
		// It is here, and go-git would have to start git for it.
		return localPath(s.path), nil
	}
	return dir, byGoGit(q.ctx, s, dir, q.options)
}

// localPath is the path of a file URL as the system has it.
func localPath(path string) string {
	if runtime.GOOS == "windows" {
		path = strings.TrimPrefix(path, "/") // file:///C:/…
	}
	return filepath.FromSlash(path)
}

// Next waits for the next clone and calls use with its directory, which is gone
// afterwards. It returns what went wrong with the one or the other.
func (q *Queue) Next(use func(dir string) error) error {
	i := q.next
	q.next++
	var m made
	select {
	case <-q.ctx.Done():
		return q.ctx.Err()
	case m = <-q.made[i]:
	}
	defer func() { <-q.slots }()
	err := m.err
	if err == nil {
		err = use(m.dir)
	}
	// What can't be removed now is tried again at the end.
	_ = remove(filepath.Join(q.room, strconv.Itoa(i)+".git"))
	return err
}

// Close ends what is still being cloned, and removes the temporary directory.
func (q *Queue) Close() error {
	q.cancel()
	q.workers.Wait()
	if err := remove(q.room); err != nil {
		return fmt.Errorf("remove what was cloned: %w", err)
	}
	return nil
}

// remove removes a directory. A process that was just killed may still be
// making files in it.
func remove(dir string) error {
	var err error
	for pause := time.Millisecond; pause < time.Second; pause *= 2 {
		if err = os.RemoveAll(dir); err == nil {
			return nil
		}
		time.Sleep(pause)
	}
	return err
}
