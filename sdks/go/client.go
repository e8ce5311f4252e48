// Package sautikit is the server SDK of Sautikit: calls, numbers, voice actions, webhooks and SIP tokens.
//
//	client, err := sautikit.New(sautikit.WithAPIKey("skt_live_…"), sautikit.WithBaseURL("https://voice.example"))
//	call, err := client.Calls.Create(ctx, &sautikit.CreateCall{From: "+254700000001", To: []string{"+254722000042"}})
package sautikit

import (
	"context"
	"net/http"
	"os"
	"strings"
	"time"
)

// Version of this module.
const Version = "0.1.0"

const (
	defaultTimeout    = 30 * time.Second
	defaultMaxRetries = 2
)

// Client of one workspace. It is safe for use by several goroutines.
type Client struct {
	resources
	key        string
	base       string
	timeout    time.Duration
	maxRetries int
	header     http.Header
	http       *http.Client
	// What tests set otherwise.
	random  func() float64
	silence time.Duration
}

// Option sets a client up.
type Option func(*Client)

// WithAPIKey gives the workspace's key; without it SAUTIKIT_API_KEY is read.
func WithAPIKey(key string) Option { return func(c *Client) { c.key = key } }

// WithBaseURL says where the server is, such as https://voice.example; without it SAUTIKIT_BASE_URL is read.
func WithBaseURL(url string) Option { return func(c *Client) { c.base = url } }

// WithTimeout limits each try (30 s). The context limits all of them together.
func WithTimeout(limit time.Duration) Option { return func(c *Client) { c.timeout = limit } }

// WithMaxRetries says how often a request is repeated after a lost connection, 429 or 5xx (2).
func WithMaxRetries(times int) Option { return func(c *Client) { c.maxRetries = times } }

// WithHeader is sent with every request.
func WithHeader(name, value string) Option { return func(c *Client) { c.header.Set(name, value) } }

// WithHTTPClient uses another transport, for proxies and tests. Redirects are never followed.
func WithHTTPClient(client *http.Client) Option {
	return func(c *Client) {
		own := *client
		c.http = &own
	}
}

// New makes a client.
func New(options ...Option) (*Client, error) {
	c := &Client{
		key:        os.Getenv("SAUTIKIT_API_KEY"),
		base:       os.Getenv("SAUTIKIT_BASE_URL"),
		timeout:    defaultTimeout,
		maxRetries: defaultMaxRetries,
		header:     http.Header{},
		http:       &http.Client{},
		random:     random,
		silence:    longestSilence,
	}
	for _, option := range options {
		option(c)
	}
	if c.key == "" {
		return nil, &ArgumentError{Message: "an API key is missing: use WithAPIKey or set SAUTIKIT_API_KEY"}
	}
	if c.base == "" {
		return nil, &ArgumentError{Message: "the server's address is missing: use WithBaseURL or set SAUTIKIT_BASE_URL"}
	}
	// It is not shown: but for a line end it may be right.
	if !visible(c.key) {
		return nil, &ArgumentError{Message: "the API key is not of visible ASCII characters alone"}
	}
	if err := checkTimeout(c.timeout); err != nil {
		return nil, err
	}
	if err := checkAddress(c.base); err != nil {
		return nil, err
	}
	if err := checkHeader(c.header); err != nil {
		return nil, err
	}
	c.base = strings.TrimRight(c.base, "/")
	// A redirect would carry the key to wherever it leads.
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.attach(c)
	return c, nil
}

// SIPToken makes a token for a phone in a browser or an app, to be handed to the page as it is.
func (c *Client) SIPToken(ctx context.Context, body *CreateSIPToken, options ...RequestOption) (*SIPToken, error) {
	if body == nil {
		body = &CreateSIPToken{}
	}
	return c.SIP.CreateToken(ctx, body, options...)
}

// Request sends any request, for an endpoint that this version does not know. answer is what json.Unmarshal takes, or nil.
func (c *Client) Request(ctx context.Context, method, path string, body, answer any, options ...RequestOption) error {
	return c.json(ctx, request{method: method, path: path, body: body, unknown: true}, options, answer)
}

// Ptr gives a pointer to a value, for members that can be left out.
func Ptr[T any](value T) *T { return &value }

// Value gives what a pointer points to, and the zero value where it is nil.
func Value[T any](pointer *T) T {
	if pointer == nil {
		var none T
		return none
	}
	return *pointer
}
