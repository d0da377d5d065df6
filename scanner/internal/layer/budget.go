package layer

import (
	"fmt"
	"strings"
)

// Limits bound what one outermost container may cost, its nests included.
// None of them depends on time or load: the same input is cut at the same byte.
type Limits struct {
	Depth   int   // containers within containers
	Bytes   int64 // bytes that come out of decompression
	Members int   // members opened
}

// DefaultLimits are the limits that hold unless the user sets others.
var DefaultLimits = Limits{Depth: 8, Bytes: 1 << 30, Members: 100_000}

// maxMemory is how many bytes the windows and buffers of one outermost
// container may hold at a time, its nests included, and maxWindow is the most
// that one of them gets: what xz -9 needs. Of those that hold more than
// modestMemory one is opened at a time, and the others wait.
const (
	maxMemory    = 80 << 20
	maxWindow    = 64 << 20
	modestMemory = 16 << 20
)

// immodest holds what the outermost container must have that goes beyond
// modestMemory. It is the process's, as memory is. Who has it waits for nobody.
var immodest = make(chan struct{}, 1)

// A Budget is what is left of the Limits of one outermost container. The
// containers in it draw on the same Budget. It belongs to one goroutine.
type Budget struct {
	limits  Limits
	depth   int
	bytes   int64
	members int
	memory  int64
	spent   bool

	immodest bool // it has what there is but one of
}

// NewBudget returns the whole of l.
func NewBudget(l Limits) *Budget {
	return &Budget{limits: l, bytes: l.Bytes, members: l.Members, memory: maxMemory}
}

// Expanded returns how many bytes came out of decompression so far.
func (b *Budget) Expanded() int64 { return b.limits.Bytes - b.bytes }

// hold sets n bytes of memory aside until release is called, or answers false.
func (b *Budget) hold(n int64) (release func(), ok bool) {
	if n > maxWindow || n > b.memory {
		return nil, false
	}
	b.memory -= n
	if !b.immodest && maxMemory-b.memory > modestMemory {
		immodest <- struct{}{}
		b.immodest = true
	}
	return func() {
		b.memory += n
		if maxMemory-b.memory <= modestMemory {
			b.modest()
		}
	}, true
}

// modest lets others have what goes beyond modestMemory.
func (b *Budget) modest() {
	if b.immodest {
		b.immodest = false
		<-immodest
	}
}

// A FaultKind says why something of a container was not read.
type FaultKind uint8

// The kinds of Fault.
const (
	Opaque     FaultKind = iota // encrypted, damaged or unsupported; its raw bytes were there to be searched
	Cut                         // a limit was hit
	Unreadable                  // the source could not be read
)

// String returns the kind in a word.
func (k FaultKind) String() string {
	switch k {
	case Opaque:
		return "opaque"
	case Cut:
		return "cut"
	}
	return "unreadable"
}

// A Fault is a part of a container that was not read, and why. It quotes
// nothing of the content but the member's name.
type Fault struct {
	Kind   FaultKind
	Format Format
	Member string // the member it concerns; "" for the container as a whole
	Reason string // such as "encrypted", "damaged: checksum mismatch"
	Err    error  // the source's own error if Kind is Unreadable, else nil
}

// Error says what was not read and why.
func (f *Fault) Error() string {
	if f.Member != "" {
		return fmt.Sprintf("%s member %q: %s: %s", f.Format, f.Member, f.Kind, f.Reason)
	}
	return fmt.Sprintf("%s: %s: %s", f.Format, f.Kind, f.Reason)
}

// Unwrap returns the source's error, if there is one.
func (f *Fault) Unwrap() error { return f.Err }

// maxFaults bounds how many faults of one container are told apart: one with
// 100,000 encrypted members does not fill the report.
const maxFaults = 32

// Faults are the faults of one container, in the order they were met. If there
// were more than 32, the last one stands for the rest.
type Faults []*Fault

// Error lists the faults.
func (fs Faults) Error() string {
	texts := make([]string, len(fs))
	for i, f := range fs {
		texts[i] = f.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns the faults for errors.Is and errors.As.
func (fs Faults) Unwrap() []error {
	errs := make([]error, len(fs))
	for i, f := range fs {
		errs[i] = f
	}
	return errs
}
