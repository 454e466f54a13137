package aws_test

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/model"
)

// desk is where an operator sits: an address at which one stage after another
// is found, and clients that know the way there already. One trial at a time
// uses it.
//
// hurry is how long the hasty client waits for an answer. It must be short, for
// what hangs is waited for in earnest, and on a busy machine it is too short at
// times: then a trial has one fault more.
type desk struct {
	url     string
	stage   atomic.Pointer[stage]
	patient *aws.Client
	hasty   *aws.Client // gives up soon
	known   map[*aws.Client]bool
	journal *memoryJournal
	server  *http.Server
}

func newDesk(t *testing.T, hurry time.Duration) *desk {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{url: "http://" + l.Addr().String(), journal: &memoryJournal{}, known: map[*aws.Client]bool{}}
	d.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.stage.Load().server.Handler().ServeHTTP(w, r)
	})}
	go func() { _ = d.server.Serve(l) }() // ends with an error, always
	d.patient, d.hasty = d.client(time.Minute), d.client(hurry)
	return d
}

func (d *desk) close() { _ = d.server.Close() } // what is in flight is cut, as meant

func (d *desk) client(timeout time.Duration, change ...func(*aws.Options)) *aws.Client {
	o := aws.Options{EndpointURL: d.url, Region: "us-east-1", Static: &aws.StaticCredentials{AccessKeyID: "test", SecretAccessKey: "test"},
		Journal: d.journal, Backups: &memoryBackups{}, Timeout: timeout,
		Actor: aws.Actor{Who: "oncall@desk", Host: "desk", PID: 1, Version: "stateward test"},
		Alive: func(int) model.Fact[bool] { return model.Known(false) },
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
	for _, f := range change {
		f(&o)
	}
	return aws.New(o)
}

// shows puts a stage before the desk. A client that is new there looks once, so
// that what it finds out only once is no part of a trial. It is false for a
// client that is too hasty for the machine as busy as it is.
func (d *desk) shows(s *stage, c *aws.Client) bool {
	s.t.Helper()
	d.stage.Store(s)
	for tries := 0; !d.known[c] && tries < 20; tries++ {
		report := c.LocksOf(aws.Urgent(s.t.Context()), s.backend(), labKey)
		d.known[c] = len(report.Problems) == 0
	}
	return d.known[c]
}

// run runs a plan and takes down what the journal says of it.
func (d *desk) run(t *testing.T, c *aws.Client, p *model.Plan) model.Result {
	t.Helper()
	d.journal.mu.Lock()
	d.journal.entries = nil
	d.journal.mu.Unlock()
	return c.Run(t.Context(), p, everyToken(p), nil)
}

func everyToken(p *model.Plan) []string {
	typed := make([]string, 0, len(p.Tokens))
	for _, t := range p.Tokens {
		typed = append(typed, t.Value)
	}
	return typed
}
