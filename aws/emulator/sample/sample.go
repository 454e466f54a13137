package sample

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/stateward/stateward/aws/emulator"
)

// What the story is about, for the demo's tape and for tests.
const (
	StaleBucket = "acme-tfstate-payments" // us-east-1
	StaleKey    = "payments/api/terraform.tfstate"
	StaleLockID = "71d89b36-316e-9845-07df-19d02b854eb1" // of a CI job that was killed

	LiveBucket = "acme-tfstate-network" // eu-west-1
	LiveKey    = "net/core/terraform.tfstate"
	LiveLockID = "c4a1f0d2-8b3e-4c57-9d26-5e0f7a91b384" // of erin, whom Live plays

	UnreadableKey = "net/edge/terraform.tfstate" // in LiveBucket, under a lock file that names nobody

	OverwrittenBucket = "acme-tfstate-data" // us-east-1
	OverwrittenKey    = "warehouse/terraform.tfstate"
)

// Seed writes the fleet into the server as if it had grown over the weeks before
// the server's now: ages are told by the server's clock, so no other may seed. The
// requests bypass the server's fault hook, deny list and log (see
// emulator.Server.Do), and arrive in the order of their times. An error names the
// request that was refused; Seed succeeds once on a server.
func Seed(s *emulator.Server) error {
	w := &writer{server: s, now: s.Now(), tables: map[string]bool{}}
	keys, err := w.keys()
	if err != nil {
		return err
	}
	w.arns = keys
	c := newCatalog()
	w.account()
	for _, b := range fleet() {
		w.backend(c, b, keys)
	}
	return w.run()
}

// writer gathers the requests of the fleet's history.
type writer struct {
	server *emulator.Server
	now    time.Time
	events []event
	tables map[string]bool   // created, by name
	arns   map[string]string // of the keys, by name
}

// ago is the time at which something of that age happened.
func (w *writer) ago(age time.Duration) time.Time { return w.now.Add(-age) }

func (w *writer) add(e ...event) { w.events = append(w.events, e...) }

// run sends all requests in the order of their times: the emulator orders
// versions, and the settings they are written under, by arrival.
func (w *writer) run() error {
	slices.SortStableFunc(w.events, func(a, b event) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
	for _, e := range w.events {
		if _, err := w.send(e); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) send(e event) ([]byte, error) {
	status, answer := w.server.Do(e.at, e.method, e.target, e.header, e.body)
	if status/100 != 2 {
		return nil, fmt.Errorf("seeding the sample fleet: %s: status %d: %s", e, status, answer)
	}
	return answer, nil
}
