package aws_test

import (
	"crypto/md5" //nolint:gosec // the header that S3 asks for
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

func TestAStateUnderACustomersKey(t *testing.T) {
	key := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	for name, c := range map[string]struct {
		variable, value string
		named           string // by the backend's configuration
		reason          string
	}{
		"without the key":                       {reason: "encrypted with a customer's key: set AWS_SSE_CUSTOMER_KEY"},
		"without the key that the config names": {named: "TEAM_KEY", reason: "encrypted with a customer's key: set TEAM_KEY"},
		"with the key":                          {variable: "AWS_SSE_CUSTOMER_KEY", value: key},
		"with the key that the config names":    {variable: "TEAM_KEY", value: key, named: "TEAM_KEY"},
		"with something that is no key":         {variable: "AWS_SSE_CUSTOMER_KEY", value: "short", reason: "not valid"},
		"with another key":                      {variable: "AWS_SSE_CUSTOMER_KEY", value: base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 32))), reason: "AccessDenied"},
	} {
		t.Run(name, func(t *testing.T) {
			alone(t)
			envKeys(t)
			s := newSiteOf(t)
			b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
			b.Write.SSECustomerKeyEnv = c.named
			sum := md5.Sum([]byte(strings.Repeat("k", 32))) //nolint:gosec // the header that S3 asks for
			_, err := s.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &b.Bucket, Key: ptr("k.tfstate"), Body: strings.NewReader(stateV4),
				SSECustomerAlgorithm: ptr("AES256"), SSECustomerKey: &key, SSECustomerKeyMD5: ptr(base64.StdEncoding.EncodeToString(sum[:]))})
			s.must(err)
			s.put(b.Bucket, "plain.tfstate", stateV4)
			if c.variable != "" {
				t.Setenv(c.variable, c.value)
			}
			client := plain(aws.Options{EndpointURL: s.url})
			f := client.StateFacts(t.Context(), b, model.State{Key: "k.tfstate"})
			if got := f.Header.Reason(); (got == "") != (c.reason == "") || !strings.Contains(got, c.reason) {
				t.Errorf("header unknown because %q, want %q", got, c.reason)
			}
			if c.reason == "" && f.Encryption.Or(model.Encryption{}).Algorithm != "SSE-C" {
				t.Errorf("encryption %+v", f.Encryption)
			}
			if c.value == key { // the same client reads states that are not under the key
				if f := client.StateFacts(t.Context(), b, model.State{Key: "plain.tfstate"}); !f.Header.IsKnown() {
					t.Errorf("a plain state: %s", f.Header.Reason())
				}
			}
		})
	}
}

func TestAKeyOutOfServiceIsNamed(t *testing.T) {
	s := newSiteOf(t)
	b := s.bucket("acme-tfstate", "")
	s.emulator.OnRequest(func(r emulator.Request) *emulator.Fault {
		if r.Operation != "GetObject" {
			return nil
		}
		return &emulator.Fault{Status: http.StatusBadRequest, Code: "KMS.DisabledException", Message: "arn:aws:kms:us-east-1:123456789012:key/1 is disabled."}
	})
	f := s.client().StateFacts(t.Context(), b, model.State{Key: "k.tfstate"})
	if got := f.Header.Reason(); got != "access denied (KMS.DisabledException)" {
		t.Errorf("header unknown because %q", got)
	}
}
