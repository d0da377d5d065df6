//go:build libdeflate

package main

/*
#cgo CFLAGS: -O2
#cgo LDFLAGS: -ldeflate
#include <libdeflate.h>
#include <stdint.h>
#include <stdlib.h>

struct worker {
	struct libdeflate_decompressor *inflater;
	uint8_t *out;
	uint64_t room;
};

// inflate_entries inflates the n entries that begin at offsets and adds their
// sizes to *total. It returns 0, or 1 + the number of the entry that is broken.
static uint64_t inflate_entries(struct worker *w, const uint8_t *data, uint64_t end, const uint64_t *offsets, uint64_t n, uint64_t *total)
{
	if (!w->inflater && !(w->inflater = libdeflate_alloc_decompressor()))
		return 1;
	for (uint64_t i = 0; i < n; i++) {
		uint64_t at = offsets[i];
		uint8_t b = data[at++];
		int type = b >> 4 & 7, shift = 4;
		uint64_t size = b & 15;
		while (b & 0x80 && at < end) {
			b = data[at++];
			size |= (uint64_t)(b & 0x7f) << shift;
			shift += 7;
		}
		if (type == 6)
			while (at < end && data[at++] & 0x80)
				;
		else if (type == 7)
			at += 20;
		if (size > w->room) {
			free(w->out);
			w->room = size + size / 2;
			if (!(w->out = malloc(w->room)))
				return 1 + i;
		}
		// The two bytes that are left out are zlib's header; the Adler-32 after
		// the data is not checked.
		if (at + 2 > end || libdeflate_deflate_decompress(w->inflater, data + at + 2, end - at - 2, w->out, size, NULL) != LIBDEFLATE_SUCCESS)
			return 1 + i;
		*total += size;
	}
	return 0;
}
*/
import "C"

import (
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"
)

// inflate inflates every entry and returns the sum of their sizes.
func (p *pack) inflate(jobs int) (int64, error) {
	// Enough entries that the call into C costs nothing, few enough that the
	// threads end together.
	const share = 256
	var (
		next   atomic.Int64
		sum    atomic.Int64
		broken atomic.Pointer[error]
		wg     sync.WaitGroup
	)
	for range jobs {
		wg.Go(func() {
			w := (*C.struct_worker)(C.calloc(1, C.sizeof_struct_worker))
			var total C.uint64_t
			for {
				end := int(next.Add(share))
				start := end - share
				if start >= len(p.offsets) {
					break
				}
				list := p.offsets[start:min(end, len(p.offsets))]
				bad := C.inflate_entries(w, (*C.uint8_t)(unsafe.Pointer(&p.data[0])), C.uint64_t(len(p.data)-hashSize),
					(*C.uint64_t)(unsafe.Pointer(&list[0])), C.uint64_t(len(list)), &total)
				if bad != 0 {
					err := fmt.Errorf("the entry at %d does not inflate", list[bad-1])
					broken.Store(&err)
					break
				}
			}
			sum.Add(int64(total))
		})
	}
	wg.Wait()
	if err := broken.Load(); err != nil {
		return 0, *err
	}
	return sum.Load(), nil
}
