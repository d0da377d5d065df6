package verifytest

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Valid accepts a key.
func Valid(w http.ResponseWriter, _ *http.Request, _ int) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintln(w, `{"usage":[]}`)
}

// Deleted rejects a key, as the API does with deleted ones.
func Deleted(w http.ResponseWriter, r *http.Request, n int) {
	Status(http.StatusUnauthorized)(w, r, n)
}

// Status answers with a status and little else.
func Status(code int) Answer {
	return func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		fmt.Fprintf(w, `{"error":%q}`, http.StatusText(code))
	}
}

// RateLimited answers 429 the given number of times, then as next does.
// RetryAfter goes into the header of that name unless it is empty.
func RateLimited(times int, retryAfter string, next Answer) Answer {
	return func(w http.ResponseWriter, r *http.Request, n int) {
		if n >= times {
			next(w, r, n)
			return
		}
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		Status(http.StatusTooManyRequests)(w, r, n)
	}
}

// RetryAt is Retry-After as a date, d after the server's own clock says now.
// That clock is the one in the Date header, and may be any.
func RetryAt(now time.Time, d time.Duration, times int, next Answer) Answer {
	until := now.Add(d).UTC().Format(http.TimeFormat)
	limited := RateLimited(times, until, next)
	return func(w http.ResponseWriter, r *http.Request, n int) {
		w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
		limited(w, r, n)
	}
}

// Flapping gives one answer after the other and stays with the last.
func Flapping(answers ...Answer) Answer {
	return func(w http.ResponseWriter, r *http.Request, n int) {
		answers[min(n, len(answers)-1)](w, r, n)
	}
}

// Slow answers as next does once release is closed or the client has gone.
func Slow(release <-chan struct{}, next Answer) Answer {
	return func(w http.ResponseWriter, r *http.Request, n int) {
		select {
		case <-release:
			next(w, r, n)
		case <-r.Context().Done():
		}
	}
}

// Portal is the page of a captive portal.
func Portal(w http.ResponseWriter, _ *http.Request, _ int) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, "<!doctype html><title>Welcome</title>Please accept the terms.")
}

// QuietPortal is such a page that does not say it is one.
func QuietPortal(w http.ResponseWriter, _ *http.Request, _ int) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, "\ufeff \n<html>Please accept the terms.</html>")
}

// Redirect sends the client elsewhere.
func Redirect(to string) Answer {
	return func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusFound)
	}
}

// Truncated promises more than it sends.
func Truncated(w http.ResponseWriter, _ *http.Request, _ int) {
	w.Header().Set("Content-Length", "1000")
	fmt.Fprint(w, `{"usage":[`)
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// Garbage is no HTTP, and repeats what the client sent.
func Garbage(w http.ResponseWriter, r *http.Request, _ int) {
	conn, buffer, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	fmt.Fprintf(buffer, "%s\r\n\r\n", r.Header.Get("Authorization"))
	buffer.Flush()
}

// Echo accepts nothing and repeats the key wherever an answer has room.
func Echo(code int) Answer {
	return func(w http.ResponseWriter, r *http.Request, _ int) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		w.Header().Set("Location", "/"+token)
		w.Header().Set("Retry-After", token)
		w.Header().Set("Content-Type", token)
		w.WriteHeader(code)
		fmt.Fprint(w, token)
	}
}

// HangUp closes the connection without an answer.
func HangUp(http.ResponseWriter, *http.Request, int) { panic(http.ErrAbortHandler) }
