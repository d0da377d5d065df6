package clone

import (
	"fmt"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ in, shown, address, user, password string }{
		{"https://github.com/acme/app.git", "https://github.com/acme/app.git", "https://github.com/acme/app.git", "", ""},
		{"HTTPS://Host.example:8443/a%20b/@scope/c", "https://Host.example:8443/a%20b/@scope/c", "https://Host.example:8443/a%20b/@scope/c", "", ""},
		{"https://ada@host/x", "https://host/x", "https://host/x", "ada", ""},
		{"https://ada:se%2Fsame%40@host/x", "https://host/x", "https://host/x", "ada", "se/same@"},
		{"http://:pw@[::1]:80/x", "http://[::1]:80/x", "http://[::1]:80/x", "", "pw"},
		{"ssh://git@host:2222/x", "ssh://host:2222/x", "ssh://git@host:2222/x", "", ""},
		{"ssh://host/~ada/x", "ssh://host/~ada/x", "ssh://host/~ada/x", "", ""},
		{"git@host:acme/app.git", "host:acme/app.git", "git@host:acme/app.git", "", ""},
		{"git@[::1]:app", "[::1]:app", "git@[::1]:app", "", ""},
		{"https://proxy/http://ada:hunter2@host/x", "https://proxy/http://host/x", "https://proxy/http://ada:hunter2@host/x", "", ""},
		{"git://host/x", "git://host/x", "git://host/x", "", ""},
		{"file:///srv/git/a%20b.git", "file:///srv/git/a%20b.git", "file:///srv/git/a%20b.git", "", ""},
	} {
		if !IsURL(c.in) {
			t.Errorf("%q is taken for a path", c.in)
		}
		s, err := Parse(c.in)
		if err != nil {
			t.Errorf("%q: %v", c.in, err)
			continue
		}
		user, password := "", ""
		if s.login != nil {
			user, password = s.login()
		}
		if s.String() != c.shown || s.address != c.address || user != c.user || password != c.password {
			t.Errorf("%q: %s, %s, %q, %q", c.in, s, s.address, user, password)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, in := range []string{
		"ext::sh -c hunter2", "ftp://ada:hunter2@host/x", "http://", "https:///x", "https://ada:hunter2@/x",
		"https://host/x?token=hunter2", "https://host/x#hunter2", "https://host/x?", "https://host/x#",
		"https://ada:hunt/er2@host/x", "https://ada:hunter2%0a@host/x", "https://ada:hunter2@host:port/x", "https://ho st:hunter2@/x",
		"ssh://ada:hunter2@host/x", "git://ada:hunter2@host/x", "ssh://-oProxyCommand=false/x", "ssh://-l@host/x",
		"git@-host:x", "-l@host:x", "git@host:-x", "git@host:",
		"file://host/x", "file://ada:hunter2@host/x", "file:///", "file://",
		"https://host/\n", "https://host/\xff", "git@host:\x1b[2J",
	} {
		if !IsURL(in) {
			t.Errorf("%q is taken for a path", in)
		}
		s, err := Parse(in)
		if err == nil {
			t.Errorf("%q is taken as %s", in, s)
			continue
		}
		for _, secret := range []string{"hunter2", "hunt/", "hunt ", "er2"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%q: %v", in, err)
			}
		}
	}
}

func TestIsURL(t *testing.T) {
	for _, path := range []string{".", "a/b", "-", `C:\x`, "C:/x", "c:x", "host:path", "./git@host:x", "/srv/git@host:x", "a@b", "@scope/x", ""} {
		if IsURL(path) {
			t.Errorf("%q is taken for a URL", path)
		}
	}
}

// TestSourceKeepsItsSecret prints a source in every way that fmt has.
func TestSourceKeepsItsSecret(t *testing.T) {
	s, err := Parse("https://ada:hunter2@host/x")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{s, &s, []Source{s}, struct{ inner Source }{s}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			if out := fmt.Sprintf(verb, v); strings.Contains(out, "hunter2") || strings.Contains(out, fmt.Sprintf("%x", "hunter2")) {
				t.Errorf("%s of %T tells the password", verb, v)
			}
		}
	}
	for _, text := range []string{
		"fatal: could not read Password for 'https://ada@host': no", "fatal: unable to access 'https://ada:hunter2@host/x/': no",
		"hunter2 was wrong", "Cloning into '/tmp/room/0.git'...",
	} {
		if out := s.clean(text, "/tmp/room/0.git"); strings.Contains(out, "hunter2") || strings.Contains(out, "ada") || strings.Contains(out, "/tmp") {
			t.Errorf("%q becomes %q", text, out)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"https://ada:hunter2@host/x", "git@host:x", "ext::sh", "file:///x", "ssh://a:b@c/d?e#f", "https://ada:hunt/hunter2@host/x", "http://0://@"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		s, err := Parse(in)
		if err != nil {
			return
		}
		if !IsURL(in) {
			t.Errorf("%q is an address and taken for a path", in)
		}
		if strings.HasPrefix(s.address, "-") || strings.HasPrefix(s.shown, "-") {
			t.Errorf("%q becomes the option %q", in, s.address)
		}
		// What Git is told is an address again, without a password.
		again, err := Parse(s.address)
		if err != nil || again.shown != s.shown || again.address != s.address || again.login != nil && s.isHTTP() {
			t.Errorf("%q becomes %q, which is not the same: %v", in, s.address, err)
		}
		if Redact(s.shown) != s.shown {
			t.Errorf("%q is shown as %q", in, s.shown)
		}
	})
}
