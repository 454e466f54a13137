package aws

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stateward/stateward/model"
)

// answered is an error as an SDK client returns it for an answer.
func answered(status int, err error, header ...string) error {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	resp := &smithyhttp.Response{Response: &http.Response{StatusCode: status, Header: h}}
	return &smithy.OperationError{ServiceID: "S3", OperationName: "GetObject",
		Err: &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{Response: resp, Err: err}, RequestID: "R1"}}
}

func coded(code, message string) error { return &smithy.GenericAPIError{Code: code, Message: message} }

func TestErrorsOfTheSDKBecomeFailures(t *testing.T) {
	const policy = `User: arn:aws:iam::1:user/x is not authorized to perform: kms:Decrypt on resource: "arn" because no identity-based policy allows it`
	const denied = `User: arn:aws:iam::1:user/x is not authorized to perform: s3:GetObjectVersion on resource: "arn:aws:s3:::acme/k"`
	const keyDeny = `User: arn:aws:iam::1:user/x is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-west-1:1:key/k with an explicit deny in a resource-based policy`
	for name, c := range map[string]struct {
		err    error
		kind   model.Sentinel
		reason string
		next   string
	}{
		"access denied":                       {err: answered(403, coded("AccessDenied", "Access Denied")), kind: model.ErrDenied, reason: "AccessDenied s3:GetObject", next: "Grant s3:GetObject"},
		"the service knows the action better": {err: answered(403, coded("AccessDenied", policy)), kind: model.ErrDenied, reason: "AccessDenied kms:Decrypt", next: "Grant kms:Decrypt"},
		"a deny in the bucket policy": {err: answered(403, coded("AccessDenied", denied+" with an explicit deny in a resource-based policy")), kind: model.ErrDenied,
			reason: "AccessDenied s3:GetObjectVersion by an explicit deny in a bucket policy", next: "A deny in a bucket policy forbids it, and no allow overrides a deny"},
		"a deny in the bucket policy, with its ARN": {err: answered(403, coded("AccessDenied", denied+" with an explicit deny in a resource-based policy: arn:aws:s3:::acme")), kind: model.ErrDenied,
			reason: "AccessDenied s3:GetObjectVersion by an explicit deny in a bucket policy", next: "lifted there"},
		"a deny of the organisation": {err: answered(403, coded("AccessDenied", denied+" with an explicit deny in a service control policy")), kind: model.ErrDenied,
			reason: "AccessDenied s3:GetObjectVersion by an explicit deny in a service control policy", next: "A deny in a service control policy"},
		"a deny of one's own": {err: answered(403, coded("AccessDenied", denied+" with an explicit deny in an identity-based policy")), kind: model.ErrDenied,
			reason: "AccessDenied s3:GetObjectVersion by an explicit deny in an identity-based policy", next: "lifted there"},
		"a deny of nobody knows whom": {err: answered(403, coded("AccessDenied", denied+" with an explicit deny")), kind: model.ErrDenied,
			reason: "AccessDenied s3:GetObjectVersion by an explicit deny in a policy", next: "A deny in a policy"},
		"a deny in the key's policy": {err: answered(403, coded("AccessDenied", keyDeny)), kind: model.ErrDenied,
			reason: "AccessDenied kms:Decrypt by an explicit deny in a key policy", next: "A deny in a key policy"},
		"an endpoint's policy allows nothing": {err: answered(403, coded("AccessDenied", denied+" because no VPC endpoint policy allows the s3:GetObjectVersion action")), kind: model.ErrDenied,
			reason: "AccessDenied s3:GetObjectVersion", next: "The VPC endpoint policy does not allow it"},
		"the bucket's policy leaves it out": {err: answered(403, coded("AccessDenied", denied+" because no resource-based policy allows the s3:GetObjectVersion action")), kind: model.ErrDenied,
			reason: "AccessDenied s3:GetObjectVersion", next: "The bucket policy does not allow it"},
		"DynamoDB denies with a 400":          {err: answered(400, coded("AccessDeniedException", "")), kind: model.ErrDenied, reason: "AccessDenied s3:GetObject"},
		"a bare 403 to HEAD":                  {err: answered(403, coded("Forbidden", "Forbidden")), kind: model.ErrDenied, reason: "AccessDenied s3:GetObject"},
		"a 403 with a code nobody knows":      {err: answered(403, coded("SomethingNew", "")), kind: model.ErrDenied, reason: "AccessDenied s3:GetObject"},
		"an access key nobody knows":          {err: answered(403, coded("InvalidAccessKeyId", "")), kind: model.ErrDenied, reason: "access denied (InvalidAccessKeyId)", next: "does not accept these credentials"},
		"no such key":                         {err: answered(404, &s3types.NoSuchKey{}), kind: model.ErrNotFound, reason: "not found (NoSuchKey)"},
		"no such bucket":                      {err: answered(404, &s3types.NoSuchBucket{}), kind: model.ErrNotFound, reason: "not found (NoSuchBucket)", next: "check its name"},
		"no such version":                     {err: answered(404, coded("NoSuchVersion", "")), kind: model.ErrNotFound},
		"a bare 404 to HEAD":                  {err: answered(404, &s3types.NotFound{}), kind: model.ErrNotFound},
		"no such table":                       {err: answered(400, &ddbtypes.ResourceNotFoundException{}), kind: model.ErrNotFound, next: "region"},
		"no such KMS key":                     {err: answered(400, &kmstypes.NotFoundException{}), kind: model.ErrNotFound},
		"a delete marker by its id":           {err: answered(405, coded("MethodNotAllowed", ""), "x-amz-delete-marker", "true"), kind: model.ErrNotFound, reason: "not found (delete marker)"},
		"a precondition that failed":          {err: answered(412, coded("PreconditionFailed", "")), kind: model.ErrChanged},
		"a bare 412":                          {err: answered(412, coded("", "")), kind: model.ErrChanged},
		"a conditional request that collided": {err: answered(409, coded("ConditionalRequestConflict", "")), kind: model.ErrChanged},
		"a condition that failed":             {err: answered(400, &ddbtypes.ConditionalCheckFailedException{}), kind: model.ErrChanged},
		"slow down":                           {err: answered(503, coded("SlowDown", "")), kind: model.ErrThrottled, next: "--concurrency"},
		"too many requests":                   {err: answered(429, coded("", "")), kind: model.ErrThrottled},
		"a table without capacity":            {err: answered(400, &ddbtypes.ProvisionedThroughputExceededException{}), kind: model.ErrThrottled},
		"an expired token":                    {err: answered(400, coded("ExpiredToken", "")), kind: model.ErrExpired, next: "credentials"},
		"an expired token, in DynamoDB":       {err: answered(400, coded("ExpiredTokenException", "")), kind: model.ErrExpired},
		"not implemented":                     {err: answered(501, coded("NotImplemented", "")), kind: model.ErrUnsupported},
		"method not allowed":                  {err: answered(405, coded("MethodNotAllowed", "")), kind: model.ErrUnsupported},
		"another region":                      {err: answered(301, coded("PermanentRedirect", "")), kind: model.ErrInvalid, next: "--region"},
		"a disabled KMS key":                  {err: answered(400, coded("KMS.DisabledException", "")), kind: model.ErrDenied, reason: "access denied (KMS.DisabledException)", next: "kms:EnableKey"},
		"a KMS key pending deletion":          {err: answered(400, coded("KMS.KMSInvalidStateException", "is pending deletion.")), kind: model.ErrDenied, next: "kms:CancelKeyDeletion"},
		"a KMS key that is gone":              {err: answered(400, coded("KMS.NotFoundException", "")), kind: model.ErrDenied, next: "does not exist"},
		"a request that is wrong":             {err: answered(400, coded("ValidationException", "The provided key element does not match the schema.")), kind: model.ErrInvalid, reason: "not valid (ValidationException)", next: "The service says: The provided key element does not match the schema."},
		"a service that failed":               {err: answered(500, coded("InternalError", "")), reason: "the service failed: 500 InternalError"},
		"an answer that is no JSON":           {err: answered(200, &smithy.DeserializationError{Err: errors.New("invalid character '<'")}), kind: model.ErrInvalid, next: "invalid character"},
		"no answer in time":                   {err: fmt.Errorf("x: %w", context.DeadlineExceeded), kind: model.ErrTimeout, next: "--timeout"},
		"a failure that says it all":          {err: fmt.Errorf("x: %w", &model.Failure{Kind: model.ErrJournal}), kind: model.ErrJournal},
		"something else":                      {err: errors.New("something else"), reason: "something else"},
	} {
		t.Run(name, func(t *testing.T) {
			err := failure(c.err, "reading", "s3://acme/k", "s3:GetObject")
			var f *model.Failure
			if !errors.As(err, &f) || f.Kind != c.kind {
				t.Fatalf("%#v, want kind %q", err, c.kind)
			}
			if c.reason != "" && !strings.HasPrefix(f.Reason(), c.reason) {
				t.Errorf("reason %q, want %q", f.Reason(), c.reason)
			}
			if !strings.Contains(f.Next, c.next) {
				t.Errorf("next %q, want %q", f.Next, c.next)
			}
		})
	}
}

func TestWhatIsNoErrorOrWasAskedForIsNoFailure(t *testing.T) {
	if err := failure(nil, "reading", "x", "y"); err != nil {
		t.Errorf("no error became %v", err)
	}
	err := failure(&smithy.CanceledError{Err: context.Canceled}, "reading", "s3://acme/k", "")
	var f *model.Failure
	if !errors.Is(err, context.Canceled) || errors.As(err, &f) {
		t.Errorf("a cancellation became %v", err)
	}
}
