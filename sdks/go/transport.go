package sautikit

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"runtime"
	"strings"
	"time"
)

// What one request does otherwise than its client.
type settings struct {
	timeout    time.Duration
	maxRetries int
	key        string
	header     http.Header
}

// RequestOption sets one request up.
type RequestOption func(*settings)

// Timeout limits each try of this request.
func Timeout(limit time.Duration) RequestOption { return func(s *settings) { s.timeout = limit } }

// MaxRetries says how often this request is repeated.
func MaxRetries(times int) RequestOption { return func(s *settings) { s.maxRetries = times } }

// IdempotencyKey is sent instead of one that is made up: best one per intention, kept until the outcome is known.
func IdempotencyKey(key string) RequestOption { return func(s *settings) { s.key = key } }

// Header is sent with this request.
func Header(name, value string) RequestOption { return func(s *settings) { s.header.Set(name, value) } }

type request struct {
	method, path string
	idempotent   bool
	body         any
	values       url.Values
	headers      http.Header
}

func (r *request) query(name string, value any) {
	if text, given := written(value); given {
		if r.values == nil {
			r.values = url.Values{}
		}
		r.values.Set(name, text)
	}
}

func (r *request) header(name string, value any) {
	if text, given := written(value); given {
		if r.headers == nil {
			r.headers = http.Header{}
		}
		r.headers.Set(name, text)
	}
}

// written gives a parameter as text; a nil pointer was not given.
func written(value any) (string, bool) {
	v := reflect.ValueOf(value)
	if !v.IsValid() {
		return "", false
	}
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return "", false
		}
		v = v.Elem()
	}
	if moment, ok := v.Interface().(time.Time); ok {
		return moment.UTC().Format(time.RFC3339Nano), true
	}
	return fmt.Sprint(v.Interface()), true
}

func escape(part string) string { return url.PathEscape(part) }

func (c *Client) json(ctx context.Context, r request, options []RequestOption, answer any) error {
	body, err := c.bytes(ctx, r, options)
	if err != nil || len(body) == 0 || answer == nil {
		return err
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return fmt.Errorf("sautikit: the answer can't be read: %w", err)
	}
	return nil
}

func (c *Client) bytes(ctx context.Context, r request, options []RequestOption) ([]byte, error) {
	body, _, err := c.whole(ctx, r, options)
	return body, err
}

// whole gives an answer with its headers.
func (c *Client) whole(ctx context.Context, r request, options []RequestOption) ([]byte, http.Header, error) {
	var body []byte
	header, err := c.send(ctx, r, options, func(response *http.Response) error {
		defer response.Body.Close()
		var err error
		body, err = io.ReadAll(response.Body)
		return err
	}, false)
	return body, header, err
}

// send repeats a request until its answer is final. With open the body is left to the reader, without a limit of time.
func (c *Client) send(ctx context.Context, r request, options []RequestOption, read func(*http.Response) error, open bool) (http.Header, error) {
	s := settings{timeout: c.timeout, maxRetries: c.maxRetries, header: http.Header{}}
	for _, option := range options {
		option(&s)
	}
	if s.key == "" && r.idempotent {
		s.key = newKey()
	}
	var body []byte
	if r.body != nil {
		var err error
		if body, err = json.Marshal(r.body); err != nil {
			return nil, fmt.Errorf("sautikit: the body can't be written: %w", err)
		}
	}
	retries := s.maxRetries
	// Without a key the server can't tell a repeated POST from a second one.
	if r.method == http.MethodPost && s.key == "" && s.header.Get("Idempotency-Key") == "" {
		retries = 0
	}
	for attempt := 0; ; attempt++ {
		header, err := c.once(ctx, r, s, body, read, open)
		if err == nil {
			return header, nil
		}
		wait, again := pause(err, attempt, random)
		if !again || attempt >= retries || ctx.Err() != nil {
			return nil, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, err
		}
	}
}

func (c *Client) once(ctx context.Context, r request, s settings, body []byte, read func(*http.Response) error, open bool) (http.Header, error) {
	what := r.method + " " + r.path
	tried, cancel := context.WithCancel(ctx)
	timer := time.AfterFunc(s.timeout, cancel)
	if !open {
		defer cancel()
	}
	defer timer.Stop()
	address := c.base + r.path
	if len(r.values) > 0 {
		address += "?" + r.values.Encode()
	}
	var content io.Reader
	if body != nil {
		content = bytes.NewReader(body)
	}
	sent, err := http.NewRequestWithContext(tried, r.method, address, content)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("sautikit: %w", err)
	}
	sent.Header.Set("Accept", "application/json, */*;q=0.5")
	sent.Header.Set("User-Agent", userAgent)
	sent.Header.Set("Authorization", "Bearer "+c.key)
	if body != nil {
		sent.Header.Set("Content-Type", "application/json")
	}
	if s.key != "" {
		sent.Header.Set("Idempotency-Key", s.key)
	}
	for _, header := range []http.Header{c.header, r.headers, s.header} {
		for name, values := range header {
			sent.Header[name] = values
		}
	}
	response, err := c.http.Do(sent)
	if err == nil {
		if response.StatusCode >= 200 && response.StatusCode < 300 {
			err = read(response)
		} else {
			err = refusal(response)
		}
	}
	if err == nil {
		return response.Header, nil
	}
	timedOut := ctx.Err() == nil && tried.Err() != nil
	cancel()
	var refused *APIError
	if errors.As(err, &refused) {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("sautikit: %s: %w", what, ctx.Err())
	}
	return nil, &ConnectionError{Request: what, Timeout: timedOut, Err: err}
}

var userAgent = fmt.Sprintf("sautikit-go/%s (%s; %s)", Version, strings.TrimPrefix(runtime.Version(), "go"), runtime.GOOS)

// newKey is a random UUID.
func newKey() string {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		// Without randomness there is no key, and so no repetition either.
		return ""
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
