package aws

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stateward/stateward/model"
)

// What holds where Options say nothing.
const (
	defaultTimeout     = 30 * time.Second
	defaultConcurrency = 8
	defaultRegion      = "us-east-1" // S3 answers there for every bucket with its region
)

// Client reads backends and runs plans. It is safe for concurrent use. Nothing
// is read or sent before the first call.
type Client struct {
	opts  Options
	log   *slog.Logger
	grace time.Duration // how long a listing of states waits for the lock tables
	mfa   func(serial string) (string, error)

	denied denials
	clock  serviceClock

	sessions memo[identity, *session]
	regions  memo[bucketAt, string]
	accounts memo[regionAt, string] // by identity and endpoint of STS
	tables   memo[regionAt, []foundTable]
	rows     shared[tableAt, []row]
	byID     shared[tableAt, map[string]row] // the same
	facts    *factCache
	bodies   bodies
	lax      laxStores
	checks   slots    // of all health checks together
	keys     keyReads // what the pages of keys and of encryption read

	keyStates shared[keyStateAt, model.KeyState] // for histories; a plan asks anew
	schemas   memo[tableAt, struct{}]            // of tables that may be used
	described shared[tableAt, *ddbtypes.TableDescription]
	settings  shared[tableAt, model.TableHealth]
	blocks    shared[regionAt, model.Fact[model.PublicAccessBlock]]

	s3s       pool[*s3.Client]
	dynamodbs pool[*dynamodb.Client]
	kmss      pool[*kms.Client]
	stss      pool[*sts.Client]
	controls  pool[*s3control.Client]
}

// New returns a client; it performs no I/O.
func New(o Options) *Client {
	c := &Client{opts: o, log: o.Log, grace: listingGrace, facts: newFactCache(maxCachedFacts),
		bodies: newBodies(), keys: newKeyReads(o)}
	c.checks = make(slots, c.connections())
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	return c
}

// AskMFA sets who is asked for the code of an MFA device when a role demands
// one. It must be called before the first request; without it such a role is an
// error that says so.
func (c *Client) AskMFA(ask func(serial string) (string, error)) { c.mfa = ask }

// s3 is the client for the bucket's real region, which is looked up once.
func (c *Client) s3(ctx context.Context, b model.Backend) (*s3.Client, error) {
	region, err := c.regionOf(ctx, b)
	if err != nil {
		return nil, err
	}
	return c.s3In(ctx, b, region)
}

// s3In is the client for a region that is known, or for the search for it.
func (c *Client) s3In(ctx context.Context, b model.Backend, region string) (*s3.Client, error) {
	return clientFor(ctx, c, &c.s3s, s3.ServiceID, b, region, c.newS3)
}

// dynamodb is the client for the lock tables: in the region that is configured
// for the backend, else in the bucket's.
func (c *Client) dynamodb(ctx context.Context, b model.Backend) (*dynamodb.Client, error) {
	region, err := c.tableRegion(ctx, b)
	if err != nil {
		return nil, err
	}
	return clientFor(ctx, c, &c.dynamodbs, dynamodb.ServiceID, b, region, c.newDynamoDB)
}

// tableRegion is the region in which the lock tables of a backend are sought.
func (c *Client) tableRegion(ctx context.Context, b model.Backend) (string, error) {
	switch {
	case b.Region != "":
		return b.Region, nil
	case b.Bucket == "":
		return c.startRegion(ctx, b)
	}
	region, err := c.regionOf(ctx, b)
	if isNoBucket(err) { // its rows may be left
		return c.startRegion(ctx, b)
	}
	return region, err
}

// kms is the client for the keys of a region.
func (c *Client) kms(ctx context.Context, b model.Backend, region string) (*kms.Client, error) {
	return clientFor(ctx, c, &c.kmss, kms.ServiceID, b, region, c.newKMS)
}

// sts is the client that tells who asks; the zero backend is the program's own
// identity.
func (c *Client) sts(ctx context.Context, b model.Backend) (*sts.Client, error) {
	region, err := c.startRegion(ctx, b)
	if err != nil {
		return nil, err
	}
	return clientFor(ctx, c, &c.stss, sts.ServiceID, b, region, c.newSTS)
}

