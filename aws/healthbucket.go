package aws

import (
	"context"
	"errors"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/stateward/stateward/model"
)

// setting is one read of a bucket's configuration.
type setting[In, Out, T any] struct {
	what, action string // a gerund phrase, and the IAM action it takes
	call         func(context.Context, *In, ...func(*s3.Options)) (*Out, error)
	in           *In
	value        func(*Out) T
	absent       string // the code by which S3 says that there is none
	none         T      // what holds then
}

// read asks for the setting. That there is none is knowledge as well.
func (s setting[In, Out, T]) read(ctx context.Context, h *healthReader) model.Fact[T] {
	out, err := s.call(ctx, s.in)
	if err == nil {
		return model.Known(s.value(out))
	}
	var code smithy.APIError
	if s.absent != "" && errors.As(err, &code) && code.ErrorCode() == s.absent {
		return model.Known(s.none)
	}
	return unreadFact[T](failure(err, s.what, "s3://"+h.b.Bucket, s.action))
}

// unreadFact is a fact that could not be read. A store that lacks a feature has
// no misconfigured one, but nobody can tell what holds in its place.
func unreadFact[T any](err error) model.Fact[T] {
	if errors.Is(err, model.ErrUnsupported) {
		return model.Unknown[T]("not supported by this endpoint")
	}
	return model.Unknown[T](model.Reason(err))
}

// then is what follows from a fact, unknown for the same reason.
func then[A, B any](f model.Fact[A], value func(A) B) model.Fact[B] {
	if a, ok := f.Get(); ok {
		return model.Known(value(a))
	}
	return model.Unknown[B](f.Reason())
}

// settings reads the configuration of the bucket, all of it at a time.
func (h *healthReader) settings(ctx context.Context, api *s3.Client) {
	g := newGroup()
	for _, read := range []func(context.Context, *s3.Client){h.versioning, h.access, h.grants, h.storage, h.upkeep} {
		g.Go(func() error { read(ctx, api); return nil })
	}
	_ = g.Wait() // the facts carry their reasons
}

// side reads several settings at a time.
func side(reads ...func()) {
	g := newGroup()
	for _, read := range reads {
		g.Go(func() error { read(); return nil })
	}
	_ = g.Wait() // the facts carry their reasons
}

func (h *healthReader) versioning(ctx context.Context, api *s3.Client) {
	answer := setting[s3.GetBucketVersioningInput, s3.GetBucketVersioningOutput, *s3.GetBucketVersioningOutput]{
		what: "reading the versioning", action: "s3:GetBucketVersioning", call: api.GetBucketVersioning,
		in: &s3.GetBucketVersioningInput{Bucket: &h.b.Bucket},
		value: func(out *s3.GetBucketVersioningOutput) *s3.GetBucketVersioningOutput {
			h.saw(serverTime(out.ResultMetadata))
			return out
		},
	}.read(ctx, h)
	h.f.Bucket.Versioning = then(answer, func(out *s3.GetBucketVersioningOutput) model.Versioning {
		if out.Status == "" {
			return model.VersioningNever
		}
		return model.Versioning(out.Status)
	})
	h.f.Bucket.MFADelete = then(answer, func(out *s3.GetBucketVersioningOutput) bool { return out.MFADelete == s3types.MFADeleteStatusEnabled })
}

