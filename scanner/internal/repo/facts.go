package repo

import (
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/petrascan/petrascan/scanner/internal/gitobj"
)

func (r *Repo) isShallow() bool {
	fi, err := os.Stat(r.shallowFile)
	return err == nil && fi.Size() > 0
}

// ShallowIDs returns the commits whose parents were left out when history was
// cut (git-clone --depth).
func (r *Repo) ShallowIDs() ([]gitobj.ID, error) {
	data, err := readFile(r.shallowFile)
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var ids []gitobj.ID
	for line := range strings.Lines(string(data)) {
		id, err := r.parseID(strings.TrimSpace(line))
		if err != nil {
			return ids, fmt.Errorf("%s: %w", r.shallowFile, err)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// Promisor tells whether the repository is a partial clone: objects may be
// missing that a remote has promised.
func (r *Repo) Promisor() bool {
	if name, ok := r.local.Get("extensions.partialclone"); ok && name != "" {
		return true
	}
	for _, remote := range r.local.subsections("remote", "promisor") {
		if r.local.Bool("remote." + remote + ".promisor") {
			return true
		}
	}
	return len(r.local.subsections("remote", "partialclonefilter")) > 0
}

// Remote returns the URL of the remote called origin without user, password,
// query and fragment, "" when there is none.
func (r *Repo) Remote() string {
	urls := r.local.All("remote.origin.url")
	if len(urls) == 0 {
		return ""
	}
	return redactURL(urls[0])
}

// redactURL drops what can hold a secret from a URL or an scp-like address.
func redactURL(s string) string {
	if scheme, rest, ok := strings.Cut(s, "://"); ok {
		if u, err := url.Parse(s); err == nil {
			u.User, u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = nil, "", false, "", ""
			return u.String()
		}
		rest, _, _ = strings.Cut(rest, "?")
		rest, _, _ = strings.Cut(rest, "#")
		host, path, _ := strings.Cut(rest, "/")
		return scheme + "://" + host[strings.LastIndexByte(host, '@')+1:] + "/" + path
	}
	colon := strings.IndexByte(s, ':')
	if slash := strings.IndexByte(s, '/'); colon < 0 || slash >= 0 && slash < colon {
		return s
	}
	return s[strings.LastIndexByte(s[:colon], '@')+1:]
}
