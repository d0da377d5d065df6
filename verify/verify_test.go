package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/petrascan/petrascan/rules/rulestest"
	"github.com/petrascan/petrascan/scanner/finding"
	"github.com/petrascan/petrascan/verify/verifytest"
)

// A clock that moves when someone sleeps, and only then.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.slept = append(c.slept, d)
	return ctx.Err()
}

func (c *clock) advance(d time.Duration) { _ = c.Sleep(context.Background(), d) }

func key(seed string) finding.Key { return finding.NewKey(rulestest.Key(seed)) }

func exact(keys ...finding.Key) []Subject {
	var list []Subject
	for _, k := range keys {
		list = append(list, Subject{k, finding.Exact})
	}
	return list
}

// serve starts the stand-in, without a log of what its handlers do on purpose.
func serve(t testing.TB, handler http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	return server
}

func client(t testing.TB, o Options) *Client {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestVerdicts(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	elsewhere := verifytest.New()
	second := serve(t, elsewhere)
	for _, c := range []struct {
		name   string
		answer verifytest.Answer
		status finding.Status
		reason string
		asked  int
	}{
		{"valid", verifytest.Valid, finding.Active, "accepted (200)", 1},
		{"no content", func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(204) }, finding.Active, "accepted (204)", 1},
		{"deleted", verifytest.Deleted, finding.Deleted, "rejected (401): deleted, invalid, or of another organisation; not yet proven", 1},
		{"forbidden", verifytest.Status(403), finding.Unknown, "forbidden (403)", 1},
		{"not found", verifytest.Status(404), finding.Unknown, "not there (404)", 1},
		{"gone", verifytest.Status(410), finding.Unknown, "not there (410)", 1},
		{"teapot", verifytest.Status(418), finding.Unknown, "says nothing about the key (418)", 1},
		{"failing", verifytest.Status(500), finding.Unknown, "the API failed (500)", 3},
		{"unavailable", verifytest.Status(503), finding.Unknown, "the API failed (503)", 3},
		{"flapping", verifytest.Flapping(verifytest.Status(502), verifytest.HangUp, verifytest.Valid), finding.Active, "accepted", 3},
		{"limited, seconds", verifytest.RateLimited(2, "7", verifytest.Valid), finding.Active, "accepted", 3},
		{"limited, date", verifytest.RetryAt(now, 5*time.Second, 1, verifytest.Deleted), finding.Deleted, "rejected", 2},
		{"limited, clock behind", verifytest.RetryAt(now.Add(-time.Hour), 5*time.Second, 1, verifytest.Deleted), finding.Deleted, "rejected", 2},
		{"limited, no word", verifytest.RateLimited(6, "", verifytest.Valid), finding.Active, "accepted", 7},
		{"limited, nonsense", verifytest.RateLimited(2, "soon", verifytest.Valid), finding.Active, "accepted", 3},
		{"limited, zero", verifytest.RateLimited(2, "0", verifytest.Valid), finding.Active, "accepted", 3},
		{"limited for a day", verifytest.RateLimited(1, "86400", verifytest.Valid), finding.Unknown, "rate limited (429) for longer than the budget", 1},
		{"limited beyond numbers", verifytest.RateLimited(1, "99999999999999999999999", verifytest.Valid), finding.Unknown, "rate limited (429)", 1},
		{"limited for ever", verifytest.RateLimited(1<<30, "", verifytest.Valid), finding.Unknown, "rate limited (429)", -1},
		{"redirecting", verifytest.Redirect(second.URL + "/beta/usage"), finding.Unknown, "redirected (302)", 1},
		{"portal", verifytest.Portal, finding.Unknown, "a web page answered (200)", 1},
		{"quiet portal", verifytest.QuietPortal, finding.Unknown, "a web page answered (200)", 1},
		{"truncated", verifytest.Truncated, finding.Unknown, "the answer (200) was broken off", 3},
		{"hanging up", verifytest.HangUp, finding.Unknown, "the connection was broken off", -1},
		{"garbage", verifytest.Garbage, finding.Unknown, "the answer is not valid HTTP", 1},
		{"echoing 400", verifytest.Echo(400), finding.Unknown, "says nothing about the key (400)", 1},
		{"echoing 302", verifytest.Echo(302), finding.Unknown, "redirected (302)", 1},
		{"echoing 429", verifytest.Flapping(verifytest.Echo(429), verifytest.Deleted), finding.Deleted, "rejected", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			api := verifytest.New()
			time := newClock()
			k := key(c.name)
			api.Set(k, c.answer)
			v := client(t, Options{URL: serve(t, api).URL, Now: time.Now, Sleep: time.Sleep})
			r := v.Check(context.Background(), exact(k, k, k))
			got, ok := r.Verdicts[k.ID()]
			if !ok || got.Status != c.status || !strings.Contains(got.Reason, c.reason) || got.Final {
				t.Errorf("got %+v, want %s, %q", got, c.status, c.reason)
			}
			if n := api.Asked(k.ID()); c.asked >= 0 && n != c.asked {
				t.Errorf("the key was sent %d times, want %d", n, c.asked)
			}
			if r.Requests < api.Requests()-6 || r.Requests > api.Requests() {
				t.Errorf("%d requests reported, %d came", r.Requests, api.Requests())
			}
			if elsewhere.Requests() > 0 {
				t.Error("a redirect was followed")
			}
			clean(t, k, api.Seen(), fmt.Sprintf("%+v %#v", r, r))
		})
	}
}

