package detect

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/scanner/internal/layer"
)

// content is what is known of one content while its pieces are searched.
type content struct {
	member   string
	layers   []string // containers around it, outermost first
	budget   *layer.Budget
	cursors  [3]*cursor    // by encoding; nil until needed
	start    func() cursor // makes the first of them where the piece at hand is not the content's first; else nil
	ordinals map[string]int
	from, to int   // the part of the piece at hand whose keys are reported
	least    int   // if not 0: from there on the piece at hand may end earlier, for the next to begin there
	runs     []run // of encoded containers that reach into the piece at hand
	scout    *cursor
	behind   layer.Format // which container the end of the content shows, if the whole was not sniffed
	wide     bool         // the content is UTF-16 from its beginning on
}

// Bytes searches content that is held in memory.
func (w *Worker) Bytes(ctx context.Context, b []byte) (Outcome, error) {
	w.out = Outcome{}
	err := w.bytes(ctx, &content{budget: layer.NewBudget(w.engine.opts.Limits)}, b)
	return w.out, err
}

// Stream searches what r gives, in overlapping chunks, to its end. If r is an
// [io.ReaderAt] as well, containers of any kind in it are opened; size is then
// the length of the whole content.
func (w *Worker) Stream(ctx context.Context, r io.Reader, size int64) (Outcome, error) {
	w.out = Outcome{}
	err := w.stream(ctx, &content{budget: layer.NewBudget(w.engine.opts.Limits)}, r, size)
	return w.out, err
}

func (w *Worker) bytes(ctx context.Context, c *content, b []byte) error {
	w.out.Bytes += int64(len(b))
	first := len(w.out.Hits)
	w.piece(ctx, c, b, 0, len(b))
	format, ok := w.sniff(b, b)
	if !ok {
		return nil
	}
	raw := len(w.out.Hits)
	err := w.unpack(ctx, c, format, layer.SourceAt(bytes.NewReader(b), int64(len(b))))
	w.dropTold(first, raw)
	return err
}

// sniff tells which container has the given head and, if head and tail are
// known, tail.
func (w *Worker) sniff(head, tail []byte) (layer.Format, bool) {
	if w.engine.opts.Limits.Depth == 0 {
		return 0, false
	}
	if format, ok := layer.Sniff(head); ok {
		return format, true
	}
	return layer.SniffTail(tail[max(0, len(tail)-layer.SniffTailLen):])
}

// dropTold drops those of Hits[first:raw], found in the raw bytes of a
// container, that its members told again, with a better place.
func (w *Worker) dropTold(first, raw int) {
	told := map[finding.ID]int{}
	for _, h := range w.out.Hits[raw:] {
		told[h.Key.ID()]++
	}
	if len(told) == 0 || first == raw {
		return
	}
	members := slices.Clone(w.out.Hits[raw:])
	texts := make([]string, len(members))
	for i, m := range members {
		texts[i] = m.Key.Reveal()
	}
	slices.Sort(texts)
	kept := w.out.Hits[:first]
	for _, h := range w.out.Hits[first:raw] {
		id := h.Key.ID()
		if told[id] > 0 {
			told[id]--
			continue
		}
		// Where a page or a block ends the raw bytes may show a part of the key.
		longer, _ := slices.BinarySearch(texts, h.Key.Reveal()+"\x00")
		if longer == len(texts) || !strings.HasPrefix(texts[longer], h.Key.Reveal()) {
			kept = append(kept, h)
		}
	}
	w.out.Hits = append(kept, members...)
}

// stream searches content of any length.
func (w *Worker) stream(ctx context.Context, c *content, r io.Reader, size int64) error {
	head := make([]byte, layer.SniffLen)
	n, err := io.ReadFull(r, head)
	head = head[:n]
	if err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = nil
		}
		return errors.Join(w.bytes(ctx, c, head), err)
	}
	whole := io.MultiReader(bytes.NewReader(head), r)
	at, random := r.(io.ReaderAt)
	var tail []byte
	if random && size >= 0 {
		tail = make([]byte, min(size, layer.SniffTailLen))
		if n, err := at.ReadAt(tail, size-int64(len(tail))); n < len(tail) && err != nil {
			tail = nil
		}
	}
	format, ok := w.sniff(head, tail)
	if !ok {
		return w.once(ctx, c, w.buffer(), 0, whole)
	}
	first := len(w.out.Hits)
	if !random {
		return w.unpackStream(ctx, c, format, whole)
	}
	if err := w.chunks(ctx, c, w.buffer(), 0, whole); err != nil {
		return err
	}
	raw := len(w.out.Hits)
	err = w.unpack(ctx, c, format, layer.SourceAt(at, size))
	w.dropTold(first, raw)
	return err
}

// once searches content like chunks, and names the container that its end shows:
// what comes before that one is not held.
func (w *Worker) once(ctx context.Context, c *content, buf []byte, fill int, r io.Reader) error {
	err := w.chunks(ctx, c, buf, fill, r)
	if c.behind != 0 && w.engine.opts.Limits.Depth > 0 {
		w.gap(&w.out.Opaque, c, c.behind.String()+" behind other content of a stream is not opened; its raw bytes were searched")
	}
	return err
}

