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
	"sync"
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
	response, err := http.Post(page.url+"/api/sip-token", "", nil)
	must(t, err)
	defer response.Body.Close()
	var token SIPToken
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
			_, err := client.Calls.Create(ctx, &CreateCall{From: os.Getenv("SAUTIKIT_MANY_NUMBER"), To: []string{busy}})
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

// opened does something each time that a stream begins.
type opened func()

func (o opened) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && r.URL.Path == "/v1/calls/stream" {
		o()
	}
	return response, err
}

func TestAllCallsAreFollowedWhileOneIsPlaced(t *testing.T) {
	client := connected(t)
	var once sync.Once
	var placed string
	following := connected(t, WithHTTPClient(&http.Client{Transport: opened(func() {
		once.Do(func() {
			accepted, err := client.Calls.Create(ctx, &CreateCall{From: number, To: []string{busy}})
			if err != nil {
				t.Error(err)
				return
			}
			placed = accepted.CallID
		})
	})}))
	next := func(events *Events[StreamedCallsEvent]) StreamedCallsEvent {
		t.Helper()
		for events.Next() {
			var told struct {
				Event string
				Data  struct {
					CallID string `json:"call_id"`
				}
			}
			must(t, json.Unmarshal([]byte(events.Current().Data), &told))
			if told.Data.CallID != placed {
				continue
			}
			if told.Event != events.Current().Event || !strings.HasPrefix(told.Event, "call.") {
				t.Errorf("%+v", events.Current())
			}
			return events.Current()
		}
		t.Fatal(events.Err())
		panic("unreachable")
	}
	events := following.Calls.StreamCalls(ctx, nil)
	defer events.Close()
	first, second := next(events), next(events)
	later := following.Calls.StreamCalls(ctx, &CallsStreamCallsParams{LastEventID: first.ID})
	defer later.Close()
	if again := next(later); Value(again.ID) == "" || !reflect.DeepEqual(again, second) {
		t.Errorf("%+v, then %+v", second, again)
	}
}

// Every verb with every attribute; of two that exclude each other, one each time.
func everyVerb() Actions {
	next := Ptr("http://127.0.0.1:9/next")
	heard := Actions{Say{Text: "One"}, Play{URL: "https://a.example/b.mp3"}}
	return Actions{
		Reject{Reason: Ptr(RejectReasonBusy)},
		Say{Text: "Karibu", Voice: Ptr("woman"), Language: Ptr("sw-KE"), Rate: Ptr(0.9), Loop: Ptr[int64](2)},
		Play{URL: "https://a.example/b.mp3", Loop: Ptr[int64](2)},
		GetDigits{
			NumDigits: Ptr[int64](1), Timeout: Ptr[int64](3), FirstDigitTimeout: Ptr[int64](4), FinishOnKey: Ptr(""), BargeIn: Ptr(false),
			Attempts: Ptr[int64](2), Prompt: heard, InvalidPrompt: heard, Action: next,
		},
		GetDigits{MaxDigits: Ptr[int64](4)},
		Dial{
			To: []any{"+254722000042", map[string]any{"client": "asha"}}, Action: next, CallerID: Ptr(number), HangupOnStar: Ptr(true),
			MachineDetection: Ptr(DialMachineDetectionDetectMessageEnd), MaxDuration: Ptr[int64](60), Record: DialRecordDual, RecordRinging: Ptr(true), RingTone: Ptr("ke"), Sequential: Ptr(true),
			Timeout:                 Ptr[int64](20),
			RecordingStatusCallback: next, SendDigits: Ptr("1w2"), WhisperURL: next,
		},
		Conference{
			Name: "standup", Action: next, Beep: ConferenceBeepOnEnter, Coach: Ptr("00000000-0000-7000-8000-000000000000"), EndOnExit: Ptr(true),
			MaxParticipants: Ptr[int64](3), Muted: Ptr(false), Record: Ptr(true), StartOnEnter: Ptr(false), WaitURL: Ptr(""),
			RecordingStatusCallback: next, StatusCallback: next, ParticipantLabel: Ptr("desk"),
			StatusCallbackEvent: []ConferenceStatusCallbackEvent{ConferenceStatusCallbackEventJoin, ConferenceStatusCallbackEventEnd},
		},
		Enqueue{Name: "sales", Action: next, HoldMusic: Ptr(""), MaxQueueSize: Ptr[int64](9), Timeout: Ptr[int64](60), WaitURL: next},
		Dequeue{Name: "sales", Action: next, Record: true, Timeout: Ptr[int64](0)},
		Leave{},
		Record{Action: next, FinishOnKey: Ptr("12"), MaxLength: Ptr[int64](60), PlayBeep: Ptr(false), RecordingStatusCallback: next, Timeout: Ptr[int64](3), TrimSilence: Ptr(false)},
		Stream{
			URL: "wss://a.example/b", Action: next, Bidirectional: Ptr(false), Name: Ptr("s"), Parameters: map[string]string{"a": "b"},
			StatusCallback: next, Track: Ptr(StreamTrackInbound),
		},
		StopStream{Name: Ptr("s")},
		SendDigits{Digits: "1w2#"},
		Pause{Length: Ptr[int64](2)},
		Redirect{URL: *next},
		Hangup{},
	}
}

