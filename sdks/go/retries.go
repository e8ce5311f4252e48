package sautikit

import (
	"errors"
	"math"
	"math/rand"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	// The first wait is at most this; each later one twice as long.
	firstWait = 500 * time.Millisecond
	// No wait of our own choice is longer.
	longestWait = 8 * time.Second
	// A server that asks for more than this is not waited for.
	patience = 60 * time.Second
)

// random is in [0, 1).
func random() float64 { return rand.New(rand.NewSource(time.Now().UnixNano())).Float64() }

// pause says whether and when a failed request is sent again.
func pause(err error, attempt int, random func() float64) (time.Duration, bool) {
	longest := longestWait
	if attempt < 5 {
		longest = firstWait << attempt
	}
	if longest > longestWait {
		longest = longestWait
	}
	// Full jitter: clients that failed together do not come back together.
	jitter := time.Duration(random() * float64(longest))
	var lost *ConnectionError
	if errors.As(err, &lost) {
		return jitter, true
	}
	var refused *APIError
	if !errors.As(err, &refused) {
		return 0, false
	}
	details, _ := refused.Details.(map[string]any)
	inProgress := refused.Status == http.StatusConflict && details["reason"] == "in_progress"
	if refused.Status != http.StatusTooManyRequests && refused.Status < 500 && !inProgress {
		return 0, false
	}
	if refused.RetryAfter > patience {
		return 0, false
	}
	// Never before the server said.
	return refused.RetryAfter + jitter, true
}

// retryAfter reads a Retry-After: whole seconds, or a date as RFC 7231 writes it.
func retryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	if wholeSeconds.MatchString(header) {
		seconds, err := strconv.ParseInt(header, 10, 64)
		if err != nil || seconds > int64(math.MaxInt64/time.Second) {
			return math.MaxInt64
		}
		return time.Duration(seconds) * time.Second
	}
	if moment, err := http.ParseTime(header); err == nil && moment.After(now) {
		return moment.Sub(now)
	}
	return 0
}

var wholeSeconds = regexp.MustCompile(`^[0-9]{1,15}$`)
