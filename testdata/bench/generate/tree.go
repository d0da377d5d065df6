package generate

import (
	"fmt"
	"os"
	"path/filepath"
)

// Tree writes n files into dir, which it makes: 25 to a directory, directories
// in directories. It returns the bytes of all of them.
func Tree(dir string, seed uint64, n int) (int64, error) {
	t := newText(seed)
	extensions := []string{".go", ".c", ".md", ".json", ".js", ".bin", ""}
	var sum int64
	at := ""
	for i := range n {
		if i%25 == 0 {
			at = filepath.Join(dir, fmt.Sprintf("part%02d", i/2500), fmt.Sprintf("package%02d", i/25%100))
			if err := os.MkdirAll(at, 0o755); err != nil {
				return 0, err
			}
		}
		content := t.content()
		name := fmt.Sprintf("%s_%d%s", t.letters(), i, extensions[t.random.IntN(len(extensions))])
		if err := os.WriteFile(filepath.Join(at, name), content, 0o644); err != nil {
			return 0, err
		}
		sum += int64(len(content))
	}
	return sum, nil
}

// letters returns a name.
func (t *text) letters() string {
	name := make([]byte, 4+t.random.IntN(8))
	for i := range name {
		name[i] = byte('a' + t.random.IntN(26))
	}
	return string(name)
}
