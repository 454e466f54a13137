package aws_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// hushed is a site with many states whose objects are not answered for while
// silent is set, and how many such requests arrived.
type hushed struct {
	*site
	backend model.Backend
	silent  atomic.Bool
	asked   atomic.Int64
	clock   atomic.Int64 // seconds that the clock was put forward
}

func newHushed(t *testing.T, states int) *hushed {
	t.Helper()
	h := &hushed{site: newSiteOf(t)}
	h.backend = h.bucket("acme-tfstate", "Enabled")
	h.backend.Declared = []model.Mechanism{model.MechanismLockfile}
	for i := range states {
		h.put(h.backend.Bucket, fmt.Sprintf("s/%04d.tfstate", i), stateV4)
	}
	h.emulator.OnRequest(func(r emulator.Request) *emulator.Fault {
		if r.Key == "" || !h.silent.Load() {
			return nil
		}
		h.asked.Add(1)
		return &emulator.Fault{Hang: true}
	})
	return h
}

// reader is a client whose timeout is short, and its clock the test's.
func (h *hushed) reader() *aws.Client {
	return h.client(func(o *aws.Options) {
		o.Timeout = 300 * time.Millisecond
		o.Now = func() time.Time { return time.Now().Add(time.Duration(h.clock.Load()) * time.Second) }
	})
}

// reasons reads facts of states at once, and says why they are unknown.
func (h *hushed) reasons(c *aws.Client, n int) []string {
	all := make([]string, n)
	var reading sync.WaitGroup
	for i := range n {
		reading.Go(func() {
			f := c.StateFacts(h.t.Context(), h.backend, model.State{Bucket: h.backend.Bucket, Key: fmt.Sprintf("s/%04d.tfstate", i)})
			all[i] = f.Header.Reason()
		})
	}
	reading.Wait()
	return all
}

func TestAnEndpointThatFallsSilentIsNotAskedByEveryRow(t *testing.T) {
	const states = 300
	h := newHushed(t, states)
	c := h.reader()
	for name, read := range map[string]func() int{
		"keys": func() int {
			n := 0
			for page, err := range c.Keys(t.Context(), h.backend) {
				if err != nil {
					t.Error(err)
				}
				n = len(page.Problems)
			}
			return n
		},
		"search": func() int {
			n := 0
			q, err := model.ParseSearch("aws_vpc")
			if err != nil {
				t.Fatal(err)
			}
			for page, err := range c.Search(t.Context(), []model.Backend{h.backend}, q) {
				if err != nil {
					t.Error(err)
				}
				n += len(page.Unsearched)
			}
			return n
		},
	} {
		h.silent.Store(true)
		h.asked.Store(0)
		c = h.reader()
		unread := read()
		// Those that were under way together wait for it, and no more.
		if asked := h.asked.Load(); unread == 0 || asked > 32 {
			t.Errorf("%s: %d requests for %d states; %d are told as not read", name, asked, states, unread)
		}
	}
}

func TestAnEndpointThatAnswersAgainIsReadAgain(t *testing.T) {
	h := newHushed(t, 40)
	c := h.reader()
	h.silent.Store(true)
	for i, reason := range h.reasons(c, 40) {
		if !strings.Contains(reason, string(model.ErrTimeout)) {
			t.Errorf("state %d: %q", i, reason)
		}
	}
	h.silent.Store(false)
	if reason := h.reasons(c, 1)[0]; !strings.Contains(reason, string(model.ErrTimeout)) {
		t.Errorf("asked again at once: %q", reason)
	}
	var left []string
	for try := range busyTries { // all at once: one looks, the others wait for it
		h.clock.Store(int64(6 * (try + 1)))
		left = slices.DeleteFunc(h.reasons(c, 40), func(reason string) bool { return reason == "" })
		if len(left) == 0 {
			return
		}
	}
	t.Errorf("after it answered again: %q", left)
}

// busyTries is how often a machine that is too busy for the timeout is given
// another chance.
const busyTries = 20

