package emulator_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/internal/evidence"
)

// target is a server under test and the SDK's clients for it.
type target struct {
	name string
	url  string
	s3   *s3.Client
	ddb  *dynamodb.Client
	kms  *kms.Client
	sts  *sts.Client
}

func newTarget(name, url string) *target {
	return regionalTarget(name, url, "us-east-1")
}

func regionalTarget(name, url, region string) *target {
	cfg := aws.Config{
		Region:           region,
		BaseEndpoint:     aws.String(url),
		Credentials:      credentials.NewStaticCredentialsProvider("test", "test", ""),
		Logger:           logging.Nop{},
		RetryMaxAttempts: 1,
	}
	if name == "moto" {
		// moto closes every connection behind its answer; reusing one would race with that.
		cfg.HTTPClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	}
	return &target{
		name: name, url: url,
		s3:  s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }),
		ddb: dynamodb.NewFromConfig(cfg),
		kms: kms.NewFromConfig(cfg),
		sts: sts.NewFromConfig(cfg),
	}
}

func TestMain(m *testing.M) { os.Exit(evidence.Main(m)) }

// TestConformance runs each case against the emulator and against moto: what
// both show is more than our own opinion of AWS.
func TestConformance(t *testing.T) {
	moto := &evidence.Moto{}
	defer moto.Stop()
	for _, cases := range []map[string]func(*testing.T, *target){writeCases(), deleteCases(), versionCases(), undoCases(), historyPageCases(), listCases(), objectCases(), headerCases(), attributeCases(), configCases(), accountCases(), lockTableCases(), tableCases(), settingCases(), keyCases()} {
		for name, run := range cases {
			t.Run(name, func(t *testing.T) {
				t.Run("emulator", func(t *testing.T) { run(t, startEmulator(t, emulator.Options{})) })
				t.Run("moto", func(t *testing.T) { run(t, newTarget("moto", moto.Fresh(t))) })
			})
		}
	}
}

func startEmulator(t *testing.T, o emulator.Options) *target {
	t.Helper()
	_, tg := startServer(t, o)
	return tg
}

func startServer(t *testing.T, o emulator.Options) (*emulator.Server, *target) {
	t.Helper()
	s, err := emulator.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, newTarget("emulator", s.URL())
}

// unique is a name that no other case uses, since moto serves them all.
func unique(t *testing.T) string {
	sum := sha256.Sum256([]byte(t.Name()))
	return "tf-" + hex.EncodeToString(sum[:8])
}

// errorCode is the code and status of an API error, "" and 0 for none.
func errorCode(err error) (string, int) {
	code, status := "", 0
	var api smithy.APIError
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	var resp *smithyhttp.ResponseError
	if errors.As(err, &resp) && resp.Response != nil {
		status = resp.Response.StatusCode
	}
	return code, status
}

// wantError fails unless err has one of the codes.
func wantError(t *testing.T, err error, codes ...string) {
	t.Helper()
	got, status := errorCode(err)
	for _, want := range codes {
		if got == want {
			return
		}
	}
	t.Fatalf("got %q (status %d, %v), want one of %q", got, status, err, codes)
}

// wantStatus fails unless err is an answer with that status.
func wantStatus(t *testing.T, err error, want int) {
	t.Helper()
	if code, got := errorCode(err); got != want {
		t.Fatalf("got status %d %s (%v), want %d", got, code, err, want)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

// answerHeader is the header of the answer that an error came with.
func answerHeader(t *testing.T, err error) http.Header {
	t.Helper()
	var resp *smithyhttp.ResponseError
	if !errors.As(err, &resp) {
		t.Fatalf("no answer in %v", err)
	}
	return resp.Response.Header
}
