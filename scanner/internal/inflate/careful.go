package inflate

// careful decodes the symbols of a block one at a time. It checks before every
// step that the input has the bits and the output the room, so it can go on to
// the last byte of either. Where the input ends within a symbol, that has been taken in part.
func (s *stream) careful(t *tables) status {
	for s.out <= s.limit {
		// 48 bits are the most a length and a distance take.
		s.refill()
		e, ok := s.next(t.litlen[:], t.litlenMask)
		if !ok {
			return srcGone
		}
		switch {
		case e&entryLiteral != 0:
			if s.out == len(s.dst) {
				return dstFull
			}
			s.dst[s.out] = byte(e >> 16)
			s.out++
			s.take(uint(e & entryBits))
			continue
		case e&entryEnd != 0:
			s.take(uint(e & entryBits))
			return blockEnd
		case e&entrySpecial != 0:
			return badSymbol
		}
		length := e.value(s.bitbuf)
		s.take(uint(e & entryBits))

		e, ok = s.next(t.dist[:], t.distMask)
		if !ok {
			return srcGone
		}
		if e&entrySpecial != 0 {
			return badSymbol
		}
		distance := e.value(s.bitbuf)
		s.take(uint(e & entryBits))
		if distance > s.out {
			return badDistance
		}
		if !s.copyMatch(distance, length) {
			return dstFull
		}
	}
	return slackGone
}

// next looks up the next symbol and takes those of its bits that led to a second
// table. It returns false if the input ends before the symbol and its extra bits do.
func (s *stream) next(table []entry, mask uint64) (e entry, ok bool) {
	e = table[s.bitbuf&mask]
	if e&entryLink != 0 {
		n := uint(e & entryBits)
		if n > s.nbits {
			return 0, false
		}
		s.take(n)
		e = table[uint64(e>>16)+s.bitbuf&(1<<(e>>8&15)-1)]
	}
	return e, uint(e&entryBits) <= s.nbits
}

// copyMatch appends length bytes that begin distance bytes back, or as many as
// dst has room for. It returns whether that was all of them.
func (s *stream) copyMatch(distance, length int) bool {
	end := min(s.out+length, len(s.dst))
	fits := end-s.out == length
	// The copied part doubles until it covers the match: a copy from one place
	// never overlaps what it makes.
	for from := s.out - distance; s.out < end; {
		s.out += copy(s.dst[s.out:end], s.dst[from:s.out])
	}
	return fits
}
