package files

import (
	"sync"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/detect"
)

// links knows the files with several names that were met. Each is read once,
// and what it holds is told of every name it was met under, whichever came
// first. Of a file that holds nothing, nothing is kept but that it was read.
type links struct {
	mu   sync.Mutex
	seen map[fileID]*linked // nil: nothing to tell
}

// A linked is a file that is being read or has something to tell.
type linked struct {
	names []place
	out   detect.Outcome
}

// A place is a name of a file.
type place struct {
	path     string
	location finding.Location
}

// claim notes a name of the file, and tells whether the caller is to read it.
func (l *links) claim(id fileID, at place) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	known, ok := l.seen[id]
	if !ok {
		l.seen[id] = &linked{names: []place{at}}
		return true
	}
	if known != nil {
		known.names = append(known.names, at)
	}
	return false
}

// settle notes what the file held. If it could not be read, the next name is
// tried again, and the names until then are returned, to be told at once.
func (l *links) settle(id fileID, out detect.Outcome, err error) []place {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.seen[id]
	switch {
	case err != nil:
		delete(l.seen, id)
		return known.names
	case tells(out):
		known.out = out
	default:
		l.seen[id] = nil
	}
	return nil
}

// tell has w tell what the files held, at every name.
func (l *links) tell(w *worker) {
	for _, known := range l.seen {
		if known == nil {
			continue
		}
		for _, at := range known.names {
			w.tell(at.path, at.location, known.out)
		}
	}
}
