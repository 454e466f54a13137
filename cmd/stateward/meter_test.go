package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"
)

// meterApp is a program whose stderr is a terminal of 30 columns.
func meterApp(t *testing.T) (*app, *bytes.Buffer) {
	t.Helper()
	var stderr bytes.Buffer
	a := newWorld(t).app(&bytes.Buffer{}, &stderr)
	a.errColumns = func() int { return 30 }
	return a, &stderr
}

func TestTheMeterIsWrittenFromTheSecondTickOnAndIsGoneAtTheEnd(t *testing.T) {
	a, stderr := meterApp(t)
	over, ticks, ended := make(chan struct{}), make(chan time.Time), make(chan struct{})
	texts := []string{"reading: 9 of 10 states", "reading: 10 of 1"}
	go func() {
		defer close(ended)
		a.follow(over, ticks, func() string {
			text := texts[0]
			texts = texts[1:]
			return text
		})
	}()
	for range 3 {
		ticks <- time.Time{}
	}
	close(over)
	<-ended
	equal(t, "what was written", stderr.String(), "\rreading: 9 of 10 states\rreading: 10 of 1       \r"+strings.Repeat(" ", 16)+"\r")
}

func TestTheMeter(t *testing.T) {
	for name, c := range map[string]struct {
		does func(a *app)
		want string
	}{
		"makes room for what is said": {func(a *app) { a.showMeter("reading"); a.say("note: x") }, "\rreading\r       \rnote: x\n"},
		"is cut where it would wrap":  {func(a *app) { a.showMeter(strings.Repeat("x", 40)) }, "\r" + strings.Repeat("x", 28) + "…"},
		"does not write over a question": {func(a *app) {
			a.showMeter("reading")
			end := a.quietly()
			a.showMeter("not seen")
			end()
			a.showMeter("again")
		}, "\rreading\r       \r\ragain"},
		"leaves nothing where nothing was shown": {func(a *app) { a.progress(func() string { return "x" })() }, ""},
		"is not there without a terminal": {func(a *app) {
			a.errColumns = func() int { return 0 }
			a.progress(func() string { panic("asked") })()
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a, stderr := meterApp(t)
			c.does(a)
			equal(t, "stderr", stderr.String(), c.want)
		})
	}
}

func TestTheMeterCountsWhatIsDone(t *testing.T) {
	for want, got := range map[string]string{
		"reading: 1,200 of 5,000 states": howFar("reading", 1200, 5000, "state"),
		"reading locks: 0 of 1 backend":  howFar("reading locks", 0, 1, "backend"),
		"searching: 12,000 of 0 states":  howFar("searching", 12000, 0, "state"),
	} {
		equal(t, "the meter", got, want)
	}
	w := newWorld(t)
	s := &session{app: w.app(&bytes.Buffer{}, &bytes.Buffer{}), set: settings{concurrency: 2}}
	seen := make([]bool, 5)
	if err := s.counted(context.Background(), "reading", "state", len(seen), func(i int) { seen[i] = true }); err != nil {
		t.Fatal(err)
	}
	equal(t, "done", seen, []bool{true, true, true, true, true})
}