// expires is when the credentials for a backend end. It is false when they do
// not end, do not say, or cannot be had.
func (c *Client) expires(ctx context.Context, b model.Backend) (time.Time, bool) {
	s, err := c.session(ctx, b.Access)
	if err != nil || s.cfg.Credentials == nil {
		return time.Time{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	creds, err := s.cfg.Credentials.Retrieve(ctx)
	if err != nil || !creds.CanExpire {
		return time.Time{}, false
	}
	return creds.Expires, true
}

// clientKey is what makes one service client differ from another.
type clientKey struct {
	who      identity
	region   string
	endpoint string
	path     bool
	readOnly bool
}

// clientFor returns the client of a service that a backend needs, made once.
func clientFor[T any](ctx context.Context, c *Client, p *pool[T], service string, b model.Backend, region string, build func(*session, clientKey) T) (T, error) {
	var none T
	s, err := c.session(ctx, b.Access)
	if err != nil {
		return none, err
	}
	key := clientKey{who: c.identityOf(b.Access), region: region, endpoint: c.endpoint(b.Access, service),
		path: c.opts.PathStyle || b.Access.PathStyle, readOnly: c.opts.ReadOnly || b.Policy.ReadOnly}
	if c.opts.Static != nil && key.endpoint == "" {
		return none, &model.Failure{Kind: model.ErrInvalid, Tried: "reaching " + service, On: "the demo",
			Cause: fmt.Errorf("fixed keys without an endpoint"), Next: "Fixed keys are for an endpoint that is not AWS: name it."}
	}
	return p.get(key, func() T { return build(s, key) }), nil
}

func (c *Client) newS3(s *session, k clientKey) *s3.Client {
	return s3.NewFromConfig(s.cfg, func(o *s3.Options) {
		o.Region, o.Retryer = k.region, c.retryer()
		setEndpoint(&o.BaseEndpoint, k.endpoint)
		o.UsePathStyle = k.path || isLocal(sdk.ToString(o.BaseEndpoint))
		o.APIOptions = append(o.APIOptions, c.stack(s, k, sdk.ToString(o.BaseEndpoint), !o.UsePathStyle)...)
		o.APIOptions = append(o.APIOptions, addVersionOrder)
		// Stores that are not AWS know no trailing checksums. Writes of states
		// ask for SHA-256 themselves.
		o.RequestChecksumCalculation = sdk.RequestChecksumCalculationWhenRequired
		if o.ResponseChecksumValidation == sdk.ResponseChecksumValidationUnset {
			o.ResponseChecksumValidation = sdk.ResponseChecksumValidationWhenSupported
		}
		o.DisableLogOutputChecksumValidationSkipped = true
	})
}

func (c *Client) newDynamoDB(s *session, k clientKey) *dynamodb.Client {
	return dynamodb.NewFromConfig(s.cfg, func(o *dynamodb.Options) {
		o.Region, o.Retryer = k.region, c.retryer()
		setEndpoint(&o.BaseEndpoint, k.endpoint)
		o.APIOptions = append(o.APIOptions, c.stack(s, k, sdk.ToString(o.BaseEndpoint), false)...)
		o.APIOptions = append(o.APIOptions, addRowSum)
	})
}

func (c *Client) newKMS(s *session, k clientKey) *kms.Client {
	return kms.NewFromConfig(s.cfg, func(o *kms.Options) {
		o.Region, o.Retryer = k.region, c.retryer()
		setEndpoint(&o.BaseEndpoint, k.endpoint)
		o.APIOptions = append(o.APIOptions, c.stack(s, k, sdk.ToString(o.BaseEndpoint), false)...)
	})
}

func (c *Client) newSTS(s *session, k clientKey) *sts.Client {
	return sts.NewFromConfig(s.cfg, func(o *sts.Options) {
		o.Region, o.Retryer = k.region, c.retryer()
		setEndpoint(&o.BaseEndpoint, k.endpoint)
		o.APIOptions = append(o.APIOptions, c.stack(s, k, sdk.ToString(o.BaseEndpoint), false)...)
	})
}

func (c *Client) now() time.Time {
	if c.opts.Now != nil {
		return c.opts.Now()
	}
	return time.Now()
}

func (c *Client) timeout() time.Duration {
	if c.opts.Timeout > 0 {
		return c.opts.Timeout
	}
	return defaultTimeout
}

func (c *Client) concurrency() int {
	if c.opts.Concurrency > 0 {
		return c.opts.Concurrency
	}
	return defaultConcurrency
}

// connections is how many requests may be under way: those of health checks are
// the most. As many connections are kept open, where all of them go to one host.
func (c *Client) connections() int { return min(checksAtOnce*c.concurrency(), mostChecks) }

// pause waits, or ends early with the error of the context.
func (c *Client) pause(ctx context.Context, d time.Duration) error {
	if c.opts.Sleep != nil {
		return c.opts.Sleep(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
