package sautikit

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// What is looked at before anything is sent: a wrong argument is no lost connection, and is not sent again.

var (
	// What a key or an id may be made of in a header.
	visibleText = regexp.MustCompile(`^[!-~]+$`)
	// The blanks around a value are not sent.
	headerValue = regexp.MustCompile(`^[\t -~]*$`)
	// A header's name, or a method.
	token = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
)

func visible(text string) bool { return visibleText.MatchString(text) }

func checkTimeout(limit time.Duration) error {
	if limit <= 0 {
		return &ArgumentError{Message: fmt.Sprintf("a time-out is above 0, not %s", limit)}
	}
	return nil
}

func checkAddress(base string) error {
	address, err := url.Parse(base)
	if err != nil {
		// Without the address itself: there may be a password in it.
		var wrong *url.Error
		if errors.As(err, &wrong) {
			err = wrong.Err
		}
		return &ArgumentError{Message: "this is no address of a server, such as https://voice.example", Err: err}
	}
	if address.User != nil {
		return &ArgumentError{Message: "the server's address has a user or password in it: the API key is all that is sent"}
	}
	port, err := strconv.Atoi(address.Port())
	if address.Port() == "" {
		port, err = 0, nil
	}
	isHTTP := address.Scheme == "http" || address.Scheme == "https"
	if !isHTTP || address.Hostname() == "" || err != nil || port > 65535 || strings.ContainsAny(base, "?#") {
		return &ArgumentError{Message: fmt.Sprintf("this is no address of a server, such as https://voice.example: %q", base)}
	}
	return nil
}

func checkHeader(header http.Header) error {
	for name, values := range header {
		if !token.MatchString(name) {
			return &ArgumentError{Message: fmt.Sprintf("this is no header's name: %q", name)}
		}
		// What says where a body ends: a wrong one makes two requests of one.
		if name == "Content-Length" || name == "Transfer-Encoding" {
			return &ArgumentError{Message: fmt.Sprintf("the header %s goes with the body, and is not given", name)}
		}
		for _, value := range values {
			// The value may be a secret.
			if !headerValue.MatchString(value) {
				return &ArgumentError{Message: fmt.Sprintf("the header %s is not of visible ASCII characters", name)}
			}
			// Sent or replaced, it would not be the promise that was meant.
			if name == idempotencyKey && strings.TrimSpace(value) == "" {
				return &ArgumentError{Message: "the idempotency key is empty"}
			}
		}
	}
	return nil
}

func (r *request) check() error {
	// Elsewhere the path leads to another server, and the key with it.
	if !token.MatchString(r.method) || !strings.HasPrefix(r.path, "/") {
		return &ArgumentError{Message: fmt.Sprintf("this is no request: %s %s", r.method, r.path)}
	}
	for _, part := range strings.Split(r.path[1:], "/") {
		// With these the path would be that of another endpoint.
		if !r.unknown && (part == "" || part == "." || part == "..") {
			return &ArgumentError{Message: fmt.Sprintf("this is no id: %q (%s)", part, r.path)}
		}
	}
	return checkHeader(r.headers)
}
