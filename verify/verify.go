package verify

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/petrascan/petrascan/scanner/finding"
)

// DefaultURL is the address of Petra's API.
const DefaultURL = "https://api.petrasecurity.com"

// endpoint is the question, relative to the API's address.
const endpoint = "beta/usage"

// Options say whom to ask and how hard. The zero value asks Petra's API gently.
type Options struct {
	// URL is the API's address: https, or http to this machine. Empty means
	// [DefaultURL]. It must come from the user, never from what was scanned.
	URL string
	// Control is a key that the user knows to be valid; the zero Key for none.
	Control finding.Key
	// Jobs is how many requests may be under way at a time; 0 means 4.
	Jobs int
	// Rate is how many requests a second are begun at most, but for as many
	// that may begin at once after a rest; 0 means 10.
	Rate float64
	// Budget is how long to go on without an answer, be it for rate limits or
	// errors, before giving the remaining keys up; 0 means two minutes.
	Budget time.Duration
	// Timeout is how long one request may take; 0 means ten seconds.
	Timeout time.Duration
	// Memory keeps verdicts from run to run; nil forgets them.
	Memory *Memory
	// Fresh asks about every key whose verdict is not final, whatever memory
	// knows. So does a control key: it may make verdicts final.
	Fresh bool
	// Proxy returns the proxy for a request to u, or nil; nil means none.
	Proxy func(u *url.URL) (*url.URL, error)
	// RootCAs are trusted instead of the system's if not nil.
	RootCAs *x509.CertPool
	// Trace is called after each request, one call at a time, in the order of the
	// answers; nil means no.
	Trace func(Request)
	// Progress is called after each verdict, one call at a time; nil means no.
	Progress func(done, of int)

	Now   func() time.Time                                 // the clock; nil: time.Now
	Sleep func(ctx context.Context, d time.Duration) error // nil: a timer
}

// A Client asks one API about keys. It is made by [New].
type Client struct {
	options   Options
	base      string // without a slash at the end
	question  *url.URL
	proxy     string // host of the proxy in use; empty: none
	transport *http.Transport
	requests  atomic.Int64
	tracing   sync.Mutex
}

// A Request is one question that was sent, and what came of it.
type Request struct {
	Key    finding.Key   // prints masked
	Kind   Kind          // whose key it is
	Code   int           // HTTP status; 0: there was no answer
	Reason string        // of an answer that is neither 2xx nor 401: a sentence without a full stop
	Again  time.Duration // how long to wait before it is asked again; 0: it is not
}

// A Kind of key says why it is asked about.
type Kind uint8

// The kinds of key.
const (
	Found   Kind = iota // it was found
	MadeUp              // nobody has it: it must be rejected
	Control             // the user knows it to be valid
)

// trace tells of a request, if somebody asks.
func (c *Client) trace(key finding.Key, kind Kind, a answer, again time.Duration) {
	if c.options.Trace != nil {
		c.tracing.Lock()
		defer c.tracing.Unlock()
		c.options.Trace(Request{Key: key, Kind: kind, Code: a.code, Reason: a.reason, Again: again})
	}
}

// New checks the options and returns a client. It sends nothing.
func New(o Options) (*Client, error) {
	if o.URL == "" {
		o.URL = DefaultURL
	}
	base, err := parseBase(o.URL)
	if err != nil {
		return nil, err
	}
	if o.Jobs <= 0 {
		o.Jobs = 4
	}
	if o.Rate <= 0 {
		o.Rate = 10
	}
	if o.Budget <= 0 {
		o.Budget = 2 * time.Minute
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	c := &Client{options: o, base: strings.TrimSuffix(base.String(), "/"), question: base.JoinPath(endpoint)}
	c.transport = &http.Transport{
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs},
		TLSHandshakeTimeout:    o.Timeout,
		MaxIdleConnsPerHost:    o.Jobs,
		MaxConnsPerHost:        o.Jobs,
		IdleConnTimeout:        time.Minute,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true, // nothing expands
		// HTTP/1.1 only: with GODEBUG=http2debug=1 Go's HTTP/2 logs headers,
		// and the key is in one.
		Protocols: new(http.Protocols),
	}
	c.transport.Protocols.SetHTTP1(true)
	if o.Proxy != nil {
		via, err := o.Proxy(c.question)
		if err != nil {
			return nil, errors.New("the proxy that the environment names (HTTPS_PROXY) is not a URL: write it as http://HOST:PORT")
		}
		if via != nil {
			c.proxy = via.Host
			c.transport.Proxy = http.ProxyURL(via)
		}
	}
	return c, nil
}