// access reads who may come from outside: the public access block, the policy
// and, where there is one, whether S3 takes it for public.
func (h *healthReader) access(ctx context.Context, api *s3.Client) {
	f := &h.f.Bucket
	side(func() {
		f.PublicAccess = setting[s3.GetPublicAccessBlockInput, s3.GetPublicAccessBlockOutput, model.PublicAccessBlock]{
			what: "reading the public access block", action: "s3:GetBucketPublicAccessBlock", call: api.GetPublicAccessBlock,
			in: &s3.GetPublicAccessBlockInput{Bucket: &h.b.Bucket}, value: publicAccessOf, absent: codeNoAccessBlock,
		}.read(ctx, h)
	}, func() {
		f.Policy = setting[s3.GetBucketPolicyInput, s3.GetBucketPolicyOutput, string]{
			what: "reading the policy", action: "s3:GetBucketPolicy", call: api.GetBucketPolicy,
			in: &s3.GetBucketPolicyInput{Bucket: &h.b.Bucket}, absent: codeNoPolicy,
			value: func(out *s3.GetBucketPolicyOutput) string { return sdk.ToString(out.Policy) },
		}.read(ctx, h)
	}, func() {
		f.PolicyPublic = setting[s3.GetBucketPolicyStatusInput, s3.GetBucketPolicyStatusOutput, bool]{
			what: "reading whether the policy is public", action: "s3:GetBucketPolicyStatus", call: api.GetBucketPolicyStatus,
			in: &s3.GetBucketPolicyStatusInput{Bucket: &h.b.Bucket}, absent: codeNoPolicy,
			value: func(out *s3.GetBucketPolicyStatusOutput) bool {
				return out.PolicyStatus != nil && sdk.ToBool(out.PolicyStatus.IsPublic)
			},
		}.read(ctx, h)
	})
}

// The codes by which S3 says that a setting is not there.
const (
	codeNoAccessBlock = "NoSuchPublicAccessBlockConfiguration"
	codeNoPolicy      = "NoSuchBucketPolicy"
	codeNoEncryption  = "ServerSideEncryptionConfigurationNotFoundError"
	codeNoOwnership   = "OwnershipControlsNotFoundError"
	codeNoLifecycle   = "NoSuchLifecycleConfiguration"
	codeNoObjectLock  = "ObjectLockConfigurationNotFoundError"
	codeNoReplication = "ReplicationConfigurationNotFoundError"
)

func publicAccessOf(out *s3.GetPublicAccessBlockOutput) model.PublicAccessBlock {
	p := out.PublicAccessBlockConfiguration
	if p == nil {
		return model.PublicAccessBlock{}
	}
	return model.PublicAccessBlock{BlockPublicACLs: sdk.ToBool(p.BlockPublicAcls), IgnorePublicACLs: sdk.ToBool(p.IgnorePublicAcls),
		BlockPublicPolicy: sdk.ToBool(p.BlockPublicPolicy), RestrictPublicBuckets: sdk.ToBool(p.RestrictPublicBuckets)}
}

// grants reads the ACL and whether ACLs count at all.
func (h *healthReader) grants(ctx context.Context, api *s3.Client) {
	f := &h.f.Bucket
	side(func() {
		f.ACL = setting[s3.GetBucketAclInput, s3.GetBucketAclOutput, model.BucketACL]{
			what: "reading the ACL", action: "s3:GetBucketAcl", call: api.GetBucketAcl,
			in: &s3.GetBucketAclInput{Bucket: &h.b.Bucket}, value: aclOf,
		}.read(ctx, h)
	}, func() {
		f.Ownership = setting[s3.GetBucketOwnershipControlsInput, s3.GetBucketOwnershipControlsOutput, string]{
			what: "reading the ownership controls", action: "s3:GetBucketOwnershipControls", call: api.GetBucketOwnershipControls,
			in: &s3.GetBucketOwnershipControlsInput{Bucket: &h.b.Bucket}, value: ownershipOf, absent: codeNoOwnership,
		}.read(ctx, h)
	})
}

func aclOf(out *s3.GetBucketAclOutput) model.BucketACL {
	var acl model.BucketACL
	if out.Owner != nil {
		acl.Owner = sdk.ToString(out.Owner.ID)
	}
	for _, g := range out.Grants {
		if g.Grantee == nil {
			continue
		}
		uri := sdk.ToString(g.Grantee.URI)
		acl.Grants = append(acl.Grants, model.ACLGrant{Grantee: orElse(uri, orElse(sdk.ToString(g.Grantee.ID), sdk.ToString(g.Grantee.EmailAddress))),
			Group: uri != "", Permission: string(g.Permission)})
	}
	return acl
}

func ownershipOf(out *s3.GetBucketOwnershipControlsOutput) string {
	if out.OwnershipControls == nil || len(out.OwnershipControls.Rules) == 0 {
		return ""
	}
	return string(out.OwnershipControls.Rules[0].ObjectOwnership)
}

