package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stateward/stateward/aws"
)

// deadEnd is an address where connections are accepted and what answer makes of
// them; nil leaves them open without a word.
func deadEnd(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	if answer != nil {
		s := httptest.NewServer(answer)
		t.Cleanup(s.Close)
		return s.URL
	}
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0") // the backlog accepts
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return "http://" + l.Addr().String()
}

// answers is a handler that answers everything alike.
func answers(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body)) // the client may be gone
	}
}

// TestNoCommandTakesADeadEndpointForAnEmptyOne: an empty list always means "none".
func TestNoCommandTakesADeadEndpointForAnEmptyOne(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]struct {
		answer http.HandlerFunc
		says   string
	}{
		"one that never answers":     {nil, "no answer in time"},
		"a captive portal":           {answers(http.StatusOK, "<html><body>Sign in</body></html>"), "not the service's answer (200 with a web page)"},
		"one that answers nothing":   {answers(http.StatusOK, ""), "not the service's answer (200 with no body)"},
		"a TLS port spoken to plain": {answers(http.StatusBadRequest, "Client sent an HTTP request to an HTTPS server."), "not the service's answer (400 with no"},
		"a gateway":                  {answers(http.StatusBadGateway, "<html>bad gateway</html>"), "not the service's answer (502 with a web page)"},
		"one that slows down":        {answers(http.StatusServiceUnavailable, "<Error><Code>SlowDown</Code></Error>"), "throttled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := deadEnd(t, end.answer)
			for _, command := range [][]string{{"backends"}, {"states", "s3://acme-tfstate"}, {"locks"}, {"locks", "s3://acme-tfstate"},
				{"history", "s3://acme-tfstate/k"}, {"keys"}, {"keys", "s3://acme-tfstate"}, {"search", "vpc"}, {"search", "vpc", "s3://acme-tfstate"},
				{"doctor"}, {"doctor", "s3://acme-tfstate"}, {"recover"}} {
				w := newWorld(t)
				w.connect = func(o aws.Options, ask func(string) (string, error)) backendAccess {
					o.Static = &aws.StaticCredentials{AccessKeyID: "none", SecretAccessKey: "none"}
					return connectAWS(o, ask)
				}
				got := w.run(append(command, "--endpoint-url", url, "--timeout", "300ms")...)
				line := strings.Join(command, " ")
				if got.code != exitFailed || !strings.Contains(got.stderr, end.says) {
					t.Errorf("%s: exit %d, says %q, want %q", line, got.code, got.stderr, end.says)
				}
				if strings.Contains(got.stderr, "no locks") || strings.Contains(got.stderr, "no backends") || strings.Contains(got.stderr, "no resource matches") {
					t.Errorf("%s: it says that there is nothing: %q", line, got.stderr)
				}
			}
		})
	}
}
