package sautikit

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestACallbacksFormIsReadAsBrowsersWriteIt(t *testing.T) {
	for body, want := range map[string]string{
		"Digits=1&Digits=2": "1", "Digits=%zz": "%zz", "Digits=100%": "100%", "Digits=%2": "%2", "Digits=a+b%20c": "a b c", "Digits=%C3%BC": "ü",
		"Digits=%ff": "\ufffd", "Digits": "", "Digits=a=b": "a=b", "Digits=1;2": "1;2", "&&Digits=1&": "1", "": "", "Dig%69ts=1": "1", "\xff=1&Digits=%+0a": "% 0a",
	} {
		callback := ParseCallback([]byte(body))
		if callback.Digits != want || callback.Fields["Digits"] != want {
			t.Errorf("%q: %q", body, callback.Digits)
		}
	}
}

func TestAFormThatSomebodyReadBeforeIsReadAllTheSameAndOneThatIsTooLongIsNot(t *testing.T) {
	form := func(text string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/voice", strings.NewReader(text))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	}
	read := form(url.Values{"Digits": {"1 & 2", "3"}, "From": {"+254"}}.Encode())
	must(t, read.ParseForm())
	callback, err := ReadCallback(read)
	if err != nil || callback.Digits != "1 & 2" || callback.From != "+254" {
		t.Errorf("%+v: %v", callback, err)
	}
	if _, err := ReadCallback(form("Digits=" + strings.Repeat("1", longestBody))); err == nil {
		t.Error("a form was cut off")
	}
}
