package aws_test

import (
	"crypto/md5" //nolint:gosec // the header that S3 asks for
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/model"
)

// encryptionOf is the last that a client tells of a state's encryption.
func encryptionOf(t *testing.T, c *aws.Client, b model.Backend, key string) (model.StateEncryption, error) {
	t.Helper()
	var last model.StateEncryption
	var failed error
	for s, err := range c.StateEncryption(t.Context(), b, key) {
		if err != nil {
			failed = err
			continue
		}
		last = s
	}
	return last, failed
}

// shortOf is an encryption in a word, with its key by name.
func shortOf(s model.StateEncryption, f model.Fact[model.Encryption]) string {
	e, ok := f.Get()
	if !ok {
		return "? " + f.Reason()
	}
	word := e.Algorithm
	if e.KMSKeyID != "" {
		word += "/" + s.KeyName(e.KMSKeyID)
	}
	if e.BucketKey {
		word += "+bucketkey"
	}
	return word
}

func versionsOf(s model.StateEncryption) string {
	var all []string
	for _, v := range s.Versions {
		all = append(all, shortOf(s, v.Encryption))
	}
	return strings.Join(all, " ")
}

const openTofuState = `{"serial":3,"lineage":"5f0c1a52-6a1e-4b0e-8f7d-0c6a3d2e1b90","meta":{"key_provider.pbkdf2.k":"e30="},"encrypted_data":"AAAA","encryption_version":"v0"}`

func TestHowAStateIsEncrypted(t *testing.T) {
	everyTarget(t, func(t *testing.T, s *site) {
		v := newVault(s)
		arn := v.key("tfstate")
		b := v.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
		v.tableUnder("acme-locks", arn)
		b.Tables = []string{"acme-locks"}
		const key = "app/terraform.tfstate"
		v.encryptBucket(b.Bucket, "alias/tfstate")
		v.put(b.Bucket, key, stateV4)
		v.remove(b.Bucket, key)
		v.putUnder(b.Bucket, key, "AES256", "")
		v.put(b.Bucket, key+".tflock", `{"ID":"x"}`)
		v.remove(b.Bucket, key+".tflock")

		got, err := encryptionOf(t, s.client(), b, key)
		if err != nil || len(got.Problems) > 0 {
			t.Fatalf("problems %v, error %v", got.Problems, err)
		}
		kms := "aws:kms/tfstate+bucketkey"
		for what, c := range map[string][2]string{
			"the bucket's default": {shortOf(got, got.Bucket), kms},
			"the versions":         {versionsOf(got), "AES256 " + kms},
			"the lock file":        {shortOf(got, got.LockFile.Encryption), kms},
			"the table":            {shortOf(got, got.Tables[0].Encryption), "aws:kms/tfstate"},
			"the lock file is":     {got.LockFile.Words(), "last lock file"},
			"the client's side":    {fmt.Sprint(got.Client.Get()), "<nil> true"},
		} {
			if c[0] != c[1] {
				t.Errorf("%s: %s, want %s", what, c[0], c[1])
			}
		}
		var rules []string
		for _, d := range model.EncryptionDrift(got) {
			rules = append(rules, d.Rule)
		}
		if !slices.Equal(rules, []string{"state-not-default", "lock-file", "old-key"}) {
			t.Errorf("drift %v", rules)
		}
	})
}

// What moto does not keep apart: DSSE, customers' keys, and the other side.
func TestEncryptionOfOtherKinds(t *testing.T) {
	alone(t)
	envKeys(t)
	const key = "app/terraform.tfstate"
	customer := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	sum := md5.Sum([]byte(strings.Repeat("k", 32))) //nolint:gosec // the header that S3 asks for
	for name, c := range map[string]struct {
		put    func(v *vault, b model.Backend)
		want   string
		client string
	}{
		"DSSE": {put: func(v *vault, b model.Backend) { v.putUnder(b.Bucket, key, "aws:kms:dsse", v.key("double")) }, want: "aws:kms:dsse/double"},
		"a customer's key that is not here": {put: func(v *vault, b model.Backend) {
			_, err := v.s3.PutObject(v.t.Context(), &s3.PutObjectInput{Bucket: &b.Bucket, Key: ptr(key), Body: strings.NewReader(stateV4),
				SSECustomerAlgorithm: ptr("AES256"), SSECustomerKey: &customer, SSECustomerKeyMD5: ptr(base64.StdEncoding.EncodeToString(sum[:]))})
			v.must(err)
		}, want: "SSE-C"},
		"encrypted by OpenTofu": {put: func(v *vault, b model.Backend) { v.put(b.Bucket, key, openTofuState) }, want: "AES256", client: "v0 [pbkdf2.k]"},
		"in an unversioned bucket": {put: func(v *vault, b model.Backend) {
			_, err := v.s3.PutBucketVersioning(v.t.Context(), &s3.PutBucketVersioningInput{Bucket: &b.Bucket,
				VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusSuspended}})
			v.must(err)
			v.put(b.Bucket, key, stateV4)
		}, want: "AES256"},
		"a state that is not there": {put: func(*vault, model.Backend) {}},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVault(newSiteOf(t))
			b := v.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
			c.put(v, b)
			got, err := encryptionOf(t, plain(aws.Options{EndpointURL: v.url}), b, key)
			if versionsOf(got) != c.want || err != nil {
				t.Errorf("%s, want %s (%v)", versionsOf(got), c.want, err)
			}
			client := ""
			if side := got.Client.Or(nil); side != nil {
				client = fmt.Sprintf("%s %v", side.Version, side.KeyProviders)
			}
			if client != c.client {
				t.Errorf("client side %q, want %q (%s)", client, c.client, got.Client.Reason())
			}
		})
	}
}

func TestEncryptionThatCannotBeRead(t *testing.T) {
	for action, told := range map[string]func(model.StateEncryption, error) string{
		"s3:GetEncryptionConfiguration": func(s model.StateEncryption, _ error) string { return s.Bucket.Reason() },
		"s3:GetObjectVersion":           func(s model.StateEncryption, _ error) string { return s.Versions[1].Encryption.Reason() },
		"s3:GetObject":                  func(s model.StateEncryption, _ error) string { return s.Versions[0].Encryption.Reason() },
		"dynamodb:DescribeTable":        func(s model.StateEncryption, _ error) string { return s.Tables[0].Encryption.Reason() },
		"s3:ListBucketVersions": func(s model.StateEncryption, err error) string {
			if !errors.Is(err, model.ErrDenied) || versionsOf(s) != "AES256" || !s.LockFile.Found.IsUnknown() {
				return "versions " + versionsOf(s) + ", lock file " + s.LockFile.Found.Reason()
			}
			return model.Reason(err)
		},
	} {
		t.Run(action, func(t *testing.T) {
			v := newVault(newSiteOf(t))
			b := v.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
			v.tableUnder("acme-locks", "")
			b.Tables = []string{"acme-locks"}
			for range 2 {
				v.put(b.Bucket, "k.tfstate", stateV4)
			}
			v.emulator.Deny(action)
			got, err := encryptionOf(t, v.client(), b, "k.tfstate")
			if reason := told(got, err); reason != "AccessDenied "+action {
				t.Errorf("the reason is %q", reason)
			}
			for _, d := range model.EncryptionDrift(got) {
				if d.Tone != model.DriftNote {
					t.Errorf("drift without having read: %+v", d)
				}
			}
		})
	}
}
