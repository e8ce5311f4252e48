package sautikit

import (
	"context"
	"errors"
	"math"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

var (
	ctx      = context.Background()
	accepted = says(202, map[string]any{"call_id": "c", "a_new_member": 1})
	place    = &CreateCall{From: "+254700000001", To: []string{"+254722000042"}}
)

func TestA429IsSentAgainAfterTheSecondsThatRetryAfterAsksFor(t *testing.T) {
	f := startFake(t, refused(429, "rate_limited", nil, "Retry-After", "1"), accepted)
	_, err := f.client(t).Calls.Create(ctx, place)
	must(t, err)
	first, second := f.requests()[0], f.requests()[1]
	if second.at.Sub(first.at) < time.Second {
		t.Errorf("waited %s", second.at.Sub(first.at))
	}
	key := first.header.Get("Idempotency-Key")
	if len(key) != 36 || second.header.Get("Idempotency-Key") != key || second.body != first.body {
		t.Errorf("%v, then %v", first, second)
	}
}

func TestA503IsSentAgainTwiceAndThenItIsAnError(t *testing.T) {
	f := startFake(t, refused(503, "service.draining", nil))
	_, err := f.client(t).Calls.Get(ctx, "c")
	var family *ServiceError
	if !errors.As(err, &family) || family.Code != CodeServiceDraining || len(f.requests()) != 3 {
		t.Errorf("%v after %d requests", err, len(f.requests()))
	}
}

func TestALostConnectionIsSentAgain(t *testing.T) {
	f := startFake(t, closes, accepted)
	call, err := f.client(t).Calls.Create(ctx, place)
	must(t, err)
	if call.CallID != "c" || call.Extra["a_new_member"] != 1.0 {
		t.Errorf("%+v", call)
	}
	if keys := f.requests(); keys[0].header.Get("Idempotency-Key") != keys[1].header.Get("Idempotency-Key") {
		t.Error("another key")
	}
}

func TestAPostWithoutAKeyIsNeverSentAgain(t *testing.T) {
	for name, answer := range map[string]answer{"503": refused(503, "service.draining", nil), "429": refused(429, "rate_limited", nil), "lost": closes} {
		f := startFake(t, answer)
		_, err := f.client(t).Calls.HangUp(ctx, "c")
		if requests := f.requests(); err == nil || len(requests) != 1 || requests[0].header.Get("Idempotency-Key") != "" {
			t.Errorf("%s: %v after %d requests", name, err, len(requests))
		}
	}
}

func TestWhatWaitingDoesNotMendIsNotSentAgain(t *testing.T) {
	answers := []answer{
		refused(400, "validation.bad_request", nil), refused(402, "wallet.insufficient_funds", nil),
		refused(429, "rate_limited", nil, "Retry-After", "3600"),
	}
	for _, answer := range answers {
		f := startFake(t, answer)
		_, err := f.client(t).Calls.Get(ctx, "c")
		var refusal *APIError
		if !errors.As(err, &refusal) || len(f.requests()) != 1 {
			t.Errorf("%v after %d requests", err, len(f.requests()))
		}
	}
}

func TestAFirstRequestThatIsStillAtWorkIsWaitedFor(t *testing.T) {
	busy := refused(409, "idempotency.conflict", map[string]any{"details": map[string]any{"reason": "in_progress"}})
	_, err := startFake(t, busy, accepted).client(t).Calls.Create(ctx, place)
	must(t, err)
}

func TestOptionsOfOneRequestOutrankTheClients(t *testing.T) {
	f := startFake(t, refused(429, "rate_limited", nil))
	_, err := f.client(t).Calls.Create(ctx, place, MaxRetries(0), IdempotencyKey("mine"), Header("X-Request-Id", "r"))
	var family *RateLimitedError
	if !errors.As(err, &family) || len(f.requests()) != 1 {
		t.Fatalf("%v after %d requests", err, len(f.requests()))
	}
	header := f.requests()[0].header
	if header.Get("Idempotency-Key") != "mine" || header.Get("X-Request-Id") != "r" || !strings.HasPrefix(header.Get("User-Agent"), "sautikit-go/"+Version) {
		t.Error(header)
	}
}

func TestAnAnswerThatDoesNotComeInTimeIsATimeout(t *testing.T) {
	f := startFake(t, silent)
	_, err := f.client(t, WithTimeout(100*time.Millisecond), WithMaxRetries(1)).Calls.Get(ctx, "c")
	var lost *ConnectionError
	var network net.Error
	if !errors.As(err, &lost) || !lost.Timeout() || !errors.As(err, &network) || !network.Timeout() {
		t.Errorf("%v after %d requests", err, len(f.requests()))
	}
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		t.Errorf("%v looks as if the caller had given up", err)
	}
	// The second may be given up before the fake has read it.
	eventually(t, "both requests", func() bool { return len(f.requests()) == 2 })
}