// storage reads how objects are stored: encrypted, retained, copied elsewhere.
func (h *healthReader) storage(ctx context.Context, api *s3.Client) {
	f := &h.f.Bucket
	side(func() {
		f.Encryption = setting[s3.GetBucketEncryptionInput, s3.GetBucketEncryptionOutput, model.Encryption]{
			what: "reading the default encryption", action: "s3:GetEncryptionConfiguration", call: api.GetBucketEncryption,
			in: &s3.GetBucketEncryptionInput{Bucket: &h.b.Bucket}, value: defaultEncryption,
			absent: codeNoEncryption, none: model.Encryption{Algorithm: "none"},
		}.read(ctx, h)
		h.readAhead(ctx, f.Encryption.Or(model.Encryption{}))
	}, func() {
		f.ObjectLock = setting[s3.GetObjectLockConfigurationInput, s3.GetObjectLockConfigurationOutput, model.ObjectLock]{
			what: "reading the Object Lock configuration", action: "s3:GetBucketObjectLockConfiguration", call: api.GetObjectLockConfiguration,
			in: &s3.GetObjectLockConfigurationInput{Bucket: &h.b.Bucket}, value: objectLockOf, absent: codeNoObjectLock,
		}.read(ctx, h)
	}, func() {
		f.Replication = setting[s3.GetBucketReplicationInput, s3.GetBucketReplicationOutput, []model.Replication]{
			what: "reading the replication", action: "s3:GetReplicationConfiguration", call: api.GetBucketReplication,
			in: &s3.GetBucketReplicationInput{Bucket: &h.b.Bucket}, value: replicationOf, absent: codeNoReplication,
		}.read(ctx, h)
	})
}

func objectLockOf(out *s3.GetObjectLockConfigurationOutput) model.ObjectLock {
	c := out.ObjectLockConfiguration
	if c == nil {
		return model.ObjectLock{}
	}
	lock := model.ObjectLock{Enabled: c.ObjectLockEnabled == s3types.ObjectLockEnabledEnabled}
	if c.Rule != nil && c.Rule.DefaultRetention != nil {
		r := c.Rule.DefaultRetention
		lock.Mode, lock.Days, lock.Years = string(r.Mode), int(sdk.ToInt32(r.Days)), int(sdk.ToInt32(r.Years))
	}
	return lock
}

func replicationOf(out *s3.GetBucketReplicationOutput) []model.Replication {
	if out.ReplicationConfiguration == nil {
		return nil
	}
	var rules []model.Replication
	for _, r := range out.ReplicationConfiguration.Rules {
		one := model.Replication{Enabled: r.Status == s3types.ReplicationRuleStatusEnabled, Prefix: sdk.ToString(r.Prefix)} //nolint:staticcheck // rules of the first version still have their prefix there
		if f := r.Filter; f != nil {
			one.Prefix, one.Filtered = orElse(sdk.ToString(f.Prefix), one.Prefix), f.Tag != nil
			if f.And != nil {
				one.Prefix, one.Filtered = sdk.ToString(f.And.Prefix), len(f.And.Tags) > 0
			}
		}
		if c := r.SourceSelectionCriteria; c != nil && c.SseKmsEncryptedObjects != nil {
			one.KMS = c.SseKmsEncryptedObjects.Status == s3types.SseKmsEncryptedObjectsStatusEnabled
		}
		if r.Destination != nil {
			one.Bucket = sdk.ToString(r.Destination.Bucket)
		}
		rules = append(rules, one)
	}
	return rules
}

