package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/aws/emulator/sample"
)

// TestAListThatCouldNotReadASourceSaysSo: no list is empty, or shorter than it is,
// without a word and an exit code.
func TestAListThatCouldNotReadASourceSaysSo(t *testing.T) {
	f := newFleet(t)
	bucket := "s3://" + sample.StaleBucket
	lists := map[string][]string{
		"backends": {"backends", bucket}, "states": {"states", bucket}, "locks": {"locks", bucket}, "keys": {"keys", bucket},
		"search": {"search", "aws", bucket}, "history": {"history", overwrittenURL}, "recover": {"recover", bucket},
	}
	every := func(fault emulator.Fault) func(emulator.Request) *emulator.Fault {
		return func(emulator.Request) *emulator.Fault { f := fault; return &f }
	}
	faults := map[string]func(emulator.Request) *emulator.Fault{
		"cut off":   every(emulator.Fault{Reset: true}),
		"denied":    every(emulator.Fault{Status: http.StatusForbidden, Code: "AccessDenied"}),
		"throttled": every(emulator.Fault{Status: http.StatusServiceUnavailable, Code: "SlowDown"}),
		"expired":   every(emulator.Fault{Status: http.StatusBadRequest, Code: "ExpiredToken"}),
		"failing":   every(emulator.Fault{Status: http.StatusInternalServerError, Code: "InternalError"}),
	}
	for what, fault := range faults {
		for name, args := range lists {
			t.Run(name+", "+what, func(t *testing.T) {
				f.server.OnRequest(fault)
				defer f.server.OnRequest(nil)
				for _, format := range []string{outputTable, outputJSON} {
					e := f.run(append(args, "-o", format, "--timeout", "5s")...)
					if e.code != exitFailed || strings.TrimSpace(e.stderr) == "" || strings.TrimSpace(e.stdout) == "[]" {
						t.Errorf("%s: exit %d, stdout %q, stderr %q", format, e.code, e.stdout, e.stderr)
					}
				}
			})
		}
	}
}

func TestATargetThatFitsNothingIsAnError(t *testing.T) {
	f := newFleet(t)
	for _, wrong := range []string{staleURL + "/", strings.Replace(staleURL, "/payments/", "/paymints/", 1)} {
		for _, command := range []string{"locks", "states", "keys", "recover", "backends", "doctor", "history", "show", "diff"} {
			e := f.run(command, wrong)
			if e.code != exitFailed || !strings.Contains(e.stderr, staleURL) {
				t.Errorf("%s %s: exit %d, %s", command, wrong, e.code, e.stderr)
			}
		}
	}
}
