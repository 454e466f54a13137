package emulator_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/stateward/stateward/aws/emulator"
)

// faultOn returns the fault for the named operation and none for others.
func faultOn(operation string, f emulator.Fault) func(emulator.Request) *emulator.Fault {
	return func(r emulator.Request) *emulator.Fault {
		if r.Operation != operation {
			return nil
		}
		return &f
	}
}

func TestFaultsInsteadOfTheEffect(t *testing.T) {
	for name, c := range map[string]struct {
		fault emulator.Fault
		code  string
		after bool // the object is there afterwards
	}{
		"an error in S3's format":          {fault: emulator.Fault{Status: 503, Code: "SlowDown", Message: "Please reduce your request rate."}, code: "SlowDown"},
		"an error after the effect":        {fault: emulator.Fault{Status: 500, Code: "InternalError", AfterEffect: true}, code: "InternalError", after: true},
		"a reset before the effect":        {fault: emulator.Fault{Reset: true}},
		"a reset after the effect":         {fault: emulator.Fault{Reset: true, AfterEffect: true}, after: true},
		"a conflict of conditional writes": {fault: emulator.Fault{Status: 409, Code: "ConditionalRequestConflict"}, code: "ConditionalRequestConflict"},
	} {
		t.Run(name, func(t *testing.T) {
			s, tg := startServer(t, emulator.Options{})
			b := newStore(t, tg, true)
			s.OnRequest(faultOn("PutObject", c.fault))
			_, err := b.put(stateKey, "x")
			if err == nil {
				t.Fatal("no error")
			}
			if code, _ := errorCode(err); c.code != "" {
				equal(t, "code", code, c.code)
			}
			s.OnRequest(nil)
			_, err = b.get(stateKey, "")
			equal(t, "stored", err == nil, c.after)
		})
	}
}

func TestFaultsSpeakEachService(t *testing.T) {
	s, tg := startServer(t, emulator.Options{})
	r := newRows(t, tg)
	s.OnRequest(func(emulator.Request) *emulator.Fault {
		return &emulator.Fault{Status: 400, Code: "ThrottlingException", Message: "Rate exceeded"}
	})
	wantError(t, r.put(values{"LockID": str("a")}, "", nil), "ThrottlingException")
	_, err := tg.kms.ListKeys(t.Context(), nil)
	wantError(t, err, "ThrottlingException")
	_, err = tg.sts.GetCallerIdentity(t.Context(), nil)
	wantError(t, err, "ThrottlingException")
}

func TestAHangEndsWithTheClient(t *testing.T) {
	for name, after := range map[string]bool{"before the effect": false, "after the effect": true} {
		t.Run(name, func(t *testing.T) {
			s, tg := startServer(t, emulator.Options{})
			b := newStore(t, tg, true)
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			fault := emulator.Fault{Hang: true, AfterEffect: after, Before: leave}
			if after {
				fault.Before, fault.After = nil, leave
			}
			s.OnRequest(faultOn("PutObject", fault))
			in := &s3.PutObjectInput{Bucket: &b.bucket, Key: aws.String(stateKey)}
			_, err := tg.s3.PutObject(ctx, in)
			equal(t, "error", err != nil && ctx.Err() != nil, true)
			_, err = b.get(stateKey, "")
			equal(t, "stored", err == nil, after)
		})
	}
}

func TestAHangEndsWithTheServer(t *testing.T) {
	s, tg := startServer(t, emulator.Options{})
	arrived := make(chan struct{})
	s.OnRequest(func(emulator.Request) *emulator.Fault {
		close(arrived)
		return &emulator.Fault{Hang: true}
	})
	done := make(chan error, 1)
	go func() {
		_, err := tg.sts.GetCallerIdentity(t.Context(), nil)
		done <- err
	}()
	<-arrived
	check(t, s.Close())
	equal(t, "error", <-done != nil, true)
}

func TestDamagedAnswersAreNoticed(t *testing.T) {
	for name, fault := range map[string]emulator.Fault{
		"cut in half":    {Truncate: true},
		"a byte flipped": {CorruptChecksum: true},
	} {
		t.Run(name, func(t *testing.T) {
			s, tg := startServer(t, emulator.Options{})
			b := newStore(t, tg, true)
			b.mustPut(stateKey, "0123456789", func(in *s3.PutObjectInput) { in.ChecksumAlgorithm = types.ChecksumAlgorithmSha256 })
			s.OnRequest(faultOn("GetObject", fault))
			body, err := b.get(stateKey, "")
			if err == nil {
				t.Fatalf("read %q without an error", body)
			}
		})
	}
}

