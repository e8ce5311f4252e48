package sautikit

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
)

// Action is a step of a call: Say, GetDigits, Dial and the other verbs.
type Action interface{ isAction() }

// VoiceResponse is what a voice callback is answered with: actions that run one after the other.
type VoiceResponse struct{ actions []Action }

// NewVoiceResponse begins with these actions.
func NewVoiceResponse(actions ...Action) *VoiceResponse { return new(VoiceResponse).Add(actions...) }

// Add appends actions.
func (v *VoiceResponse) Add(actions ...Action) *VoiceResponse {
	v.actions = append(v.actions, actions...)
	return v
}

// Actions are those of the response, for CreateCall.
func (v *VoiceResponse) Actions() []any {
	actions := make([]any, len(v.actions))
	for i, action := range v.actions {
		actions[i] = action
	}
	return actions
}

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

// ParseCallback reads the form that a call asks with, from its raw body.
func ParseCallback(body []byte) (VoiceCallback, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return VoiceCallback{}, err
	}
	fields := map[string]string{}
	for name := range form {
		fields[name] = form.Get(name)
	}
	return callbackOf(fields), nil
}

// ReadCallback reads the form of a request.
func ReadCallback(r *http.Request) (VoiceCallback, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, longestBody))
	if err != nil {
		return VoiceCallback{}, err
	}
	return ParseCallback(body)
}