// hostFilter lets requests through to some hosts only, as a firewall does.
type hostFilter struct{ asked sync.Map }

func (f *hostFilter) Do(r *http.Request) (*http.Response, error) {
	f.asked.Store(r.URL.Host, true)
	if strings.HasPrefix(r.URL.Host, "blocked.") {
		return nil, errors.New("filtered")
	}
	return &http.Response{StatusCode: http.StatusNotFound, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

func TestABucketThatCannotBeReachedLeavesTheOthersReadable(t *testing.T) {
	f := &hostFilter{}
	c := (&site{t: t, url: "http://store.example.com"}).client()
	aws.SendThrough(c, f)
	for _, bucket := range []string{"blocked", "blocked", "blocked", "blocked", "good"} {
		c.StateFacts(t.Context(), model.Backend{Bucket: bucket}, model.State{Bucket: bucket, Key: "k.tfstate"})
	}
	if _, ok := f.asked.Load("good.store.example.com"); !ok {
		t.Error("the host of the other bucket was not asked")
	}
}

func TestAPlanIsMadeOfWhatIsThereNow(t *testing.T) {
	h := newHushed(t, 8)
	c := h.reader()
	h.silent.Store(true)
	h.reasons(c, 8)
	h.silent.Store(false)
	for range busyTries {
		p, err := c.PlanUnlock(t.Context(), h.backend, "s/0000.tfstate", model.UnlockRequest{LockID: "none"})
		if err == nil && p.Gone {
			return
		}
	}
	t.Error("a plan spared its reads")
}

func TestAllWhoNeedARegionShareItsTimeout(t *testing.T) {
	s := newSiteOf(t)
	b := s.bucket("acme-tfstate", "")
	var heads atomic.Int64
	s.emulator.OnRequest(func(r emulator.Request) *emulator.Fault {
		if r.Operation == "HeadBucket" {
			heads.Add(1)
			return &emulator.Fault{Hang: true}
		}
		return nil
	})
	c := s.client(func(o *aws.Options) { o.Timeout = 500 * time.Millisecond })
	var reading sync.WaitGroup
	for range 8 {
		reading.Go(func() { c.StateFacts(t.Context(), b, model.State{Key: "k.tfstate"}) })
	}
	reading.Wait()
	if n := heads.Load(); n > 3 { // each of a chain of timeouts would be as long as the first
		t.Errorf("%d requests for the region of one bucket", n)
	}
}

func TestATimeoutIsNoWishToStop(t *testing.T) {
	h := newHushed(t, 1)
	h.silent.Store(true)
	_, err := h.reader().StateBody(t.Context(), h.backend, "s/0000.tfstate", "", nil)
	if !errors.Is(err, model.ErrTimeout) || errors.Is(err, context.Canceled) {
		t.Errorf("%v: is ErrTimeout %v, is Canceled %v", err, errors.Is(err, model.ErrTimeout), errors.Is(err, context.Canceled))
	}
}

// told is what all that lists says of a site, beside what it lists.
func told(t *testing.T, c *aws.Client) map[string]string {
	t.Helper()
	b := model.Backend{Bucket: "acme-tfstate"}
	said := map[string]string{}
	note := func(what string, err error, problems ...string) {
		if err != nil {
			problems = append(problems, err.Error())
		}
		said[what] += strings.Join(problems, "; ")
	}
	q, err := model.ParseSearch("aws_vpc")
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range c.Backends(t.Context()) {
		note("backends", err)
	}
	for page, err := range c.States(t.Context(), b, model.StateQuery{Deleted: true}) {
		note("states", err, page.Problem...)
	}
	for page, err := range c.Search(t.Context(), []model.Backend{b}, q) {
		note("search", err, page.Problems...)
	}
	for page, err := range c.Keys(t.Context(), b) {
		note("keys", err, page.Problems...)
	}
	for _, err := range c.Versions(t.Context(), b, "k") {
		note("history", err)
	}
	note("locks", nil, c.Locks(t.Context(), b).Problems...)
	return said
}

func TestWhatIsNoAnswerIsNeverAnEmptyList(t *testing.T) {
	for name, body := range map[string]string{
		"a web page":                   "<!DOCTYPE html><html><body><p>Welcome</p></body></html>",
		"a web page in capitals":       "<HTML><BODY>Sign in</BODY></HTML>",
		"a web page behind a comment":  "<!-- portal -->\n<html></html>",
		"nothing":                      "",
		"white space":                  " \r\n ",
		"pages of white space":         strings.Repeat("\r\n", 4<<10),
		"a long comment":               "<!--" + strings.Repeat("x", 8<<10) + "-->",
		"words":                        "Client sent an HTTP request to an HTTPS server.",
		"an XML declaration alone":     `<?xml version="1.0"?>`,
		"a cut XML document":           `<?xml version="1.0"?><ListBucketResult><Name>acme-tfstate</Na`,
		"a list in JSON":               `[]`,
		"a cut object in JSON":         `{"Items":[{"LockID`,
		"the banner of another server": "SSH-2.0-OpenSSH_9.6\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			c := (&site{t: t, url: answering(t, http.StatusOK, body)}).client(func(o *aws.Options) { o.Discover = true })
			said := told(t, c)
			for _, what := range []string{"backends", "states", "search", "keys", "history", "locks"} {
				if said[what] == "" {
					t.Errorf("%s: passes for an empty answer", what)
				}
			}
		})
	}
}

