package sample

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/stateward/stateward/aws/emulator"
)

// DefaultInterval is how often Live writes when it is not told: Terraform
// stores what an apply has reached every 20 seconds.
const DefaultInterval = 20 * time.Second

// liveAhead is how many instances of LiveKey Live has yet to create.
const liveAhead = 30

// Live plays the holder of the lock on LiveKey, whose apply goes on until ctx
// ends: every interval (0: DefaultInterval) it writes the next version of the
// state and then its digest, as Terraform does in the course of an apply. It
// takes and releases no lock. Like Terraform it does not look whether its lock
// is still there either: after a force-unlock it writes on, which is what makes
// forcing a live lock dangerous.
//
// Its requests are served in-process by the server's Handler, so that they
// carry the server's clock and meet its faults like those of any client. What
// fails is tried again at the next interval. Seed must have returned before.
func Live(ctx context.Context, s *emulator.Server, interval time.Duration) {
	if interval <= 0 {
		interval = DefaultInterval
	}
	h := newHolder(s)
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			h.write(ctx)
		}
	}
}

// holder is a terraform apply under way.
type holder struct {
	server   http.Handler
	backend  backend
	document *document
	random   *random
	serial   uint64 // of the version written last; 0 before the state was read
	count    int
	step     int
	pending  []byte // written, but its digest is not
}

func newHolder(s *emulator.Server) *holder {
	b := live()
	state := b.states[0]
	d := newDocument(newCatalog(), b, state)
	d.replay(b, state)
	return &holder{server: s.Handler(), backend: b, document: d, random: randomFor(LiveBucket, LiveKey, "live"), count: d.total - liveAhead, step: state.versions}
}

// replay changes the values that the history of a state changed, so that what is
// written next differs from its last version by no more than is meant.
func (d *document) replay(b backend, s state) {
	r := randomFor(b.name, s.key, "runs")
	for i, rev := range s.history(b, d.total) {
		d.touch(r, i, rev.count, rev.touched)
		if s.held == nil || rev.age > s.held.age {
			_, _ = uuid(r), uuid(r) // of the locks of its runs
		}
	}
}

// write stores the next version and its digest, or what of it is still to be
// stored.
func (h *holder) write(ctx context.Context) {
	if h.pending == nil && !(h.read(ctx) && h.put(ctx)) {
		return
	}
	row := rowEvent(time.Time{}, h.backend, h.backend.digestID(LiveKey), "Digest", md5Hex(h.pending))
	if _, ok := h.send(ctx, row); ok {
		h.pending = nil
	}
}

// read takes the serial to go on from, once, as a plan does before its apply.
func (h *holder) read(ctx context.Context) bool {
	if h.serial > 0 {
		return true
	}
	body, ok := h.send(ctx, s3Event(time.Time{}, h.backend, http.MethodGet, LiveKey, "", nil))
	var state struct{ Serial uint64 }
	if !ok || json.Unmarshal(body, &state) != nil {
		return false // somebody deleted it
	}
	h.serial = state.Serial
	return h.serial > 0
}

// put writes one resource more than the version before, and in the end changes
// to the ones there are.
func (h *holder) put(ctx context.Context) bool {
	count := min(h.count+1, h.document.total)
	h.document.touch(h.random, h.step, count, 1)
	body := h.document.version(revision{serial: h.serial + 1, count: count})
	if _, ok := h.send(ctx, putEvent(time.Time{}, h.backend, LiveKey, "application/json", body)); !ok {
		return false
	}
	h.serial, h.count, h.step, h.pending = h.serial+1, count, h.step+1, body
	return true
}

// send runs a request through the server's own handler.
func (h *holder) send(ctx context.Context, e event) ([]byte, bool) {
	r, err := http.NewRequestWithContext(ctx, e.method, e.target, bytes.NewReader(e.body))
	if err != nil || ctx.Err() != nil {
		return nil, false // the demo is over: no request of this package is malformed
	}
	r.Header = e.header
	a := &answer{header: http.Header{}}
	h.server.ServeHTTP(a, r)
	return a.body.Bytes(), a.status/100 == 2
}

// answer is an http.ResponseWriter that keeps the answer.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) { a.status = status }

func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }
