package sautikit

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	secret = "whsec_4f6d1c0a9b8e7d6c5b4a39281706f5e4"
	told   = `{"id":"evt_1","event":"call.completed","sequence":3,"created_at":"2026-11-21T09:00:00Z","data":{"call_id":"c-ü"},"a_new_member":true}`
)

func TestABodyIsTakenAsItWasSignedByTheWholeSecret(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	must(t, verifyAt([]byte(told), signature(told, secret, now), secret, now))
	must(t, verifyAt([]byte(told), signature(told, secret, now), secret, now.Add(300*time.Second)))
	event, err := ParseWebhook([]byte(told), signature(told, secret, time.Now()), secret)
	must(t, err)
	if event.ID != "evt_1" || event.Sequence != 3 || event.Extra["a_new_member"] != true {
		t.Errorf("%+v", event)
	}
}

func TestEverythingElseIsRefused(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	header := signature(told, secret, now)
	cases := []struct {
		name, body, header, secret string
		now                        time.Time
	}{
		{"a changed byte", strings.Replace(told, "completed", "completeD", 1), header, secret, now},
		{"another secret", told, header, "whsec_another", now},
		{"old", told, header, secret, now.Add(301 * time.Second)},
		{"early", told, header, secret, now.Add(-301 * time.Second)},
		{"no header", told, "", secret, now},
		{"too long", told, strings.Replace(header, "v1=", "v1=0", 1), secret, now},
		{"a line end", told, header + "\n", secret, now},
		{"capitals", told, strings.ToUpper(header), secret, now},
		{"no secret", told, signature(told, "", now), "", now},
	}
	for _, c := range cases {
		if err := verifyAt([]byte(c.body), c.header, c.secret, c.now); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestTheReceiverTakesASignedWebhookAndRefusesAChangedByte(t *testing.T) {
	receiver := serveExample(t, "webhook_receiver", "SAUTIKIT_WEBHOOK_SECRET="+secret)
	header := signature(told, secret, time.Now())
	if status := post(t, receiver.url+"/webhooks", strings.Replace(told, "ü", "u", 1), header); status != 400 {
		t.Errorf("a changed byte: %d", status)
	}
	if status := post(t, receiver.url+"/webhooks", told, header); status != 204 {
		t.Errorf("as signed: %d", status)
	}
	receiver.said(t, `(?m)^call\.completed c-ü$`)
}

func TestASecretThatIsNotSetIsFoundAtSetUp(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a middleware without a secret")
		}
	}()
	VerifyMiddleware("")
}

// relay hands what it gets on to a receiver, once that is known, and keeps what was taken there.
type relay struct {
	mu    sync.Mutex
	to    string
	taken []asked
}

func (r *relay) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.to == "" {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	sent, err := http.NewRequest(http.MethodPost, r.to+request.URL.Path, bytes.NewReader(body))
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	sent.Header.Set("X-Sautikit-Signature", request.Header.Get("X-Sautikit-Signature"))
	response, err := http.DefaultClient.Do(sent)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	response.Body.Close()
	if response.StatusCode == http.StatusNoContent {
		r.taken = append(r.taken, asked{header: request.Header, body: string(body)})
	}
	w.WriteHeader(response.StatusCode)
}

func TestTheReceiverTakesWhatTheServerSendsAndRefusesAChangedByteOfIt(t *testing.T) {
	client := connected(t)
	between := &relay{}
	server := httptest.NewServer(between)
	defer server.Close()
	endpoint, err := client.Webhooks.Create(ctx, &CreateWebhook{URL: server.URL + "/webhooks", Events: []string{"call.*"}})
	must(t, err)
	defer func() { must(t, client.Webhooks.Delete(ctx, endpoint.ID)) }()

	receiver := serveExample(t, "webhook_receiver", "SAUTIKIT_WEBHOOK_SECRET="+Value(endpoint.Secret))
	between.mu.Lock()
	between.to = receiver.url
	between.mu.Unlock()
	_, err = client.Webhooks.Test(ctx, endpoint.ID, nil)
	must(t, err)
	receiver.said(t, `(?m)^call\.completed `)
	accepted, err := client.Calls.Create(ctx, &CreateCall{From: number, To: []string{busy}})
	must(t, err)
	receiver.said(t, `(?m)^call\.\w+ `+accepted.CallID+`$`)

	between.mu.Lock()
	defer between.mu.Unlock()
	sent := between.taken[len(between.taken)-1]
	header := sent.header.Get("X-Sautikit-Signature")
	for want, body := range map[int]string{400: strings.Replace(sent.body, `"`, "'", 1), 204: sent.body} {
		if status := post(t, receiver.url+"/webhooks", body, header); status != want {
			t.Errorf("%d where %d is right", status, want)
		}
	}
}

func TestWhatIsSignedAndNoEventIsToldApartFromWhatIsNotSigned(t *testing.T) {
	for _, body := range []string{"", "null", "1", "[]", `"a"`, "CallId=c", `{"event": 1}`, "{", "\xff"} {
		event, err := ParseWebhook([]byte(body), signature(body, secret, time.Now()), secret)
		if event != nil || !errors.Is(err, ErrNoEvent) || errors.Is(err, ErrSignature) {
			t.Errorf("%q: %v", body, err)
		}
	}
}
