package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
)

const hashSize = 20 // SHA-1; a repository with SHA-256 does not get past openPack

// pack is a mapped pack. It stays mapped until the program ends.
type pack struct {
	data    []byte
	offsets []uint64 // where entries begin, ascending
}

func openPack(name string) (*pack, error) {
	idx, err := mapFile(strings.TrimSuffix(name, ".pack") + ".idx")
	if err != nil {
		return nil, err
	}
	data, err := mapFile(name)
	if err != nil {
		return nil, err
	}
	if len(data) < 12+hashSize || string(data[:4]) != "PACK" {
		return nil, errors.New("not a pack")
	}
	offsets, err := readOffsets(idx)
	if err != nil {
		return nil, err
	}
	if want := binary.BigEndian.Uint32(data[8:]); uint32(len(offsets)) != want {
		return nil, fmt.Errorf("the idx names %d entries, the pack has %d", len(offsets), want)
	}
	for _, offset := range offsets {
		if offset < 12 || offset >= uint64(len(data)-hashSize) {
			return nil, fmt.Errorf("the idx names offset %d, which is outside the pack", offset)
		}
	}
	sortOffsets(offsets)
	return &pack{data: data, offsets: offsets}, nil
}

// readOffsets returns the offsets of an idx of version 2, in the order of the
// idx.
func readOffsets(idx []byte) ([]uint64, error) {
	const header, fanout, ends = 8, 256 * 4, 2 * hashSize
	if len(idx) < header+fanout+ends || binary.BigEndian.Uint32(idx) != 0xff744f63 || binary.BigEndian.Uint32(idx[4:]) != 2 {
		return nil, errors.New("not an idx of version 2: run git repack -a -d")
	}
	n := int(binary.BigEndian.Uint32(idx[header+fanout-4:]))
	small := header + fanout + n*(hashSize+4)
	large := small + n*4
	rest := len(idx) - ends - large
	if rest < 0 || rest%8 != 0 || rest/8 > n {
		return nil, errors.New("the idx has not the size of one with SHA-1 ids")
	}
	offsets := make([]uint64, n)
	for i := range offsets {
		offset := uint64(binary.BigEndian.Uint32(idx[small+4*i:]))
		if offset&(1<<31) != 0 {
			at := int(offset &^ (1 << 31))
			if at >= rest/8 {
				return nil, errors.New("the idx names a large offset that it does not have")
			}
			offset = binary.BigEndian.Uint64(idx[large+8*at:])
		}
		offsets[i] = offset
	}
	return offsets, nil
}

// sortOffsets sorts by 11 bits at a time: half a million offsets in a few
// milliseconds, which slices.Sort does not reach and a floor should not spend.
func sortOffsets(offsets []uint64) {
	var most uint64
	for _, offset := range offsets {
		most = max(most, offset)
	}
	from, to := offsets, make([]uint64, len(offsets))
	for shift := 0; most>>shift != 0; shift += 11 {
		var starts [1 << 11]int
		for _, offset := range from {
			starts[offset>>shift&(1<<11-1)]++
		}
		sum := 0
		for i, n := range starts {
			starts[i] = sum
			sum += n
		}
		for _, offset := range from {
			digit := offset >> shift & (1<<11 - 1)
			to[starts[digit]] = offset
			starts[digit]++
		}
		from, to = to, from
	}
	copy(offsets, from)
}

// count returns the sum of the sizes that the entries' headers name.
func (p *pack) count(int) (int64, error) {
	var sum int64
	for _, offset := range p.offsets {
		size, shift := uint64(p.data[offset]&15), 4
		for at := offset; p.data[at]&0x80 != 0; shift += 7 {
			at++
			if at >= uint64(len(p.data)) || shift > 57 {
				return 0, fmt.Errorf("the entry at %d has a broken header", offset)
			}
			size |= uint64(p.data[at]&0x7f) << shift
		}
		sum += int64(size)
	}
	return sum, nil
}

func mapFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return mapped(f, int(info.Size()))
}
