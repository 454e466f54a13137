package aws_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// everyRead calls all that reads and returns the error texts.
func everyRead(ctx context.Context, c *aws.Client) []error {
	b := model.Backend{Bucket: "acme-tfstate"}
	var errs []error
	add := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	_, err := c.Identity(ctx)
	add(err)
	for _, err := range c.Backends(ctx) {
		add(err)
	}
	for _, err := range c.States(ctx, b, model.StateQuery{}) {
		add(err)
	}
	for _, err := range c.Versions(ctx, b, "k") {
		add(err)
	}
	for _, reason := range []string{c.BackendFacts(ctx, b).Versioning.Reason(), c.StateFacts(ctx, b, model.State{Key: "k"}).Header.Reason(),
		c.VersionFacts(ctx, b, "k", model.Version{VersionID: "v"}).Header.Reason(), strings.Join(c.Locks(ctx, b).Problems, ";"), strings.Join(c.LocksOf(ctx, b, "k").Problems, ";")} {
		add(errors.New(reason))
	}
	return errs
}

func TestBadEndpoints(t *testing.T) {
	refused := "http://" + refusedAddress(t)
	for name, c := range map[string]struct {
		url  func(*testing.T) string
		kind model.Sentinel
		next []string
	}{
		"nobody listens": {url: func(*testing.T) string { return refused }, kind: model.ErrUnreachable, next: []string{"connection refused", "--endpoint-url", refused[len("http://"):]}},
		"it hangs": {url: func(t *testing.T) string {
			s := newSiteOf(t)
			s.emulator.OnRequest(func(emulator.Request) *emulator.Fault { return &emulator.Fault{Hang: true} })
			return s.url
		}, kind: model.ErrTimeout, next: []string{"did not answer within 300ms", "--timeout"}},
		"it cuts the connection": {url: func(t *testing.T) string {
			s := newSiteOf(t)
			s.emulator.OnRequest(func(emulator.Request) *emulator.Fault { return &emulator.Fault{Reset: true} })
			return s.url
		}, kind: model.ErrUnreachable, next: []string{"--endpoint-url"}},
		"it answers garbage": {url: func(t *testing.T) string { return answering(t, http.StatusOK, "<html>Welcome to nginx") },
			kind: model.ErrStranger, next: []string{"200 with a web page", "--endpoint-url"}},
		"it answers nothing": {url: func(t *testing.T) string { return answering(t, http.StatusOK, "") }},
		"it answers 500 with garbage": {url: func(t *testing.T) string { return answering(t, http.StatusInternalServerError, "<html>oops") },
			next: []string{""}},
		"it is throttled": {url: func(t *testing.T) string {
			s := newSiteOf(t)
			s.emulator.OnRequest(func(emulator.Request) *emulator.Fault { return &emulator.Fault{Status: 503, Code: "SlowDown"} })
			return s.url
		}, kind: model.ErrThrottled, next: []string{"--concurrency"}},
	} {
		t.Run(name, func(t *testing.T) {
			url := c.url(t)
			client := (&site{t: t, url: url}).client(func(o *aws.Options) { o.Timeout, o.Discover = 300*time.Millisecond, true })
			errs := everyRead(t.Context(), client)
			if c.kind == "" {
				return // it is enough that nothing panics
			}
			var f *model.Failure
			if len(errs) == 0 || !errors.As(errs[0], &f) || f.Kind != c.kind {
				t.Fatalf("errors %v, want %s first", errs, c.kind)
			}
			for _, text := range c.next {
				if !strings.Contains(f.Error(), text) {
					t.Errorf("%q does not say %q", f.Error(), text)
				}
			}
			if f.Tried == "" || f.On == "" {
				t.Errorf("%q does not say what was tried on what", f.Error())
			}
			for _, err := range errs {
				if err.Error() != "" && !strings.Contains(err.Error(), string(c.kind)) {
					t.Errorf("%v: want %s", err, c.kind)
				}
			}
		})
	}
}

// refusedAddress is an address at which nobody listens.
func refusedAddress(t *testing.T) string {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

// answering is a server that answers everything alike.
func answering(t *testing.T, status int, body string) string {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body)) // the client may be gone
	})
}