// parseBase reads the API's address. Its errors do not repeat it: it may hold a
// password.
func parseBase(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return nil, errors.New("the API's address is not a URL such as " + DefaultURL)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery {
		return nil, errors.New("the API's address may have a host, a port and a path, nothing else")
	}
	if strings.Contains(s, finding.Prefix) {
		return nil, errors.New("the API's address holds what looks like a key")
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	local := host == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return nil, errors.New("the API's address must begin with https:// (http:// is allowed to this machine only): keys are sent there")
	}
	return u, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Question returns the address that keys are sent to.
func (c *Client) Question() string { return c.question.String() }

// Proxy returns the host and port of the proxy that is used, or "".
func (c *Client) Proxy() string { return c.proxy }

// A Subject is a key to ask about.
type Subject struct {
	Key finding.Key
	// Extent says whether the key's end is known. A rejection of a key of
	// uncertain extent is never final.
	Extent finding.Extent
}

// A Verdict is what is known of a key.
type Verdict struct {
	Status finding.Status // active, deleted or unknown
	Reason string         // a sentence without a full stop
	// Checked is when the API answered; zero if it did not.
	Checked time.Time
	// Final tells that a deleted key is proven to be so.
	Final bool
}

// A Result is what a run of questions came to.
type Result struct {
	Verdicts   map[finding.ID]Verdict // one for each distinct key
	Requests   int                    // that were sent, controls and repetitions among them
	Remembered int                    // verdicts that came from memory
	// Warnings are sentences on what the user should know of the run.
	Warnings []string
}

// Check asks about every distinct key among the subjects that memory does not
// know of. It returns a verdict for each of them even when ctx ends before its
// time: the keys that were not reached are unknown then. Keys that the API had
// accepted by then are still confirmed, which may take one request's time.
func (c *Client) Check(ctx context.Context, subjects []Subject) *Result {
	result := &Result{Verdicts: map[finding.ID]Verdict{}}
	before := c.requests.Load()
	plan := c.Plan(subjects)
	for id, v := range plan.Known {
		result.Verdicts[id] = v
	}
	result.Remembered = len(plan.Known)
	if len(plan.Ask) > 0 {
		c.run(ctx, plan.Ask, result)
	}
	result.Requests = int(c.requests.Load() - before)
	c.transport.CloseIdleConnections()
	return result
}

// A Plan says which keys the API has to be asked about.
type Plan struct {
	Ask   []Subject              // distinct, in the order they came
	Known map[finding.ID]Verdict // from memory
}

// Plan sorts subjects into those to ask about and those that memory knows. It
// sends nothing.
func (c *Client) Plan(subjects []Subject) Plan {
	p := Plan{Known: map[finding.ID]Verdict{}}
	at := map[finding.ID]int{}
	for _, s := range subjects {
		id := s.Key.ID()
		if i, ok := at[id]; ok {
			if i >= 0 && s.Extent == finding.Exact {
				p.Ask[i].Extent = finding.Exact
			}
			continue
		}
		if v, ok := c.remembered(s); ok {
			at[id] = -1
			p.Known[id] = v
			continue
		}
		at[id] = len(p.Ask)
		p.Ask = append(p.Ask, s)
	}
	return p
}

// run asks about subjects, between the controls.
func (c *Client) run(ctx context.Context, subjects []Subject, result *Result) {
	pace := newPacer(c.options)
	controls := &controls{given: c.options.Control.Reveal() != ""}
	stranger := madeUp()
	if controls.strangerBefore = c.ask(ctx, pace, stranger, MadeUp); controls.strangerBefore.kind != rejected {
		for _, s := range subjects {
			result.Verdicts[s.Key.ID()] = Verdict{Status: finding.Unknown, Reason: controls.notTheAPI()}
		}
		return
	}
	if controls.given {
		controls.knownBefore = c.ask(ctx, pace, c.options.Control, Control)
	}

	answers := c.askAll(ctx, pace, subjects)

	// A verdict that was reached is not to be lost for want of its control.
	last := ctx
	if ctx.Err() != nil {
		var cancel context.CancelFunc
		last, cancel = context.WithTimeout(context.WithoutCancel(ctx), c.options.Timeout/2)
		defer cancel()
	}
	var some [3]bool
	for _, a := range answers {
		some[a.kind] = true
	}
	if some[accepted] {
		controls.strangerAfter = c.ask(last, pace, stranger, MadeUp)
	}
	if some[rejected] && controls.given && controls.knownBefore.kind == accepted {
		controls.knownAfter = c.ask(last, pace, c.options.Control, Control)
	}
	var unkept error
	for i, s := range subjects {
		v, rejectedSince := c.judge(s, answers[i], controls)
		result.Verdicts[s.Key.ID()] = v
		if err := c.remember(s, v, rejectedSince); err != nil {
			unkept = err
		}
	}
	if unkept != nil {
		result.Warnings = append(result.Warnings, fmt.Sprintf("verdicts could not be remembered, the next run asks again: %v", unkept))
	}
	if w := controls.warning(); w != "" {
		result.Warnings = append(result.Warnings, w)
	}
}

// askAll asks about all subjects and returns the answers in their order.
func (c *Client) askAll(ctx context.Context, pace *pacer, subjects []Subject) []answer {
	answers := make([]answer, len(subjects))
	var (
		workers sync.WaitGroup
		next    atomic.Int64
		mu      sync.Mutex
		done    int
	)
	for range min(c.options.Jobs, len(subjects)) {
		workers.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(subjects) {
					return
				}
				answers[i] = c.ask(ctx, pace, subjects[i].Key, Found)
				if c.options.Progress != nil {
					mu.Lock()
					done++
					c.options.Progress(done, len(subjects))
					mu.Unlock()
				}
			}
		})
	}
	workers.Wait()
	return answers
}

// madeUp returns a key that nobody has.
func madeUp() finding.Key {
	return finding.NewKey(finding.Prefix + rand.Text() + strings.ToLower(rand.Text()))
}