// clean fails if the key, or half of it, stands in a text.
func clean(t *testing.T, k finding.Key, texts ...string) {
	t.Helper()
	body := strings.TrimPrefix(k.Reveal(), finding.Prefix)
	for _, text := range texts {
		if strings.Contains(text, body[:len(body)/2]) || strings.Contains(text, body[len(body)/2:]) {
			t.Error("the key stands in what was printed or sent beside the header")
		}
	}
}

// TestRetryAfter measures how long a rate limit is waited for.
func TestRetryAfter(t *testing.T) {
	k := key("patient")
	for _, c := range []struct {
		name     string
		answer   func(now time.Time) verifytest.Answer
		from, to time.Duration
	}{
		{"seconds", func(time.Time) verifytest.Answer { return verifytest.RateLimited(1, "90", verifytest.Valid) }, 90 * time.Second, 91 * time.Second},
		{"date", func(now time.Time) verifytest.Answer {
			return verifytest.RetryAt(now, 90*time.Second, 1, verifytest.Valid)
		}, 90 * time.Second, 91 * time.Second},
		{"date by another clock", func(now time.Time) verifytest.Answer {
			return verifytest.RetryAt(now.AddDate(1, 0, 0), 90*time.Second, 1, verifytest.Valid)
		}, 90 * time.Second, 91 * time.Second},
		{"none, doubling", func(time.Time) verifytest.Answer { return verifytest.RateLimited(3, "", verifytest.Valid) }, 1750 * time.Millisecond, 4200 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			api, time := verifytest.New(), newClock()
			start := time.Now()
			api.Set(k, c.answer(start))
			client(t, Options{URL: serve(t, api).URL, Now: time.Now, Sleep: time.Sleep, Rate: 1e6}).Check(context.Background(), exact(k))
			if took := time.Now().Sub(start); took < c.from || took > c.to {
				t.Errorf("waited %s, want %s to %s", took, c.from, c.to)
			}
		})
	}
}