func TestATimeoutIsNeverAnEmptyList(t *testing.T) {
	s := newSiteOf(t)
	s.emulator.OnRequest(func(emulator.Request) *emulator.Fault { return &emulator.Fault{Hang: true} })
	said := told(t, s.client(func(o *aws.Options) { o.Timeout, o.Discover = 200*time.Millisecond, true }))
	for _, what := range []string{"backends", "states", "search", "keys", "history", "locks"} {
		if !strings.Contains(said[what], string(model.ErrTimeout)) {
			t.Errorf("%s: %q", what, said[what])
		}
	}
}

// endless answers every request with a body that goes on until the client leaves.
func endless(t *testing.T, start string, more []byte, pause time.Duration) string {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			return
		}
		_, err := w.Write([]byte(start))
		for err == nil && r.Context().Err() == nil {
			_, err = w.Write(more)
			_ = http.NewResponseController(w).Flush() // the client may be gone
			select {
			case <-r.Context().Done():
			case <-time.After(pause):
			}
		}
	})
}

func TestAnAnswerWithoutEnd(t *testing.T) {
	b := model.Backend{Bucket: "acme-tfstate", Declared: []model.Mechanism{model.MechanismLockfile}}
	for name, c := range map[string]struct {
		url  string
		read func(*aws.Client) error
		want model.Sentinel
		says string
	}{
		"a list that goes on": {url: endless(t, "<ListBucketResult><Name>", []byte(strings.Repeat("a", 1<<20)), 0), want: model.ErrInvalid, says: "goes on after 64 MiB",
			read: func(c *aws.Client) (err error) {
				for _, err = range c.States(t.Context(), b, model.StateQuery{}) {
				}
				return err
			}},
		"a state that comes byte by byte": {url: endless(t, "{", []byte(" "), 20*time.Millisecond), want: model.ErrTimeout, says: "did not answer",
			read: func(c *aws.Client) error {
				_, err := c.StateBody(t.Context(), b, "k.tfstate", "", nil)
				return err
			}},
	} {
		t.Run(name, func(t *testing.T) {
			client := (&site{t: t, url: c.url}).client(func(o *aws.Options) {
				if o.Timeout = 5 * time.Minute; c.want == model.ErrTimeout {
					o.Timeout = 300 * time.Millisecond
				}
			})
			if err := c.read(client); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %s and %q", err, c.want, c.says)
			}
		})
	}
}
