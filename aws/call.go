package aws

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
)

// stack is what every service client gets: the guard outside, inside it the
// bound on calls under way, and inside that the deadline of the call. byBucket is
// whether each bucket has a host of its own.
func (c *Client) stack(s *session, k clientKey, endpoint string, byBucket bool) []func(*middleware.Stack) error {
	guard := &Guard{client: c, readOnly: k.readOnly}
	call := &callMiddleware{session: s, timeout: c.timeout(), endpoint: endpoint, client: c, silences: &silences{byBucket: byBucket}}
	return []func(*middleware.Stack) error{
		func(stack *middleware.Stack) error { return stack.Initialize.Add(guard, middleware.After) },
		func(stack *middleware.Stack) error { return stack.Initialize.Add(slotMiddleware{}, middleware.After) },
		func(stack *middleware.Stack) error { return stack.Initialize.Add(call, middleware.After) },
		addAnswerCheck,
	}
}

// callMiddleware bounds a call with all its tries, and notes with its error
// what the operator needs to know about how it was made.
type callMiddleware struct {
	session  *session
	timeout  time.Duration
	endpoint string
	client   *Client
	silences *silences
}

// ID implements middleware.InitializeMiddleware.
func (m *callMiddleware) ID() string { return "stateward:Call" }

// HandleInitialize implements middleware.InitializeMiddleware.
func (m *callMiddleware) HandleInitialize(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	host := m.silences.at(in.Parameters)
	if err := host.spare(ctx, m.client.now); err != nil {
		return middleware.InitializeOutput{}, middleware.Metadata{}, err
	}
	ctx, w := watch(ctx, m.timeout)
	in.Parameters = w.uploading(in.Parameters)
	out, metadata, err := next.HandleInitialize(ctx, in)
	m.client.clock.heard(metadata, m.client.opts.Now)
	m.client.denied.heard(ctx, m.session.who, in.Parameters, out.Result, err, m.client.now())
	err = m.ended(host, w, err)
	if got, ok := out.Result.(*s3.GetObjectOutput); ok && err == nil && got.Body != nil {
		got.Body = &watchedBody{body: got.Body, watchdog: w, call: m}
		return out, metadata, nil
	}
	w.stop()
	return out, metadata, err
}

// ended is the error of a call. One that was given up between two tries was
// answered, or refused a connection, and that says more than the silence after it.
func (m *callMiddleware) ended(host *silence, w *watchdog, err error) error {
	if err == nil {
		host.heard(nil, m.client.now())
		return nil
	}
	timedOut := w.fired.Load()
	if last := w.tried.Load(); timedOut && last != nil {
		timedOut, err = false, *last
	}
	call := &callError{callMiddleware: m, timedOut: timedOut, err: err}
	host.heard(call, m.client.now())
	return call
}

// callError is the error of a call, with how it was made.
type callError struct {
	*callMiddleware
	timedOut bool
	spared   int // not sent: so many calls before it were not answered; 0: it was sent
	err      error
}

func (e *callError) Error() string { return e.err.Error() }
func (e *callError) Unwrap() error { return e.err }

// watchdog cancels a call that makes no progress.
type watchdog struct {
	timeout time.Duration
	timer   *time.Timer
	cancel  context.CancelCauseFunc
	fired   atomic.Bool
	tried   atomic.Pointer[error] // how the last try ended that did so by itself
}

// watchdogKey is where the context of a call has its watchdog.
type watchdogKey struct{}

func watch(ctx context.Context, timeout time.Duration) (context.Context, *watchdog) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watchdog{timeout: timeout, cancel: cancel}
	w.timer = time.AfterFunc(timeout, func() {
		w.fired.Store(true)
		cancel(context.DeadlineExceeded)
	})
	return context.WithValue(ctx, watchdogKey{}, w), w
}

func (w *watchdog) stop() {
	w.timer.Stop()
	w.cancel(nil)
}