func TestARequestThatIsGivenUpStopsAtOnce(t *testing.T) {
	f := startFake(t, silent)
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	_, err := f.client(t).Calls.Get(short, "c")
	if !errors.Is(err, context.DeadlineExceeded) || len(f.requests()) > 1 {
		t.Errorf("%v after %d requests", err, len(f.requests()))
	}
}

func TestErrorsSayAllThatTheAPISaysAndWhatAProxySaysIsAnErrorToo(t *testing.T) {
	page := func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(502)
		_, _ = w.Write([]byte("<h1>Bad gateway</h1>"))
	}
	f := startFake(t, refused(400, "calls.of_the_future", map[string]any{"field": "to", "details": map[string]any{"a": 1}}), page)
	client := f.client(t, WithMaxRetries(0))
	_, err := client.Calls.Get(ctx, "c")
	var family *CallsError
	if !errors.As(err, &family) || family.Status != 400 || family.Field != "to" || family.RequestID != "req_1" || family.DocsURL != "http://x/docs/errors/calls.of_the_future" || family.Details == nil {
		t.Errorf("%#v", err)
	}
	_, err = client.Calls.Get(ctx, "c")
	var refusal *APIError
	if errors.As(err, &family) && family.Status == 502 || !errors.As(err, &refusal) || refusal.Status != 502 || refusal.Code != "" {
		t.Errorf("%#v", err)
	}
}

func TestARedirectIsNotFollowedSoThatTheKeyGoesNowhereElse(t *testing.T) {
	other := startFake(t, says(200, nil))
	f := startFake(t, says(307, nil, "Location", other.URL))
	_, err := f.client(t).Calls.Get(ctx, "c")
	var refusal *APIError
	if !errors.As(err, &refusal) || len(other.requests()) != 0 {
		t.Errorf("%v, and the other was asked %d times", err, len(other.requests()))
	}
}

func TestWhatIsLeftOutIsNotSentAndNullIsSentByName(t *testing.T) {
	f := startFake(t, says(200, map[string]any{}))
	_, err := f.client(t).Numbers.UpdateRouting(ctx, "n", &UpdateRouting{NullFields: []string{"events_url"}, VoiceCallbackURL: Ptr("https://a.example")})
	must(t, err)
	if body := f.requests()[0].body; body != `{"events_url":null,"voice_callback_url":"https://a.example"}` {
		t.Error(body)
	}
}

func TestWaitsGrowWithFullJitterAndAreNeverShorterThanAsked(t *testing.T) {
	half, none := func() float64 { return 0.5 }, func() float64 { return 0 }
	for attempt, want := range []time.Duration{250, 500, 1000, 2000, 4000, 4000} {
		if wait, again := pause(&ConnectionError{}, attempt, half); !again || wait != want*time.Millisecond {
			t.Errorf("attempt %d: %s", attempt, wait)
		}
	}
	if wait, again := pause(&APIError{Status: 429, RetryAfter: 2 * time.Second}, 0, none); !again || wait != 2*time.Second {
		t.Error(wait)
	}
	if _, again := pause(&APIError{Status: 429, RetryAfter: math.MaxInt64}, 0, half); again {
		t.Error("who asks for too much is not waited for")
	}
}

func TestAPauseIsWholeSecondsOrADate(t *testing.T) {
	now := time.Date(1994, 11, 6, 8, 49, 37, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"7": 7 * time.Second, " 7 ": 7 * time.Second, "Sun, 06 Nov 1994 08:49:47 GMT": 10 * time.Second,
		"Sunday, 06-Nov-94 08:49:47 GMT": 10 * time.Second, "Sun Nov  6 08:49:47 1994": 10 * time.Second,
		"Sun, 06 Nov 1994 08:49:27 GMT": 0, "999999999999999": math.MaxInt64, "1000000000000000": 0, "99999999999999999999": 0, "Thu, 31 Feb 2030 00:00:00 GMT": 0,
		"Sun, 06 Nov 1994 08:49:47 +0300": 0, "soon": 0, "1.5": 0, "-1": 0, "+1": 0, "": 0,
	} {
		if wait := retryAfter(header, now); wait != want {
			t.Errorf("%q: %s", header, wait)
		}
	}
}

func TestWhatAProxySaysAsJSONIsARefusalWithoutACode(t *testing.T) {
	bodies := []any{
		map[string]any{"error": map[string]any{"code": 502, "message": []string{"no"}, "field": 1, "docs_url": map[string]any{}, "request_id": nil}},
		map[string]any{"error": "no"}, []string{"no"}, map[string]any{"error": nil},
	}
	for _, body := range bodies {
		f := startFake(t, says(502, body, "X-Request-Id", "of the proxy"))
		_, err := f.client(t, WithMaxRetries(0)).Calls.Get(ctx, "c")
		refusal, ok := err.(*APIError)
		if !ok || refusal.Status != 502 || refusal.Code != "" || refusal.Field != "" || refusal.Message != "the server answered 502" || refusal.RequestID != "of the proxy" {
			t.Errorf("%v: %#v", body, err)
		}
	}
}

