package layertest

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math/bits"
)

// XZ returns data as one .xz stream with a dictionary of 1 MiB and CRC-32. It
// compresses runs of equal bytes and nothing else.
func XZ(data []byte) []byte { return XZDict(data, 1<<20) }

// XZDict is XZ with the dictionary size that the header states: a power of two
// from 4096 up.
func XZDict(data []byte, dict uint64) []byte {
	var out bytes.Buffer
	flags := []byte{0, 1} // CRC-32
	out.WriteString("\xfd7zXZ\x00")
	out.Write(flags)
	out.Write(crc(flags))

	block := []byte{2, 0, 0x21, 1, byte(2 * (bits.Len64(dict) - 13)), 0, 0, 0}
	out.Write(block)
	out.Write(crc(block))
	start := out.Len()
	out.Write(lzma2(data))
	unpadded := out.Len() - start + len(block) + 4 + 4
	for out.Len()%4 != 0 {
		out.WriteByte(0)
	}
	out.Write(crc(data))

	index := []byte{0, 1}
	index = binary.AppendUvarint(index, uint64(unpadded))
	index = binary.AppendUvarint(index, uint64(len(data)))
	for len(index)%4 != 0 {
		index = append(index, 0)
	}
	out.Write(index)
	out.Write(crc(index))
	footer := binary.LittleEndian.AppendUint32(nil, uint32((len(index)+4)/4-1))
	footer = append(footer, flags...)
	out.Write(crc(footer))
	out.Write(footer)
	out.WriteString("YZ")
	return out.Bytes()
}

func crc(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(b))
}

// lzma2 cuts data into chunks, each of which resets dictionary, properties and
// state.
func lzma2(data []byte) []byte {
	const chunkLen = 1 << 15 // incompressible, it still fits the 64 KiB of a chunk
	var out []byte
	for len(data) > 0 {
		n := min(len(data), chunkLen)
		if run := runLen(data); run > chunkLen {
			n = min(run, 1<<21)
		}
		packed := lzma(data[:n])
		out = append(out, 0xe0|byte((n-1)>>16))
		out = binary.BigEndian.AppendUint16(out, uint16(n-1))
		out = binary.BigEndian.AppendUint16(out, uint16(len(packed)-1))
		out = append(out, 3) // lc=3 lp=0 pb=0
		out = append(out, packed...)
		data = data[n:]
	}
	return append(out, 0)
}

func runLen(b []byte) int {
	n := 1
	for n < len(b) && b[n] == b[0] {
		n++
	}
	return n
}

// lzma is an LZMA encoder that knows literals and matches at distance one.
func lzma(data []byte) []byte {
	e := newRangeCoder()
	var isMatch, isRep [12]prob
	var literals [8][0x300]prob
	var choice, choice2 prob
	var low, mid [8]prob
	var high [256]prob
	var slots [4][64]prob
	for _, ps := range [][]prob{isMatch[:], isRep[:], low[:], mid[:], high[:], slots[0][:], slots[1][:], slots[2][:], slots[3][:]} {
		reset(ps)
	}
	choice, choice2 = half, half
	for i := range literals {
		reset(literals[i][:])
	}

	state := 0
	for i := 0; i < len(data); {
		run := 0
		if i > 0 && data[i] == data[i-1] {
			run = min(runLen(data[i:]), 273)
		}
		if run < 2 {
			e.bit(&isMatch[state], 0)
			prev := byte(0)
			if i > 0 {
				prev = data[i-1]
			}
			probs := literals[prev>>5][:]
			c := int(data[i])
			if state < 7 {
				e.tree(probs, c, 8)
			} else {
				// After a match, the byte at its distance steers the coding.
				m, symbol, offset := int(data[i-1]), 1, 0x100
				for b := 7; b >= 0; b-- {
					m <<= 1
					matchBit := m & offset
					bit := c >> b & 1
					e.bit(&probs[offset+matchBit+symbol], bit)
					symbol = symbol<<1 | bit
					if bit == 1 {
						offset &= m
					} else {
						offset &= ^m
					}
				}
			}
			switch {
			case state < 4:
				state = 0
			case state < 10:
				state -= 3
			default:
				state -= 6
			}
			i++
			continue
		}
		e.bit(&isMatch[state], 1)
		e.bit(&isRep[state], 0)
		n := run - 2
		switch {
		case n < 8:
			e.bit(&choice, 0)
			e.tree(low[:], n, 3)
		case n < 16:
			e.bit(&choice, 1)
			e.bit(&choice2, 0)
			e.tree(mid[:], n-8, 3)
		default:
			e.bit(&choice, 1)
			e.bit(&choice2, 1)
			e.tree(high[:], n-16, 8)
		}
		e.tree(slots[min(n, 3)][:], 0, 6)
		if state < 7 {
			state = 7
		} else {
			state = 10
		}
		i += run
	}
	return e.finish()
}

type prob uint16

const half prob = 1 << 10

func reset(ps []prob) {
	for i := range ps {
		ps[i] = half
	}
}

// A rangeCoder is LZMA's.
type rangeCoder struct {
	low    uint64
	width  uint32
	cache  byte
	unsent int
	out    []byte
}

func newRangeCoder() *rangeCoder { return &rangeCoder{width: 1<<32 - 1, unsent: 1} }

func (e *rangeCoder) bit(p *prob, bit int) {
	bound := e.width >> 11 * uint32(*p)
	if bit == 0 {
		e.width = bound
		*p += (1<<11 - *p) >> 5
	} else {
		e.low += uint64(bound)
		e.width -= bound
		*p -= *p >> 5
	}
	for e.width < 1<<24 {
		e.width <<= 8
		e.shift()
	}
}

func (e *rangeCoder) tree(ps []prob, v, n int) {
	symbol := 1
	for b := n - 1; b >= 0; b-- {
		bit := v >> b & 1
		e.bit(&ps[symbol], bit)
		symbol = symbol<<1 | bit
	}
}

func (e *rangeCoder) shift() {
	if e.low < 0xff000000 || e.low >= 1<<32 {
		for carry := byte(e.low >> 32); e.unsent > 0; e.unsent-- {
			e.out = append(e.out, e.cache+carry)
			e.cache = 0xff
		}
		e.cache = byte(e.low >> 24)
	}
	e.unsent++
	e.low = e.low & 0x00ffffff << 8
}

func (e *rangeCoder) finish() []byte {
	for range 5 {
		e.shift()
	}
	return e.out
}
