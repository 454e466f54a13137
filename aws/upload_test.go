package aws

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stateward/stateward/model"
)

type discardJournal struct{}

func (discardJournal) Record(context.Context, model.JournalEntry) error { return nil }

// uploadTo writes a large state to a store that takes it piece by piece.
func uploadTo(t *testing.T, timeout time.Duration, between func(piece int)) error {
	t.Helper()
	const piece = 1 << 20
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"e"`)
		w.Header().Set("X-Amz-Request-Id", "1")
		if r.Method != http.MethodPut {
			return
		}
		for i := 0; ; i++ {
			if _, err := io.CopyN(io.Discard, r.Body, piece); err != nil {
				return
			}
			between(i)
		}
	}))
	t.Cleanup(server.Close)
	c := New(Options{EndpointURL: server.URL, Region: "us-east-1", Static: &StaticCredentials{AccessKeyID: "test", SecretAccessKey: "test"},
		Timeout: timeout, Journal: discardJournal{}})
	ctx := withOperation(urgent(t.Context()), operation{ID: "op", Operation: model.OpRestore, State: "s3://b/k"})
	_, err := c.putObject(ctx, model.Backend{Bucket: "b"}, "k", make([]byte, 24*piece), model.ObjectWrite{}, writeCondition{absent: true})
	return err
}

func TestAnUploadThatGetsOnIsNotCut(t *testing.T) {
	for timeout := 400 * time.Millisecond; ; timeout *= 2 { // a busy machine may stop for longer than that
		began := time.Now()
		err := uploadTo(t, timeout, func(int) { time.Sleep(timeout / 8) }) // the slow line
		switch {
		case err == nil && time.Since(began) > timeout:
			return
		case timeout > 3*time.Second:
			t.Fatalf("after %s of %s: %v", time.Since(began), timeout, err)
		}
	}
}

func TestAnUploadThatStallsIsGivenUp(t *testing.T) {
	over := make(chan struct{})
	err := uploadTo(t, 300*time.Millisecond, func(int) { <-over })
	close(over)
	if !errors.Is(err, model.ErrTimeout) {
		t.Errorf("got %v", err)
	}
}