func TestAKeyThatIsGivenAsAHeaderIsTheOnlyOne(t *testing.T) {
	for _, options := range [][]Option{{}, {WithHeader("idempotency-key", "mine")}} {
		f := startFake(t, refused(503, "service.draining", nil), accepted)
		client := f.client(t, options...)
		_, err := client.Calls.Create(ctx, place, Header("idempotency-key", "mine"))
		must(t, err)
		for _, request := range f.requests() {
			if keys := request.header.Values("Idempotency-Key"); len(keys) != 1 || keys[0] != "mine" {
				t.Errorf("%q", keys)
			}
		}
	}
}

func TestAKeyForWhatTakesNoneIsNotSentAndSoNothingIsSentTwice(t *testing.T) {
	f := startFake(t, refused(503, "service.draining", nil))
	_, err := f.client(t).Calls.HangUp(ctx, "c", IdempotencyKey("mine"), Header("Idempotency-Key", "mine"))
	if requests := f.requests(); err == nil || len(requests) != 1 || requests[0].header.Get("Idempotency-Key") != "" {
		t.Errorf("%v after %d requests", err, len(requests))
	}
}

func TestARequestThatIsNotKnownHereCarriesTheKeyThatItWasGiven(t *testing.T) {
	f := startFake(t, refused(503, "service.draining", nil), accepted)
	must(t, f.client(t).Request(ctx, "POST", "/v1/new", nil, nil, IdempotencyKey("mine")))
	if requests := f.requests(); len(requests) != 2 || requests[1].header.Get("Idempotency-Key") != "mine" {
		t.Errorf("%v", requests)
	}
}

func TestAContextThatEndsDuringAWaitIsWhatIsTold(t *testing.T) {
	f := startFake(t, refused(429, "rate_limited", nil, "Retry-After", "50"))
	waiting, cancel := context.WithCancel(ctx)
	client := f.client(t)
	client.random = func() float64 {
		// The wait is about to begin.
		cancel()
		return 0
	}
	_, err := client.Calls.Get(waiting, "c")
	var refusal *RateLimitedError
	if !errors.Is(err, context.Canceled) || !errors.As(err, &refusal) {
		t.Errorf("%v", err)
	}
}

func TestAnAnswerThatDripsInForEverIsATimeout(t *testing.T) {
	f := startFake(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			_, _ = w.Write([]byte(" "))
			w.(http.Flusher).Flush()
			time.Sleep(10 * time.Millisecond)
		}
	})
	_, err := f.client(t, WithTimeout(200*time.Millisecond), WithMaxRetries(0)).Calls.Get(ctx, "c")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestATimeoutThatIsNoneIsRefused(t *testing.T) {
	for _, limit := range []time.Duration{0, -1} {
		if _, err := New(WithAPIKey("k"), WithBaseURL("http://127.0.0.1:9"), WithTimeout(limit)); err == nil {
			t.Errorf("a client with %s", limit)
		}
		f := startFake(t, accepted)
		client := f.client(t)
		_, err := client.Calls.Get(ctx, "c", Timeout(limit))
		events := client.Calls.Stream(ctx, "c", nil, Timeout(limit))
		if err == nil || events.Next() || events.Err() == nil || len(f.requests()) != 0 {
			t.Errorf("%s: %v, %v", limit, err, events.Err())
		}
	}
}

func TestTheHeadersOfAnAnswerAreThereForWhoAsks(t *testing.T) {
	f := startFake(t, says(200, nil, "X-Next-Cursor", "more"))
	var header http.Header
	_, err := f.client(t).Audit.Export(ctx, nil, ResponseHeader(&header))
	must(t, err)
	if header.Get("X-Next-Cursor") != "more" {
		t.Error(header)
	}
}

func TestThereIsNoRowBeforeTheFirstAndAfterTheLast(t *testing.T) {
	f := startFake(t, says(200, []map[string]any{{"id": "1"}}))
	calls := f.client(t).Calls.List(ctx, nil)
	if calls.Current().ID != "" || !calls.Next() || calls.Current().ID != "1" || calls.Next() || calls.Current().ID != "" || calls.Next() {
		t.Error(calls.Current(), calls.Err())
	}
}

func TestTheVersionIsThatOfTheInstallation(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	must(t, err)
	if !strings.Contains(string(readme), "@v"+Version+" ") {
		t.Errorf("the README does not install %s", Version)
	}
}
