package layer

import (
	"bufio"
	"bytes"
	"encoding/ascii85"
	"encoding/hex"
	"io"
	"regexp"
	"strconv"
	"sync"
)

// openPDF opens the streams of a PDF (ISO 32000-1 §7.3.8) that a filter hides,
// and those that are containers. It does not follow the cross-reference table:
// it goes from one "stream" keyword to the next, and so meets old revisions
// and damaged files too.
func (u *unpacking) openPDF() error {
	p := &pdf{u: u, br: u.reader()}
	err := p.walk()
	if p.encrypted {
		// What failed, failed for this reason.
		others := u.faults[:0]
		for _, f := range u.faults {
			if f.Kind != Opaque {
				others = append(others, f)
			}
		}
		u.faults, u.more = others, 0
		u.fault(Opaque, "", "encrypted")
	}
	return err
}

// pdfBehind is how much of the text before a stream is kept: its dictionary
// stands there.
const pdfBehind = 8 << 10

type pdf struct {
	u         *unpacking
	br        *bufio.Reader
	behind    []byte // up to twice pdfBehind bytes that were passed last
	encrypted bool
}

func (p *pdf) walk() error {
	for {
		if err := p.next("stream"); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		dict, object, ok := p.dictionary()
		if !ok {
			continue
		}
		if err := p.stream(dict, object); err != nil {
			return err
		}
	}
}

// next passes everything up to and with the next keyword.
func (p *pdf) next(keyword string) error {
	for {
		b, err := p.br.Peek(max(p.br.Buffered(), len(keyword)))
		i := bytes.Index(b, []byte(keyword))
		switch {
		case i >= 0:
			return p.pass(i + len(keyword))
		case err != nil:
			_ = p.pass(len(b))
			return err
		}
		if err := p.pass(len(b) - len(keyword) + 1); err != nil {
			return err
		}
	}
}

// pass goes n buffered bytes on.
func (p *pdf) pass(n int) error {
	if len(p.behind) > pdfBehind {
		p.behind = append(p.behind[:0], p.behind[len(p.behind)-pdfBehind:]...)
	}
	b, err := p.br.Peek(n)
	old := max(len(p.behind)-len("/Encrypt 0"), 0)
	p.behind = append(p.behind, b...)
	p.encrypted = p.encrypted || pdfEncrypt().Match(p.behind[old:])
	if err != nil {
		return err
	}
	_, err = p.br.Discard(n)
	return err
}

var (
	pdfEncrypt = compiled(`/Encrypt[ \r\n]*[0-9<]`)
	pdfObject  = compiled(`([0-9]{1,10})[ \r\n\t]+[0-9]{1,5}[ \r\n\t]+obj`)
	pdfFilter  = compiled(`/Filter[ \r\n\t]*(\[[^\]]*\]|/[A-Za-z0-9]+|[0-9])`)
	pdfName    = compiled(`/[A-Za-z0-9]+`)
	pdfParms   = compiled(`/(?:DecodeParms|DP)[ \r\n\t]*(?:\[[ \r\n\t]*(?:null[ \r\n\t]*)*)?<<([^>]*)>>`)
	pdfNumber  = compiled(`/(Predictor|Columns|Colors|BitsPerComponent)[ \r\n\t]+([0-9]{1,7})`)
)

// dictionary returns the dictionary before the keyword that was passed last,
// and its object's number; false if the keyword begins no stream. It goes on
// to the stream's first byte.
func (p *pdf) dictionary() (dict []byte, object string, ok bool) {
	text := p.behind[:len(p.behind)-len("stream")]
	if !bytes.HasSuffix(bytes.TrimRight(text, " \r\n\t"), []byte(">>")) {
		return nil, "", false
	}
	switch b, _ := p.br.Peek(2); {
	case has(b, 0, "\r\n"):
		_, _ = p.br.Discard(2)
	case has(b, 0, "\n"), has(b, 0, "\r"):
		_, _ = p.br.Discard(1)
	default:
		return nil, "", false
	}
	text = text[max(len(text)-pdfBehind, 0):]
	object = "stream"
	if all := pdfObject().FindAllSubmatchIndex(text, -1); len(all) > 0 {
		m := all[len(all)-1]
		object, text = "object "+string(text[m[2]:m[3]]), text[m[1]:]
	}
	dict = bytes.Clone(text)
	p.behind = p.behind[:0]
	return dict, object, true
}

// stream visits the stream whose first byte is next in br.
func (p *pdf) stream(dict []byte, object string) error {
	var filters [][]byte
	if m := pdfFilter().FindSubmatch(dict); m != nil {
		filters = pdfName().FindAll(m[1], -1)
		if len(filters) == 0 { // the filter is another object's value
			filters = [][]byte{[]byte("?")}
		}
	}
	head, _ := p.br.Peek(SniffLen)
	f, isContainer := Sniff(head)
	if len(filters) == 0 || string(filters[0]) == "?" && f != Zlib {
		if !isContainer {
			return nil
		}
		free := unlimited
		return p.u.member(object, -1, &until{br: p.br, magic: "endstream"}, &free)
	}
	// Deflated data ends by itself, but damaged data would swallow what follows.
	defer p.u.releaseAfter(len(p.u.held))
	var r io.Reader = p.u.buffer(&until{br: p.br, magic: "endstream"})
	applied := 0
filters:
	for _, name := range filters {
		switch string(name) {
		case "/FlateDecode", "/Fl", "?":
			zr, err := p.u.zlib(r)
			if err != nil {
				p.u.failure(object, err)
				return nil
			}
			r = zr
		case "/ASCIIHexDecode", "/AHx":
			r = hex.NewDecoder(&strip{&until{br: p.buffered(r), magic: ">"}})
		case "/ASCII85Decode", "/A85":
			r = ascii85.NewDecoder(&until{br: p.buffered(r), magic: "~>"})
		case "/LZWDecode", "/LZW", "/RunLengthDecode", "/RL", "/Crypt":
			p.u.fault(Opaque, object, "filter "+string(name[1:])+" is not supported")
			return nil
		default:
			break filters // the codec of an image; what it codes is no text
		}
		applied++
	}
	if applied == 0 {
		return nil
	}
	r, err := unpredict(r, dict)
	if err != nil {
		p.u.failure(object, err)
		return nil
	}
	return p.u.member(object, -1, r, nil)
}

