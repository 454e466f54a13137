package aws_test

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// alone shields a test from the machine's own AWS configuration and returns an
// empty home.
func alone(t *testing.T) string {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, value, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, value) // so that it is put back
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	// The SDK settles where the shared files are when the program starts.
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(home, ".aws", "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(home, ".aws", "credentials"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	return home
}

func envKeys(t *testing.T) {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "demo")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "demo")
}

func write(t *testing.T, text string, path ...string) {
	t.Helper()
	name := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// plain are options that use the machine's configuration.
func plain(o aws.Options) *aws.Client {
	o.Timeout = 10 * time.Second
	o.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return aws.New(o)
}

func TestRequestsGoToTheEndpointThatIsNamedMostClosely(t *testing.T) {
	for name, c := range map[string]struct {
		env     map[string]string // to the right server by its value "right", to a wrong one by "wrong"
		options func(o *aws.Options, right, wrong string)
		access  func(right, wrong string) map[string]string
	}{
		"the variable of all services":   {env: map[string]string{"AWS_ENDPOINT_URL": "right"}},
		"the variables of the services":  {env: map[string]string{"AWS_ENDPOINT_URL": "wrong", "AWS_ENDPOINT_URL_S3": "right", "AWS_ENDPOINT_URL_DYNAMODB": "right"}},
		"the backend over the variables": {env: map[string]string{"AWS_ENDPOINT_URL": "wrong"}, access: func(right, _ string) map[string]string { return map[string]string{"s3": right, "dynamodb": right} }},
		"the backend for S3 alone":       {env: map[string]string{"AWS_ENDPOINT_URL": "right", "AWS_ENDPOINT_URL_S3": "wrong"}, access: func(right, _ string) map[string]string { return map[string]string{"s3": right} }},
		"the flag over everything":       {env: map[string]string{"AWS_ENDPOINT_URL": "wrong"}, options: func(o *aws.Options, right, _ string) { o.EndpointURL = right }, access: func(_, wrong string) map[string]string { return map[string]string{"s3": wrong} }},
		"fixed keys without any variable": {env: map[string]string{"AWS_ENDPOINT_URL": "wrong", "AWS_PROFILE": "nowhere", "AWS_REGION": "xx"}, options: func(o *aws.Options, right, _ string) {
			o.EndpointURL, o.Static = right, &aws.StaticCredentials{AccessKeyID: "test", SecretAccessKey: "test"}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			alone(t)
			envKeys(t)
			s, wrong := newSiteOf(t), newSiteOf(t)
			b := s.bucket("acme-tfstate", "")
			s.table("acme-locks", "LockID")
			s.put(b.Bucket, "k.tfstate", stateV4)
			s.row("acme-locks", "acme-tfstate/k.tfstate", map[string]string{"Info": s.lockInfo("one", "")})
			for variable, value := range c.env {
				t.Setenv(variable, strings.NewReplacer("right", s.url, "wrong", wrong.url).Replace(value))
			}
			o := aws.Options{}
			if c.options != nil {
				c.options(&o, s.url, wrong.url)
			}
			if c.access != nil {
				b.Access.Endpoints = c.access(s.url, wrong.url)
			}
			r := plain(o).LocksOf(t.Context(), b, "k.tfstate")
			if len(r.Locks) != 1 || len(r.Problems) > 0 || len(wrong.operations()) > 0 {
				t.Errorf("locks %v, problems %v, the wrong server was asked for %v", r.Locks, r.Problems, wrong.operations())
			}
		})
	}
}

func TestFixedKeysNeverReachAWS(t *testing.T) {
	alone(t)
	c := plain(aws.Options{Static: &aws.StaticCredentials{AccessKeyID: "test", SecretAccessKey: "test"}})
	if _, err := c.Identity(t.Context()); !errors.Is(err, model.ErrInvalid) {
		t.Errorf("identity: %v", err)
	}
	if reason := c.BackendFacts(t.Context(), model.Backend{Bucket: "acme"}).Region.Reason(); !strings.Contains(reason, "not valid") {
		t.Errorf("region: %q", reason)
	}
}

func TestMissingCredentialsSayWhatToDo(t *testing.T) {
	const sso = "[profile oncall]\nsso_session = acme\nsso_account_id = 123456789012\nsso_role_name = ops\nregion = eu-west-1\n[sso-session acme]\nsso_region = eu-west-1\nsso_start_url = https://acme.awsapps.com/start\n"
	const legacy = "[profile oncall]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = eu-west-1\nsso_account_id = 123456789012\nsso_role_name = ops\n"
	const chained = sso + "[profile prod]\nsource_profile = oncall\nrole_arn = arn:aws:iam::123456789012:role/prod\n"
	const expired = `{"accessToken":"x","expiresAt":"2020-01-01T00:00:00Z"}`
	for name, c := range map[string]struct {
		config, profile string
		token           string // what the cached sign-in is named after
		access          model.Access
		env             bool
		want            model.Sentinel
		next            string
	}{
		"nothing configured":                {want: model.ErrNoIdentity, next: "--profile"},
		"a profile that is not there":       {profile: "nowhere", want: model.ErrNoIdentity, next: "There is no profile nowhere"},
		"never signed in":                   {config: sso, profile: "oncall", want: model.ErrNoIdentity, next: "Log in with: aws sso login --profile oncall"},
		"a sign-in that expired":            {config: sso, profile: "oncall", token: "acme", want: model.ErrExpired, next: "Log in again with: aws sso login --profile oncall"},
		"an old sign-in that expired":       {config: legacy, profile: "oncall", token: "https://acme.awsapps.com/start", want: model.ErrExpired, next: "Log in again with: aws sso login --profile oncall"},
		"a sign-in behind a role":           {config: chained, profile: "prod", token: "acme", want: model.ErrExpired, next: "Log in again with: aws sso login --profile prod"},
		"a backend's own profile":           {config: sso, access: model.Access{Profile: "oncall"}, token: "acme", want: model.ErrExpired, next: "aws sso login --profile oncall"},
		"a role that asks for an MFA code":  {env: true, access: model.Access{RoleARN: "arn:aws:iam::123456789012:role/ops", MFASerial: "arn:aws:iam::123456789012:mfa/erin"}, want: model.ErrNoIdentity, next: "mfa/erin"},
		"a profile that asks for MFA":       {config: "[profile ops]\nrole_arn = arn:aws:iam::123456789012:role/ops\nmfa_serial = arn:aws:iam::123456789012:mfa/erin\ncredential_source = Environment\n", env: true, profile: "ops", want: model.ErrNoIdentity, next: "MFA"},
		"a shared file that cannot be read": {config: "[profile oncall]\nsso_session = nowhere\n", profile: "oncall", want: model.ErrNoIdentity, next: "Check the shared configuration"},
	} {
		t.Run(name, func(t *testing.T) {
			home := alone(t)
			write(t, c.config, home, ".aws", "config")
			if c.token != "" {
				write(t, expired, home, ".aws", "sso", "cache", sha1Hex(c.token)+".json")
			}
			if c.env {
				envKeys(t)
			}
			s := newSiteOf(t)
			client := plain(aws.Options{Profile: c.profile, EndpointURL: s.url})
			var got error
			for _, err := range client.Versions(t.Context(), model.Backend{Bucket: "acme-tfstate", Access: c.access}, "k") {
				got = err
			}
			var f *model.Failure
			if !errors.As(got, &f) || f.Kind != c.want || !strings.Contains(model.Hint{Text: f.Next, Command: f.Command}.String(), c.next) {
				t.Errorf("%v; want %s, next %q", got, c.want, c.next)
			}
			if sent := s.operations(); len(sent) > 0 {
				t.Errorf("sent %v", sent)
			}
		})
	}
}

func TestCredentialsThatTheServiceRefusesSayWhatToDo(t *testing.T) {
	for name, c := range map[string]struct {
		code   string
		status int
		want   model.Sentinel
		next   string
	}{
		"an expired token":  {code: "ExpiredToken", status: 400, want: model.ErrExpired, next: "profile oncall"},
		"an unknown key id": {code: "InvalidAccessKeyId", status: 403, want: model.ErrDenied, next: "does not accept these credentials"},
		"a wrong clock":     {code: "RequestTimeTooSkewed", status: 403, want: model.ErrDenied, next: "clock"},
	} {
		t.Run(name, func(t *testing.T) {
			home := alone(t)
			write(t, "[oncall]\naws_access_key_id = demo\naws_secret_access_key = demo\n", home, ".aws", "credentials")
			s := newSiteOf(t)
			s.emulator.OnRequest(func(emulator.Request) *emulator.Fault { return &emulator.Fault{Status: c.status, Code: c.code} })
			client := plain(aws.Options{Profile: "oncall", EndpointURL: s.url})
			for _, err := range client.Versions(t.Context(), model.Backend{Bucket: "acme-tfstate"}, "k") {
				var f *model.Failure
				if !errors.As(err, &f) || f.Kind != c.want || !strings.Contains(f.Next, c.next) {
					t.Errorf("%v; want %s, next %q", err, c.want, c.next)
				}
			}
		})
	}
}

func TestARoleIsAssumedOnceAndSignsTheRequests(t *testing.T) {
	alone(t)
	envKeys(t)
	s := newSiteOf(t)
	b := s.bucket("acme-tfstate", "")
	b.Access = model.Access{RoleARN: "arn:aws:iam::123456789012:role/ops", ExternalID: "ext", MFASerial: "arn:aws:iam::123456789012:mfa/erin"}
	c := plain(aws.Options{EndpointURL: s.url, ReadOnly: true}) // signing in is no change
	asked := ""
	c.AskMFA(func(serial string) (string, error) { asked = serial; return "123456", nil })
	s.emulator.ResetLog()
	f := c.BackendFacts(t.Context(), b)
	if !f.Versioning.IsKnown() || asked != b.Access.MFASerial {
		t.Errorf("versioning %v; asked for %q", f.Versioning, asked)
	}
	assumed := 0
	for _, r := range s.emulator.Requests() {
		if r.Operation == "AssumeRole" {
			assumed++
			form, err := url.ParseQuery(string(r.Body))
			if err != nil || form.Get("ExternalId") != "ext" || form.Get("TokenCode") != "123456" || form.Get("RoleArn") != b.Access.RoleARN {
				t.Errorf("assumed with %v", form)
			}
		} else if strings.Contains(r.Header.Get("Authorization"), "Credential=demo/") {
			t.Errorf("%s is not signed by the role", r.Operation)
		}
	}
	if assumed != 1 {
		t.Errorf("assumed %d times", assumed)
	}
}

func TestARoleThatCannotBeAssumedNamesTheAction(t *testing.T) {
	alone(t)
	envKeys(t)
	s := newSiteOf(t)
	b := s.bucket("acme-tfstate", "")
	b.Access.RoleARN = "arn:aws:iam::123456789012:role/ops"
	s.emulator.Deny("sts:AssumeRole")
	f := plain(aws.Options{EndpointURL: s.url}).BackendFacts(t.Context(), b)
	if got := f.Versioning.Reason(); got != "AccessDenied sts:AssumeRole" {
		t.Errorf("versioning unknown because %q", got)
	}
}

func TestACertificateAuthorityFromTheEnvironmentIsTrusted(t *testing.T) {
	home := alone(t)
	envKeys(t)
	backend := emulator.New(emulator.Options{})
	server := httptest.NewUnstartedServer(backend.Handler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // a refused handshake is what the test wants
	server.StartTLS()
	defer server.Close()
	write(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})), home, "ca.pem")
	o := aws.Options{EndpointURL: server.URL}
	if _, err := plain(o).Identity(t.Context()); !errors.Is(err, model.ErrUnreachable) {
		t.Errorf("without it: %v", err)
	}
	t.Setenv("AWS_CA_BUNDLE", filepath.Join(home, "ca.pem"))
	if id, err := plain(o).Identity(t.Context()); err != nil || id.Account == "" {
		t.Errorf("with it: %+v, %v", id, err)
	}
}

func TestTheProfileAndItsRegionAreTold(t *testing.T) {
	home := alone(t)
	write(t, "[profile oncall]\nregion = eu-west-1\naws_access_key_id = demo\naws_secret_access_key = demo\n", home, ".aws", "config")
	s := newSiteOf(t)
	t.Setenv("AWS_PROFILE", "oncall")
	id, err := plain(aws.Options{EndpointURL: s.url}).Identity(t.Context())
	if err != nil || id.Profile != "oncall" || id.Region != "eu-west-1" {
		t.Errorf("identity %+v, %v", id, err)
	}
	s.emulator.OnRequest(func(emulator.Request) *emulator.Fault { return &emulator.Fault{Status: 403, Code: "AccessDenied"} })
	id, err = plain(aws.Options{EndpointURL: s.url}).Identity(t.Context())
	if !errors.Is(err, model.ErrDenied) || id.Profile != "oncall" || id.Region != "eu-west-1" || id.Account != "" {
		t.Errorf("without STS: identity %+v, %v", id, err)
	}
}