// TestControls: what answers must tell a made-up key from a real one, and
// "deleted" is final only beside a key that is accepted.
func TestControls(t *testing.T) {
	leaked, known := key("leaked"), key("known")
	for _, c := range []struct {
		name    string
		set     func(*verifytest.API)
		control finding.Key
		extent  finding.Extent
		status  finding.Status
		final   bool
		reason  string
		asked   int
	}{
		{"everything 200", func(a *verifytest.API) { a.SetEveryone(verifytest.Valid) }, known, finding.Exact, finding.Unknown, false, "accepts a made-up key", 0},
		{"everything 200 in the end", func(a *verifytest.API) {
			n := 0
			a.SetEveryone(func(w http.ResponseWriter, r *http.Request, _ int) {
				if n++; n == 1 {
					verifytest.Deleted(w, r, 0)
				} else {
					verifytest.Valid(w, r, 0)
				}
			})
		}, finding.Key{}, finding.Exact, finding.Unknown, false, "but so was a made-up key", 1},
		{"failing in the end", func(a *verifytest.API) {
			a.Set(leaked, func(w http.ResponseWriter, r *http.Request, _ int) {
				a.SetEveryone(verifytest.Status(500))
				verifytest.Valid(w, r, 0)
			})
		}, finding.Key{}, finding.Exact, finding.Unknown, false, "could not be confirmed", 1},
		{"everything 401", func(*verifytest.API) {}, known, finding.Exact, finding.Unknown, false, "so was the control key", 1},
		{"everything 401, no control", func(*verifytest.API) {}, finding.Key{}, finding.Exact, finding.Deleted, false, "not yet proven", 1},
		{"portal", func(a *verifytest.API) { a.SetEveryone(verifytest.Portal) }, known, finding.Exact, finding.Unknown, false, "a web page answered", 0},
		{"forbidding all", func(a *verifytest.API) { a.SetEveryone(verifytest.Status(403)) }, known, finding.Exact, finding.Unknown, false, "forbidden (403)", 0},
		{"proven", func(a *verifytest.API) { a.Set(known, verifytest.Valid) }, known, finding.Exact, finding.Deleted, true, "proven: a key known to be valid was accepted before and after", 1},
		{"uncertain extent", func(a *verifytest.API) { a.Set(known, verifytest.Valid) }, known, finding.Uncertain, finding.Deleted, false, "where the key ends is uncertain", 1},
		{"control lost", func(a *verifytest.API) { a.Set(known, verifytest.Flapping(verifytest.Valid, verifytest.Deleted)) }, known, finding.Exact, finding.Unknown, false, "so was the control key", 1},
		{"control unclear", func(a *verifytest.API) { a.Set(known, verifytest.Status(403)) }, known, finding.Exact, finding.Deleted, false, "not yet proven", 1},
		{"control unclear in the end", func(a *verifytest.API) {
			a.Set(known, verifytest.Flapping(verifytest.Valid, verifytest.Status(404)))
		}, known, finding.Exact, finding.Deleted, false, "not yet proven", 1},
		{"active beside the control", func(a *verifytest.API) { a.Set(known, verifytest.Valid); a.Set(leaked, verifytest.Valid) }, known, finding.Exact, finding.Active, false, "accepted", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			api, time := verifytest.New(), newClock()
			c.set(api)
			v := client(t, Options{URL: serve(t, api).URL, Control: c.control, Now: time.Now, Sleep: time.Sleep})
			r := v.Check(context.Background(), []Subject{{leaked, c.extent}})
			got := r.Verdicts[leaked.ID()]
			if got.Status != c.status || got.Final != c.final || !strings.Contains(got.Reason, c.reason) {
				t.Errorf("got %+v, want %s, final %t, %q", got, c.status, c.final, c.reason)
			}
			if n := api.Asked(leaked.ID()); n != c.asked {
				t.Errorf("the key was sent %d times, want %d", n, c.asked)
			}
			clean(t, known, api.Seen(), fmt.Sprintf("%+v", r))
		})
	}
}

// TestOneRequestAKey counts the requests for many findings of few keys.
func TestOneRequestAKey(t *testing.T) {
	api, time := verifytest.New(), newClock()
	var subjects []Subject
	for i := range 500 {
		subjects = append(subjects, exact(key(strconv.Itoa(i%5)))...)
	}
	api.Set(key("0"), verifytest.Valid)
	api.Set(key("control"), verifytest.Valid)
	v := client(t, Options{URL: serve(t, api).URL, Control: key("control"), Now: time.Now, Sleep: time.Sleep})
	r := v.Check(context.Background(), subjects)
	for i := range 5 {
		if n := api.Asked(key(strconv.Itoa(i)).ID()); n != 1 {
			t.Errorf("key %d was sent %d times", i, n)
		}
	}
	if want := 5 + 2 + 2; api.Requests() != want || r.Requests != want {
		t.Errorf("%d requests, %d reported, want %d: five keys and both controls twice", api.Requests(), r.Requests, want)
	}
}

