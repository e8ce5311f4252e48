package sautikit

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// SignatureTolerance is how far the signature's clock and ours may differ.
const SignatureTolerance = 300 * time.Second

// The largest body that the middleware reads; ours are far below.
const longestBody = 1 << 20

var signatureHeader = regexp.MustCompile(`^t=([0-9]{1,15}),v1=([0-9a-f]{64})$`)

// WebhookEvent is what a webhook tells.
type WebhookEvent struct {
	// ID is the same for all deliveries of one event: use it to drop what comes twice.
	ID    string `json:"id"`
	Event string `json:"event"`
	// Sequence counts up within a call.
	Sequence    int64          `json:"sequence"`
	CreatedAt   time.Time      `json:"created_at"`
	WorkspaceID string         `json:"workspace_id"`
	Data        map[string]any `json:"data"`
	// Extra has the members that this version does not know.
	Extra map[string]any `json:"-"`
}

// UnmarshalJSON keeps members that are new here in Extra.
func (e *WebhookEvent) UnmarshalJSON(data []byte) error {
	type plain WebhookEvent
	return decode(data, (*plain)(e), &e.Extra)
}

// VerifyWebhook fails with ErrSignature unless header (X-Sautikit-Signature) signs the raw body payload with secret, as it was
// issued (whsec_…), within the last 300 seconds. Give the body as it came: parsed and printed again it is another one.
func VerifyWebhook(payload []byte, header, secret string) error {
	return verifyAt(payload, header, secret, time.Now())
}

func verifyAt(payload []byte, header, secret string, now time.Time) error {
	parts := signatureHeader.FindStringSubmatch(header)
	if parts == nil {
		return fmt.Errorf("%w: the signature is missing or malformed", ErrSignature)
	}
	if secret == "" {
		return fmt.Errorf("%w: the secret is empty", ErrSignature)
	}
	signature, err := hex.DecodeString(parts[2])
	if err != nil {
		return fmt.Errorf("%w: %v", ErrSignature, err)
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(payload)
	mac.Write([]byte("." + parts[1]))
	if !hmac.Equal(mac.Sum(nil), signature) {
		return fmt.Errorf("%w: it is not that of this body and secret", ErrSignature)
	}
	// Last, so that an unsigned request learns nothing of our clock.
	signed, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return fmt.Errorf("%w: %v", ErrSignature, err)
	}
	if off := now.Sub(time.Unix(signed, 0)); off > SignatureTolerance || off < -SignatureTolerance {
		return fmt.Errorf("%w: it is too old, or one of the clocks is wrong", ErrSignature)
	}
	return nil
}

// ParseWebhook verifies as VerifyWebhook does, and reads the event.
func ParseWebhook(payload []byte, header, secret string) (*WebhookEvent, error) {
	if err := VerifyWebhook(payload, header, secret); err != nil {
		return nil, err
	}
	event := new(WebhookEvent)
	if !opensWith(payload, '{') {
		return nil, ErrNoEvent
	}
	if err := json.Unmarshal(payload, event); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrNoEvent, err)
	}
	return event, nil
}

// VerifyMiddleware hands on what is signed with secret, its body unread, and answers 400 to the rest. It is for webhooks and
// voice callbacks alike. It panics where there is no secret, because nothing would be proven then.
func VerifyMiddleware(secret string) func(http.Handler) http.Handler {
	if secret == "" {
		panic("sautikit: the secret of VerifyMiddleware is empty")
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, longestBody))
			if err == nil {
				err = VerifyWebhook(body, r.Header.Get("X-Sautikit-Signature"), secret)
			}
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(w, r)
		})
	}
}
