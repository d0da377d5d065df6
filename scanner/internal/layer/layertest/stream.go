// Package layertest makes containers for tests: small, valid files of every
// format that package layer opens, holding what the test puts into them. What
// compresses is compressed for real, so that no content shows in the bytes.
package layertest

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"

	"github.com/klauspost/compress/zstd"
)

// must stops a test whose fixture could not be made: writing to memory fails
// only by a mistake in this package.
func must(err error) {
	if err != nil {
		panic("layertest: " + err.Error())
	}
}

func through(w io.WriteCloser, out *bytes.Buffer, data []byte) []byte {
	_, err := w.Write(data)
	must(err)
	must(w.Close())
	return out.Bytes()
}

// Gzip returns data as one gzip member, under the name that gzip would store;
// name may be empty.
func Gzip(name string, data []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Name = name
	return through(w, &out, data)
}

// Zlib returns data as a zlib stream.
func Zlib(data []byte) []byte {
	var out bytes.Buffer
	return through(zlib.NewWriter(&out), &out, data)
}

// Zstd returns data as one zstd frame.
func Zstd(data []byte) []byte {
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithAllLitEntropyCompression(true))
	must(err)
	return through(w, &out, data)
}
