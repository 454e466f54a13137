package aws

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stateward/stateward/model"
)

func TestWhatWasFoundOnceIsNotSoughtAgain(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		after time.Duration
		loads int
	}{
		"a value":                    {loads: 1, after: 24 * time.Hour},
		"a failure":                  {err: model.ErrTimeout, loads: 2},
		"a refusal, at once":         {err: model.ErrDenied, loads: 1},
		"a refusal, after some time": {err: model.ErrDenied, after: refusalHolds + time.Second, loads: 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var m memo[string, int]
				loads := 0
				load := func(context.Context) (int, error) { loads++; return 42, c.err }
				for range 2 {
					if v, err := m.get(t.Context(), "k", load); v != 42 || !errors.Is(err, c.err) {
						t.Errorf("%d, %v", v, err)
					}
					time.Sleep(c.after) // of the bubble's clock
				}
				if loads != c.loads {
					t.Errorf("%d loads, want %d", loads, c.loads)
				}
			})
		})
	}
}

func TestAllWhoWaitShareOneAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m memo[string, int]
		loads := 0
		hanging := func(context.Context) (int, error) {
			loads++
			time.Sleep(30 * time.Second) // of the bubble's clock
			return 0, model.ErrTimeout
		}
		start, ended := time.Now(), make(chan error)
		for range 8 {
			go func() {
				_, err := m.get(t.Context(), "k", hanging)
				ended <- err
			}()
		}
		for range 8 {
			if err := <-ended; !errors.Is(err, model.ErrTimeout) {
				t.Errorf("%v", err)
			}
		}
		if took := time.Since(start); loads != 1 || took != 30*time.Second {
			t.Errorf("%d loads in %s", loads, took)
		}
	})
}

func TestWhoLeavesDoesNotTakeTheOthersAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m memo[string, int]
		load := func(ctx context.Context) (int, error) {
			select {
			case <-ctx.Done():
				return 0, fmt.Errorf("loading: %w", ctx.Err())
			case <-time.After(time.Minute):
				return 42, nil
			}
		}
		leaving, leave := context.WithCancel(t.Context())
		gone := make(chan error)
		go func() {
			_, err := m.get(leaving, "k", load)
			gone <- err
		}()
		synctest.Wait()
		stays := make(chan int)
		go func() {
			v, err := m.get(t.Context(), "k", load)
			if err != nil {
				t.Error(err)
			}
			stays <- v
		}()
		synctest.Wait()
		leave()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("who left: %v", err)
		}
		if v := <-stays; v != 42 {
			t.Errorf("who stayed: %d", v)
		}
	})
}

func TestFactsAreRememberedWithinBounds(t *testing.T) {
	cache := newFactCache(2)
	at := func(id string) versionAt { return versionAt{key: "k", versionID: id} }
	for _, id := range []string{"a", "b", "null", ""} {
		cache.put(at(id), front{etag: id})
	}
	if _, ok := cache.get(at("a")); !ok { // now b is the one least recently asked for
		t.Error("a is gone")
	}
	cache.put(at("c"), front{etag: "c"})
	for id, want := range map[string]bool{"a": true, "b": false, "c": true, "null": false, "": false} {
		if fr, ok := cache.get(at(id)); ok != want || ok && fr.etag != id {
			t.Errorf("%q: %+v, %v", id, fr, ok)
		}
	}
}

func TestRememberedFingerprintsAreBounded(t *testing.T) {
	cache := newFactCache(100)
	prints := model.Known(make(model.Prints, maxCachedPrints/3))
	for _, id := range []string{"a", "b", "c", "d", "d"} {
		cache.put(versionAt{versionID: id}, front{prints: prints})
	}
	_, first := cache.get(versionAt{versionID: "a"})
	_, last := cache.get(versionAt{versionID: "d"})
	if first || !last || cache.order.Len() != 3 || cache.prints != 3*(maxCachedPrints/3) {
		t.Errorf("first %v, last %v, %d entries with %d fingerprints", first, last, cache.order.Len(), cache.prints)
	}
}
