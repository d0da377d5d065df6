package files

import "strings"

// Windows takes some names for something else than the file that a directory
// has under them: NUL and its like for devices, even with an extension, and
// others for the name without the dots and spaces at its end. Other systems, and
// the Linux subsystem on the same disk, make such files. Under a path that
// begins with \\?\ every name is taken as it is, and paths may be longer than
// 260 characters ("Naming Files, Paths, and Namespaces" in Microsoft's
// documentation of Win32).

// isMistaken tells whether Windows takes a name for something else.
func isMistaken(name string) bool {
	if strings.HasSuffix(name, ".") || strings.HasSuffix(name, " ") {
		return true
	}
	base, _, _ := strings.Cut(name, ".")
	switch base = strings.ToUpper(strings.TrimRight(base, " ")); base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	number, ok := strings.CutPrefix(base, "COM")
	if !ok {
		number, ok = strings.CutPrefix(base, "LPT")
	}
	switch number {
	case "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³":
		return ok
	}
	return false
}

// verbatim returns the form of an absolute path of Windows of which every name
// is taken as it is.
func verbatim(path string) string {
	path = strings.ReplaceAll(path, "/", `\`)
	switch {
	case strings.HasPrefix(path, `\\?\`), strings.HasPrefix(path, `\\.\`), strings.HasPrefix(path, `\??\`):
		return path
	case strings.HasPrefix(path, `\\`):
		return `\\?\UNC` + path[1:]
	}
	return `\\?\` + path
}
