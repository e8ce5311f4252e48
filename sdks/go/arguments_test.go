package sautikit

import (
	"errors"
	"strings"
	"testing"
)

func isArgumentError(err error) bool {
	var wrong *ArgumentError
	return errors.As(err, &wrong)
}

func TestWhatIsNoServersAddressIsRefusedAtSetUp(t *testing.T) {
	for _, base := range []string{
		"voice.example", "voice.example:4000", "ftp://voice.example", "http://", "https:///v1", "/v1", "http://a b", " http://a", "http://a\n",
		"http://a:99999", "http://a:x", "http://a?b", "http://a#b", "http://me:secret@a", "http://me:secret@a:x", "http://me:secret@a b", "http://[::1",
	} {
		if _, err := New(WithAPIKey("k"), WithBaseURL(base)); !isArgumentError(err) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", base, err)
		}
	}
	for _, base := range []string{"http://127.0.0.1:4000", "https://voice.example/", "https://voice.example/sautikit/", "http://[::1]:4000", "HTTP://voice.example"} {
		if _, err := New(WithAPIKey("k"), WithBaseURL(base)); err != nil {
			t.Errorf("%q: %v", base, err)
		}
	}
}

func TestAKeyThatNoHeaderCarriesIsRefusedAndNotShown(t *testing.T) {
	for _, key := range []string{"skt_live_x\n", "skt live", "skt_live_é", "\x00", " skt_live_x"} {
		_, err := New(WithAPIKey(key), WithBaseURL("http://a"))
		if !isArgumentError(err) || strings.Contains(err.Error(), "skt") {
			t.Errorf("%q: %v", key, err)
		}
	}
}

func TestWrongArgumentsAreToldBeforeAnythingIsSent(t *testing.T) {
	f := startFake(t, accepted)
	client := f.client(t)
	for name, option := range map[string]RequestOption{
		"a line end": Header("X-A", "a\r\nb"), "a length": Header("content-length", "5"), "an encoding": Header("Transfer-Encoding", "chunked"), "no ASCII": Header("X-A", "é"), "no name": Header("", "a"), "a name of two words": Header("a b", "c"),
		"an empty key": IdempotencyKey(""), "a key of blanks": IdempotencyKey(" "), "an empty key as a header": Header("idempotency-key", ""),
		"a key with a line end": IdempotencyKey("a\n"),
	} {
		_, err := client.Calls.Create(ctx, place, option)
		events := client.Calls.Stream(ctx, "c", nil, option)
		if !isArgumentError(err) || events.Next() || !isArgumentError(events.Err()) {
			t.Errorf("%s: %v, %v", name, err, events.Err())
		}
		if _, err := New(WithAPIKey("k"), WithBaseURL("http://a"), WithHeader("X-A", "a\nb")); !isArgumentError(err) {
			t.Error(err)
		}
	}
	for _, id := range []string{"", ".", ".."} {
		_, err := client.Calls.Get(ctx, id)
		_, ending := client.Calls.HangUp(ctx, id)
		events := client.Calls.Stream(ctx, id, nil)
		if !isArgumentError(err) || !isArgumentError(ending) || events.Next() || !isArgumentError(events.Err()) {
			t.Errorf("%q: %v, %v, %v", id, err, ending, events.Err())
		}
	}
	for _, r := range [][2]string{{"GET", "v1/calls"}, {"GET", "@evil.example/v1"}, {"GET", ""}, {"GE T", "/v1"}, {"GET", "/v1\n"}} {
		if err := client.Request(ctx, r[0], r[1], nil, nil); !isArgumentError(err) {
			t.Errorf("%q: %v", r, err)
		}
	}
	if err := client.Request(ctx, "POST", "/v1/new", func() {}, nil); !isArgumentError(err) {
		t.Errorf("a body that is no JSON: %v", err)
	}
	if len(f.requests()) != 0 {
		t.Errorf("%v was sent", f.requests())
	}
	if _, err := client.Calls.Get(ctx, "a/b ü..", Header("X-A", " two words\t")); err != nil {
		t.Error(err)
	}
}
