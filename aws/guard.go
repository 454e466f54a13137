package aws

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stateward/stateward/model"
)

// operation is what changing requests are sent for.
type operation struct {
	ID        string
	Operation model.Operation
	State     string // s3://bucket/key
	Where     model.Where
	Unguarded bool // changes that the store refuses for their condition may do without it
	sent      *atomic.Int64
}

type operationKey struct{}

// withOperation lets changing requests pass the guard, as part of op.
func withOperation(ctx context.Context, op operation) context.Context {
	return context.WithValue(ctx, operationKey{}, op)
}

// isRead reports whether an operation changes nothing. What is not on the list
// is taken for a change.
func isRead(name string) bool {
	switch name {
	case "Scan", "Query":
		return true
	}
	for _, prefix := range []string{"Get", "List", "Head", "Describe", "BatchGet", "AssumeRole"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// Guard is the middleware through which every request of the service clients
// goes, once per call and before anything is sent. Reads pass. A change passes
// only outside read-only mode, as part of an operation, and after the journal
// has it on disk; its answer is journalled as well. It does not sit on the
// clients that fetch credentials: a renewed sign-in changes no backend.
type Guard struct {
	client   *Client
	readOnly bool
}

// ID implements middleware.InitializeMiddleware.
func (g *Guard) ID() string { return "stateward:Guard" }

// HandleInitialize implements middleware.InitializeMiddleware.
func (g *Guard) HandleInitialize(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	name := awsmiddleware.GetOperationName(ctx)
	if isRead(name) {
		return next.HandleInitialize(ctx, in)
	}
	sent := describe(in.Parameters)
	sent.request.Service, sent.request.Call = strings.ToLower(awsmiddleware.GetServiceID(ctx)), name
	op, inOperation := ctx.Value(operationKey{}).(operation)
	if err := g.refuse(sent, op, inOperation); err != nil {
		return middleware.InitializeOutput{}, middleware.Metadata{}, err
	}
	sent.request.Target = orElse(sent.request.Target, op.State)
	if err := g.record(ctx, op, model.JournalEntry{Event: "request", Request: &sent.request}); err != nil {
		return middleware.InitializeOutput{}, middleware.Metadata{}, err
	}
	if op.sent != nil {
		op.sent.Add(1)
	}
	out, metadata, err := next.HandleInitialize(ctx, in)
	answer := answerOf(name, out, metadata, err)
	if noted := g.record(context.WithoutCancel(ctx), op, model.JournalEntry{Event: "answer", Answer: &answer}); noted != nil {
		// The change is made: hiding its answer would help nobody. The next
		// change meets the same journal and is refused.
		g.client.log.Error("the answer to a change is not in the journal", "call", name, "error", noted)
	}
	return out, metadata, err
}

// refuse says why a change must not be sent, or nil.
func (g *Guard) refuse(sent guardedChange, op operation, inOperation bool) error {
	f := &model.Failure{Tried: sent.request.Call, On: orElse(sent.request.Target, op.State)}
	switch {
	case g.client.opts.ReadOnly:
		f.Kind, f.Next = model.ErrReadOnly, "Start stateward without --read-only to change anything."
	case g.readOnly || g.policyForbids(sent.bucket, op.State):
		f.Kind, f.Next = model.ErrReadOnly, "The policy of this bucket in the config says read_only."
	case !inOperation:
		f.Kind, f.Cause = model.ErrRefused, errors.New("a change outside an operation")
	case g.client.opts.Journal == nil:
		f.Kind, f.Next = model.ErrJournal, "Nothing is changed without a journal: name a writable file with --journal."
	default:
		return nil
	}
	return f
}

func (g *Guard) policyForbids(bucket, state string) bool {
	if bucket == "" {
		bucket, _, _ = strings.Cut(strings.TrimPrefix(state, "s3://"), "/")
	}
	return g.client.policyOf(bucket).ReadOnly
}

// policyOf is what the operator's config demands of a bucket, whatever a plan
// says of its backend.
func (c *Client) policyOf(bucket string) model.Policy {
	policy := model.PolicyFor(c.opts.Policies, bucket)
	for _, b := range c.opts.Backends {
		if b.Bucket == bucket {
			policy = policy.Strictest(b.Policy)
		}
	}
	return policy
}

func (g *Guard) record(ctx context.Context, op operation, e model.JournalEntry) error {
	o := g.client.opts
	e.ID, e.Time, e.Operation, e.State, e.Where = op.ID, g.client.now().UTC(), op.Operation, op.State, op.Where
	e.Operator, e.Host, e.PID = o.Actor.Who, o.Actor.Host, o.Actor.PID
	if err := o.Journal.Record(ctx, e); err != nil {
		return &model.Failure{Kind: model.ErrJournal, Tried: "recording the " + e.Event, On: op.State, Cause: err,
			Next: "Nothing is changed without a journal: name a writable file with --journal. (" + err.Error() + ")"}
	}
	return nil
}

// guardedChange is a change about to be sent, as far as its parameters tell.
type guardedChange struct {
	request model.JournalRequest
	bucket  string // "" when it names none
}

// describe tells what a change is about and what it is conditional on. It
// never looks at a body.
func describe(params any) guardedChange {
	var ch guardedChange
	switch in := params.(type) {
	case *s3.PutObjectInput:
		ch.bucket = sdk.ToString(in.Bucket)
		ch.request.Target = "s3://" + ch.bucket + "/" + sdk.ToString(in.Key)
		ch.request.Condition = httpCondition(in.IfMatch, in.IfNoneMatch)
	case *s3.DeleteObjectInput:
		ch.bucket = sdk.ToString(in.Bucket)
		ch.request.Target = "s3://" + ch.bucket + "/" + sdk.ToString(in.Key)
		if in.VersionId != nil {
			ch.request.Target += "?versionId=" + *in.VersionId
		}
		ch.request.Condition = httpCondition(in.IfMatch, nil)
	case *dynamodb.PutItemInput:
		ch.request.Target = rowName(in.TableName, in.Item["LockID"])
		ch.request.Condition = sdk.ToString(in.ConditionExpression)
	case *dynamodb.DeleteItemInput:
		ch.request.Target = rowName(in.TableName, in.Key["LockID"])
		ch.request.Condition = sdk.ToString(in.ConditionExpression)
	}
	return ch
}

func httpCondition(match, noneMatch *string) string {
	switch {
	case match != nil:
		return "If-Match: " + *match
	case noneMatch != nil:
		return "If-None-Match: " + *noneMatch
	}
	return ""
}

// answerOf is what the journal keeps of an answer.
func answerOf(call string, out middleware.InitializeOutput, metadata middleware.Metadata, err error) model.JournalAnswer {
	a := model.JournalAnswer{Call: call}
	if raw, ok := awsmiddleware.GetRawResponse(metadata).(*smithyhttp.Response); ok && raw != nil && raw.Response != nil {
		a.Status = raw.StatusCode
	}
	a.RequestID, _ = awsmiddleware.GetRequestIDMetadata(metadata)
	switch got := out.Result.(type) {
	case *s3.PutObjectOutput:
		a.VersionID = sdk.ToString(got.VersionId)
	case *s3.DeleteObjectOutput:
		a.VersionID = sdk.ToString(got.VersionId)
	}
	if err != nil {
		if s := asStranger(err); s != nil {
			a.Status = s.status
		}
		a.Error = errorCode(err)
		a.Status = max(a.Status, httpStatus(err))
	}
	return a
}

// errorCode is the service's code for an error, else the error's text.
func errorCode(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() != "" {
		return api.ErrorCode()
	}
	return err.Error()
}

// httpStatus is the status of the answer that an error came with, or 0.
func httpStatus(err error) int {
	if r := httpResponse(err); r != nil {
		return r.StatusCode
	}
	return 0
}

// httpResponse is the service's answer that an error came with, or nil. The SDK
// makes up one without a status where nothing came.
func httpResponse(err error) *http.Response {
	if asStranger(err) != nil {
		return nil
	}
	var re *smithyhttp.ResponseError
	if errors.As(err, &re) && re.Response != nil && re.Response.Response != nil && re.Response.StatusCode != 0 {
		return re.Response.Response
	}
	return nil
}

// rowName names a row of a table, for people.
func rowName(table *string, lockID ddbtypes.AttributeValue) string {
	name := "table " + sdk.ToString(table)
	if id, ok := lockID.(*ddbtypes.AttributeValueMemberS); ok {
		name += " row " + id.Value
	}
	return name
}
