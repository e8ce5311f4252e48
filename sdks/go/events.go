package sautikit

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// Events goes through a stream as Iter does through a list, until it is over for good. The connection may end meanwhile: the next
// one goes on where it stopped, and nothing is missed. Close it, or end its context, to stop before.
type Events[T any] struct {
	ctx     context.Context
	cancel  context.CancelFunc
	client  *Client
	request request
	options []RequestOption

	connection *connection
	// Where to go on from, once the server has said.
	place   string
	failed  int
	over    bool
	ended   bool
	closed  atomic.Bool
	current T
	err     error
}

// connection is one of those that a stream is made of.
type connection struct {
	response *http.Response
	lines    *bufio.Scanner
	alarm    *alarm
	heard    bool
	// A line has been read.
	begun bool
}

func (c *connection) close() {
	c.alarm.stop()
	c.response.Body.Close()
}

// alarm cancels what takes too long.
type alarm struct {
	timer  *time.Timer
	cancel context.CancelFunc
	rang   atomic.Bool
}

func newAlarm(after time.Duration, cancel context.CancelFunc) *alarm {
	a := &alarm{cancel: cancel}
	a.timer = time.AfterFunc(after, func() {
		a.rang.Store(true)
		cancel()
	})
	return a
}

func (a *alarm) stop() {
	a.timer.Stop()
	a.cancel()
}

const (
	// The longest line of a stream.
	longestLine = 1 << 20
	// The event by which the server lets a reader go who was too slow.
	dropped = "dropped"
	// A stream that is silent for so long is lost: the server says something every 15 seconds.
	longestSilence = 45 * time.Second
)

func newEvents[T any](ctx context.Context, client *Client, r request, options []RequestOption) *Events[T] {
	ctx, cancel := context.WithCancel(ctx)
	return &Events[T]{ctx: ctx, cancel: cancel, client: client, request: r, options: options}
}

// Next waits for the next event; false when the stream is over, or after an error.
func (e *Events[T]) Next() bool {
	if e.ended {
		return false
	}
	for e.err == nil && !e.over && !e.closed.Load() {
		if e.connection == nil {
			if err := e.connect(); err != nil {
				e.retry(err)
			}
			continue
		}
		told, err := e.read()
		if told != nil {
			e.err = e.take(told)
			if e.err != nil {
				break
			}
			return true
		}
		heard := e.connection.heard
		e.disconnect()
		switch {
		case errors.Is(err, bufio.ErrTooLong):
			e.err = fmt.Errorf("sautikit: an event can't be read: %w", err)
		case err != nil:
			e.retry(err)
		case heard:
			// It ends every few minutes. Who comes back waits a little all the same: so does everybody else.
			wait, _ := pause(&ConnectionError{}, 0, e.client.random)
			e.wait(wait, nil)
		default:
			e.retry(&ConnectionError{Request: e.what(), Err: errors.New("the stream ended before anything came")})
		}
	}
	if e.closed.Load() {
		// What is cut off by Close is no error.
		e.err = nil
	}
	e.ended = true
	e.disconnect()
	e.cancel()
	var none T
	e.current = none
	return false
}

func (e *Events[T]) what() string { return e.request.method + " " + e.request.path }

func (e *Events[T]) connect() error {
	s, err := e.client.settings(e.options)
	if err != nil {
		return err
	}
	s.key = ""
	if e.place != "" {
		s.header.Set("Last-Event-ID", e.place)
	}
	tried, cancel := context.WithCancel(e.ctx)
	alarm := newAlarm(s.timeout, cancel)
	response, err := e.client.ask(tried, e.request, s, nil)
	if err != nil {
		alarm.stop()
		return lost(e.ctx, e.what(), err, alarm.rang.Load())
	}
	if s.answered != nil {
		*s.answered = response.Header
	}
	if response.StatusCode == http.StatusNoContent {
		alarm.stop()
		response.Body.Close()
		e.over = true
		return nil
	}
	// A page that something in between answers with would be read for ever.
	if !strings.HasPrefix(strings.ToLower(response.Header.Get("Content-Type")), "text/event-stream") {
		alarm.stop()
		response.Body.Close()
		return errors.New("sautikit: the answer is no stream: is this the API's address?")
	}
	alarm.timer.Reset(e.client.silence)
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, longestLine)
	e.connection = &connection{response: response, lines: lines, alarm: alarm}
	return nil
}

func (e *Events[T]) disconnect() {
	if e.connection != nil {
		e.connection.close()
		e.connection = nil
	}
}

// read gives the next event of the connection; neither it nor an error where the server ended it.
func (e *Events[T]) read() (map[string]string, error) {
	c := e.connection
	event := map[string]string{}
	for c.lines.Scan() {
		// A comment is a sign of life as well.
		c.alarm.timer.Reset(e.client.silence)
		c.heard, e.failed = true, 0
		line := c.lines.Text()
		if !c.begun {
			c.begun = true
			line = strings.TrimPrefix(line, "\ufeff")
		}
		if line != "" {
			name, value, _ := strings.Cut(line, ":")
			value = strings.TrimPrefix(value, " ")
			if before, more := event[name]; more && name == "data" {
				value = before + "\n" + value
			}
			if name != "" {
				event[name] = value
			}
			continue
		}
		// An id without data is no event, and tells from where to go on all the same.
		if visible(event["id"]) {
			e.place = event["id"]
		}
		if data, told := event["data"]; told && event["event"] != dropped {
			return event, nil
		} else if told {
			var from struct {
				LastEventID json.Number `json:"last_event_id"`
			}
			if json.Unmarshal([]byte(data), &from) == nil && from.LastEventID != "" {
				e.place = from.LastEventID.String()
			}
		}
		event = map[string]string{}
	}
	err := c.lines.Err()
	if err == nil || errors.Is(err, bufio.ErrTooLong) {
		return nil, err
	}
	return nil, lost(e.ctx, e.what(), err, c.alarm.rang.Load())
}

func (e *Events[T]) take(event map[string]string) error {
	text, err := json.Marshal(event)
	if err == nil {
		var current T
		err = json.Unmarshal(text, &current)
		e.current = current
	}
	if err != nil {
		return fmt.Errorf("sautikit: an event can't be read: %w", err)
	}
	return nil
}

// retry waits for the next connection, or ends the stream with what ended the last one.
func (e *Events[T]) retry(err error) {
	s, wrong := e.client.settings(e.options)
	wait, again := pause(err, e.failed, e.client.random)
	if wrong != nil || !again || e.failed >= s.maxRetries {
		e.err = err
		return
	}
	e.failed++
	e.wait(wait, err)
}

func (e *Events[T]) wait(wait time.Duration, last error) {
	if err := sleep(e.ctx, wait); err != nil {
		e.err = abandon(e.what(), err, last)
	}
}

// Current is the event that Next went to.
func (e *Events[T]) Current() T { return e.current }

// Err is what ended the stream early.
func (e *Events[T]) Err() error { return e.err }

// Close ends the connection. It can be called at any time, by any goroutine, and more than once.
func (e *Events[T]) Close() {
	e.closed.Store(true)
	e.cancel()
}
