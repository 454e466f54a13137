package sample_test

import (
	"context"
	"testing"
	"time"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/aws/emulator/sample"
)

// liveWrites runs Live until it has stored n digests.
func (f *fleet) liveWrites(n int, fault func(emulator.Request) *emulator.Fault) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 30*time.Second)
	defer cancel()
	stored := 0
	f.server.OnRequest(func(r emulator.Request) *emulator.Fault {
		if bad := fault(r); bad != nil {
			return bad
		}
		if r.Operation == "PutItem" {
			stored++
		}
		if stored < n {
			return nil
		}
		return &emulator.Fault{After: cancel}
	})
	sample.Live(ctx, f.server, time.Millisecond)
	if stored < n {
		f.t.Fatalf("%d digests stored, want %d", stored, n)
	}
}

func TestLiveWritesUnderItsLock(t *testing.T) {
	f := seeded(t)
	before, lockBefore := f.versions(sample.LiveBucket), f.allRows()[sample.LiveBucket+"/"+sample.LiveKey]
	f.liveWrites(3, func(emulator.Request) *emulator.Fault { return nil })

	after, rows := f.versions(sample.LiveBucket), f.allRows()
	states, lockKey := after[sample.LiveKey], sample.LiveKey+".tflock"
	if n := len(states) - len(before[sample.LiveKey]); n != 3 {
		t.Fatalf("%d new versions", n)
	}
	newest, old := f.body(sample.LiveBucket, states[0]), f.body(sample.LiveBucket, states[3])
	if readState(t, newest).Serial != readState(t, old).Serial+3 || resourceCount(t, newest) != resourceCount(t, old)+3 {
		t.Errorf("serial %d with %d resources after %d with %d", readState(t, newest).Serial, resourceCount(t, newest), readState(t, old).Serial, resourceCount(t, old))
	}
	checkForm(t, readState(t, newest), newest)
	if got := rows[sample.LiveBucket+"/"+sample.LiveKey+"-md5"].Digest.S; got != md5Hex(newest) {
		t.Errorf("digest %s of another state", got)
	}
	if rows[sample.LiveBucket+"/"+sample.LiveKey] != lockBefore || len(after[lockKey]) != len(before[lockKey]) {
		t.Error("the locks changed")
	}
}

func TestLiveGoesOnAfterAFailure(t *testing.T) {
	f := seeded(t)
	failed := map[string]bool{}
	f.liveWrites(2, func(r emulator.Request) *emulator.Fault {
		if failed[r.Operation] {
			return nil
		}
		failed[r.Operation] = true
		return &emulator.Fault{Status: 503, Code: "SlowDown"}
	})
	states := f.versions(sample.LiveBucket)[sample.LiveKey]
	newest := f.body(sample.LiveBucket, states[0])
	if got := f.allRows()[sample.LiveBucket+"/"+sample.LiveKey+"-md5"].Digest.S; got != md5Hex(newest) {
		t.Errorf("digest %s of another state", got)
	}
	if serial, before := readState(t, newest).Serial, readState(t, f.body(sample.LiveBucket, states[2])).Serial; serial != before+2 || len(failed) != 3 {
		t.Errorf("serial %d after %d; failed: %v", serial, before, failed)
	}
}

func TestLiveEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	sample.Live(ctx, emulator.New(emulator.Options{}), 0)
}
