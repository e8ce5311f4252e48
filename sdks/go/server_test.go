package sautikit

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// connected is a client of the server that end2end/sdks/run.js started.
func connected(t *testing.T, options ...Option) *Client {
	t.Helper()
	client, err := New(options...)
	must(t, err)
	return client
}

var number = os.Getenv("SAUTIKIT_NUMBER")

func TestQuickstartACallIsPlacedFollowedToItsEndAndItsCostIsKnown(t *testing.T) {
	printed, err := exec.Command(builtExample(t, "quickstart"), number, "+254722000042").CombinedOutput()
	must(t, err)
	if !regexp.MustCompile(`(?s)^call\.ringing\n.*\ncompleted, [1-9]\d* s, KES [1-9]\d* \(minor units\)\n$`).Match(printed) {
		t.Errorf("%s", printed)
	}
}

func TestIVRTheKeysThatACallerPressesComeBackToTheMenu(t *testing.T) {
	menu := serveExample(t, "ivr")
	client := connected(t)
	accepted, err := client.Calls.Create(ctx, &CreateCall{From: number, To: []string{presses}, VoiceCallbackURL: Ptr(menu.url + "/voice")})
	must(t, err)
	menu.said(t, `(?m)pressed 123$`)
	var call *Call
	eventually(t, "the end", func() bool {
		call, err = client.Calls.Get(ctx, accepted.CallID)
		must(t, err)
		return call.EndedAt != nil
	})
	if call.Status != CallStatusCompleted || call.Legs[0].Target != presses || call.StartedAt.IsZero() {
		t.Errorf("%+v", call)
	}
	if status := post(t, menu.url+"/voice", "From=me", ""); status != 400 {
		t.Errorf("unsigned: %d", status)
	}
}

func TestBrowserTokenThePageGetsATokenForItsPhone(t *testing.T) {
	page := serveExample(t, "browser_token")
	response, err := http.Get(page.url + "/api/sip-token")
	must(t, err)
	defer response.Body.Close()
	var token SipToken
	must(t, json.NewDecoder(response.Body).Decode(&token))
	if token.Identity != "front-desk" || strings.Count(token.Token, ".") != 2 {
		t.Errorf("%+v", token)
	}
}

func Test1000CallsAreListedWithoutAGapOrADoubleWhileCallsAreAdded(t *testing.T) {
	client := connected(t, WithAPIKey(os.Getenv("SAUTIKIT_MANY_KEY")))
	ids, err := os.ReadFile(os.Getenv("SAUTIKIT_MANY_IDS"))
	must(t, err)
	wanted := strings.Fields(string(ids))
	listed := map[string]bool{}
	calls := client.Calls.List(ctx, &CallsListParams{Limit: Ptr[int64](50)})
	for calls.Next() {
		id := calls.Current().ID
		if listed[id] {
			t.Errorf("%s twice", id)
		}
		listed[id] = true
		if len(listed)%100 == 0 {
			_, err := client.Calls.Create(ctx, &CreateCall{From: os.Getenv("SAUTIKIT_MANY_NUMBER"), To: busy})
			must(t, err)
		}
	}
	must(t, calls.Err())
	if len(wanted) != 1000 {
		t.Errorf("%d calls are wanted", len(wanted))
	}
	for _, id := range wanted {
		if !listed[id] {
			t.Errorf("%s is missing", id)
		}
	}
}

func TestWhatTheBuildersPrintIsWhatTheServerTakes(t *testing.T) {
	answer := NewVoiceResponse(
		Say{Text: "Karibu", Voice: Ptr("woman"), Language: Ptr("sw-KE"), Rate: Ptr(0.9), Loop: Ptr[int64](2)},
		GetDigits{
			NumDigits: Ptr[int64](1), Timeout: Ptr[int64](3), FinishOnKey: Ptr(""), BargeIn: Ptr(false), Attempts: Ptr[int64](2),
			Prompt: []any{Say{Text: "One"}, Say{Text: "Two"}}, Action: Ptr("http://127.0.0.1:9/next"),
		},
		Dial{To: []any{"+254722000042", map[string]any{"client": "asha"}}, Timeout: Ptr[int64](20), Sequential: Ptr(true), HangupOnStar: Ptr(true)},
		Conference{Name: "standup", Beep: Ptr(false), MaxParticipants: Ptr[int64](3)},
	).Add(Pause{Length: Ptr[int64](2)}, Redirect{URL: "http://127.0.0.1:9/next"})
	client := connected(t)
	for _, response := range []*VoiceResponse{answer, NewVoiceResponse(Reject{Reason: Ptr("busy")}), NewVoiceResponse(Hangup{})} {
		_, err := client.Calls.Create(ctx, &CreateCall{From: number, To: busy, Actions: response.Actions()})
		must(t, err)
	}
	text, err := json.Marshal(NewVoiceResponse(Hangup{}))
	must(t, err)
	if string(text) != `{"actions":[{"hangup":{}}]}` {
		t.Errorf("%s", text)
	}
}

func TestAPageCanBeReadByItself(t *testing.T) {
	offers := connected(t).Numbers.ListAvailable(ctx, &NumbersListAvailableParams{Country: Ptr("KE"), Currency: Ptr("KES"), Limit: Ptr[int64](2)})
	if !offers.NextPage() || len(offers.Page()) != 2 || offers.NextCursor() == "" {
		t.Fatal(offers.Err())
	}
	first := offers.Page()[0].ID
	if !offers.NextPage() || offers.Page()[0].ID == first {
		t.Fatal(offers.Err())
	}
}

func TestTheSameWrongRequestsGiveTheSameErrorsInEveryLanguage(t *testing.T) {
	client := connected(t)
	placing := func(body *CreateCall) error {
		body.From = number
		_, err := client.Calls.Create(ctx, body)
		return err
	}
	listing := func(client *Client, params *CallsListParams) error {
		calls := client.Calls.List(ctx, params)
		calls.Next()
		return calls.Err()
	}
	_, unknown := client.Calls.Get(ctx, "00000000-0000-7000-8000-000000000000")
	wrong := map[string]error{
		"nonsense":  placing(&CreateCall{To: "nonsense"}),
		"unknown":   unknown,
		"emergency": placing(&CreateCall{To: "999"}),
		"actions":   placing(&CreateCall{To: busy, Actions: NewVoiceResponse(Say{}).Actions()}),
		"limit":     listing(client, &CallsListParams{Limit: Ptr[int64](0)}),
		"key":       listing(connected(t, WithAPIKey("skt_live_wrong")), nil),
	}
	facts := map[string]any{}
	for name, err := range wrong {
		var refusal *APIError
		if !errors.As(err, &refusal) {
			t.Fatalf("%s: %v", name, err)
		}
		if !strings.HasPrefix(refusal.RequestID, "req_") {
			t.Errorf("%s: request id %q", name, refusal.RequestID)
		}
		var field any
		if refusal.Field != "" {
			field = refusal.Field
		}
		facts[name] = map[string]any{
			"family": strings.TrimSuffix(reflect.TypeOf(err).Elem().Name(), "Error"), "status": refusal.Status, "code": refusal.Code,
			"field": field, "docs_url": refusal.DocsURL,
		}
	}
	var validation *ValidationError
	if !errors.As(wrong["nonsense"], &validation) || validation.Code != CodeValidationBadRequest || validation.Field != "to" {
		t.Errorf("%v", wrong["nonsense"])
	}
	text, err := json.Marshal(facts)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(os.Getenv("SAUTIKIT_FACTS"), "go.json"), text, 0o600))
}
