package aws_test

import (
	"reflect"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/model"
)

// TestRulesOfALifecycleAreReadInEveryForm: what narrows a rule must not get lost,
// or it is judged by more or by less than it does.
func TestRulesOfALifecycleAreReadInEveryForm(t *testing.T) {
	day := time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC)
	tag := s3types.Tag{Key: sdk.String("k"), Value: sdk.String("v")}
	expires := &s3types.LifecycleExpiration{Days: sdk.Int32(9)}
	filtered := func(f s3types.LifecycleRuleFilter) s3types.LifecycleRule {
		return s3types.LifecycleRule{Filter: &f, Expiration: expires}
	}
	all := s3types.LifecycleRuleFilter{Prefix: sdk.String("")}
	cases := map[string]struct {
		rule s3types.LifecycleRule
		want model.LifecycleRule
	}{
		"a prefix of the first version": {s3types.LifecycleRule{Prefix: sdk.String("app/"), Expiration: expires}, model.LifecycleRule{Prefix: "app/", ExpireDays: 9}}, //nolint:staticcheck // such rules are still there
		"a prefix":                      {filtered(s3types.LifecycleRuleFilter{Prefix: sdk.String("app/")}), model.LifecycleRule{Prefix: "app/", ExpireDays: 9}},
		"a tag":                         {filtered(s3types.LifecycleRuleFilter{Tag: &tag}), model.LifecycleRule{Filtered: true, ExpireDays: 9}},
		"a size":                        {filtered(s3types.LifecycleRuleFilter{ObjectSizeLessThan: sdk.Int64(500)}), model.LifecycleRule{Filtered: true, ExpireDays: 9}},
		"a prefix and a size":           {filtered(s3types.LifecycleRuleFilter{And: &s3types.LifecycleRuleAndOperator{Prefix: sdk.String("x/"), ObjectSizeGreaterThan: sdk.Int64(1)}}), model.LifecycleRule{Prefix: "x/", Filtered: true, ExpireDays: 9}},
		"a prefix and two tags":         {filtered(s3types.LifecycleRuleFilter{And: &s3types.LifecycleRuleAndOperator{Prefix: sdk.String("x/"), Tags: []s3types.Tag{tag, {Key: sdk.String("l"), Value: sdk.String("")}}}}), model.LifecycleRule{Prefix: "x/", Filtered: true, ExpireDays: 9}},
		"a date":                        {s3types.LifecycleRule{Filter: &all, Expiration: &s3types.LifecycleExpiration{Date: &day}}, model.LifecycleRule{ExpireDate: day}},
		"markers, and old versions": {s3types.LifecycleRule{Filter: &all, Expiration: &s3types.LifecycleExpiration{ExpiredObjectDeleteMarker: sdk.Bool(true)},
			NoncurrentVersionExpiration: &s3types.NoncurrentVersionExpiration{NoncurrentDays: sdk.Int32(7), NewerNoncurrentVersions: sdk.Int32(3)}}, model.LifecycleRule{DeleteMarkers: true, NoncurrentDays: 7, NewerNoncurrent: 3}},
		"uploads": {s3types.LifecycleRule{Filter: &all, AbortIncompleteMultipartUpload: &s3types.AbortIncompleteMultipartUpload{DaysAfterInitiation: sdk.Int32(2)}}, model.LifecycleRule{AbortDays: 2}},
		"other classes": {s3types.LifecycleRule{Filter: &all, Transitions: []s3types.Transition{{Days: sdk.Int32(40), StorageClass: s3types.TransitionStorageClassGlacier}},
			NoncurrentVersionTransitions: []s3types.NoncurrentVersionTransition{{NoncurrentDays: sdk.Int32(4), NewerNoncurrentVersions: sdk.Int32(5), StorageClass: s3types.TransitionStorageClassDeepArchive}}},
			model.LifecycleRule{Transitions: []model.Transition{{Class: "GLACIER", Days: 40}}, OldTransitions: []model.Transition{{Class: "DEEP_ARCHIVE", Days: 4, Newer: 5}}}},
		"another class on a date": {s3types.LifecycleRule{Filter: &all, Transitions: []s3types.Transition{{Date: &day, StorageClass: s3types.TransitionStorageClassGlacier}}}, model.LifecycleRule{Transitions: []model.Transition{{Class: "GLACIER", Date: day}}}},
	}
	s := newSiteOf(t)
	b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusEnabled)
	for name, c := range cases {
		for _, status := range []s3types.ExpirationStatus{s3types.ExpirationStatusEnabled, s3types.ExpirationStatusDisabled} {
			t.Run(name+", "+string(status), func(t *testing.T) {
				c.rule.ID, c.rule.Status = sdk.String("r"), status
				c.want.ID, c.want.Enabled = "r", status == s3types.ExpirationStatusEnabled
				_, err := s.s3.PutBucketLifecycleConfiguration(t.Context(), &s3.PutBucketLifecycleConfigurationInput{Bucket: &b.Bucket, LifecycleConfiguration: &s3types.BucketLifecycleConfiguration{Rules: []s3types.LifecycleRule{c.rule}}})
				if err != nil {
					t.Fatal(err)
				}
				got := s.client().Health(t.Context(), b).Bucket.Lifecycle
				if rules := got.Or(nil); len(rules) != 1 || !reflect.DeepEqual(rules[0], c.want) {
					t.Errorf("got  %+v %s\nwant %+v", rules, got.Reason(), c.want)
				}
			})
		}
	}
}

