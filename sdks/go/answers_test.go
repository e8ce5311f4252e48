package sautikit

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func gives(body string) answer {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Request-Id", "req_1")
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, body)
	}
}

func isInvalid(err error) bool {
	refusal, ok := err.(*APIError)
	return ok && refusal.Code == CodeSDKInvalidResponse && refusal.Status == 202 && refusal.RequestID == "req_1" && refusal.Message == "the answer is not what this endpoint gives"
}

func TestAnAnswerThatIsNotTheEndpointsIsAnErrorAndAskedForOnce(t *testing.T) {
	for _, body := range []string{"", "<html>", "null", "1", `"a"`, "true", "[]", "[{}]", "{", strings.Repeat("[", 100_000), `{"call_id": 1}`} {
		f := startFake(t, gives(body))
		answer, err := f.client(t).Calls.Create(ctx, place)
		if !isInvalid(err) || answer != nil || len(f.requests()) != 1 {
			t.Errorf("%.20q: %#v after %d requests", body, err, len(f.requests()))
		}
	}
	for _, body := range []string{"", "<html>", "null", "1", `"a"`, "{}", "[1]", "[null]", "[[]]", `[{"id": 1}]`} {
		f := startFake(t, gives(body))
		client := f.client(t)
		calls := client.Calls.List(ctx, nil)
		if calls.Next() || !isInvalid(calls.Err()) || calls.Current().ID != "" || len(calls.Page()) != 0 {
			t.Errorf("%.20q: %#v", body, calls.Err())
		}
		if _, err := client.Calls.ListEvents(ctx, "c"); !isInvalid(err) && body != `[{"id": 1}]` {
			t.Errorf("%.20q: %#v", body, err)
		}
	}
	for _, body := range []string{"", "<html>", "null", "1"} {
		if _, err := startFake(t, gives(body)).client(t).Service.ShowOpenapi(ctx); !isInvalid(err) {
			t.Errorf("%.20q: %#v", body, err)
		}
	}
}

func TestAnEndpointThatIsNotKnownHereMayAnswerWithAnything(t *testing.T) {
	for body, want := range map[string]any{"": nil, "null": nil, "1": 1.0, "[1]": "list"} {
		var answer any
		must(t, startFake(t, gives(body)).client(t).Request(ctx, "POST", "/v1/new/", nil, &answer))
		if list, ok := answer.([]any); answer != want && (!ok || len(list) != 1) {
			t.Errorf("%q: %v", body, answer)
		}
	}
	var answer any
	if err := startFake(t, gives("<html>")).client(t).Request(ctx, "POST", "/v1/new", nil, &answer); !isInvalid(err) {
		t.Error(err)
	}
}
