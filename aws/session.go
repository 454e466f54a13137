package aws

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
	"github.com/stateward/stateward/model"
)

// identity is on whose behalf requests are signed.
type identity struct {
	profile    string
	role       string
	externalID string
	mfa        string
}

// session is the SDK's configuration for one identity.
type session struct {
	cfg   sdk.Config
	who   identity
	login string // the command line that logs the profile in again; "" when there is none
}

func (c *Client) identityOf(a model.Access) identity {
	if c.opts.Static != nil {
		return identity{}
	}
	who := identity{profile: a.Profile, role: a.RoleARN, externalID: a.ExternalID, mfa: a.MFASerial}
	if who.profile == "" {
		who.profile = c.opts.Profile
	}
	return who
}

// session loads the configuration of an identity once. It reads files and the
// environment; credentials are fetched by the first request that is signed.
func (c *Client) session(ctx context.Context, a model.Access) (*session, error) {
	who := c.identityOf(a)
	return c.sessions.get(ctx, who, func(ctx context.Context) (*session, error) {
		if c.opts.Static != nil {
			return c.staticSession(), nil
		}
		return c.loadSession(ctx, who)
	})
}

// staticSession is built by hand: no file, no variable and no metadata service
// has a say in it, so a demo cannot reach AWS, whatever the machine is set to.
func (c *Client) staticSession() *session {
	keys := c.opts.Static
	client := c.httpClient().WithTransportOptions(func(t *http.Transport) { t.Proxy = nil })
	return &session{cfg: sdk.Config{
		Region:      c.regionOr(""),
		Credentials: credentials.NewStaticCredentialsProvider(keys.AccessKeyID, keys.SecretAccessKey, ""),
		HTTPClient:  client,
		Logger:      c.sdkLogger(),
	}}
}

// httpClient keeps connections for later requests instead of the SDK's ten a
// host. A plain http.Client would ignore AWS_CA_BUNDLE.
func (c *Client) httpClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConns, t.MaxIdleConnsPerHost = c.connections(), c.connections()
	})
}

func (c *Client) loadSession(ctx context.Context, who identity) (*session, error) {
	options := []func(*config.LoadOptions) error{
		config.WithHTTPClient(c.httpClient()),
		config.WithLogger(c.sdkLogger()),
		config.WithAssumeRoleCredentialOptions(func(o *stscreds.AssumeRoleOptions) {
			o.TokenProvider = c.tokenProvider(sdk.ToString(o.SerialNumber))
		}),
	}
	if who.profile != "" {
		options = append(options, config.WithSharedConfigProfile(who.profile))
	}
	if c.opts.Region != "" {
		options = append(options, config.WithRegion(c.opts.Region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, configFailure(err, who)
	}
	cfg.Region = c.regionOr(cfg.Region)
	s := &session{cfg: cfg, who: who, login: loginCommand(cfg)}
	if err := c.assumeRole(s); err != nil {
		return nil, err
	}
	s.cfg.Credentials = &credentialSource{next: s.cfg.Credentials, session: s}
	return s, nil
}

// assumeRole puts the role of an identity in front of its credentials. The STS
// client here is a credential client: it has no guard and keeps no journal.
func (c *Client) assumeRole(s *session) error {
	if s.who.role == "" {
		return nil
	}
	if s.who.mfa != "" && c.mfa == nil {
		return &model.Failure{Kind: model.ErrNoIdentity, Tried: "assuming the role", On: s.who.role,
			Cause: errors.New("the role asks for an MFA code"),
			Next:  "The role asks for a code of " + s.who.mfa + ", and nobody can be asked for it here: start a session of it first (sts:AssumeRole with a code) and export its credentials."}
	}
	client := sts.NewFromConfig(s.cfg, func(o *sts.Options) { setEndpoint(&o.BaseEndpoint, c.opts.EndpointURL) })
	provider := stscreds.NewAssumeRoleProvider(client, s.who.role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = "stateward"
		if s.who.externalID != "" {
			o.ExternalID = &s.who.externalID
		}
		if s.who.mfa != "" {
			o.SerialNumber = &s.who.mfa
			o.TokenProvider = c.tokenProvider(s.who.mfa)
		}
	})
	s.cfg.Credentials = sdk.NewCredentialsCache(provider)
	return nil
}

// tokenProvider asks for an MFA code, where somebody can be asked.
func (c *Client) tokenProvider(serial string) func() (string, error) {
	if c.mfa == nil {
		return func() (string, error) {
			return "", errors.New("the profile's role asks for an MFA code, and nobody can be asked for it here")
		}
	}
	return func() (string, error) { return c.mfa(serial) }
}

// regionOr is the region that requests start in.
func (c *Client) regionOr(found string) string {
	switch {
	case c.opts.Region != "":
		return c.opts.Region
	case found != "":
		return found
	}
	return defaultRegion
}

// sdkLogger keeps the SDK off stderr, where it would ruin the screen.
func (c *Client) sdkLogger() logging.Logger {
	if c.opts.Log == nil {
		return logging.Nop{}
	}
	return logging.LoggerFunc(func(_ logging.Classification, format string, v ...any) {
		c.log.Debug("aws sdk", "message", fmt.Sprintf(format, v...))
	})
}

// credentialSource marks the errors of getting credentials, which the SDK
// passes on as plain text, and knows what the operator can do about them.
type credentialSource struct {
	next    sdk.CredentialsProvider
	session *session
}

// Retrieve implements aws.CredentialsProvider.
func (p *credentialSource) Retrieve(ctx context.Context) (sdk.Credentials, error) {
	if p.next == nil {
		return sdk.Credentials{}, &credentialsError{session: p.session, err: errors.New("no credentials are configured")}
	}
	creds, err := p.next.Retrieve(ctx)
	if err != nil {
		return creds, &credentialsError{session: p.session, err: err}
	}
	return creds, nil
}

// credentialsError is a failure to get credentials at all.
type credentialsError struct {
	session *session
	err     error
}

func (e *credentialsError) Error() string { return "getting credentials: " + e.err.Error() }
func (e *credentialsError) Unwrap() error { return e.err }

// profileOf is the profile that a configuration was loaded from; "" where the
// shared files had no say or it is the default one.
func profileOf(cfg sdk.Config) string {
	shared, ok := sharedConfig(cfg)
	if !ok || shared.Profile == "default" {
		return ""
	}
	return shared.Profile
}

func sharedConfig(cfg sdk.Config) (config.SharedConfig, bool) {
	for _, source := range cfg.ConfigSources {
		if shared, ok := source.(config.SharedConfig); ok {
			return shared, true
		}
	}
	return config.SharedConfig{}, false
}

// loginCommand is how to renew the sign-in of a profile that has one.
func loginCommand(cfg sdk.Config) string {
	shared, _ := sharedConfig(cfg)
	switch {
	case usesSSO(&shared):
		return model.Program{}.Login(profileOf(cfg), "sso", "login")
	case shared.LoginSession != "":
		return model.Program{}.Login(profileOf(cfg), "login")
	}
	return ""
}

// usesSSO reports whether a profile, or one that it takes its credentials from,
// signs in through IAM Identity Center.
func usesSSO(shared *config.SharedConfig) bool {
	for range 8 { // the SDK itself refuses longer chains and loops
		if shared == nil {
			return false
		}
		if shared.SSOSessionName != "" || shared.SSOStartURL != "" {
			return true
		}
		shared = shared.Source
	}
	return false
}