// upkeep reads what is logged and what is cleaned away.
func (h *healthReader) upkeep(ctx context.Context, api *s3.Client) {
	f := &h.f.Bucket
	side(func() {
		f.Logging = setting[s3.GetBucketLoggingInput, s3.GetBucketLoggingOutput, model.BucketLogging]{
			what: "reading the access logging", action: "s3:GetBucketLogging", call: api.GetBucketLogging,
			in: &s3.GetBucketLoggingInput{Bucket: &h.b.Bucket},
			value: func(out *s3.GetBucketLoggingOutput) model.BucketLogging {
				if out.LoggingEnabled == nil {
					return model.BucketLogging{}
				}
				return model.BucketLogging{Bucket: sdk.ToString(out.LoggingEnabled.TargetBucket), Prefix: sdk.ToString(out.LoggingEnabled.TargetPrefix)}
			},
		}.read(ctx, h)
	}, func() {
		f.Lifecycle = setting[s3.GetBucketLifecycleConfigurationInput, s3.GetBucketLifecycleConfigurationOutput, []model.LifecycleRule]{
			what: "reading the lifecycle", action: "s3:GetLifecycleConfiguration", call: api.GetBucketLifecycleConfiguration,
			in: &s3.GetBucketLifecycleConfigurationInput{Bucket: &h.b.Bucket}, value: lifecycleOf, absent: codeNoLifecycle,
		}.read(ctx, h)
	}, func() {
		f.Uploads = setting[s3.ListMultipartUploadsInput, s3.ListMultipartUploadsOutput, model.OpenUploads]{
			what: "listing the open uploads", action: "s3:ListBucketMultipartUploads", call: api.ListMultipartUploads,
			in:    &s3.ListMultipartUploadsInput{Bucket: &h.b.Bucket, Prefix: nonEmpty(h.b.Prefix), EncodingType: s3types.EncodingTypeUrl},
			value: uploadsOf,
		}.read(ctx, h)
	})
}

func uploadsOf(out *s3.ListMultipartUploadsOutput) model.OpenUploads {
	open := model.OpenUploads{Count: len(out.Uploads), AtLeast: sdk.ToBool(out.IsTruncated)}
	for _, u := range out.Uploads {
		if begun := sdk.ToTime(u.Initiated); open.Oldest.IsZero() || begun.Before(open.Oldest) {
			open.Oldest = begun
		}
	}
	return open
}

func lifecycleOf(out *s3.GetBucketLifecycleConfigurationOutput) []model.LifecycleRule {
	var rules []model.LifecycleRule
	for _, r := range out.Rules {
		rules = append(rules, lifecycleRule(r))
	}
	return rules
}

func lifecycleRule(r s3types.LifecycleRule) model.LifecycleRule {
	one := model.LifecycleRule{ID: sdk.ToString(r.ID), Enabled: r.Status == s3types.ExpirationStatusEnabled}
	one.Prefix, one.Filtered = lifecycleScope(r)
	if e := r.Expiration; e != nil {
		one.ExpireDays, one.ExpireDate, one.DeleteMarkers = int(sdk.ToInt32(e.Days)), sdk.ToTime(e.Date), sdk.ToBool(e.ExpiredObjectDeleteMarker)
	}
	if n := r.NoncurrentVersionExpiration; n != nil {
		one.NoncurrentDays, one.NewerNoncurrent = int(sdk.ToInt32(n.NoncurrentDays)), int(sdk.ToInt32(n.NewerNoncurrentVersions))
	}
	if a := r.AbortIncompleteMultipartUpload; a != nil {
		one.AbortDays = int(sdk.ToInt32(a.DaysAfterInitiation))
	}
	for _, t := range r.Transitions {
		one.Transitions = append(one.Transitions, model.Transition{Class: string(t.StorageClass), Days: int(sdk.ToInt32(t.Days)), Date: sdk.ToTime(t.Date)})
	}
	for _, t := range r.NoncurrentVersionTransitions {
		one.OldTransitions = append(one.OldTransitions, model.Transition{Class: string(t.StorageClass), Days: int(sdk.ToInt32(t.NoncurrentDays)), Newer: int(sdk.ToInt32(t.NewerNoncurrentVersions))})
	}
	return one
}

// lifecycleScope is which keys a rule is about: its prefix, and whether tags or
// sizes narrow it further.
func lifecycleScope(r s3types.LifecycleRule) (prefix string, filtered bool) {
	prefix = sdk.ToString(r.Prefix) //nolint:staticcheck // rules of the first version still have their prefix there
	f := r.Filter
	switch {
	case f == nil:
		return prefix, false
	case f.And != nil:
		a := f.And
		return sdk.ToString(a.Prefix), len(a.Tags) > 0 || a.ObjectSizeGreaterThan != nil || a.ObjectSizeLessThan != nil
	}
	return orElse(sdk.ToString(f.Prefix), prefix), f.Tag != nil || f.ObjectSizeGreaterThan != nil || f.ObjectSizeLessThan != nil
}
