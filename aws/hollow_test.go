package aws_test

import (
	"iter"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/model"
)

// hollow answers everything with documents that have nothing, or nothing but
// empty members, in them.
func hollow(t *testing.T, json, xml string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") != "" {
			w.Header().Set("Content-Type", "application/x-amz-json-1.0")
			_, _ = w.Write([]byte(json)) // the client may be gone
			return
		}
		w.Header().Set("Content-Type", "application/xml")
		_, _ = w.Write([]byte(xml)) // as above
	}))
	t.Cleanup(server.Close)
	return server.URL
}

const (
	hollowJSON = `{"KeyMetadata":{"MultiRegionConfiguration":{}},"Table":{"SSEDescription":{},"KeySchema":[{}],"BillingModeSummary":{}},"Item":{},"Items":[{},{"LockID":{"NULL":true}}],
		"TableNames":["t"],"Aliases":[{}],"Rotations":[{}],"ContinuousBackupsDescription":{},"TimeToLiveDescription":{}}`
	hollowXML = `<Answer><Version/><DeleteMarker/><Contents/><Rule/><Rule><Filter/><Destination/><ApplyServerSideEncryptionByDefault/><NoncurrentVersionExpiration/></Rule>
		<Owner/><AccessControlList><Grant/><Grant><Grantee/></Grant></AccessControlList><TagSet><Tag/></TagSet><Buckets><Bucket/></Buckets><Upload/><LoggingEnabled/><Status/>
		<AssumeRoleResult/><GetCallerIdentityResult/></Answer>`
)

// What is absent of an answer is absent, and no fault of the program.
func TestAnAnswerWithNothingInItIsNoFault(t *testing.T) {
	b := model.Backend{Bucket: "acme-tfstate", Tables: []string{"t"}, Declared: []model.Mechanism{model.MechanismDynamoDB, model.MechanismLockfile}}
	const key = "app/terraform.tfstate"
	for what, read := range map[string]func(*testing.T, *aws.Client){
		"backend":    func(t *testing.T, c *aws.Client) { c.BackendFacts(t.Context(), b) },
		"backends":   func(t *testing.T, c *aws.Client) { drain(c.Backends(t.Context())) },
		"buckets":    func(t *testing.T, c *aws.Client) { drain(c.Buckets(t.Context())) },
		"states":     func(t *testing.T, c *aws.Client) { drain(c.States(t.Context(), b, model.StateQuery{Deleted: true})) },
		"versions":   func(t *testing.T, c *aws.Client) { drain(c.Versions(t.Context(), b, "")) },
		"past":       func(t *testing.T, c *aws.Client) { c.HistoryFacts(t.Context(), b, key, time.Time{}) },
		"state":      func(t *testing.T, c *aws.Client) { c.ListedFacts(t.Context(), b, model.State{Key: key}) },
		"locks":      func(t *testing.T, c *aws.Client) { c.Locks(t.Context(), b); c.LocksOf(t.Context(), b, key) },
		"health":     func(t *testing.T, c *aws.Client) { model.Diagnose(c.Health(t.Context(), b)) },
		"keys":       func(t *testing.T, c *aws.Client) { drain(c.Keys(t.Context(), b)) },
		"encryption": func(t *testing.T, c *aws.Client) { drain(c.StateEncryption(t.Context(), b, key)) },
		"identity":   func(t *testing.T, c *aws.Client) { _, _ = c.Identity(t.Context()) },
		"restore":    func(t *testing.T, c *aws.Client) { _, _ = c.PlanRestore(t.Context(), b, "", model.RestoreRequest{}) },
		"repair": func(t *testing.T, c *aws.Client) {
			_, _ = c.PlanRepair(t.Context(), b, key, model.RepairRequest{To: model.RepairToBytes})
		},
		"recover": func(t *testing.T, c *aws.Client) { _, _ = c.PlanRecover(t.Context(), b, key, "") },
		"unlock":  func(t *testing.T, c *aws.Client) { _, _ = c.PlanUnlock(t.Context(), b, key, model.UnlockRequest{}) },
	} {
		for how, answer := range map[string][2]string{"nothing": {"{}", "<Answer/>"}, "empty members": {hollowJSON, hollowXML}} {
			t.Run(what+" of "+how, func(t *testing.T) {
				c := (&site{t: t, url: hollow(t, answer[0], answer[1])}).client(func(o *aws.Options) { o.Timeout = 5 * time.Second })
				if err := aws.Guarded(func() error { read(t, c); return nil }); err != nil {
					t.Errorf("%v\n%s", err, err.(*aws.Crash).Stack) //nolint:errorlint // the function above returns no other
				}
			})
		}
	}
}

func drain[T any](seq iter.Seq2[T, error]) {
	for _, err := range seq {
		_ = err // only that it ends matters
	}
}