// TestSettingsOfABucketAreReadAsTheyAre: each is set to something else than the
// default, so that a pass by default would be noticed.
func TestSettingsOfABucketAreReadAsTheyAre(t *testing.T) {
	s := newSiteOf(t)
	b := s.bucket("acme-tfstate", s3types.BucketVersioningStatusSuspended)
	const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-tfstate/*"}]}`
	ctx, name := t.Context(), &b.Bucket
	_, blocked := s.s3.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: name, PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{IgnorePublicAcls: sdk.Bool(true)}})
	_, owned := s.s3.PutBucketOwnershipControls(ctx, &s3.PutBucketOwnershipControlsInput{Bucket: name, OwnershipControls: &s3types.OwnershipControls{Rules: []s3types.OwnershipControlsRule{{ObjectOwnership: s3types.ObjectOwnershipObjectWriter}}}})
	_, open := s.s3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: name, Policy: sdk.String(policy)})
	_, granted := s.s3.PutBucketAcl(ctx, &s3.PutBucketAclInput{Bucket: name, ACL: s3types.BucketCannedACLPublicRead})
	_, logged := s.s3.PutBucketLogging(ctx, &s3.PutBucketLoggingInput{Bucket: name, BucketLoggingStatus: &s3types.BucketLoggingStatus{LoggingEnabled: &s3types.LoggingEnabled{TargetBucket: name, TargetPrefix: sdk.String("log/")}}})
	for what, err := range map[string]error{"block": blocked, "ownership": owned, "policy": open, "ACL": granted, "logging": logged} {
		if err != nil {
			t.Fatal(what, err)
		}
	}
	got := s.client().Health(ctx, b).Bucket
	everybody := false
	for _, g := range got.ACL.Or(model.BucketACL{}).Grants {
		everybody = everybody || g.Group && g.Permission == "READ" && g.Grantee == "http://acs.amazonaws.com/groups/global/AllUsers"
	}
	for what, ok := range map[string]bool{
		"versioning": got.Versioning.Or("") == model.VersioningSuspended, "policy": got.Policy.Or("") == policy, "policy status": got.PolicyPublic.Or(false),
		"access block": got.PublicAccess.Or(model.PublicAccessBlock{}) == model.PublicAccessBlock{IgnorePublicACLs: true}, "ACL": everybody,
		"ownership": got.Ownership.Or("") == "ObjectWriter", "logging": got.Logging.Or(model.BucketLogging{}) == model.BucketLogging{Bucket: b.Bucket, Prefix: "log/"},
	} {
		if !ok {
			t.Errorf("%s is not read as it is: %+v", what, got)
		}
	}
}
