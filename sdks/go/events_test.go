package sautikit

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// streams is an answer of events: ends after them as it should, or does then instead.
func streams(text string, then ...answer) answer {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = w.Write([]byte(text))
		w.(http.Flusher).Flush()
		for _, next := range then {
			next(w, r)
		}
	}
}

// breaks cuts the connection in the middle of an answer.
func breaks(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func over(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

func event(id int) string { return fmt.Sprintf("id: %d\nevent: call.ringing\ndata: {}\n\n", id) }

// follow gives the ids that a stream tells, what ended it, and where each of its connections began.
func follow(t *testing.T, retries int, answers ...answer) (ids []string, err error, places []string) {
	t.Helper()
	f := startFake(t, answers...)
	events := f.client(t, WithMaxRetries(retries)).Calls.Stream(ctx, "c", nil)
	defer events.Close()
	for events.Next() {
		ids = append(ids, events.Current().ID)
	}
	for _, request := range f.requests() {
		places = append(places, request.header.Get("Last-Event-ID"))
	}
	return ids, events.Err(), places
}

func TestStreamsOutlastTheirConnections(t *testing.T) {
	cases := []struct {
		name    string
		retries int
		answers []answer
		ids     string
		places  string
	}{
		{"ends", 0, []answer{streams(event(1) + event(2)), streams(": still here\n\n"), streams(event(3)), over}, "1 2 3", " 2 2 3"},
		{"an id without data", 0, []answer{streams("id: 7\n\n"), streams(event(8)), over}, "8", " 7 8"},
		{
			"breaks", 2,
			[]answer{streams(event(1)+"id: 2\ndata: ha", breaks), refused(503, "service.draining", nil), streams(event(2), breaks), closes, streams(event(3)), over},
			"1 2 3", " 1 1 2 2 3",
		},
		{
			"dropped", 0,
			[]answer{streams(event(9) + "event: dropped\ndata: {\"reason\":\"too_slow\",\"last_event_id\":5}\n\n"), streams(event(6)), over},
			"9 6", " 5 6",
		},
	}
	for _, c := range cases {
		ids, err, places := follow(t, c.retries, c.answers...)
		if err != nil || strings.Join(ids, " ") != c.ids || strings.Join(places, " ") != c.places {
			t.Errorf("%s: %q from %q: %v", c.name, ids, places, err)
		}
	}
}

func TestWhoGetsNothingTimeAndAgainIsTold(t *testing.T) {
	for name, answer := range map[string]answer{"lost": closes, "empty": streams(""), "broken": streams("", breaks)} {
		_, err, places := follow(t, 2, streams(event(1)), answer)
		var lost *ConnectionError
		// Go's own transport asks once more where a connection that it kept turns out to be closed.
		if !errors.As(err, &lost) || !strings.HasPrefix(strings.Join(places, " "), " 1 1 1") || len(places) > 5 {
			t.Errorf("%s: %v from %q", name, err, places)
		}
	}
}

func TestARefusalEndsAStreamAndStaysItsError(t *testing.T) {
	f := startFake(t, streams(event(1)), refused(401, "api_key.revoked", nil))
	events := f.client(t).Calls.Stream(ctx, "c", nil)
	if !events.Next() || events.Next() {
		t.Fatal(events.Err())
	}
	events.Close()
	var refusal *APIKeyError
	if events.Next() || !errors.As(events.Err(), &refusal) || len(f.requests()) != 2 || events.Current().ID != "" {
		t.Errorf("%v after %d requests", events.Err(), len(f.requests()))
	}
}

func TestAPageOfSomethingInBetweenIsNoStream(t *testing.T) {
	page := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html>\n\n</html>"))
	}
	f := startFake(t, page)
	events := f.client(t).Calls.Stream(ctx, "c", nil)
	defer events.Close()
	if events.Next() || events.Err() == nil || len(f.requests()) != 1 {
		t.Errorf("%v after %d requests", events.Err(), len(f.requests()))
	}
}

func TestAStreamThatFallsSilentIsLost(t *testing.T) {
	f := startFake(t, streams(event(1), silent), silent, streams(event(2)), over)
	client := f.client(t, WithTimeout(100*time.Millisecond))
	client.silence = 100 * time.Millisecond
	events := client.Calls.Stream(ctx, "c", nil)
	var ids []string
	for events.Next() {
		ids = append(ids, events.Current().ID)
	}
	if events.Err() != nil || len(ids) != 2 || ids[1] != "2" {
		t.Errorf("%q: %v", ids, events.Err())
	}
}

func TestAStreamOutlastsTheTimeoutOfATry(t *testing.T) {
	told := make(chan struct{})
	f := startFake(t, streams("", func(w http.ResponseWriter, r *http.Request) {
		<-told
		streams(event(1))(w, r)
	}), over)
	events := f.client(t, WithTimeout(100*time.Millisecond), WithMaxRetries(0)).Calls.Stream(ctx, "c", nil)
	time.AfterFunc(300*time.Millisecond, func() { close(told) })
	if !events.Next() || len(f.requests()) != 1 {
		t.Errorf("%v after %d requests", events.Err(), len(f.requests()))
	}
}

func TestCloseEndsAStreamAndItsRequestAndIsNoError(t *testing.T) {
	ended := make(chan struct{})
	f := startFake(t, streams(event(1), func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		close(ended)
	}))
	events := f.client(t).Calls.Stream(ctx, "c", nil)
	if !events.Next() {
		t.Fatal(events.Err())
	}
	go events.Close()
	if events.Next() || events.Err() != nil {
		t.Errorf("%v", events.Err())
	}
	<-ended
}

func TestAContextThatEndsIsTheStreamsError(t *testing.T) {
	given, cancel := context.WithCancel(ctx)
	events := startFake(t, streams(event(1), silent)).client(t).Calls.Stream(given, "c", nil)
	if !events.Next() {
		t.Fatal(events.Err())
	}
	cancel()
	if events.Next() || !errors.Is(events.Err(), context.Canceled) {
		t.Errorf("%v", events.Err())
	}
}

func TestAStreamBeginsAfterAnIDAsEventsHaveIt(t *testing.T) {
	f := startFake(t, over)
	events := f.client(t).Calls.Stream(ctx, "c", &CallsStreamParams{LastEventID: Ptr("5")})
	if events.Next() || events.Err() != nil || f.requests()[0].header.Get("Last-Event-ID") != "5" {
		t.Errorf("%v", events.Err())
	}
}

func TestAByteOrderMarkBeforeAStreamIsNoPartOfIt(t *testing.T) {
	ids, err, places := follow(t, 0, streams("\ufeff"+event(1)), streams("\ufeff"+event(2)), over)
	if err != nil || strings.Join(ids, " ") != "1 2" || strings.Join(places, " ") != " 1 2" {
		t.Errorf("%q from %q: %v", ids, places, err)
	}
}

func TestAnIDThatNoHeaderCarriesIsNotWhereToGoOn(t *testing.T) {
	ids, err, places := follow(t, 0, streams(event(1)+"id: \x00\ndata: {}\n\n"), over)
	if err != nil || len(ids) != 2 || strings.Join(places, " ") != " 1" {
		t.Errorf("%q from %q: %v", ids, places, err)
	}
}
