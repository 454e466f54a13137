package aws

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/model"
)

// On AWS nothing looks at the lock file before it is released, so the release
// itself must not take another client's lock for ours.
func TestALockFileOfWhichNoETagIsKnownIsReleasedWhenItIsOurs(t *testing.T) {
	for name, c := range map[string]struct {
		stored string
		stays  bool
	}{
		"ours":                  {"ours", false},
		"another client's":      {"theirs", true},
		"ours with a line more": {"ours\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			server, client, _ := guarded(t, nil)
			if status, answer := server.Do(server.Now(), "PUT", "/acme-tfstate/k.tflock", nil, []byte(c.stored)); status != 200 {
				t.Fatalf("%d %s", status, answer)
			}
			r := client.newRun(t.Context(), &model.Plan{Operation: model.OpRestore, Backend: model.Backend{Bucket: "acme-tfstate"}, Key: "k"}, nil)
			if err := r.releaseOne(heldLock{mechanism: model.MechanismLockfile, raw: []byte("ours")}); err != nil {
				t.Error(err)
			}
			if status, _ := server.Do(server.Now(), "GET", "/acme-tfstate/k.tflock", nil, nil); (status == 200) != c.stays {
				t.Errorf("afterwards: status %d", status)
			}
		})
	}
}

func TestALockIsTheSameByItsBytesItsETagAndItsVersion(t *testing.T) {
	lock := func(change func(*model.Lock)) model.Lock {
		l := model.Lock{Raw: []byte("x"), ETag: "e", VersionID: "v"}
		change(&l)
		return l
	}
	for name, c := range map[string]struct {
		change func(*model.Lock)
		want   bool
	}{
		"the same":                        {func(*model.Lock) {}, true},
		"other bytes":                     {func(l *model.Lock) { l.Raw = []byte("y") }, false},
		"another ETag":                    {func(l *model.Lock) { l.ETag = "f" }, false},
		"another version":                 {func(l *model.Lock) { l.VersionID = "w" }, false},
		"a version that nobody told":      {func(l *model.Lock) { l.VersionID = "" }, true},
		"a whole row":                     {func(l *model.Lock) { l.Whole = true }, false},
		"read at another time is no news": {func(l *model.Lock) { l.ReadAt = time.Unix(1, 0) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := sameLock(lock(func(*model.Lock) {}), lock(c.change)); got != c.want {
				t.Errorf("same: %v", got)
			}
		})
	}
}

func TestAChangeOfWhichNothingCanBeReadIsUnsettled(t *testing.T) {
	_, client, _ := guarded(t, nil)
	denied := &model.Failure{Kind: model.ErrDenied, Tried: "reading"}
	err := client.settle(t.Context(), change{what: "removing the lock",
		send: func(context.Context) error { return &model.Failure{Kind: model.ErrTimeout} },
		look: func(context.Context) (standing, error) { return 0, denied }})
	if !isUnsettled(err) {
		t.Errorf("error %v", err)
	}
}

func TestReadOnlyIsToldFromAPolicyThatIs(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Options)
		policy bool
		want   string
	}{
		"the flag":                {func(o *Options) { o.ReadOnly = true }, false, "--read-only"},
		"the policy":              {nil, true, "policy"},
		"the flag and the policy": {func(o *Options) { o.ReadOnly = true }, true, "--read-only"},
	} {
		t.Run(name, func(t *testing.T) {
			_, client, _ := guarded(t, c.change)
			err := putSomething(inOperation(t.Context()), client, model.Backend{Bucket: "acme-tfstate", Policy: model.Policy{ReadOnly: c.policy}})
			var f *model.Failure
			if !errors.As(err, &f) || f.Kind != model.ErrReadOnly || !strings.Contains(f.Next, c.want) {
				t.Errorf("error %v", err)
			}
		})
	}
}
