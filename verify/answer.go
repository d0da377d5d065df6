package verify

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/petrascan/petrascan/scanner/finding"
)

// A kind of answer.
type kind uint8

const (
	unclear  kind = iota // neither of these
	accepted             // 2xx
	rejected             // 401
)

// An answer is what the API said to one key.
type answer struct {
	kind   kind
	code   int       // HTTP status; 0: there was no answer
	reason string    // of an unclear one: a sentence without a full stop
	at     time.Time // when it came

	again bool          // asking again may help
	limit bool          // 429
	after time.Duration // how long to wait, as the server has it; 0: it does not say
}

const (
	stopped = "stopped before the API answered"
	// Errors other than rate limits are asked about this often.
	mostTries = 3
	// No answer of the API is near as long, and a page of a portal shows itself
	// at its beginning.
	mostBody = 64 << 10
)

// ask asks about one key, as often as it takes within the budget.
func (c *Client) ask(ctx context.Context, pace *pacer, key finding.Key, kind Kind) answer {
	tries := 0
	for wait := 0; ; wait++ {
		if err := pace.wait(ctx); err != nil {
			return answer{reason: stopped}
		}
		if pace.givenUp() {
			return answer{reason: fmt.Sprintf("not asked: the API had not answered for %s", c.options.Budget)}
		}
		a := c.once(ctx, key)
		a.at = c.options.Now()
		if ctx.Err() != nil && a.kind == unclear {
			a = answer{reason: stopped}
		}
		d, again := c.again(pace, &a, &tries, wait)
		c.trace(key, kind, a, d)
		if !again {
			return a
		}
	}
}

// again tells whether to ask once more after an answer, the nth of its key, and
// how long to wait before. It amends the reason of one that a budget ends.
func (c *Client) again(pace *pacer, a *answer, tries *int, n int) (wait time.Duration, again bool) {
	if !a.again {
		if a.reason != stopped {
			pace.answered()
		}
		return 0, false
	}
	if !a.limit {
		if *tries++; *tries == mostTries {
			return 0, false
		}
	}
	wait = a.after
	if wait <= 0 {
		wait = backoff(n)
	}
	if !pace.pause(wait) {
		if a.limit {
			a.reason = fmt.Sprintf("rate limited (429) for longer than the budget of %s allows", c.options.Budget)
		}
		return 0, false
	}
	return wait, true
}

// backoff is how long to wait before asking for the nth time again: half a
// second, doubled each time up to half a minute, and at random between half of
// that and all, so that runs that were limited together do not come back
// together.
func backoff(n int) time.Duration {
	d := min(500*time.Millisecond<<min(n, 10), 30*time.Second)
	return d/2 + rand.N(d/2)
}

// once sends one request. It goes to the transport itself: no redirect is
// followed and no cookie kept.
func (c *Client) once(ctx context.Context, key finding.Key) answer {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.question.String(), nil)
	if err != nil {
		return answer{reason: "the API's address is not valid"}
	}
	request.Header.Set("Authorization", "Bearer "+key.Reveal())
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "petrascan")
	c.requests.Add(1)
	response, err := c.transport.RoundTrip(request)
	if err != nil {
		return c.failed(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, mostBody))
	if err != nil {
		a := c.failed(err)
		a.code = response.StatusCode
		if !errors.Is(err, context.DeadlineExceeded) {
			a.reason, a.again = fmt.Sprintf("the answer (%d) was broken off", a.code), true
		}
		return a
	}
	return c.read(response, body)
}

// read sorts an answer by its status.
func (c *Client) read(r *http.Response, body []byte) answer {
	a := answer{code: r.StatusCode}
	switch code := r.StatusCode; {
	case code == http.StatusUnauthorized:
		a.kind = rejected
	case code >= 200 && code < 300 && html(r.Header, body):
		a.reason = fmt.Sprintf("a web page answered (%d), as captive portals do, not the API", code)
	case code >= 200 && code < 300:
		a.kind = accepted
	case code >= 300 && code < 400:
		a.reason = fmt.Sprintf("redirected (%d), which is not followed", code)
	case code == http.StatusForbidden:
		a.reason = "forbidden (403), by the API or by something before it"
	case code == http.StatusNotFound || code == http.StatusGone:
		a.reason = fmt.Sprintf("not there (%d), so the API may have moved", code)
	case code == http.StatusTooManyRequests:
		a.reason, a.again, a.limit = "rate limited (429)", true, true
		a.after = retryAfter(r.Header, c.options.Now())
	case code == http.StatusProxyAuthRequired:
		a.reason = "the proxy asks for a password (407)"
	case code >= 500:
		a.reason, a.again = fmt.Sprintf("the API failed (%d)", code), code != http.StatusNotImplemented
		a.after = retryAfter(r.Header, c.options.Now())
	default:
		a.reason = fmt.Sprintf("an answer that says nothing about the key (%d)", code)
	}
	return a
}

// html tells whether an answer is a page for people.
func html(h http.Header, body []byte) bool {
	kind, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	body = bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), " \t\r\n")
	return strings.Contains(kind, "html") || bytes.HasPrefix(body, []byte("<"))
}

// retryAfter reads Retry-After: seconds or a date (RFC 9110, section 10.2.3).
// A date is measured by the server's own clock where it sends that.
func retryAfter(h http.Header, now time.Time) time.Duration {
	const most = 1000 * time.Hour
	value := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(value, 10, 63); err == nil {
		return time.Duration(min(seconds, uint64(most/time.Second))) * time.Second
	} else if errors.Is(err, strconv.ErrRange) {
		return most
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	if sent, err := http.ParseTime(h.Get("Date")); err == nil {
		now = sent
	}
	return min(max(until.Sub(now), 0), most)
}

// failed puts an error of the network into words of our own. Those of net/http
// quote what the server sent, which may hold the key.
func (c *Client) failed(err error) answer {
	var (
		name    *net.DNSError
		op      *net.OpError
		cert    *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
		record  tls.RecordHeaderError
		alert   tls.AlertError
		timeout net.Error
	)
	what := "the API"
	if c.proxy != "" && errors.As(err, &op) && op.Op == "proxyconnect" {
		what = "the proxy"
	}
	switch {
	case errors.As(err, &cert), errors.As(err, &unknown), errors.As(err, &host), errors.As(err, &invalid):
		return answer{reason: "TLS: the certificate is not trusted, or not for this host"}
	case errors.As(err, &record), errors.As(err, &alert):
		return answer{reason: "TLS: no secure connection could be agreed on"}
	case errors.As(err, &name):
		return answer{reason: "DNS: the name of " + what + " could not be resolved", again: name.IsTemporary || name.IsTimeout}
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return answer{reason: fmt.Sprintf("no answer within %s", c.options.Timeout), again: true}
	case errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect"):
		return answer{reason: "no connection to " + what + ": refused or unreachable", again: true}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &op):
		return answer{reason: "the connection was broken off", again: true}
	}
	return answer{reason: "the answer is not valid HTTP"}
}
