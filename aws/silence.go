package aws

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// silence spares those who read from an endpoint that has fallen silent. A
// listing can be followed by ten thousand reads, and each waits for its timeout:
// after silentCalls calls in a row without an answer the others fail at once.
// After silenceHolds one of them is sent to see whether there is an answer again,
// and the others wait for what becomes of it. What a plan or an operation reads
// is always sent: it has to know.
type silence struct {
	mu    sync.Mutex
	calls int           // in a row, to which no answer came
	last  *callError    // the last of them
	next  time.Time     // when a call is sent again to see
	probe chan struct{} // that call, while it is under way: closed at its end
}

// silences is the silence of each host that a service client sends to. S3 has a
// host for each bucket, and a firewall that lets some of them through must not
// make those unread.
type silences struct {
	byBucket bool
	mu       sync.Mutex
	of       map[string]*silence
}

// at is that of the host to which a call with these parameters goes.
func (s *silences) at(in any) *silence {
	host := ""
	if s.byBucket {
		host = param(in, "Bucket")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil {
		s.of = map[string]*silence{}
	}
	if s.of[host] == nil {
		s.of[host] = &silence{}
	}
	return s.of[host]
}

const (
	silentCalls  = 3
	silenceHolds = 5 * time.Second
)

// urgentKey marks the context of reads that are sent whatever was heard before.
type urgentKey struct{}

func urgent(ctx context.Context) context.Context {
	return context.WithValue(ctx, urgentKey{}, true)
}

func isUrgent(ctx context.Context) bool { return ctx.Value(urgentKey{}) != nil }

// spare is the error of a read that need not be sent, nil when it is to be.
func (s *silence) spare(ctx context.Context, now func() time.Time) error {
	if isUrgent(ctx) || !isRead(awsmiddleware.GetOperationName(ctx)) {
		return nil
	}
	for {
		probe, err := s.turn(now())
		if probe == nil {
			return err
		}
		select {
		case <-probe:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// turn is a call to wait for, or else whether this one may be sent.
func (s *silence) turn(now time.Time) (wait <-chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.calls < silentCalls:
		return nil, nil
	case s.probe != nil:
		return s.probe, nil
	case now.Before(s.next):
		spared := *s.last
		spared.spared = s.calls
		return nil, &spared
	}
	s.probe = make(chan struct{})
	return nil, nil
}

// heard notes how a call ended; err is nil for one that was answered well. One
// that was cancelled, or for which there were no credentials, tells nothing of
// the endpoint.
func (s *silence) heard(err *callError, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.probe != nil {
		close(s.probe)
		s.probe = nil
	}
	var creds *credentialsError
	switch {
	case err == nil:
		s.calls, s.last = 0, nil
	case isCanceled(err) || errors.As(err, &creds):
	case err.isSilent():
		s.calls++
		s.last, s.next = err, now.Add(silenceHolds)
	default:
		s.calls, s.last = 0, nil
	}
}

// isSilent reports whether the endpoint itself sent no answer.
func (e *callError) isSilent() bool {
	var send *smithyhttp.RequestSendError
	return e.timedOut || errors.As(e, &send) || isTimeout(e)
}

// sparing says that a call was not sent, and why.
func (e callError) sparing() string {
	if e.spared == 0 {
		return ""
	}
	return fmt.Sprintf(", %d times in a row, and was not asked again", e.spared)
}
