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
	keyGiven   bool
	header     http.Header
	answered   *http.Header
}

// RequestOption sets one request up.
type RequestOption func(*settings)

// Timeout limits each try of this request.
func Timeout(limit time.Duration) RequestOption { return func(s *settings) { s.timeout = limit } }

// MaxRetries says how often this request is repeated.
func MaxRetries(times int) RequestOption { return func(s *settings) { s.maxRetries = times } }

// IdempotencyKey is sent instead of one that is made up: best one per intention, kept until the outcome is known.
func IdempotencyKey(key string) RequestOption {
	return func(s *settings) { s.key, s.keyGiven = key, true }
}

// Header is sent with this request.
func Header(name, value string) RequestOption { return func(s *settings) { s.header.Set(name, value) } }

// ResponseHeader keeps the headers of the answer, for what no type has: the cursor of an export, for instance.
func ResponseHeader(into *http.Header) RequestOption {
	return func(s *settings) { s.answered = into }
}

type request struct {
	method, path string
	// It takes an idempotency key, and gets one.
	idempotent bool
	// It is not known here, and takes what key it is given.
	unknown bool
	body    any
	values  url.Values
	headers http.Header
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
	got, err := c.whole(ctx, r, options)
	if err != nil || answer == nil || r.unknown && len(got.body) == 0 {
		return err
	}
	return got.read(answer, r.unknown)
}

func (c *Client) bytes(ctx context.Context, r request, options []RequestOption) ([]byte, error) {
	got, err := c.whole(ctx, r, options)
	return got.body, err
}

// final is an answer of success, read to its end.
type final struct {
	status int
	header http.Header
	body   []byte
}

// read gives the JSON of an answer, whose endpoint may be unknown here.
func (f final) read(answer any, unknown bool) error {
	if !unknown && !fits(f.body, reflect.TypeOf(answer).Elem().Kind()) || json.Unmarshal(f.body, answer) != nil {
		return invalidResponse(f.status, f.header)
	}
	return nil
}

// fits says whether JSON is an object, or a list of them, as it should be: Go takes null for either.
func fits(body []byte, kind reflect.Kind) bool {
	if kind != reflect.Slice {
		return opensWith(body, '{')
	}
	var rows []json.RawMessage
	if !opensWith(body, '[') || json.Unmarshal(body, &rows) != nil {
		return false
	}
	for _, row := range rows {
		if !opensWith(row, '{') {
			return false
		}
	}
	return true
}

// settings are those of the client and of one request.
func (c *Client) settings(options []RequestOption) (settings, error) {
	s := settings{timeout: c.timeout, maxRetries: c.maxRetries, header: http.Header{}}
	for _, option := range options {
		option(&s)
	}
	if err := checkTimeout(s.timeout); err != nil {
		return s, err
	}
	if err := checkHeader(s.header); err != nil {
		return s, err
	}
	if s.keyGiven {
		return s, checkHeader(http.Header{idempotencyKey: {s.key}})
	}
	return s, nil
}

// whole repeats a request until its answer is final, and gives it with its headers.
func (c *Client) whole(ctx context.Context, r request, options []RequestOption) (final, error) {
	s, err := c.settings(options)
	if err != nil {
		return final{}, err
	}
	for _, header := range []http.Header{c.header, s.header} {
		if keys := header[idempotencyKey]; len(keys) > 0 && !s.keyGiven {
			s.key = keys[0]
		}
	}
	if s.key == "" && r.idempotent {
		s.key = newKey()
	}
	if !r.idempotent && !r.unknown {
		// What the server does not heed must not look like a promise.
		s.key = ""
	}
	var body []byte
	if r.body != nil {
		if body, err = json.Marshal(r.body); err != nil {
			return final{}, &ArgumentError{Message: "the body can't be written as JSON", Err: err}
		}
	}
	retries := s.maxRetries
	// Without a key the server can't tell a repeated POST from a second one.
	if r.method == http.MethodPost && s.key == "" {
		retries = 0
	}
	for attempt := 0; ; attempt++ {
		answer, err := c.once(ctx, r, s, body)
		if err == nil {
			if s.answered != nil {
				*s.answered = answer.header
			}
			return answer, nil
		}
		wait, again := pause(err, attempt, c.random)
		if !again || attempt >= retries {
			return final{}, err
		}
		if ended := sleep(ctx, wait); ended != nil {
			return final{}, abandon(r.method+" "+r.path, ended, err)
		}
	}
}

// once is one try.
func (c *Client) once(ctx context.Context, r request, s settings, body []byte) (final, error) {
	tried, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	response, err := c.ask(tried, r, s, body)
	if err == nil {
		defer response.Body.Close()
		var answer []byte
		if answer, err = io.ReadAll(response.Body); err == nil {
			return final{response.StatusCode, response.Header, answer}, nil
		}
	}
	return final{}, lost(ctx, r.method+" "+r.path, err, tried.Err() != nil)
}

const idempotencyKey = "Idempotency-Key"

// ask sends a request; its answer is one of success, whose body is still to be read.
func (c *Client) ask(tried context.Context, r request, s settings, body []byte) (*http.Response, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
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
		return nil, &ArgumentError{Message: "this request can't be sent", Err: err}
	}
	sent.Header.Set("Accept", "application/json, */*;q=0.5")
	sent.Header.Set("User-Agent", userAgent)
	sent.Header.Set("Authorization", "Bearer "+c.key)
	if body != nil {
		sent.Header.Set("Content-Type", "application/json")
	}
	for _, header := range []http.Header{c.header, r.headers, s.header} {
		for name, values := range header {
			sent.Header[name] = values
		}
	}
	sent.Header.Del(idempotencyKey)
	if s.key != "" {
		sent.Header.Set(idempotencyKey, s.key)
	}
	response, err := c.http.Do(sent)
	if err == nil && (response.StatusCode < 200 || response.StatusCode >= 300) {
		return nil, refusal(response)
	}
	return response, err
}

// lost says what became of a try that gave no answer; a refusal is an answer.
func lost(ctx context.Context, what string, err error, timedOut bool) error {
	var refused *APIError
	var wrong *ArgumentError
	if errors.As(err, &refused) || errors.As(err, &wrong) {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("sautikit: %s: %w", what, ctx.Err())
	}
	if timedOut {
		// What the try was cancelled with looks like a cancellation by the caller.
		err = context.DeadlineExceeded
	}
	return &ConnectionError{Request: what, Err: err}
}

// sleep waits, unless the context ends before.
func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// abandoned is a context that ended while a repetition was waited for: errors.Is and errors.As find both.
type abandoned struct {
	what        string
	ended, last error
}

func abandon(what string, ended, last error) error { return &abandoned{what, ended, last} }

func (e *abandoned) Error() string {
	if e.last == nil {
		return fmt.Sprintf("sautikit: %s: %v", e.what, e.ended)
	}
	return fmt.Sprintf("sautikit: %s: %v, waiting to repeat it after: %v", e.what, e.ended, e.last)
}

func (e *abandoned) Unwrap() error { return e.ended }

func (e *abandoned) Is(target error) bool { return errors.Is(e.last, target) }

func (e *abandoned) As(target any) bool { return errors.As(e.last, target) }

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
