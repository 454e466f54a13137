//go:build unix

package main

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/internal/evidence"
)

// answeredInPlace is the address of something between a client and its store,
// which answers some requests itself.
func answeredInPlace(t *testing.T, endpoint string, which func(*http.Request) bool, status int, kind, body string) string {
	t.Helper()
	to, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	pass := httputil.NewSingleHostReverseProxy(to)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !which(r) {
			pass.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body)) // the client may be gone
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func isChange(r *http.Request) bool {
	return r.Method == http.MethodPut || r.Method == http.MethodDelete
}

func isConditional(r *http.Request) bool {
	return isChange(r) && r.Header.Get("If-Match")+r.Header.Get("If-None-Match") != ""
}

// printedCommand is the command that an ending names, as its arguments.
func printedCommand(t *testing.T, said string) []string {
	t.Helper()
	_, line, ok := strings.Cut(said, "then: stateward ")
	if !ok {
		t.Fatalf("no command in:\n%s", said)
	}
	line, _, _ = strings.Cut(line, "\n")
	return append(strings.Fields(line), "--yes")
}

// TestRealTerraformAfterAnAnswerThatIsNone: whatever stands in the way, the
// ending is true, and terraform works after it and after the command it names.
func TestRealTerraformAfterAnAnswerThatIsNone(t *testing.T) {
	evidence.Tools(t, "terraform")
	server, err := emulator.Start(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() }) // nothing depends on how it ends
	lab := &terraformLab{endpoint: server.URL(), binary: builtBinary(t)}
	w := lab.workspace(t, mechanism{"both", "dynamodb_table = \"tflocks\"\n    use_lockfile = true", true, true})
	refusing := answeredInPlace(t, lab.endpoint, isConditional, http.StatusNotImplemented, "application/xml",
		`<Error><Code>NotImplemented</Code><Message>A header you provided implies functionality that is not implemented</Message></Error>`)

	w.killAnApply()
	said, _ := w.stateward(refusing, 3, "unlock", w.url(), "--lock-id", w.lockID, "--yes")
	w.stateward(refusing, 0, printedCommand(t, said)...)
	w.wantSettled("one")

	w.terraform(0, "apply", "-auto-approve", "-input=false", "-var", "v=two")
	first := w.versionWith("one", w.history())
	said, _ = w.stateward(refusing, 3, "restore", w.url(), "--version-id", first, "--yes")
	w.wantSettled("two")
	w.stateward(refusing, 0, printedCommand(t, said)...)
	w.wantSettled("one")

	w.terraform(0, "apply", "-auto-approve", "-input=false", "-var", "v=three")
	for status, page := range map[int]string{200: "<html><body>Sign in</body></html>", 403: "<html><body>Request blocked</body></html>"} {
		behind := answeredInPlace(t, lab.endpoint, isChange, status, "text/html", page)
		_, talk := w.stateward(behind, 1, "restore", w.url(), "--version-id", first, "--yes")
		if !strings.Contains(talk, "with a web page") || strings.Contains(talk, "Grant") || strings.Contains(talk, "omebody else") {
			t.Errorf("%d: says %s", status, talk)
		}
		w.wantSettled("three")
	}
}
