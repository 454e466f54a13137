package emulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Options configures a Server; the zero value is useful.
type Options struct {
	Addr             string           // listen address; default "127.0.0.1:0"
	Clock            func() time.Time // default time.Now; LastModified, the Date header and KMS dates come from it
	Region           string           // region of requests that name none; default "us-east-1"
	Account          string           // account id in every ARN; default "123456789012"
	PageSize         int              // 0 = AWS's own limits (1000 keys); else the largest page any listing answers
	MarkersLast      bool             // list versions the way moto does: all versions of a page, then all its markers
	IgnoreConditions bool             // act like a store that ignores If-Match and If-None-Match on writes and deletes
	EnforceRegion    bool             // answer 301 when a bucket is asked for through another region's credential scope
	Seed             uint64           // not 0: version ids, key ids and ETags of KMS objects repeat from run to run
}

// Server is an S3, DynamoDB, KMS and STS in memory, all four on one address,
// and of S3 Control the public access block of the account.
type Server struct {
	opts     Options
	clock    clock
	ids      *idSource
	log      requestLog
	denied   denyList
	hook     atomic.Pointer[func(Request) *Fault]
	services map[string]*service
	http     *http.Server
	url      string
	done     chan struct{}
	stop     sync.Once
}

// New returns a server that does not listen: it is used through Handler or Do.
func New(o Options) *Server {
	o = o.withDefaults()
	s := &Server{opts: o, ids: newIDSource(o.Seed), done: make(chan struct{})}
	s.clock.set(o.Clock)
	keys := newKMSStore(o, s.ids)
	s.services = map[string]*service{
		serviceS3:        newS3Service(newS3Store(o, s.ids, keys, &s.denied)),
		serviceS3Control: newS3ControlService(o),
		serviceDynamoDB:  newDynamoService(newDynamoStore(o, s.ids)),
		serviceKMS:       newKMSService(keys),
		serviceSTS:       newSTSService(o, s.ids),
	}
	return s
}

// Start returns a server that listens on o.Addr. Close ends it.
func Start(o Options) (*Server, error) {
	s := New(o)
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", s.opts.Addr)
	if err != nil {
		return nil, fmt.Errorf("emulator: listen on %s: %w", s.opts.Addr, err)
	}
	s.url = "http://" + l.Addr().String()
	s.http = &http.Server{Handler: s.Handler(), ReadHeaderTimeout: time.Minute}
	go func() {
		// Serve always returns an error; after Close it is ErrServerClosed, and
		// before that clients see the refused connection themselves.
		_ = s.http.Serve(l)
	}()
	return s, nil
}

func (o Options) withDefaults() Options {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.Account == "" {
		o.Account = "123456789012"
	}
	return o
}

// URL is the endpoint of all four services, "http://127.0.0.1:port"; empty before Start.
func (s *Server) URL() string { return s.url }

// Handler serves all four services without a listener of its own.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serve) }

// Close stops listening, cuts open connections and ends hanging requests. A
// second Close does nothing.
func (s *Server) Close() error {
	var err error
	s.stop.Do(func() {
		close(s.done)
		if s.http != nil {
			err = s.http.Close()
		}
	})
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("emulator: close: %w", err)
	}
	return nil
}

// SetClock replaces the clock for every later request.
func (s *Server) SetClock(now func() time.Time) { s.clock.set(now) }

// Now is what the server's clock says.
func (s *Server) Now() time.Time { return s.clock.read() }

// Do runs one request in-process as if it had arrived at the given time:
// for seeding back-dated fixtures without the network. It is subject to
// neither the fault hook nor the deny list and does not appear in Requests.
// target is path and query ("/bucket/key?versionId=..."). It returns the HTTP
// status and the answer's body; the caller keeps the request body unchanged
// afterwards, because the server stores it by reference.
//
// Versions of a key are ordered by the order of the calls, as on AWS, so a
// seeder writes the versions of one key in the order of their times. A header
// made by Scope selects another region than Options.Region.
func (s *Server) Do(at time.Time, method, target string, header http.Header, body []byte) (int, []byte) {
	c, err := s.directCall(at, method, target, header, body)
	if err != nil {
		return http.StatusBadRequest, []byte(err.Error())
	}
	resp := s.handle(c)
	return resp.status, resp.body
}

// Scope is the header of a request for the named region ("eu-west-1") and
// service ("s3"), for use with Do.
func Scope(region, service string) http.Header {
	return http.Header{"Authorization": {"AWS4-HMAC-SHA256 Credential=demo/20060102/" + region + "/" + service + "/aws4_request"}}
}
