package sautikit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// APIError is a refusal of the API. Each family of codes has a type of its own, such as *CallsError, that wraps it.
type APIError struct {
	// Status is the HTTP status.
	Status int
	// Code is the catalogue's, such as calls.not_found; empty where something in between answered.
	Code ErrorCode
	// Message names the offending value and the remedy.
	Message string
	// RequestID is for the operator, when you report a fault.
	RequestID string
	// DocsURL is the code's page.
	DocsURL string
	// Field is the member of the body, or the parameter, that is wrong.
	Field string
	// Details are further facts, as the code's page says.
	Details any
	// RetryAfter is how long the server asks to wait before the next try.
	RetryAfter time.Duration
}

func (e *APIError) Error() string {
	if e.Code == "" {
		return "sautikit: " + e.Message
	}
	return fmt.Sprintf("sautikit: %s: %s", e.Code, e.Message)
}

// CodeSDKInvalidResponse is of an APIError that is no refusal: the request was carried out, and something else than its answer came.
const CodeSDKInvalidResponse ErrorCode = "sdk.invalid_response"

// invalidResponse is the error of an answer of success that can't be read.
func invalidResponse(status int, header http.Header) error {
	return &APIError{
		Status: status, Code: CodeSDKInvalidResponse, Message: "the answer is not what this endpoint gives",
		RequestID: header.Get("X-Request-Id"),
	}
}

// ArgumentError says that what was given can't be sent as it is. Nothing was.
type ArgumentError struct {
	// Message names what is wrong, and the remedy.
	Message string
	// Err is why, where something else has found it.
	Err error
}

func (e *ArgumentError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("sautikit: %s: %v", e.Message, e.Err)
	}
	return "sautikit: " + e.Message
}

func (e *ArgumentError) Unwrap() error { return e.Err }

// ConnectionError says that no answer came. What the request did is not known.
type ConnectionError struct {
	// Request is the method and path.
	Request string
	// Err is why; context.DeadlineExceeded where the try took too long.
	Err error
}

func (e *ConnectionError) Error() string {
	if e.Timeout() {
		return "sautikit: no answer in time: " + e.Request
	}
	return fmt.Sprintf("sautikit: no answer: %v (%s)", e.Err, e.Request)
}

// Timeout says that the try took too long, as that of net.Error does.
func (e *ConnectionError) Timeout() bool {
	var cause interface{ Timeout() bool }
	return errors.As(e.Err, &cause) && cause.Timeout()
}

func (e *ConnectionError) Unwrap() error { return e.Err }

// ErrSignature is what VerifyWebhook's errors are.
var ErrSignature = errors.New("sautikit: not signed as it should be")

// ErrNoEvent is what ParseWebhook's errors are where the signature is right, and what is signed is no event.
var ErrNoEvent = errors.New("sautikit: the body is signed, and no event: voice callbacks are forms, for ParseCallback")

// The longest body of an error that is read.
const longestRefusal = 1 << 20

// refusal is the error that an answer says; proxies answer without a body of ours.
func refusal(response *http.Response) error {
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, longestRefusal))
	if err != nil {
		return err
	}
	var body struct {
		Error struct {
			Code      ErrorCode `json:"code"`
			Message   string    `json:"message"`
			RequestID string    `json:"request_id"`
			DocsURL   string    `json:"docs_url"`
			Field     string    `json:"field"`
			Details   any       `json:"details"`
		} `json:"error"`
	}
	// What can't be read stays empty.
	_ = json.Unmarshal(text, &body)
	said := body.Error
	refused := &APIError{
		Status: response.StatusCode, Code: said.Code, Message: said.Message, RequestID: said.RequestID, DocsURL: said.DocsURL,
		Field: said.Field, Details: said.Details, RetryAfter: retryAfter(response.Header.Get("Retry-After"), time.Now()),
	}
	if refused.Message == "" {
		refused.Message = fmt.Sprintf("the server answered %d", response.StatusCode)
	}
	if refused.RequestID == "" {
		refused.RequestID = response.Header.Get("X-Request-Id")
	}
	prefix, _, _ := strings.Cut(string(refused.Code), ".")
	return family(prefix, refused)
}
