package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stateward/stateward/model"
	"github.com/stateward/stateward/ui"
)

func TestHowTheUIEnds(t *testing.T) {
	unfinished := &ui.OperationError{Result: model.Result{Operation: model.OpRestore, State: "s3://b/k", Outcome: model.OutcomeInterrupted,
		Message: "the digest is not set", Next: model.Hints{{Command: "stateward unlock s3://b/k"}}}}
	for name, c := range map[string]struct {
		err    error
		signal bool
		code   int
		stderr string
	}{
		"the operator left":             {nil, false, exitDone, ""},
		"the terminal refused":          {errors.New("the terminal: no"), false, exitFailed, "the terminal: no"},
		"a signal":                      {context.Canceled, true, exitCancelled, "no operation was left unfinished"},
		"an operation half-way":         {unfinished, false, exitInterrupted, "stateward unlock s3://b/k"},
		"an operation half-way, signal": {unfinished, true, exitInterrupted, "the digest is not set"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if c.signal {
				w.ctx = cancelledBySignal(t)
			}
			var stderr strings.Builder
			s := &session{app: w.app(nil, &stderr)}
			equal(t, "exit code", s.report(w.ctx, "stateward", s.afterUI(w.ctx, c.err)), c.code)
			if !strings.Contains(stderr.String(), c.stderr) || c.stderr == "" && stderr.Len() > 0 {
				t.Errorf("stderr: %s", stderr.String())
			}
		})
	}
}