// chunks slides a window over content that begins with buf[:fill] and goes on in
// r. Each piece of it begins and ends with a margin whose candidates belong to
// the neighbours. Where a piece shows only a part of compressed data that an
// encoding hides, the next one begins there. In the end chunks releases buf.
func (w *Worker) chunks(ctx context.Context, c *content, buf []byte, fill int, r io.Reader) error {
	defer w.release(buf)
	margin := w.engine.margin
	w.out.Bytes += int64(fill)
	for from := 0; ; {
		n, err := io.ReadFull(r, buf[fill:])
		fill += n
		w.out.Bytes += int64(n)
		if err != nil {
			c.least = fill
			w.piece(ctx, c, buf[:fill], from, fill)
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				c.behind, _ = layer.SniffTail(buf[max(0, fill-layer.SniffTailLen):fill])
				return nil
			}
			return err
		}
		c.least = from + w.engine.chunk/4
		w.piece(ctx, c, buf[:fill], from, runeStart(buf, fill-margin))
		to := runeStart(buf, c.to)
		drop := runeStart(buf, to-margin)
		for _, cur := range c.cursors {
			if cur != nil {
				cur.seek(buf[:fill], drop)
				cur.next -= drop
			}
		}
		c.runs = slices.DeleteFunc(c.runs, func(r run) bool { return r.to <= drop })
		for i := range c.runs {
			c.runs[i].from -= drop
			c.runs[i].to -= drop
		}
		fill = copy(buf, buf[drop:fill])
		from = to - drop
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// runeStart moves i back to an even offset where a UTF-8 character begins, so
// that no character of UTF-8 or UTF-16 is counted in two parts.
func runeStart(b []byte, i int) int {
	for n := 0; n < 8 && i > 0 && (i%2 == 1 || b[i]&0xc0 == 0x80); n++ {
		i--
	}
	return i
}

// piece searches b and reports the keys that begin in b[from:to]. The bytes
// before and after are there for their context.
func (w *Worker) piece(ctx context.Context, c *content, b []byte, from, to int) {
	if c.cursors[utf8Text] == nil && c.start == nil {
		cur := newCursor(utf8Text)
		c.cursors[utf8Text] = &cur
		c.wide = wideText(b)
	}
	c.from, c.to, c.scout = from, to, nil
	found := sorted(w.search(ctx, &frame{bytes: b}, c, nil))
	to = c.to
	hidden := hide(found)
	ends := map[finding.ID]int{} // where the last match of each key ends
	for _, m := range found {
		again := m.id != "" && m.start < ends[m.id] // the same key seen through other layers
		ends[m.id] = max(ends[m.id], m.end)
		switch {
		case m.start < from || m.start >= to || again || c.told(m):
		case m.verdict.Confidence == finding.None:
			w.doubt(c, b, m)
		case m.verdict.Confidence < w.engine.opts.Confidence:
			w.out.Low++
			w.doubt(c, b, m)
		default:
			w.out.Hits = append(w.out.Hits, w.hit(c, b, m, hidden))
		}
	}
}

// sorted brings matches into the order of their places, the one with the fewest
// layers first, and drops UTF-16 read with its bytes swapped.
func sorted(found []match) []match {
	slices.SortStableFunc(found, func(x, y match) int {
		return cmp.Or(cmp.Compare(x.start, y.start), cmp.Compare(len(x.layers), len(y.layers)), cmp.Compare(y.end, x.end))
	})
	kept := found[:0:0]
	for i := range found {
		if !swapped(found, i) {
			kept = append(kept, found[i])
		}
	}
	return kept
}

// swapped tells whether found[i] is UTF-16 read with its bytes swapped: the zero
// bytes of text fit both orders, one byte apart. The right order is the one
// that begins at an even offset.
func swapped(found []match, i int) bool {
	m := &found[i]
	if m.start%2 == 0 || !isUTF16(m.layers) {
		return false
	}
	for _, j := range [...]int{i - 1, i + 1} {
		if j < 0 || j >= len(found) {
			continue
		}
		o := &found[j]
		if o.start%2 == 0 && max(o.start-m.start, m.start-o.start) == 1 && isUTF16(o.layers) && o.id == m.id {
			return true
		}
	}
	return false
}

func isUTF16(layers []string) bool {
	return len(layers) > 0 && (layers[0] == "utf-16le" || layers[0] == "utf-16be")
}

// hit turns a match into what is reported of it.
func (w *Worker) hit(c *content, b []byte, m match, hidden []veil) Hit {
	h := Hit{
		Key:        m.verdict.Key,
		Rule:       m.verdict.Rule,
		Confidence: m.verdict.Confidence,
		Extent:     m.verdict.Extent,
		Member:     c.member,
		Layers:     slices.Concat(c.layers, m.layers),
	}
	cur := c.cursor(m.layers)
	start := cur.seek(b, m.start)
	end := *cur
	last := end.seek(b, trimEnd(b, m.start, m.end))
	h.Line, h.Column, h.EndLine, h.EndColumn = start.line, start.column, last.line, last.column
	if len(h.Layers) == len(c.layers) {
		h.Snippet = snippet(b, m, hidden, start.line)
	}
	h.Inline, h.Meant = w.comments(b, m.start, trimEnd(b, m.start, m.end), c.wide)
	name := string(m.id) + strings.Join(h.Layers, ",")
	if c.ordinals == nil {
		c.ordinals = map[string]int{}
	}
	h.Ordinal = c.ordinals[name]
	c.ordinals[name]++
	return h
}

// A run is an encoded container in the content and the keys that it holds.
type run struct {
	from, to int
	keys     map[finding.ID]bool
}

// told tells whether the match lies in an encoded container that has shown the
// same key already: not everything in compressed data is compressed.
func (c *content) told(m match) bool {
	return slices.ContainsFunc(c.runs, func(r run) bool {
		return r.from <= m.start && m.start < r.to && r.keys[m.id]
	})
}

// wideText tells whether text begins as UTF-16: with a byte order mark, or with
// every other byte zero, as Latin letters are.
func wideText(b []byte) bool {
	if len(b) < 2 {
		return false
	}
	if b[0] == 0xff && b[1] == 0xfe || b[0] == 0xfe && b[1] == 0xff {
		return true
	}
	var zeros [2]int
	head := b[:min(len(b), 16)]
	for i, c := range head {
		if c == 0 {
			zeros[i%2]++
		}
	}
	most, least := max(zeros[0], zeros[1]), min(zeros[0], zeros[1])
	return most > len(head)/4 && least*4 <= most
}

// cursor returns the cursor that counts characters as the content has them: in
// UTF-16 where a key was found in it and the whole content is. A cursor that is
// first needed in the middle of a stream takes the line of the UTF-8 cursor,
// whose count of line feeds is the same for text.
func (c *content) cursor(layers []string) *cursor {
	enc := utf8Text
	if len(layers) > 0 && c.wide {
		switch layers[0] {
		case "utf-16le":
			enc = utf16LE
		case "utf-16be":
			enc = utf16BE
		}
	}
	if c.cursors[utf8Text] == nil {
		cur := c.start()
		c.cursors[utf8Text] = &cur
	}
	if c.cursors[enc] == nil {
		cur := *c.cursors[utf8Text]
		if cur.next == 0 && cur.bom {
			cur = newCursor(enc)
		}
		cur.enc = enc
		c.cursors[enc] = &cur
	}
	return c.cursors[enc]
}

// ahead returns a cursor for what is met while the piece at hand is searched. It
// runs before the one that tells the places of keys, and must not be moved
// beyond start but as a copy.
func (c *content) ahead(layers []string, start int) *cursor {
	if cur := c.cursor(layers); c.scout == nil || c.scout.enc != cur.enc || c.scout.next > start {
		scout := *cur
		c.scout = &scout
	}
	return c.scout
}

// trimEnd moves end back over what only separates an encoded run from what
// follows it.
func trimEnd(b []byte, start, end int) int {
	for end > start && bytes.IndexByte([]byte(" \t\r\n"), b[end-1]) >= 0 {
		end--
	}
	return end
}

func (w *Worker) gap(list *[]Gap, c *content, reason string) {
	addGap(list, Gap{Member: c.member, Reason: reason})
}

// addGap appends g unless the list has just told it: the same gap is met again
// and again in one member, and there may be a hundred thousand members.
func addGap(list *[]Gap, g Gap) {
	const latest = 32
	if told := *list; !slices.Contains(told[max(0, len(told)-latest):], g) {
		*list = append(told, g)
	}
}

// buffer returns a buffer of the worker's own, which a chunk and its margins fit
// into.
func (w *Worker) buffer() []byte {
	if b := w.taken(&w.buffers); b != nil {
		return b
	}
	return make([]byte, w.engine.chunk+2*w.engine.margin)
}

// small returns a small buffer of the worker's own. Members of containers are
// read into one first: few fill it, and every nest holds one.
func (w *Worker) small() []byte {
	if b := w.taken(&w.smalls); b != nil {
		return b
	}
	return make([]byte, w.engine.chunk/16)
}

func (w *Worker) taken(list *[][]byte) []byte {
	n := len(*list) - 1
	if n < 0 {
		return nil
	}
	b := (*list)[n]
	*list = (*list)[:n]
	return b
}

// release takes a buffer of either size back.
func (w *Worker) release(b []byte) {
	if len(b) == w.engine.chunk/16 {
		w.smalls = append(w.smalls, b)
		return
	}
	w.buffers = append(w.buffers, b)
}

// Mask returns text with every key in it masked, encoded ones wholly: for
// paths, names and messages that reach a report.
func (w *Worker) Mask(text string) string {
	b := []byte(text)
	if !w.engine.Candidate(b) {
		return text
	}
	saved := w.out
	found := w.search(context.Background(), &frame{bytes: b}, &content{budget: layer.NewBudget(layer.Limits{})}, nil)
	w.out = saved
	return string(mask(b, 0, len(b), hide(found)))
}