// watchedBody gives a body the timeout anew as long as it gets on: a large state
// on a slow line is no hanging endpoint, but one byte at a time is.
type watchedBody struct {
	body     io.ReadCloser
	watchdog *watchdog
	call     *callMiddleware
	arrived  int // since the timeout was given anew
}

// leastProgress is how many bytes must arrive within the timeout.
const leastProgress = 4 << 10

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	switch {
	case err == nil:
		if b.arrived += n; b.arrived >= leastProgress {
			b.arrived = 0
			b.watchdog.timer.Reset(b.watchdog.timeout)
		}
	case !errors.Is(err, io.EOF):
		err = &callError{callMiddleware: b.call, timedOut: b.watchdog.fired.Load(), err: err}
	}
	return n, err
}

func (b *watchedBody) Close() error {
	b.watchdog.stop()
	return b.body.Close()
}

// uploading is the input of a call with a body that keeps the watchdog quiet as long
// as it gets on: the service takes it as fast as the line does.
func (w *watchdog) uploading(params any) any {
	in, ok := params.(*s3.PutObjectInput)
	if !ok {
		return params
	}
	body, ok := in.Body.(io.ReadSeeker)
	if !ok {
		return params
	}
	watched := *in
	watched.Body = &watchedUpload{ReadSeeker: body, watchdog: w}
	return &watched
}

// watchedUpload gives an upload the timeout anew as watchedBody does a download.
// After its last byte the answer has that long.
type watchedUpload struct {
	io.ReadSeeker
	watchdog *watchdog
	sent     int // since the timeout was given anew
}

func (b *watchedUpload) Read(p []byte) (int, error) {
	n, err := b.ReadSeeker.Read(p)
	if b.sent += n; b.sent >= leastProgress && !b.watchdog.fired.Load() {
		b.sent = 0
		b.watchdog.timer.Reset(b.watchdog.timeout)
	}
	return n, err
}

// retryer repeats reads that failed in passing, never changes: whether a change
// happened whose answer was lost is found out by reading, and a repetition
// would meet its own effect and take it for somebody else's. The SDK's allowance
// of some 100 repetitions for all calls together is not used: one throttled burst
// of reads spends it, and the rest would stay unread though a second try a moment
// later is answered. The tries of a call and the calls under way are bounded.
func (c *Client) retryer() sdk.RetryerV2 {
	standard := retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = readAttempts
		o.MaxBackoff = min(maxBackoff, c.timeout()/backoffShare)
		o.RateLimiter = ratelimit.None
		if c.opts.Sleep != nil {
			o.Backoff = c.injectedBackoff(retry.NewExponentialJitterBackoff(o.MaxBackoff))
		}
	})
	return readRetryer{RetryerV2: standard}
}

const (
	readAttempts = 3
	maxBackoff   = 5 * time.Second
	backoffShare = 8 // a pause is at most this part of the time that all tries together have
)

// injectedBackoff takes the pause itself: the SDK's own sleep cannot be
// replaced. No context reaches this place, so it serves tests only.
func (c *Client) injectedBackoff(delays retry.BackoffDelayer) retry.BackoffDelayer {
	return retry.BackoffDelayerFunc(func(attempt int, err error) (time.Duration, error) {
		d, delayErr := delays.BackoffDelay(attempt, err)
		if delayErr != nil {
			return 0, delayErr
		}
		return 0, c.opts.Sleep(context.Background(), d)
	})
}

type readRetryer struct{ sdk.RetryerV2 }

var errNoRepetition = errors.New("a change is sent once")

// GetRetryToken implements aws.Retryer; refusing the token ends the call with
// the error of its one attempt.
func (r readRetryer) GetRetryToken(ctx context.Context, err error) (func(error) error, error) {
	if !isRead(awsmiddleware.GetOperationName(ctx)) {
		return nil, errNoRepetition
	}
	if w, ok := ctx.Value(watchdogKey{}).(*watchdog); ok && ctx.Err() == nil {
		w.tried.Store(&err)
	}
	return r.RetryerV2.GetRetryToken(ctx, err)
}
