package clone

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Source is a repository that is elsewhere. Whatever prints it prints its
// address without user information.
type Source struct {
	scheme  string // "ssh" for an address like that of scp, too
	address string // as Git is told; over HTTP without user information
	shown   string
	path    string // of file:, on this machine
	// login tells the user information of an HTTP address. A function, because
	// what prints a structure prints its strings.
	login func() (user, password string)
}

// schemes are the transports that may be used. Others can start programs
// (ext::) or are out of use.
var schemes = []string{"https", "http", "ssh", "git", "file"}

var (
	schemeLike = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]+(://|::)`)
	scpLike    = regexp.MustCompile(`^([\w.+-]+)@([\w.-]+|\[[0-9A-Fa-f:.]+\]):(.*)$`)
	userInfo   = regexp.MustCompile(`(://)[^/\s'"<>]*@`)
)

// IsURL tells whether an argument is meant as the address of a repository, be
// it one that [Parse] refuses, rather than a path (git-clone, "Git URLs"). A path
// that looks like one can be written with ./ before it.
func IsURL(s string) bool { return schemeLike.MatchString(s) || scpLike.MatchString(s) }

// Redact takes the user information out of every URL in a text.
func Redact(text string) string { return userInfo.ReplaceAllString(text, "$1") }

// Parse reads an address: https://, http://, ssh://, git://, file:/// or
// USER@HOST:PATH. Its errors repeat nothing of what may be a secret.
func Parse(s string) (Source, error) {
	switch {
	case !utf8.ValidString(s):
		return Source{}, errors.New("the address is not UTF-8")
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return Source{}, errors.New("there is a control character in the address")
	}
	if m := scpLike.FindStringSubmatch(s); m != nil && !schemeLike.MatchString(s) {
		user, host, path := m[1], m[2], m[3]
		if path == "" || dashed(user, host, path) {
			return Source{}, fmt.Errorf("%s:%s is no address", host, path)
		}
		return Source{scheme: "ssh", address: s, shown: Redact(host + ":" + path)}, nil
	}
	scheme, rest, ok := strings.Cut(s, "://")
	scheme = strings.ToLower(scheme)
	if !ok || !slices.Contains(schemes, scheme) {
		name, _, _ := strings.Cut(s, ":")
		return Source{}, fmt.Errorf("the transport %q is not used: an address begins with https://, ssh://, file:/// or git@", name)
	}
	authority, path, _ := strings.Cut(rest, "/")
	path = "/" + path
	host := authority[strings.LastIndexByte(authority, '@')+1:]
	bare := scheme + "://" + host + path
	if i := strings.LastIndexByte(s, '@'); i > len(s)-len(path) {
		// A password with a slash in it ends up in the path.
		bare = scheme + "://…" + s[i+1:]
	}
	u, err := url.Parse(scheme + "://" + rest)
	switch {
	case err != nil:
		return Source{}, fmt.Errorf("%s is no URL: write what has a meaning there, in a password too, as %%NN", Redact(bare))
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(s, "#"):
		bare, _, _ = strings.Cut(bare, "?")
		bare, _, _ = strings.Cut(bare, "#")
		return Source{}, fmt.Errorf("the address of a repository has no query and no fragment: %s", bare)
	case scheme == "file" && (u.Host != "" || u.User != nil || len(u.Path) < 2):
		return Source{}, errors.New("a file URL names no host: write file:///PATH")
	case scheme != "file" && u.Hostname() == "":
		return Source{}, fmt.Errorf("%s names no host", bare)
	case dashed(u.User.Username(), u.Host):
		return Source{}, fmt.Errorf("%s is no address", bare)
	}
	source := Source{scheme: scheme, address: scheme + "://" + host + path, shown: Redact(scheme + "://" + host + path)}
	password, hasPassword := u.User.Password()
	switch {
	case scheme == "file":
		source.path = u.Path
	case u.User == nil:
	case scheme == "ssh" && !hasPassword:
		source.address = scheme + "://" + authority + path
	case scheme == "ssh" || scheme == "git":
		return Source{}, fmt.Errorf("%s takes no password in the address", source)
	case strings.ContainsAny(u.User.Username()+password, "\n\r\x00"):
		return Source{}, fmt.Errorf("there is a control character in the user information of %s", source)
	default:
		user := u.User.Username()
		source.login = func() (string, string) { return user, password }
	}
	return source, nil
}

// dashed tells whether one of the words could be taken for an option.
func dashed(words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, "-") })
}

// String returns the address without user information.
func (s Source) String() string { return s.shown }

// origin is the part of an HTTP address that credentials belong to.
func (s Source) origin() string {
	scheme, rest, _ := strings.Cut(s.address, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}

// isHTTP tells whether the address is asked over HTTP.
func (s Source) isHTTP() bool { return s.scheme == "http" || s.scheme == "https" }

// clean takes what is secret, and what is of this run alone, out of a message.
func (s Source) clean(message, dir string) string {
	message = strings.ReplaceAll(message, dir, "the clone")
	message = Redact(message)
	if s.login != nil {
		user, password := s.login()
		for _, secret := range []string{password, url.QueryEscape(password), url.PathEscape(password)} {
			if secret != "" {
				message = strings.ReplaceAll(message, secret, "…")
			}
		}
		if len(user) >= len("x-access-token") { // longer than names are: a token
			message = strings.ReplaceAll(message, user, "…")
		}
	}
	return strings.ToValidUTF8(message, "�")
}