func (p *pdf) buffered(r io.Reader) *bufio.Reader {
	if br, ok := r.(*bufio.Reader); ok {
		return br
	}
	return p.u.buffer(r)
}

// unpredict undoes the predictor that the parameters in dict state (§7.4.4.4).
func unpredict(r io.Reader, dict []byte) (io.Reader, error) {
	m := pdfParms().FindSubmatch(dict)
	if m == nil {
		return r, nil
	}
	parms := map[string]int{"Predictor": 1, "Columns": 1, "Colors": 1, "BitsPerComponent": 8}
	for _, kv := range pdfNumber().FindAllSubmatch(m[1], -1) {
		parms[string(kv[1])], _ = strconv.Atoi(string(kv[2]))
	}
	if parms["Predictor"] <= 1 {
		return r, nil
	}
	const maxRow = 1 << 20
	if parms["Columns"] > maxRow || parms["Colors"] > 32 || parms["BitsPerComponent"] > 16 {
		return nil, unsupported("predictor with very long rows")
	}
	pixel := parms["Colors"] * parms["BitsPerComponent"]
	row := (parms["Columns"]*pixel + 7) / 8
	if row == 0 || row > maxRow {
		return nil, unsupported("predictor with very long rows")
	}
	d := &predictor{r: r, png: parms["Predictor"] >= 10, step: (pixel + 7) / 8, row: make([]byte, row), prior: make([]byte, row)}
	if !d.png && parms["BitsPerComponent"] != 8 {
		return nil, unsupported("TIFF predictor of %d bits", parms["BitsPerComponent"])
	}
	return d, nil
}

// A predictor rebuilds rows of bytes from their differences: PNG's filters
// (PNG third edition §9.2), or TIFF's, which is PNG's "sub" on every row.
type predictor struct {
	r          io.Reader
	png        bool
	step       int // bytes from a sample to the same one of the pixel before
	row, prior []byte
	out        []byte // of row, not read yet
}

func (d *predictor) Read(p []byte) (int, error) {
	if len(d.out) == 0 {
		if err := d.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, d.out)
	d.out = d.out[n:]
	return n, nil
}

func (d *predictor) next() error {
	d.row, d.prior = d.prior, d.row
	filter := [1]byte{1}
	if d.png {
		if _, err := io.ReadFull(d.r, filter[:]); err != nil {
			return err
		}
	}
	n, err := io.ReadFull(d.r, d.row)
	if n == 0 {
		return err
	}
	clear(d.row[n:])
	for i := range d.row[:n] {
		var left, corner byte
		up := d.prior[i]
		if i >= d.step {
			left, corner = d.row[i-d.step], d.prior[i-d.step]
		}
		switch filter[0] {
		case 1:
			d.row[i] += left
		case 2:
			d.row[i] += up
		case 3:
			d.row[i] += byte((int(left) + int(up)) / 2)
		case 4:
			d.row[i] += paeth(left, up, corner)
		}
	}
	d.out = d.row[:n]
	return nil
}

// paeth is the one of three neighbours that is nearest to left + up - corner.
func paeth(left, up, corner byte) byte {
	guess := int(left) + int(up) - int(corner)
	distance := func(b byte) int {
		return max(guess-int(b), int(b)-guess)
	}
	switch {
	case distance(left) <= distance(up) && distance(left) <= distance(corner):
		return left
	case distance(up) <= distance(corner):
		return up
	}
	return corner
}

// until reads up to a magic, which it leaves unread; the end of the source is
// an end too.
type until struct {
	br    *bufio.Reader
	magic string
}

func (t *until) Read(p []byte) (int, error) {
	b, err := t.br.Peek(max(t.br.Buffered(), len(t.magic)))
	n := bytes.Index(b, []byte(t.magic))
	switch {
	case n == 0:
		return 0, io.EOF
	case n < 0 && err == nil:
		n = len(b) - len(t.magic) + 1
	case n < 0:
		n = len(b)
	}
	if n == 0 {
		return 0, err
	}
	n = copy(p, b[:n])
	_, err = t.br.Discard(n)
	return n, err
}

// strip drops white space.
type strip struct{ r io.Reader }

func (s *strip) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	kept := p[:0]
	for _, c := range p[:n] {
		if c > ' ' {
			kept = append(kept, c)
		}
	}
	return len(kept), err
}

// compiled returns what compiles a pattern when it is first needed, which most
// runs never do: a start of the program would pay for it.
func compiled(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
