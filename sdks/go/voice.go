package sautikit

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
)

// Action is a step of a call: Say, GetDigits, Dial and the other verbs.
type Action interface{ isAction() }

// Actions run one after the other.
type Actions []Action

// RawAction is a step that this version does not know, as JSON.
type RawAction json.RawMessage

func (RawAction) isAction() {}

// MarshalJSON gives it as it is.
func (a RawAction) MarshalJSON() ([]byte, error) { return json.RawMessage(a).MarshalJSON() }

// UnmarshalJSON reads a list, or one action by itself.
func (a *Actions) UnmarshalJSON(data []byte) error {
	var steps Many[json.RawMessage]
	if err := json.Unmarshal(data, &steps); err != nil {
		return err
	}
	*a = nil
	for _, step := range steps {
		action, err := actionOf(step)
		if err != nil {
			return err
		}
		*a = append(*a, action)
	}
	return nil
}

func actionOf(step json.RawMessage) (Action, error) {
	var verbs map[string]json.RawMessage
	if err := json.Unmarshal(step, &verbs); err != nil {
		return nil, err
	}
	if len(verbs) == 1 {
		for verb, attributes := range verbs {
			if action := newAction(verb); action != nil {
				err := json.Unmarshal(attributes, action)
				return reflect.ValueOf(action).Elem().Interface().(Action), err
			}
		}
	}
	return RawAction(step), nil
}

// VoiceResponse is what a voice callback is answered with: actions that run one after the other.
type VoiceResponse struct{ actions Actions }

// NewVoiceResponse begins with these actions.
func NewVoiceResponse(actions ...Action) *VoiceResponse { return new(VoiceResponse).Add(actions...) }

// Add appends actions.
func (v *VoiceResponse) Add(actions ...Action) *VoiceResponse {
	v.actions = append(v.actions, actions...)
	return v
}

// Actions are those of the response, for CreateCall.
func (v *VoiceResponse) Actions() Actions { return append(Actions{}, v.actions...) }

// MarshalJSON gives the body of the answer.
func (v *VoiceResponse) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"actions": v.Actions()})
}

// ServeHTTP answers a callback, so that a response is an http.Handler too.
func (v *VoiceResponse) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

// ParseCallback reads the form that a call asks with, from its raw body. Of a field that comes twice the first counts.
func ParseCallback(body []byte) VoiceCallback {
	fields := map[string]string{}
	for _, pair := range strings.Split(string(body), "&") {
		name, value, _ := strings.Cut(pair, "=")
		name = unescape(name)
		if _, before := fields[name]; pair != "" && !before {
			fields[name] = unescape(value)
		}
	}
	return callbackOf(fields)
}

// unescape reads a part of a form as browsers do: what is no escape stays as it is.
func unescape(part string) string {
	var text strings.Builder
	for i := 0; i < len(part); i++ {
		switch {
		case part[i] == '+':
			text.WriteByte(' ')
		case part[i] == '%' && i+2 < len(part):
			if one, err := hex.DecodeString(part[i+1 : i+3]); err == nil {
				text.Write(one)
				i += 2
				continue
			}
			text.WriteByte('%')
		default:
			text.WriteByte(part[i])
		}
	}
	return strings.ToValidUTF8(text.String(), "\ufffd")
}

// ReadCallback reads the form of a request.
func ReadCallback(r *http.Request) (VoiceCallback, error) {
	if r.PostForm != nil {
		// Somebody has read the body before.
		return ParseCallback([]byte(r.PostForm.Encode())), nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, longestBody+1))
	if err == nil && len(body) > longestBody {
		err = errors.New("sautikit: the form is too long")
	}
	if err != nil {
		return VoiceCallback{}, err
	}
	return ParseCallback(body), nil
}
