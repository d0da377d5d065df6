package layertest

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// UTF32 returns text, which must be UTF-8, in UTF-32 with the byte order that
// bigEndian says, and without a mark.
func UTF32(text []byte, bigEndian bool) []byte {
	if !utf8.Valid(text) {
		panic("layertest: no text")
	}
	var out []byte
	for _, r := range string(text) {
		unit := []byte{byte(r), byte(r >> 8), byte(r >> 16), 0}
		if bigEndian {
			unit = []byte{0, byte(r >> 16), byte(r >> 8), byte(r)}
		}
		out = append(out, unit...)
	}
	return out
}

// IntelHex returns data as the records of Intel HEX, from address 0 on.
func IntelHex(data []byte) []byte {
	var out bytes.Buffer
	rows(data, func(address int, row []byte) {
		b := append([]byte{byte(len(row)), byte(address >> 8), byte(address), 0}, row...)
		fmt.Fprintf(&out, ":%X%02X\r\n", b, -sum(b))
	})
	out.WriteString(":00000001FF\r\n")
	return out.Bytes()
}

// SRecords returns data as S-records with addresses of two bytes.
func SRecords(data []byte) []byte {
	out := bytes.NewBufferString("S0030000FC\n")
	rows(data, func(address int, row []byte) {
		b := append([]byte{byte(len(row) + 3), byte(address >> 8), byte(address)}, row...)
		fmt.Fprintf(out, "S1%X%02X\n", b, ^sum(b))
	})
	out.WriteString("S9030000FC\n")
	return out.Bytes()
}

func rows(data []byte, write func(address int, row []byte)) {
	const width = 16
	for i := 0; i < len(data); i += width {
		write(i, data[i:min(i+width, len(data))])
	}
}

func sum(b []byte) (n byte) {
	for _, c := range b {
		n += c
	}
	return n
}
