package files

import "testing"

func TestIsMistaken(t *testing.T) {
	for _, name := range []string{"CON", "nul", "AUX.txt", "Prn.tar.gz", "aux .c", "COM1", "com9.log", "LPT0", "lpt³", "CONIN$", "conout$.x", "a.", "a ", "..."} {
		if !isMistaken(name) {
			t.Errorf("%q is taken for the file that it names", name)
		}
	}
	for _, name := range []string{"CONSOLE", "null", "AUX_", "x.AUX", "COM", "COM10", "LPTX", "LPT", " a", ".nul", "a.b", "COMÀ", ""} {
		if isMistaken(name) {
			t.Errorf("%q is taken for something else", name)
		}
	}
}

func TestVerbatim(t *testing.T) {
	for path, want := range map[string]string{
		`C:\a\b`:             `\\?\C:\a\b`,
		`C:/a/b`:             `\\?\C:\a\b`,
		`C:\`:                `\\?\C:\`,
		`\\server\share\a`:   `\\?\UNC\server\share\a`,
		`\\?\C:\a\NUL`:       `\\?\C:\a\NUL`,
		`\\?\UNC\s\share\a.`: `\\?\UNC\s\share\a.`,
		`\\.\pipe\x`:         `\\.\pipe\x`,
	} {
		if got := verbatim(path); got != want {
			t.Errorf("%s becomes %s, want %s", path, got, want)
		}
	}
}
