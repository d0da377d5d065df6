package inflate

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/iotest"
)

// agreeReader checks that r and compress/flate make the same of the raw stream
// at the start of src, however little of it comes at a time.
func agreeReader(t *testing.T, r *Reader, src []byte) {
	t.Helper()
	want, wantConsumed, wantErr := oracle(src)
	for name, in := range map[string]io.Reader{
		"whole":     bytes.NewReader(src),
		"by halves": iotest.HalfReader(bytes.NewReader(src)),
		"by bytes":  iotest.OneByteReader(bytes.NewReader(src)),
	} {
		br := bufio.NewReaderSize(in, headSize)
		r.Reset(br)
		got, err := io.ReadAll(io.LimitReader(r, oracleLimit+1))
		switch {
		case wantErr == nil && err != nil:
			t.Fatalf("%s: refused what compress/flate accepts: %v", name, err)
		case wantErr == nil && !bytes.Equal(got, want):
			t.Fatalf("%s: the output is not that of compress/flate", name)
		case wantErr != nil && err == nil && len(got) <= oracleLimit:
			t.Fatalf("%s: accepted what compress/flate refuses: %v", name, wantErr)
		case !bytes.HasPrefix(got, want):
			t.Fatalf("%s: not all came out that compress/flate gives before it refuses", name)
		case errors.Is(wantErr, io.ErrUnexpectedEOF) && err != io.ErrUnexpectedEOF && !corruptAnyway(src):
			t.Fatalf("%s: a stream that is cut: %v", name, err)
		}
		if wantErr != nil || len(want) > oracleLimit {
			continue
		}
		if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Fatalf("%s: behind the end: %d, %v", name, n, err)
		}
		rest, err := io.ReadAll(br)
		if err != nil || !bytes.Equal(rest, src[wantConsumed:]) {
			t.Fatalf("%s: %d bytes are left behind the stream, compress/flate leaves %d, %v", name, len(rest), len(src)-wantConsumed, err)
		}
	}
}

// corruptAnyway tells whether compress/flate refuses src whatever follows.
// Before it looks at a code it asks for as many bits as the end of a block has,
// so that it takes some streams for cut that are corrupt, too.
func corruptAnyway(src []byte) bool {
	_, _, err := oracle(append(slices.Clone(src), make([]byte, 8)...))
	return err != nil && !errors.Is(err, io.ErrUnexpectedEOF)
}

func TestReaderGivesEveryKind(t *testing.T) {
	var z Reader
	r := rand.New(rand.NewPCG(5, 5))
	for _, kind := range kinds {
		for _, level := range []int{-2, 0, 1, 9} {
			for _, size := range []int{0, 1, 300, 70_000, windowSize - 1, windowSize, 3*windowSize + 5} {
				content := kind.make(r, size)
				src := append(deflate(t, content, level), "what follows"...)
				br := bufio.NewReader(bytes.NewReader(src))
				z.Reset(br)
				got, err := io.ReadAll(iotest.HalfReader(&z))
				if err != nil || !bytes.Equal(got, content) {
					t.Fatalf("%s, %d bytes at level %d: %d bytes, %v", kind.name, size, level, len(got), err)
				}
				if rest, _ := io.ReadAll(br); string(rest) != "what follows" {
					t.Fatalf("%s, %d bytes at level %d: left %.40q", kind.name, size, level, rest)
				}
				agreeReader(t, &z, src[:len(src)/2])
			}
		}
	}
}

func TestReaderOfRandomStreams(t *testing.T) {
	var z Reader
	r := rand.New(rand.NewPCG(6, 6))
	for range 300 {
		src, _ := randomStream(r)
		agreeReader(t, &z, src)
		src[r.IntN(len(src))] ^= 1 << r.IntN(8)
		agreeReader(t, &z, src)
	}
}

func TestReaderPassesOnTheErrorOfItsInput(t *testing.T) {
	broken := errors.New("the disk is gone")
	content := random(rand.New(rand.NewPCG(7, 7)), 50_000)
	src := deflate(t, content, 6)
	var z Reader
	z.Reset(bufio.NewReader(io.MultiReader(bytes.NewReader(src[:len(src)/2]), iotest.ErrReader(broken))))
	got, err := io.ReadAll(&z)
	if err != broken || len(got) < len(content)/3 || !bytes.HasPrefix(content, got) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// FuzzReader checks that raw streams mean to a Reader what they mean to
// compress/flate.
func FuzzReader(f *testing.F) {
	r := rand.New(rand.NewPCG(8, 8))
	for _, kind := range kinds {
		for _, level := range []int{-2, 0, 6} {
			f.Add(deflate(f, kind.make(r, 400), level))
		}
	}
	for range 20 {
		src, _ := randomStream(r)
		f.Add(src)
	}
	var z Reader
	f.Fuzz(func(t *testing.T, src []byte) {
		if len(src) <= oracleLimit {
			agreeReader(t, &z, src)
		}
	})
}

func BenchmarkReader(b *testing.B) {
	for _, kind := range kinds {
		content := kind.make(rand.New(rand.NewPCG(9, 9)), 4<<20)
		src := deflate(b, content, 6)
		in := bytes.NewReader(nil)
		br := bufio.NewReader(in)
		var z Reader
		buf := make([]byte, 256<<10)
		b.Run(kind.name, func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				in.Reset(src)
				br.Reset(in)
				z.Reset(br)
				for {
					if _, err := io.ReadFull(&z, buf); err == io.EOF || err == io.ErrUnexpectedEOF {
						break
					} else if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
