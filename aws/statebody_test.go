package aws_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

// The pages read whole states through an interface of their own.
var _ interface {
	StateBody(ctx context.Context, b model.Backend, key, versionID string, progress func(read, total int64)) (*model.StateDocument, error)
	RecordReveal(ctx context.Context, b model.Backend, key, versionID, what string) error
} = (*aws.Client)(nil)

// secretState is a state of about size bytes with one sensitive output.
func secretState(secret string, size int) string {
	return fmt.Sprintf(`{"version":4,"serial":1,"lineage":"l","outputs":{"copy":{"value":"%s","type":"string"},"secret":{"value":%q,"type":"string","sensitive":true}},"resources":[]}`,
		strings.Repeat("open ", size/5), secret)
}

func gets(s *site) int {
	return len(slices.DeleteFunc(s.operations(), func(op string) bool { return op != "GetObject" }))
}

func TestAVersionIsReadOnceAndTheCurrentOneAlways(t *testing.T) {
	everyTarget(t, func(t *testing.T, s *site) {
		b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
		old := s.put(b.Bucket, "k", secretState("hunter-old", 10))
		now := s.put(b.Bucket, "k", secretState("hunter-now", 10))
		c := s.client()
		read := func(version string) *model.StateDocument {
			t.Helper()
			doc, err := c.StateBody(t.Context(), b, "k", version, nil)
			if err != nil {
				t.Fatal(err)
			}
			return doc
		}
		current := read("")
		if current.VersionID != now || string(current.Body) != secretState("hunter-now", 10) || len(current.Index.Outputs) != 2 {
			t.Fatalf("read version %s", current.VersionID)
		}
		if !current.Secrets.Hides("hunter-now") || current.Secrets.Hides("hunter-old") {
			t.Error("the secrets are not those of the version")
		}
		before := read(old)
		if !before.Secrets.Hides("hunter-now") || !before.Secrets.Hides("hunter-old") {
			t.Error("the secrets of the other version of this state are forgotten")
		}
		if current.Secrets.Hides("hunter-old") {
			t.Error("a set that was handed out has changed: another goroutine may be reading it")
		}
		if again := read(now); &again.Body[0] != &current.Body[0] || !again.Secrets.Hides("hunter-old") {
			t.Error("a version that was read is read again, or without what was learned since")
		}
		newest := s.put(b.Bucket, "k", secretState("hunter-newest", 10))
		if doc := read(""); doc.VersionID != newest || !doc.Secrets.Hides("hunter-now") {
			t.Errorf("the current version is %s, not %s", doc.VersionID, newest)
		}
		if s.emulator != nil && gets(s) != 3 {
			t.Errorf("%d reads, not 3", gets(s))
		}
	})
}

func TestAnUnversionedStateIsNeverTakenFromMemory(t *testing.T) {
	s := newSite(t, emulator.Options{})
	b := s.bucket("acme-tfstate", "")
	c := s.client()
	for _, secret := range []string{"hunter-one", "hunter-two"} {
		s.put(b.Bucket, "k", secretState(secret, 10))
		doc, err := c.StateBody(t.Context(), b, "k", "", nil)
		if err != nil || !strings.Contains(string(doc.Body), secret) {
			t.Fatalf("%v, %+v", err, doc)
		}
	}
}

func TestReadingAStateTellsHowFarItIs(t *testing.T) {
	s := newSite(t, emulator.Options{})
	b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
	body := secretState("hunter22", 3<<20)
	s.put(b.Bucket, "k", body)
	var reads []int64
	_, err := s.client().StateBody(t.Context(), b, "k", "", func(read, total int64) {
		if total != int64(len(body)) {
			t.Fatalf("%d of %d bytes, the state has %d", read, total, len(body))
		}
		reads = append(reads, read)
	})
	if err != nil || len(reads) < 3 || !slices.IsSorted(reads) || reads[len(reads)-1] != int64(len(body)) {
		t.Errorf("%v, told %v", err, reads)
	}
}

func TestAReadThatNobodyWaitsForEnds(t *testing.T) {
	s := newSite(t, emulator.Options{})
	b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
	s.put(b.Bucket, "k", secretState("hunter22", 3<<20))
	ctx, cancel := context.WithCancel(t.Context())
	doc, err := s.client().StateBody(ctx, b, "k", "", func(int64, int64) { cancel() })
	if doc != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", doc, err)
	}
}

func TestStatesThatCannotBeIndexedAreReadAllTheSame(t *testing.T) {
	encrypted, err := os.ReadFile("../model/testdata/states/opentofu-encrypted.tfstate")
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, emulator.Options{})
	b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
	c := s.client()
	for name, state := range map[string]struct {
		body string
		kind error
	}{
		"encrypted": {string(encrypted), model.ErrEncryptedState},
		"cut off":   {secretState("hunter22", 100)[:90], model.ErrInvalid},
		"binary":    {"tfstate\x00", model.ErrUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			s.put(b.Bucket, name, state.body)
			doc, err := c.StateBody(t.Context(), b, name, "", nil)
			if !errors.Is(err, state.kind) || doc == nil || string(doc.Body) != state.body || doc.Index.Len() != 0 {
				t.Errorf("%v, %+v", err, doc)
			}
		})
	}
}

func TestAStateThatMayNotBeReadSaysSo(t *testing.T) {
	s := newSite(t, emulator.Options{})
	b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
	id := s.put(b.Bucket, "k", secretState("hunter22", 10))
	s.emulator.Deny("s3:GetObjectVersion", "s3:GetObject")
	for version, action := range map[string]string{"": "s3:GetObject", id: "s3:GetObjectVersion"} {
		doc, err := s.client().StateBody(t.Context(), b, "k", version, nil)
		if doc != nil || !errors.Is(err, model.ErrDenied) || model.Reason(err) != "AccessDenied "+action {
			t.Errorf("%v, %v", doc, err)
		}
	}
}

func TestVersionsAreReadSideBySide(t *testing.T) {
	s := newSite(t, emulator.Options{})
	b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
	var ids []string
	for i := range 6 {
		ids = append(ids, s.put(b.Bucket, "k", secretState(fmt.Sprintf("hunter-%d", i), 1000)))
	}
	c := s.client()
	var wg sync.WaitGroup
	for i := range 24 {
		wg.Go(func() {
			doc, err := c.StateBody(t.Context(), b, "k", ids[i%len(ids)], nil)
			if err != nil || !doc.Secrets.Hides(fmt.Sprintf("hunter-%d", i%len(ids))) {
				t.Errorf("version %d: %v", i%len(ids), err)
			}
		})
	}
	wg.Wait()
	doc, err := c.StateBody(t.Context(), b, "k", ids[0], nil)
	for i := range ids {
		if err != nil || !doc.Secrets.Hides(fmt.Sprintf("hunter-%d", i)) {
			t.Errorf("secret %d is not known in the end: %v", i, err)
		}
	}
}
