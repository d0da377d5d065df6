package report

import (
	"net/url"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/petrascan/petrascan/scanner/finding"
)

// A forge knows the web pages of one remote repository. The zero forge knows
// none.
type forge struct {
	base    string // https URL of the repository's page
	commits string // between base and a commit's id
}

var commitPages = map[string]string{
	"github.com":    "/commit/",
	"gitlab.com":    "/-/commit/",
	"bitbucket.org": "/commits/",
	"codeberg.org":  "/commit/",
}

// forges returns the forge of each target that has one.
func forges(r *finding.Report) map[int]forge {
	m := make(map[int]forge)
	for _, t := range r.Scan.Targets {
		u, err := url.Parse(remote(t.URL))
		if err != nil {
			continue
		}
		host := strings.ToLower(u.Hostname())
		if commits, ok := commitPages[host]; ok {
			page := url.URL{Scheme: "https", Host: host, Path: strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), ".git")}
			m[t.ID] = forge{page.String(), commits}
		}
	}
	return m
}

var objectID = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// commit returns the address of a commit's page, or "".
func (f forge) commit(id string) string {
	if f.base == "" || !objectID.MatchString(id) {
		return ""
	}
	return f.base + f.commits + id
}

var scpLike = regexp.MustCompile(`^(?:[^@/:]+@)?([^@/:]+):([^/].*)$`)

// remote returns a remote's address as an absolute URL without user
// information, query and fragment, or "" if it is none. Git's scp-like form
// (git-fetch(1), "GIT URLS") becomes an ssh URL.
func remote(address string) string {
	if m := scpLike.FindStringSubmatch(address); m != nil && !strings.Contains(address, "://") && len(m[1]) > 1 {
		address = "ssh://" + m[1] + "/" + m[2]
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	switch u.Scheme {
	case "http", "https", "ssh", "git":
	default:
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// fileLink returns the file: URI of a finding's file on disk, or "".
func (v *view) fileLink(f *finding.Finding) string {
	switch f.Location {
	case finding.InFile, finding.InFileName, finding.InIndex, finding.InGitFile:
	default:
		return ""
	}
	t := v.targets[f.Target]
	if f.Path == "" || t == nil || v.options.Dir == "" {
		return ""
	}
	dir := t.Path
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(v.options.Dir, dir)
	}
	name := strings.TrimSuffix(filepath.ToSlash(dir), "/") + "/" + f.Path
	if !strings.HasPrefix(name, "/") {
		name = "/" + name // a Windows drive
	}
	return (&url.URL{Scheme: "file", Host: v.options.Host, Path: name}).String()
}