// TestMemory follows the verdicts on three keys through the days.
func TestMemory(t *testing.T) {
	api, time_ := verifytest.New(), newClock()
	url := serve(t, api).URL
	dir := filepath.Join(t.TempDir(), "new")
	alive, dead, odd, known := key("alive"), key("dead"), key("odd"), key("known")
	api.Set(alive, verifytest.Valid)
	api.Set(odd, verifytest.Status(403))
	run := func(control finding.Key) map[finding.ID]Verdict {
		v := client(t, Options{URL: url, Memory: NewMemory(dir), Control: control, Now: time_.Now, Sleep: time_.Sleep})
		return v.Check(context.Background(), exact(alive, dead, odd)).Verdicts
	}
	asked := func(when string, a, d, o int) {
		t.Helper()
		got := [3]int{api.Asked(alive.ID()), api.Asked(dead.ID()), api.Asked(odd.ID())}
		if got != [3]int{a, d, o} {
			t.Errorf("%s: sent %v times, want %v", when, got, [3]int{a, d, o})
		}
	}
	run(finding.Key{})
	asked("first", 1, 1, 1)
	if v := run(finding.Key{}); v[alive.ID()].Status != finding.Active || v[dead.ID()].Status != finding.Deleted || v[dead.ID()].Final {
		t.Errorf("from memory: %+v", v)
	}
	asked("at once", 1, 1, 2)
	fresh := client(t, Options{URL: url, Memory: NewMemory(dir), Fresh: true, Now: time_.Now, Sleep: time_.Sleep})
	if n := len(fresh.Plan(exact(alive, dead, odd)).Ask); n != 3 {
		t.Errorf("a fresh run would ask about %d keys, want 3", n)
	}
	time_.advance(6 * time.Minute)
	run(finding.Key{})
	asked("minutes later", 2, 1, 3)
	time_.advance(23 * time.Hour)
	run(finding.Key{})
	asked("within the day", 3, 1, 4)
	time_.advance(time.Hour)
	if v := run(finding.Key{})[dead.ID()]; !v.Final || !strings.Contains(v.Reason, "rejected on 2026-03-01 already") {
		t.Errorf("after a day: %+v", v)
	}
	asked("after a day", 4, 2, 5)
	time_.advance(1000 * time.Hour)
	if v := run(known)[dead.ID()]; !v.Final || v.Status != finding.Deleted {
		t.Errorf("for ever: %+v", v)
	}
	asked("for ever", 5, 2, 6)

	// Another API knows nothing of it, and the key id is no name for a stranger.
	other := verifytest.New()
	client(t, Options{URL: serve(t, other).URL, Memory: NewMemory(dir), Now: time_.Now, Sleep: time_.Sleep}).Check(context.Background(), exact(dead))
	if other.Asked(dead.ID()) != 1 {
		t.Error("one API's verdict was taken for another's")
	}

	// A key of uncertain extent may share a final key's text, and not its proof.
	v := client(t, Options{URL: url, Memory: NewMemory(dir), Now: time_.Now, Sleep: time_.Sleep}).Check(context.Background(), []Subject{{dead, finding.Uncertain}})
	if got := v.Verdicts[dead.ID()]; got.Final || strings.Contains(got.Reason, "already") {
		t.Errorf("uncertain: %+v", got)
	}

	files := 0
	err := filepath.Walk(dir, func(name string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		files++
		text, err := os.ReadFile(name)
		for _, k := range []finding.Key{alive, dead, odd, known} {
			clean(t, k, name, string(text))
		}
		if strings.Contains(name, string(odd.ID())) {
			t.Error("what could not be told was remembered")
		}
		if os.PathSeparator == '/' && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
		return err
	})
	if err != nil || files != 3 {
		t.Errorf("%d files, %v", files, err)
	}
}