func TestWhatTheBuildersPrintIsWhatTheServerTakes(t *testing.T) {
	response := NewVoiceResponse(everyVerb()...)
	given := map[string]bool{}
	kinds := map[reflect.Type]bool{}
	for _, action := range response.Actions() {
		value := reflect.ValueOf(action)
		kinds[value.Type()] = true
		for i := 0; i < value.NumField(); i++ {
			name := value.Type().Name() + "." + value.Type().Field(i).Name
			given[name] = given[name] || !value.Field(i).IsZero()
		}
	}
	for name, is := range given {
		if !is && !strings.HasSuffix(name, ".NullFields") && !strings.HasSuffix(name, ".Extra") {
			t.Errorf("%s is not tried", name)
		}
	}
	if len(kinds) != verbs {
		t.Errorf("%d of %d verbs are tried", len(kinds), verbs)
	}

	text, err := json.Marshal(response)
	must(t, err)
	client := connected(t)
	read, err := client.Actions.Validate(ctx, &ValidateActions{Document: string(text)})
	must(t, err)
	if read.Error != nil || len(read.Warnings) != 0 || len(read.Actions) != len(response.Actions()) {
		t.Errorf("%+v", read)
	}
	_, err = client.Calls.Create(ctx, &CreateCall{From: number, To: []string{busy}, Actions: Actions{Hangup{}}})
	must(t, err)
	// Whom you call can't be turned away.
	_, err = client.Calls.Create(ctx, &CreateCall{From: number, To: []string{busy}, Actions: Actions{Reject{Reason: Ptr(RejectReasonBusy)}}})
	if err == nil || !strings.Contains(err.Error(), "actions.invalid: actions[0].reject") {
		t.Errorf("%v", err)
	}
}

func TestActionsAreReadAsTheyAreWritten(t *testing.T) {
	text, err := json.Marshal(append(everyVerb(), RawAction(`{"dance":{"steps":3}}`)))
	must(t, err)
	var read Actions
	must(t, json.Unmarshal(text, &read))
	again, err := json.Marshal(read)
	must(t, err)
	if string(again) != string(text) || !reflect.DeepEqual(read[1], everyVerb()[1]) {
		t.Errorf("%s\n%s", text, again)
	}
	var call CreateCall
	must(t, json.Unmarshal([]byte(`{"from":"+1","to":"+2","actions":[{"getDigits":{"prompt":{"say":{"text":"One"}}}}]}`), &call))
	if len(call.To) != 1 || call.To[0] != "+2" || len(call.Actions[0].(GetDigits).Prompt) != 1 {
		t.Errorf("%+v", call)
	}
	if text, err = json.Marshal(NewVoiceResponse(Hangup{})); err != nil || string(text) != `{"actions":[{"hangup":{}}]}` {
		t.Errorf("%s, %v", text, err)
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
	// What something between here and the server says.
	proxy := startFake(t, says(502, map[string]any{"error": map[string]any{"code": 502, "message": "Bad gateway"}}))
	_, between := proxy.client(t, WithMaxRetries(0)).Calls.Get(ctx, "c")
	wrong := map[string]error{
		"proxy":     between,
		"nonsense":  placing(&CreateCall{To: []string{"nonsense"}}),
		"unknown":   unknown,
		"emergency": placing(&CreateCall{To: []string{"999"}}),
		"actions":   placing(&CreateCall{To: []string{busy}, Actions: Actions{Say{}}}),
		"limit":     listing(client, &CallsListParams{Limit: Ptr[int64](0)}),
		"key":       listing(connected(t, WithAPIKey("skt_live_wrong")), nil),
	}
	facts := map[string]any{}
	for name, err := range wrong {
		var refusal *APIError
		if !errors.As(err, &refusal) {
			t.Fatalf("%s: %v", name, err)
		}
		if name != "proxy" && !strings.HasPrefix(refusal.RequestID, "req_") {
			t.Errorf("%s: request id %q", name, refusal.RequestID)
		}
		said := func(text string) any {
			if text == "" {
				return nil
			}
			return text
		}
		facts[name] = map[string]any{
			"family": strings.TrimSuffix(reflect.TypeOf(err).Elem().Name(), "Error"), "status": refusal.Status,
			"code": said(string(refusal.Code)), "field": said(refusal.Field), "docs_url": said(refusal.DocsURL),
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
