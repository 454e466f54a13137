package aws

import (
	"sync/atomic"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
)

// serviceClock is how far the services' clock is ahead of this machine's, as the
// Date of the newest answer told.
type serviceClock struct{ ahead atomic.Int64 }

// dateGrain is what a Date header, which has whole seconds, and the way of an
// answer can be off by: a smaller difference is none.
const dateGrain = 2 * time.Second

// heard takes the Date of an answer. The SDK notes when the header came, which a
// long body does not make later; a clock of a test's own is asked now.
func (s *serviceClock) heard(m middleware.Metadata, own func() time.Time) {
	date := serverTime(m)
	if date.IsZero() {
		return
	}
	ahead, _ := awsmiddleware.GetAttemptSkew(m)
	if own != nil {
		ahead = date.Sub(own())
	}
	if ahead.Abs() < dateGrain {
		ahead = 0
	}
	s.ahead.Store(int64(ahead))
}

// ServiceTime is the services' time at a time of this machine's clock. As long as
// nothing was answered it is the same time.
func (c *Client) ServiceTime(local time.Time) time.Time {
	return local.Add(time.Duration(c.clock.ahead.Load()))
}

func (c *Client) serviceNow() time.Time { return c.ServiceTime(c.now()) }