// serve is the address of a server that ends with the test.
func serve(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s.URL
}

func TestACancelledReadStaysCancelled(t *testing.T) {
	s := newSiteOf(t)
	b := s.bucket("acme-tfstate", "")
	ctx, cancel := context.WithCancel(t.Context())
	s.emulator.OnRequest(func(r emulator.Request) *emulator.Fault {
		if r.Operation == "HeadBucket" {
			return nil
		}
		return &emulator.Fault{Hang: true, Before: cancel}
	})
	var last error
	for _, err := range s.client().States(ctx, b, model.StateQuery{}) {
		last = err
	}
	var f *model.Failure
	if !errors.Is(last, context.Canceled) || errors.As(last, &f) {
		t.Errorf("error %v", last)
	}
}

func TestABodyThatStopsHalfWayIsATimeoutOrACut(t *testing.T) {
	s := newSiteOf(t)
	b := s.bucket("acme-tfstate", "")
	s.put(b.Bucket, "k.tfstate", stateV4)
	s.emulator.OnRequest(func(r emulator.Request) *emulator.Fault {
		return &emulator.Fault{Truncate: r.Operation == "GetObject"}
	})
	f := s.client().StateFacts(t.Context(), b, model.State{Key: "k.tfstate"})
	if f.Header.IsKnown() || f.Header.Reason() == "" {
		t.Errorf("a header was read of a body that was cut: %+v", f.Header)
	}
}

func TestABodyThatHangsHalfWayIsATimeout(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.WriteHeader(http.StatusOK)
		if r.Method == http.MethodHead {
			return
		}
		_, _ = w.Write([]byte("{")) // the client may be gone
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	c := (&site{t: t, url: server.URL}).client(func(o *aws.Options) { o.Timeout = 200 * time.Millisecond })
	f := c.VersionFacts(t.Context(), model.Backend{Bucket: "acme-tfstate"}, "k.tfstate", model.Version{VersionID: "v"})
	if got := f.Header.Reason(); got != string(model.ErrTimeout) {
		t.Errorf("header unknown because %q", got)
	}
}

func TestABodyThatIsNotWhatWasStoredIsNotBelieved(t *testing.T) {
	s := newSiteOf(t)
	b := s.bucket("acme-tfstate", "")
	s.putChecked(b.Bucket, "k.tfstate", stateV4+strings.Repeat(" ", 600))
	s.emulator.OnRequest(func(r emulator.Request) *emulator.Fault {
		return &emulator.Fault{CorruptChecksum: r.Operation == "GetObject" && r.Header.Get("Range") == ""}
	})
	f := s.client().StateFacts(t.Context(), b, model.State{Key: "k.tfstate"})
	if f.Resources.IsKnown() || !strings.Contains(f.Resources.Reason(), "checksum") {
		t.Errorf("resources %+v", f.Resources)
	}
}

func TestAListingThatCannotBeFollowedIsNotTakenForTheWhole(t *testing.T) {
	for name, body := range map[string]string{
		"objects":  `<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>k.tfstate</Key></Contents></ListBucketResult>`,
		"versions": `<ListVersionsResult><IsTruncated>true</IsTruncated><Version><Key>k.tfstate</Key></Version></ListVersionsResult>`,
	} {
		t.Run(name, func(t *testing.T) {
			c := (&site{t: t, url: answering(t, http.StatusOK, body)}).client(func(o *aws.Options) { o.Mechanisms = []model.Mechanism{model.MechanismLockfile} })
			b := model.Backend{Bucket: "acme-tfstate"}
			var last error
			if name == "objects" {
				for _, err := range c.States(t.Context(), b, model.StateQuery{}) {
					last = err
				}
			} else {
				for _, err := range c.Versions(t.Context(), b, "k.tfstate") {
					last = err
				}
			}
			if !errors.Is(last, model.ErrInvalid) || !strings.Contains(last.Error(), "from page to page") {
				t.Errorf("error %v", last)
			}
		})
	}
}