func TestAJSONAnswerIsCutInHalf(t *testing.T) {
	s, tg := startServer(t, emulator.Options{})
	r := newRows(t, tg)
	s.OnRequest(faultOn("DescribeTable", emulator.Fault{Truncate: true}))
	if _, err := describe(t, r); err == nil {
		t.Fatal("half an answer went unnoticed")
	}
}

func TestACorruptHeadTellsAnotherChecksum(t *testing.T) {
	s, tg := startServer(t, emulator.Options{})
	b := newStore(t, tg, true)
	b.mustPut(stateKey, "x", func(in *s3.PutObjectInput) { in.ChecksumAlgorithm = types.ChecksumAlgorithmSha256 })
	right, err := b.head(stateKey, "")
	check(t, err)
	s.OnRequest(faultOn("HeadObject", emulator.Fault{CorruptChecksum: true}))
	wrong, err := b.head(stateKey, "")
	check(t, err)
	equal(t, "same", aws.ToString(right.ChecksumSHA256) == aws.ToString(wrong.ChecksumSHA256), false)
}

func TestBeforeAndAfterMayCallTheServer(t *testing.T) {
	s, tg := startServer(t, emulator.Options{})
	b := newStore(t, tg, true)
	etag, _ := b.mustPut(lockKey, "mine")
	var busy atomic.Bool
	s.OnRequest(func(r emulator.Request) *emulator.Fault {
		if r.Operation != "DeleteObject" || !busy.CompareAndSwap(false, true) {
			return nil
		}
		return &emulator.Fault{
			Before: func() { b.mustPut(lockKey, "theirs") },
			After:  func() { b.wantBody(lockKey, "", "theirs") },
		}
	})
	_, err := b.delete(lockKey, "", etag)
	wantStatus(t, err, 412)
	b.wantBody(lockKey, "", "theirs")
}

func TestDelayIsAdded(t *testing.T) {
	s, tg := startServer(t, emulator.Options{})
	s.OnRequest(func(emulator.Request) *emulator.Fault { return &emulator.Fault{Delay: 30 * time.Millisecond} })
	began := time.Now()
	_, err := tg.sts.GetCallerIdentity(t.Context(), nil)
	check(t, err)
	if took := time.Since(began); took < 30*time.Millisecond {
		t.Fatalf("answered after %v", took)
	}
}

func TestTheLogTellsWhatWasAsked(t *testing.T) {
	s, tg := startServer(t, emulator.Options{})
	b := newStore(t, tg, true)
	r := newRows(t, tg)
	s.ResetLog()
	b.mustPut(stateKey, "hello", ifNoneMatch)
	_, err := b.put(stateKey, "again", ifNoneMatch)
	wantStatus(t, err, 412)
	r.mustPut(values{"LockID": str("a")})
	r.get("a")
	_, err = tg.sts.GetCallerIdentity(t.Context(), nil)
	check(t, err)
	got := ""
	for _, q := range s.Requests() {
		got += fmt.Sprintf("%d %s.%s %s%s%s mutates=%v %d\n", q.Seq, q.Service, q.Operation, q.Bucket, q.Key, q.Table, q.Mutates, q.Status)
	}
	want := fmt.Sprintf(`1 s3.PutObject %[1]s%[2]s mutates=true 200
2 s3.PutObject %[1]s%[2]s mutates=true 412
3 dynamodb.PutItem %[1]s mutates=true 200
4 dynamodb.GetItem %[1]s mutates=false 200
5 sts.GetCallerIdentity  mutates=false 200
`, b.bucket, stateKey)
	equal(t, "log", got, want)
	first := s.Requests()[0]
	equal(t, "body", string(first.Body), "hello")
	equal(t, "header", first.Header.Get("If-None-Match"), "*")
}

func TestEveryAnswerHasADateAndAnID(t *testing.T) {
	s, _ := startServer(t, emulator.Options{Clock: t0})
	for name, target := range map[string]string{"a listing": "/", "an error": "/nope/key", "something unknown": "/nope?torrents"} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+target, nil)
			check(t, err)
			resp, err := http.DefaultClient.Do(req)
			check(t, err)
			_, err = io.Copy(io.Discard, resp.Body)
			check(t, err)
			check(t, resp.Body.Close())
			equal(t, "Date", resp.Header.Get("Date"), "Sun, 01 Mar 2026 12:00:00 GMT")
			equal(t, "request id", len(resp.Header.Get("X-Amz-Request-Id")), 16)
		})
	}
}
