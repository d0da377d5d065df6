package layertest

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// A File is a member of an archive.
type File struct {
	Name string
	Data []byte
}

// Zip returns a zip of deflated files.
func Zip(files ...File) []byte { return zipped(zip.Deflate, files) }

// ZipStored returns a zip of files that are not compressed.
func ZipStored(files ...File) []byte { return zipped(zip.Store, files) }

func zipped(method uint16, files []File) []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range files {
		m, err := w.CreateHeader(&zip.FileHeader{Name: f.Name, Method: method})
		must(err)
		_, err = m.Write(f.Data)
		must(err)
	}
	must(w.Close())
	return out.Bytes()
}

// Tar returns a tar archive. Long names and names beyond ASCII make it pax.
func Tar(files ...File) []byte {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, f := range files {
		must(w.WriteHeader(&tar.Header{Name: f.Name, Mode: 0o644, Size: int64(len(f.Data))}))
		_, err := w.Write(f.Data)
		must(err)
	}
	must(w.Close())
	return out.Bytes()
}

// Ar returns an ar archive with GNU long names.
func Ar(files ...File) []byte {
	var out, names bytes.Buffer
	out.WriteString("!<arch>\n")
	header := func(name string, size int) {
		fmt.Fprintf(&out, "%-16s%-12d%-6d%-6d%-8o%-10d`\n", name, 0, 0, 0, 0o100644, size)
	}
	short := make([]string, len(files))
	for i, f := range files {
		short[i] = f.Name + "/"
		if len(short[i]) > 16 {
			short[i] = fmt.Sprintf("/%d", names.Len())
			names.WriteString(f.Name + "/\n")
		}
	}
	content := func(name string, data []byte) {
		header(name, len(data))
		out.Write(data)
		if len(data)%2 == 1 {
			out.WriteByte('\n')
		}
	}
	if names.Len() > 0 {
		content("//", names.Bytes())
	}
	for i, f := range files {
		content(short[i], f.Data)
	}
	return out.Bytes()
}

// Cpio returns a cpio archive of the newc format.
func Cpio(files ...File) []byte {
	var out bytes.Buffer
	pad := func() {
		for out.Len()%4 != 0 {
			out.WriteByte(0)
		}
	}
	for i, f := range append(files[:len(files):len(files)], File{Name: "TRAILER!!!"}) {
		fmt.Fprintf(&out, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
			i, 0o100644, 0, 0, 1, 0, len(f.Data), 0, 0, 0, 0, len(f.Name)+1, 0)
		out.WriteString(f.Name + "\x00")
		pad()
		out.Write(f.Data)
		pad()
	}
	return out.Bytes()
}

// PNG returns a grey pixel with a text chunk of the kind (tEXt, zTXt, iTXt, or
// iTXt+ for a compressed one) and whatever is to follow the last chunk.
func PNG(kind string, text, behind []byte) []byte {
	var out bytes.Buffer
	out.WriteString("\x89PNG\r\n\x1a\n")
	chunk := func(kind string, data []byte) {
		must(binary.Write(&out, binary.BigEndian, uint32(len(data))))
		sum := crc32.ChecksumIEEE(append([]byte(kind), data...))
		out.WriteString(kind)
		out.Write(data)
		must(binary.Write(&out, binary.BigEndian, sum))
	}
	chunk("IHDR", []byte{0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0})
	switch kind {
	case "tEXt":
		chunk(kind, append([]byte("Comment\x00"), text...))
	case "zTXt":
		chunk(kind, append([]byte("Comment\x00\x00"), Zlib(text)...))
	case "iTXt":
		chunk(kind, append([]byte("Comment\x00\x00\x00en\x00\x00"), text...))
	case "iTXt+":
		chunk("iTXt", append([]byte("Comment\x00\x01\x00en\x00\x00"), Zlib(text)...))
	}
	chunk("IDAT", Zlib([]byte{0, 0}))
	chunk("IEND", nil)
	out.Write(behind)
	return out.Bytes()
}

// PDF returns a PDF of one Flate stream an entry.
func PDF(streams ...[]byte) []byte {
	objects := make([][]byte, len(streams))
	for i, s := range streams {
		packed := Zlib(s)
		objects[i] = fmt.Appendf(nil, "<< /Length %d /Filter /FlateDecode >>\nstream\r\n%s\nendstream", len(packed), packed)
	}
	return PDFObjects("", objects...)
}

// PDFObjects returns a PDF of the objects, numbered from 2, and of what the
// trailer is to hold besides, such as an /Encrypt entry.
func PDFObjects(trailer string, objects ...[]byte) []byte {
	var out bytes.Buffer
	out.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	objects = append([][]byte{[]byte("<< /Type /Catalog >>")}, objects...)
	var offsets []int
	for i, o := range objects {
		offsets = append(offsets, out.Len())
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	xref := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, at := range offsets {
		fmt.Fprintf(&out, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&out, "trailer\n<< /Size %d /Root 1 0 R %s>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, trailer, xref)
	return out.Bytes()
}
