package inflate

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"errors"
	"hash/adler32"
	"io"
	"testing"
)

// oracleLimit is how much of a stream's output the oracle looks at.
const oracleLimit = 1 << 18

// oracle returns what compress/flate makes of the stream at the start of src.
func oracle(src []byte) (out []byte, consumed int, err error) {
	r := bytes.NewReader(src)
	out, err = io.ReadAll(io.LimitReader(flate.NewReader(r), oracleLimit+1))
	return out, len(src) - r.Len(), err
}

// agree checks that z and compress/flate make the same of the raw stream at the
// start of src, given the right output size, one byte less and one byte more,
// and that a prefix of any size is a prefix.
func agree(t *testing.T, z *Inflater, g *guard, src []byte) {
	t.Helper()
	want, wantConsumed, wantErr := oracle(src)
	src = g.input(src)
	if len(want) > oracleLimit {
		if _, err := z.Deflate(g.output(oracleLimit), src); err == nil {
			t.Fatal("accepted a stream of more than the stated size")
		}
		want, wantErr = want[:oracleLimit], errors.New("too long")
	}

	dst := g.output(len(want))
	consumed, err := z.Deflate(dst, src)
	switch {
	case wantErr != nil && err == nil:
		t.Fatalf("accepted what compress/flate refuses: %v", wantErr)
	case wantErr == nil && err != nil:
		t.Fatalf("refused what compress/flate accepts: %v", err)
	case err == nil && !bytes.Equal(dst, want):
		t.Fatal("the output is not that of compress/flate")
	case err == nil && consumed != wantConsumed:
		t.Fatalf("consumed %d bytes, compress/flate %d", consumed, wantConsumed)
	}

	if wantErr != nil && len(want) < oracleLimit {
		// Room for a match whose distance is wrong, so that it is not the size that
		// is complained about.
		if _, err = z.Deflate(g.output(len(want)+300), src); err == nil {
			t.Fatalf("with much room accepted what compress/flate refuses: %v", wantErr)
		}
	}
	_, err = z.Deflate(g.output(len(want)+1), src)
	if wantErr == nil && err != ErrTooShort || err == nil {
		t.Fatalf("with a byte too much room: %v", err)
	}
	if len(want) > 0 {
		_, err = z.Deflate(g.output(len(want)-1), src)
		if wantErr == nil && err != ErrTooLong || err == nil {
			t.Fatalf("with a byte too little room: %v", err)
		}
	}

	wrapped := g.input(append([]byte{0x78, 0x9c}, src...))
	for _, size := range []int{0, 1, len(want) / 3, len(want) / 2, len(want) - 1, len(want)} {
		if size < 0 || size > len(want) {
			continue
		}
		dst := g.output(size)
		n, err := z.ZlibPrefix(dst, wrapped)
		if n != size || err != nil {
			t.Fatalf("prefix of %d in %d bytes: %d, %v", size, len(want), n, err)
		}
		if !bytes.Equal(dst, want[:size]) {
			t.Fatalf("prefix of %d in %d bytes is none", size, len(want))
		}
	}
	dst = g.output(len(want) + 100)
	n, err := z.ZlibPrefix(dst, wrapped)
	if wantErr == nil && (n != len(want) || err != nil) || n < len(want) || !bytes.Equal(dst[:len(want)], want) {
		t.Fatalf("prefix of more than all: %d of %d bytes, %v", n, len(want), err)
	}
}

// agreeZlib is agree for a zlib stream.
func agreeZlib(t *testing.T, z *Inflater, g *guard, src []byte) {
	t.Helper()
	var want []byte
	rest := bytes.NewReader(src)
	r, wantErr := zlib.NewReader(rest)
	if wantErr == nil {
		want, wantErr = io.ReadAll(io.LimitReader(r, oracleLimit+1))
		if len(want) > oracleLimit {
			return
		}
	}
	dst := g.output(len(want))
	consumed, err := z.Zlib(dst, g.input(src), true)
	switch {
	case err == ErrDictionary:
		// The one difference: compress/zlib takes no dictionary for an empty one.
		if len(src) < 2 || src[1]&0x20 == 0 {
			t.Fatal(err)
		}
	case wantErr != nil && err == nil:
		t.Fatalf("accepted what compress/zlib refuses: %v", wantErr)
	case wantErr == nil && err != nil:
		t.Fatalf("refused what compress/zlib accepts: %v", err)
	case err == nil && !bytes.Equal(dst, want):
		t.Fatal("the output is not that of compress/zlib")
	case err == nil && consumed != len(src)-rest.Len():
		t.Fatalf("consumed %d bytes, compress/zlib %d", consumed, len(src)-rest.Len())
	case errors.Is(wantErr, zlib.ErrChecksum) != (err == ErrChecksum),
		errors.Is(wantErr, zlib.ErrHeader) != (err == ErrHeader):
		t.Fatalf("refused with %v, compress/zlib with %v", err, wantErr)
	case err == ErrChecksum:
		if _, err := z.Zlib(dst, g.input(src), false); err != nil {
			t.Fatalf("checksum not asked for: %v", err)
		}
	}
}

// wrap makes a zlib stream of a raw one that expands to content.
func wrap(raw, content []byte) []byte {
	sum := adler32.Checksum(content)
	out := append([]byte{0x78, 0x9c}, raw...)
	return append(out, byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum))
}

// deflate returns the raw stream that compress/flate makes of content.
func deflate(t testing.TB, content []byte, level int) []byte {
	t.Helper()
	return deflater{}.deflate(t, content, level)
}

// A deflater keeps the writers, which are dear to make, by level.
type deflater map[int]*flate.Writer

func (d deflater) deflate(t testing.TB, content []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := d[level]
	if w == nil {
		var err error
		if w, err = flate.NewWriter(&b, level); err != nil {
			t.Fatal(err)
		}
		d[level] = w
	}
	w.Reset(&b)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