// TestRejectionsApart: an acceptance in between makes two rejections none.
func TestRejectionsApart(t *testing.T) {
	api, time_ := verifytest.New(), newClock()
	k, known := key("undead"), key("known")
	api.Set(k, verifytest.Flapping(verifytest.Deleted, verifytest.Valid, verifytest.Deleted))
	v := client(t, Options{URL: serve(t, api).URL, Memory: NewMemory(t.TempDir()), Now: time_.Now, Sleep: time_.Sleep})
	for i, want := range []finding.Status{finding.Deleted, finding.Active, finding.Deleted} {
		got := v.Check(context.Background(), exact(k)).Verdicts[k.ID()]
		if got.Status != want || got.Final {
			t.Errorf("day %d: %+v, want %s", i, got, want)
		}
		time_.advance(25 * time.Hour)
	}

	// Nor do rejections count while the control key is rejected, too.
	k = key("gateway")
	v = client(t, Options{URL: serve(t, verifytest.New()).URL, Control: known, Memory: NewMemory(t.TempDir()), Now: time_.Now, Sleep: time_.Sleep})
	for range 3 {
		if got := v.Check(context.Background(), exact(k)).Verdicts[k.ID()]; got.Status != finding.Unknown || got.Final {
			t.Errorf("behind a gateway: %+v", got)
		}
		time_.advance(25 * time.Hour)
	}
}

// TestMemoryDamaged: memory that can't be believed is not.
func TestMemoryDamaged(t *testing.T) {
	k := key("damaged")
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	m := NewMemory(t.TempDir())
	for _, text := range []string{
		"", "{", "null", `{"status":"active"}`, `{"status":"deleted","final":true}`,
		`{"status":"deleted","checked":"2027-01-01T00:00:00Z","final":true}`,
		`{"status":"active","checked":"2026-02-28T23:59:00Z","final":true}`,
		`{"status":"gone","checked":"2026-02-28T23:59:00Z"}`,
		`{"status":"deleted","checked":"2026-02-28T23:59:00Z","rejected_since":"2027-02-28T23:59:00Z"}`,
	} {
		if err := m.put("api", k.ID(), record{}); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(m.file("api", k.ID()), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if r, ok := m.get("api", k.ID(), now); ok {
			t.Errorf("%s was believed: %+v", text, r)
		}
	}
}

// TestMemoryShared: runs side by side leave whole verdicts behind.
func TestMemoryShared(t *testing.T) {
	k, now := key("shared"), time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	m := NewMemory(t.TempDir())
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				if err := m.put("api", k.ID(), record{Status: finding.Deleted, Checked: now, RejectedSince: now}); err != nil {
					t.Error(err)
				}
				if _, ok := m.get("api", k.ID(), now); !ok {
					t.Error("half a verdict was read")
				}
			}
		})
	}
	group.Wait()
}

// TestCancel: keys that were reached before the end keep their verdicts.
func TestCancel(t *testing.T) {
	api, time := verifytest.New(), newClock()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	good, last := key("good"), key("last")
	api.Set(good, verifytest.Valid)
	api.Set(last, func(w http.ResponseWriter, r *http.Request, n int) {
		cancel()
		<-r.Context().Done()
	})
	v := client(t, Options{URL: serve(t, api).URL, Jobs: 1, Now: time.Now, Sleep: time.Sleep})
	r := v.Check(ctx, exact(good, key("bad"), last, key("never")))
	for seed, want := range map[string]finding.Status{"good": finding.Active, "bad": finding.Deleted, "last": finding.Unknown, "never": finding.Unknown} {
		if got := r.Verdicts[key(seed).ID()]; got.Status != want {
			t.Errorf("%s: %+v, want %s", seed, got, want)
		}
	}
	if api.Asked(key("never").ID()) != 0 {
		t.Error("a key was sent after the end")
	}
}

// TestTimeout: an answer that does not come in time is no verdict.
func TestTimeout(t *testing.T) {
	api, time_ := verifytest.New(), newClock()
	release := make(chan struct{})
	k := key("slow")
	api.Set(k, verifytest.Slow(release, verifytest.Valid))
	defer close(release)
	v := client(t, Options{URL: serve(t, api).URL, Timeout: time.Second, Now: time_.Now, Sleep: time_.Sleep})
	v.options.Timeout = 50 * time.Millisecond // the made-up key is answered well before
	got := v.Check(context.Background(), exact(k)).Verdicts[k.ID()]
	if got.Status != finding.Unknown || !strings.Contains(got.Reason, "no answer within") {
		t.Errorf("got %+v", got)
	}
}

