package gitobj

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
)

// A file is one immutable file of the store: mapped into memory where the
// system can, else read piece by piece.
type file struct {
	path  string
	size  int64
	stamp FileStamp
	data  []byte   // the mapped content; nil if it is read through f
	f     *os.File // nil when mapped
}

// openFile opens the file at path; it maps it if mapped is true and the system can.
func openFile(path string, mapped bool) (*file, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	if !info.Mode().IsRegular() {
		f.Close()
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	file := &file{path: path, size: info.Size(), stamp: stampOf(info), f: f}
	if mapped && file.size > 0 && file.size == int64(int(file.size)) {
		if data, err := mmap(f, int(file.size)); err == nil {
			f.Close()
			file.data, file.f = data, nil
		}
	}
	return file, nil
}

// Close unmaps or closes the file.
func (f *file) Close() error {
	if f.f != nil {
		return f.f.Close()
	}
	data := f.data
	f.data = nil
	return munmap(data)
}

// ReadAt reads like [io.ReaderAt].
func (f *file) ReadAt(p []byte, off int64) (n int, err error) {
	if f.f != nil {
		return f.f.ReadAt(p, off)
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer caught(&err, f.path)
	if off >= int64(len(f.data)) {
		return 0, io.EOF
	}
	n = copy(p, f.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// all returns the whole content.
func (f *file) all() ([]byte, error) {
	if f.f == nil {
		return f.data, nil
	}
	data := make([]byte, f.size)
	_, err := f.f.ReadAt(data, 0)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return data, err
}

// window is the size of the pieces that a view of an unmapped file reads.
const window = 64 << 10

// A view gives one goroutine bytes of a file. Those of an unmapped file are
// valid until the next call of bytes.
type view struct {
	file  *file
	buf   []byte
	start int64
}

// bytes returns the n bytes at off, which must lie in the file.
func (v *view) bytes(off, n int64) ([]byte, error) {
	if off < 0 || n < 0 || n > v.file.size-off {
		return nil, fmt.Errorf("%s ends before byte %d", v.file.path, off+n)
	}
	if v.file.f == nil {
		return v.file.data[off : off+n : off+n], nil
	}
	if off < v.start || off+n > v.start+int64(len(v.buf)) {
		want := min(max(n, window), v.file.size-off)
		if int64(cap(v.buf)) < want {
			v.buf = make([]byte, want)
		}
		v.buf, v.start = v.buf[:want], off
		if _, err := v.file.f.ReadAt(v.buf, off); err != nil {
			v.buf = v.buf[:0]
			return nil, err
		}
	}
	at := off - v.start
	return v.buf[at : at+n : at+n], nil
}

// caught is deferred by whatever touches mapped memory, on a goroutine that set
// [debug.SetPanicOnFault]: it turns the fault of a file that was cut while
// mapped into an error. Other panics pass.
func caught(err *error, path string) {
	r := recover()
	if r == nil {
		return
	}
	fault, ok := r.(interface {
		runtime.Error
		Addr() uintptr
	})
	if !ok || fault.Addr() < 1<<16 {
		panic(r)
	}
	*err = fmt.Errorf("%s changed or could not be read while it was in use", path)
}
