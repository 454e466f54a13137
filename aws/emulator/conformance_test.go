package emulator_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

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

// moto is the one moto_server of a test and its subtests.
type moto struct {
	t    *testing.T // whose end stops the server
	once sync.Once
	url  string
	err  error
}

// target starts moto_server once, or says loudly that it cannot.
func (m *moto) target(t *testing.T) *target {
	t.Helper()
	m.once.Do(func() {
		var stop func()
		m.url, stop, m.err = startMoto()
		m.t.Cleanup(stop)
	})
	if m.err == nil {
		return newTarget("moto", m.url)
	}
	if os.Getenv("STATEWARD_REQUIRE_MOTO") == "1" {
		t.Fatalf("STATEWARD_REQUIRE_MOTO=1: %v", m.err)
	}
	t.Skipf("NOT CHECKED AGAINST MOTO: %v", m.err)
	return nil
}

func startMoto() (string, func(), error) {
	path, err := exec.LookPath("moto_server")
	if err != nil {
		return "", func() {}, fmt.Errorf("moto_server: %w", err)
	}
	addr, err := freeAddress()
	if err != nil {
		return "", func() {}, err
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", func() {}, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, "-H", host, "-p", port)
	if err := cmd.Start(); err != nil {
		cancel()
		return "", func() {}, err
	}
	stop := func() {
		cancel()
		_ = cmd.Wait() // killed: the error says so
	}
	return "http://" + addr, stop, waitFor(addr)
}

func freeAddress() (string, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// waitFor tries to connect until it works or 30 s are over.
func waitFor(addr string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("moto_server did not open %s: %w", addr, err)
		case <-tick.C:
		}
	}
}

// TestConformance runs each case against the emulator and against moto: what
// both show is more than our own opinion of AWS.
func TestConformance(t *testing.T) {
	other := &moto{t: t}
	for _, cases := range []map[string]func(*testing.T, *target){writeCases(), deleteCases(), versionCases(), undoCases(), historyPageCases(), listCases(), objectCases(), headerCases(), attributeCases(), configCases(), accountCases(), lockTableCases(), tableCases(), settingCases(), keyCases()} {
		for name, run := range cases {
			t.Run(name, func(t *testing.T) {
				t.Run("emulator", func(t *testing.T) { run(t, startEmulator(t, emulator.Options{})) })
				t.Run("moto", func(t *testing.T) { run(t, other.target(t)) })
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