// TestNobodyThere: no connection, no TLS, no trusted certificate.
func TestNobodyThere(t *testing.T) {
	k := key("nobody")
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	api := verifytest.New()
	plain := serve(t, api)
	strange := httptest.NewUnstartedServer(api)
	strange.Config.ErrorLog = log.New(io.Discard, "", 0)
	strange.EnableHTTP2 = true
	strange.StartTLS()
	t.Cleanup(strange.Close)
	for _, c := range []struct{ name, url, reason string }{
		{"refused", closed.URL, "no connection to the API"},
		{"no TLS", strings.Replace(plain.URL, "http:", "https:", 1), "TLS: "},
		{"untrusted", strange.URL, "TLS: the certificate is not trusted"},
		{"another path", plain.URL + "/elsewhere", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			time := newClock()
			got := client(t, Options{URL: c.url, Now: time.Now, Sleep: time.Sleep}).Check(context.Background(), exact(k)).Verdicts[k.ID()]
			if c.reason != "" && (got.Status != finding.Unknown || !strings.Contains(got.Reason, c.reason)) {
				t.Errorf("got %+v, want %q", got, c.reason)
			}
		})
	}

	// With its certificate trusted the same server is the API.
	pool := strange.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	api.Set(k, verifytest.Valid)
	if got := client(t, Options{URL: strange.URL, RootCAs: pool}).Check(context.Background(), exact(k)).Verdicts[k.ID()]; got.Status != finding.Active {
		t.Errorf("over TLS: %+v", got)
	}
	if !strings.Contains(api.Seen(), "HTTP/1.1") || strings.Contains(api.Seen(), "HTTP/2") {
		t.Errorf("spoken: %s", api.Seen())
	}
}

// TestProxy: the proxy is used, named, and sees no key.
func TestProxy(t *testing.T) {
	api := verifytest.New()
	server := httptest.NewTLSServer(api)
	t.Cleanup(server.Close)
	k := key("proxied")
	var seen bytes.Buffer
	proxy := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(&seen, r.Method, r.URL, r.Header)
		w.WriteHeader(http.StatusForbidden)
	}))
	via, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	via.User = url.UserPassword("user", "secret")
	v := client(t, Options{URL: server.URL, Proxy: func(*url.URL) (*url.URL, error) { return via, nil }})
	got := v.Check(context.Background(), exact(k)).Verdicts[k.ID()]
	if got.Status != finding.Unknown {
		t.Errorf("got %+v", got)
	}
	if !strings.HasPrefix(seen.String(), "CONNECT ") || api.Requests() != 0 {
		t.Errorf("the proxy was asked: %s", seen.String())
	}
	if v.Proxy() != via.Host {
		t.Errorf("the proxy is named %q", v.Proxy())
	}
	clean(t, k, seen.String())
	if _, err := New(Options{Proxy: func(*url.URL) (*url.URL, error) { return nil, errors.New("secret") }}); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("a broken proxy: %v", err)
	}
}

func TestAddress(t *testing.T) {
	for _, c := range []struct {
		url string
		ok  bool
	}{
		{"", true}, {DefaultURL, true}, {DefaultURL + "/", true}, {"https://api.example/v1", true},
		{"http://127.0.0.1:8080", true}, {"http://localhost:1", true}, {"http://[::1]:1", true}, {"http://127.9.9.9", true},
		{"http://api.petrasecurity.com", false}, {"http://127.0.0.1.example", false}, {"http://localhost.example", false},
		{"ftp://api.petrasecurity.com", false}, {"api.petrasecurity.com", false}, {"https://", false}, {"https:api", false},
		{"https://user:word@api.petrasecurity.com", false}, {"https://api.petrasecurity.com?x=word", false},
		{"https://api.petrasecurity.com#word", false}, {"https://a b", false}, {"://word", false},
		{"https://api.example/" + rulestest.Key("word"), false}, {"http://0.0.0.0", false}, {"http://10.0.0.1", false},
	} {
		v, err := New(Options{URL: c.url})
		if (err == nil) != c.ok {
			t.Errorf("%q: %v", c.url, err)
		}
		if err != nil && (strings.Contains(err.Error(), "word") || strings.Contains(err.Error(), finding.Prefix)) {
			t.Errorf("%q: the error repeats it: %v", c.url, err)
		}
		if err == nil && !strings.HasSuffix(v.Question(), "/beta/usage") {
			t.Errorf("%q: asks %s", c.url, v.Question())
		}
	}
}

