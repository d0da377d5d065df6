// Package verifytest is a stand-in for the Petra API, well-behaved or not. It
// is an [http.Handler] for tests, and counts what it was asked.
package verifytest

import (
	"net/http"
	"strings"
	"sync"

	"github.com/petrascan/petrascan/scanner/finding"
)

// An API answers to /beta/usage. It rejects every key with 401 but those that
// [API.Set] names. It is safe for concurrent use.
type API struct {
	mu       sync.Mutex
	answers  map[finding.ID]Answer
	everyone Answer
	asked    map[finding.ID]int
	total    int
	lines    []string
}

// An Answer answers one request. n counts the requests with the same key before
// it.
type Answer func(w http.ResponseWriter, r *http.Request, n int)

// New returns an API that knows no key.
func New() *API {
	return &API{answers: map[finding.ID]Answer{}, asked: map[finding.ID]int{}}
}

// Set makes the API answer to one key so.
func (a *API) Set(key finding.Key, answer Answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answers[key.ID()] = answer
}

// SetEveryone makes the API answer so to everyone who has no answer set, made-up
// keys among them.
func (a *API) SetEveryone(answer Answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.everyone = answer
}

// Asked returns how many requests came with the key.
func (a *API) Asked(id finding.ID) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked[id]
}

// Requests returns how many requests came.
func (a *API) Requests() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.total
}

// Seen returns what the requests held besides the Authorization header: request
// lines and headers, one a line.
func (a *API) Seen() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return strings.Join(a.lines, "\n")
}

// ServeHTTP answers a request. The path and method are the API's alone: all
// else gets 404.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	id := finding.NewKey(token).ID()
	a.mu.Lock()
	n := a.asked[id]
	a.asked[id]++
	a.total++
	a.lines = append(a.lines, r.Method+" "+r.URL.String()+" "+r.Proto)
	for name, values := range r.Header {
		if name != "Authorization" {
			a.lines = append(a.lines, name+": "+strings.Join(values, ", "))
		}
	}
	answer := a.answers[id]
	if answer == nil {
		answer = a.everyone
	}
	a.mu.Unlock()
	switch {
	case r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/beta/usage"):
		answer = Status(http.StatusNotFound)
	case answer == nil:
		answer = Deleted
	}
	answer(w, r, n)
}
