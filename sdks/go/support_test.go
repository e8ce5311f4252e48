package sautikit

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"
)

// The sandbox carrier: answers and presses 1 2 3 #; is busy.
const (
	presses  = "+254722009906"
	busy     = "+254722009901"
	deadline = 30 * time.Second
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, look func() bool) {
	t.Helper()
	for until := time.Now().Add(deadline); !look(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("not within %s: %s", deadline, what)
		}
	}
}

// builtExample compiles an example: `go run` would leave its child behind.
func builtExample(t *testing.T, name string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), name)
	output, err := exec.Command("go", "build", "-o", program, "./examples/"+name).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return program
}

// served is an example that serves.
type served struct {
	url    string
	mu     sync.Mutex
	output bytes.Buffer
}

func (s *served) Write(piece []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.output.Write(piece)
}

func (s *served) said(t *testing.T, pattern string) {
	t.Helper()
	fits := regexp.MustCompile(pattern)
	eventually(t, "the example to say "+pattern, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return fits.Match(s.output.Bytes())
	})
}

func serveExample(t *testing.T, name string, env ...string) *served {
	t.Helper()
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	port := probe.Addr().(*net.TCPAddr).Port
	probe.Close()
	s := &served{url: fmt.Sprintf("http://127.0.0.1:%d", port)}
	command := exec.Command(builtExample(t, name))
	command.Env = append(append(os.Environ(), fmt.Sprintf("PORT=%d", port)), env...)
	command.Stdout, command.Stderr = s, os.Stderr
	must(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	eventually(t, "the example to listen", func() bool {
		connection, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			connection.Close()
		}
		return err == nil
	})
	return s
}

func signature(body, secret string, at time.Time) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%s.%d", body, at.Unix())
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

func post(t *testing.T, url, body, signature string) int {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, url, bytes.NewBufferString(body))
	must(t, err)
	request.Header.Set("X-Sautikit-Signature", signature)
	response, err := http.DefaultClient.Do(request)
	must(t, err)
	response.Body.Close()
	return response.StatusCode
}

type asked struct {
	header http.Header
	body   string
	at     time.Time
}

// fake answers with each of its answers in turn and keeps what it was asked.
type fake struct {
	*httptest.Server
	mu    sync.Mutex
	asked []asked
}

type answer func(http.ResponseWriter, *http.Request)

func startFake(t *testing.T, answers ...answer) *fake {
	t.Helper()
	f := &fake{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		f.mu.Lock()
		f.asked = append(f.asked, asked{r.Header, string(body), time.Now()})
		at := len(f.asked) - 1
		f.mu.Unlock()
		if at >= len(answers) {
			at = len(answers) - 1
		}
		answers[at](w, r)
	}))
	t.Cleanup(func() {
		f.CloseClientConnections()
		f.Close()
	})
	return f
}

func (f *fake) requests() []asked {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]asked(nil), f.asked...)
}

func (f *fake) client(t *testing.T, options ...Option) *Client {
	t.Helper()
	client, err := New(append([]Option{WithAPIKey("skt_live_x"), WithBaseURL(f.URL)}, options...)...)
	must(t, err)
	// How long is waited is told without waiting.
	client.random = func() float64 { return 0 }
	return client
}

func says(status int, body any, header ...string) answer {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
}

// refused is a refusal as the API writes it.
func refused(status int, code string, more map[string]any, header ...string) answer {
	said := map[string]any{"code": code, "message": "No.", "docs_url": "http://x/docs/errors/" + code, "request_id": "req_1"}
	for name, value := range more {
		said[name] = value
	}
	return says(status, map[string]any{"error": said}, header...)
}

func closes(w http.ResponseWriter, _ *http.Request) {
	connection, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		connection.Close()
	}
}

// silent answers only when nobody waits any more.
func silent(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