// TestManyKeys: half of the requests are rate limited, and no verdict is lost.
func TestManyKeys(t *testing.T) {
	n := 10_000
	if testing.Short() {
		n = 500
	}
	api, time_ := verifytest.New(), newClock()
	var subjects []Subject
	var mu sync.Mutex
	turn := 0
	api.SetEveryone(func(w http.ResponseWriter, r *http.Request, _ int) {
		mu.Lock()
		turn++
		now := turn
		mu.Unlock()
		if now%2 == 0 {
			verifytest.RateLimited(1<<30, []string{"", "1", "2"}[now%3], nil)(w, r, 0)
			return
		}
		verifytest.Deleted(w, r, 0)
	})
	for i := range n {
		subjects = append(subjects, exact(finding.NewKey(fmt.Sprintf("%s%039d", finding.Prefix, i)))...)
	}
	done := 0
	v := client(t, Options{URL: serve(t, api).URL, Rate: 1e6, Now: time_.Now, Sleep: time_.Sleep, Progress: func(n, _ int) { done = n }})
	r := v.Check(context.Background(), subjects)
	counts := map[finding.Status]int{}
	for _, v := range r.Verdicts {
		counts[v.Status]++
	}
	if counts[finding.Deleted] != n || done != n {
		t.Errorf("%v, %d reported as done, want %d deleted", counts, done, n)
	}
}

// TestPoison: while a key is under way it can't be seen from anywhere.
func TestPoison(t *testing.T) {
	api, time_ := verifytest.New(), newClock()
	k, known := key("poison"), key("antidote")
	api.Set(k, verifytest.RateLimited(1, "1", verifytest.Valid))
	api.Set(known, verifytest.Valid)
	var seen bytes.Buffer
	o := Options{URL: serve(t, api).URL, Control: known, Jobs: 1, Now: time_.Now}
	o.Sleep = func(ctx context.Context, d time.Duration) error {
		func() {
			defer func() { fmt.Fprintln(&seen, recover(), string(debug.Stack())) }()
			panic(fmt.Sprintf("%+v %#v %v", o, o, exact(k)))
		}()
		return time_.Sleep(ctx, d)
	}
	v := client(t, o)
	r := v.Check(context.Background(), exact(k))
	fmt.Fprintf(&seen, "%+v %#v %+v %#v", r, r, v, v.options)
	if seen.Len() == 0 {
		t.Fatal("nothing was seen")
	}
	for _, k := range []finding.Key{k, known} {
		clean(t, k, seen.String(), api.Seen())
	}
}

// TestPace: a burst at once, then the rate; after a rate limit no burst.
func TestPace(t *testing.T) {
	time_ := newClock()
	start := time_.Now()
	p := newPacer(Options{Rate: 10, Budget: time.Hour, Now: time_.Now, Sleep: time_.Sleep})
	took := func(n int) time.Duration {
		from := time_.Now()
		for range n {
			if err := p.wait(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		return time_.Now().Sub(from)
	}
	if d := took(11); d != 0 {
		t.Errorf("a burst took %s", d)
	}
	if d := took(30); d != 3*time.Second {
		t.Errorf("30 requests took %s", d)
	}
	if !p.pause(time.Minute) {
		t.Error("the budget allows a minute")
	}
	if d := took(11); d != time.Minute+time.Second {
		t.Errorf("after a limit 11 requests took %s", d)
	}
	if p.pause(time.Hour) || !p.givenUp() {
		t.Errorf("an hour after %s is beyond the budget", time_.Now().Sub(start))
	}
}
