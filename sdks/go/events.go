package sautikit

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
)

// Events goes through a stream as Iter does through a list. Close it, or end its context, to stop before the server does.
type Events[T any] struct {
	open    func() error
	body    *http.Response
	lines   *bufio.Scanner
	current T
	err     error
}

// The longest line of a stream.
const longestLine = 1 << 20

func newEvents[T any](ctx context.Context, client *Client, r request, options []RequestOption) *Events[T] {
	e := &Events[T]{}
	e.open = func() error {
		_, err := client.send(ctx, r, options, func(response *http.Response) error {
			e.body = response
			e.lines = bufio.NewScanner(response.Body)
			e.lines.Buffer(nil, longestLine)
			return nil
		}, true)
		return err
	}
	return e
}

// Next waits for the next event; false when the stream has ended, or after an error.
func (e *Events[T]) Next() bool {
	if e.err != nil {
		return false
	}
	if e.lines == nil {
		if e.err = e.open(); e.err != nil {
			return false
		}
	}
	event := map[string]string{}
	for e.lines.Scan() {
		line := e.lines.Text()
		if line == "" {
			if _, told := event["data"]; told {
				return e.take(event)
			}
			event = map[string]string{}
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		if before, more := event[name]; more && name == "data" {
			value = before + "\n" + value
		}
		if name != "" {
			event[name] = value
		}
	}
	if err := e.lines.Err(); err != nil {
		e.err = &ConnectionError{Request: "stream", Err: err}
	}
	e.Close()
	return false
}

func (e *Events[T]) take(event map[string]string) bool {
	text, err := json.Marshal(event)
	if err == nil {
		var current T
		err = json.Unmarshal(text, &current)
		e.current = current
	}
	e.err = err
	return err == nil
}

// Current is the event that Next went to.
func (e *Events[T]) Current() T { return e.current }

// Err is what ended the stream early.
func (e *Events[T]) Err() error { return e.err }

// Close ends the connection.
func (e *Events[T]) Close() {
	if e.body != nil {
		e.body.Body.Close()
	}
}
