package aws

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/dustin/go-humanize"
)

// answerCheck refuses answers that the service cannot have given. The SDK takes
// an answer without a body, and any XML document whose elements it does not
// know, for an empty one: the page of a captive portal would say that no lock is
// held, a listing that the bucket is not public, and a firewall's page that a
// right is missing. What it refuses is a [strangerError].
type answerCheck struct{}

// Bounds of an answer that is no object. The largest are pages of a thousand
// versions with the longest of keys, and pages of rows: some megabytes.
const (
	largestAnswer = 64 << 20
	answerStart   = 4 << 10 // how much is looked at; XML has its root element there
)

func addAnswerCheck(stack *middleware.Stack) error {
	return stack.Deserialize.Add(answerCheck{}, middleware.After)
}

// ID implements middleware.DeserializeMiddleware.
func (answerCheck) ID() string { return "stateward:AnswerCheck" }

// HandleDeserialize implements middleware.DeserializeMiddleware.
func (answerCheck) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	resp, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok || resp.Response == nil {
		return out, metadata, err
	}
	a := answer{Response: resp.Response, call: awsmiddleware.GetOperationName(ctx)}
	a.json = isJSON(awsmiddleware.GetServiceID(ctx), a.call)
	if err := a.peek(); err != nil {
		return out, metadata, err
	}
	if what := a.strange(); what != "" {
		return out, metadata, &strangerError{status: a.StatusCode, what: what, root: a.root(), call: a.call}
	}
	return out, metadata, nil
}

// isJSON tells the operations that are answered in JSON from those in XML.
func isJSON(service, operation string) bool {
	return service == dynamodb.ServiceID || service == kms.ServiceID || operation == "GetBucketPolicy"
}

// answer is an answer with the start of its body, which is all of a short one.
type answer struct {
	*http.Response
	call  string
	json  bool // JSON is what the service answers with
	start []byte
}

// isHead reports calls that are answered without a body.
func (a *answer) isHead() bool { return strings.HasPrefix(a.call, "Head") }

func (a *answer) good() bool { return a.StatusCode/100 == 2 }

// peek looks at the start of the body and leaves it to be read again, with a
// bound to what is no object.
func (a *answer) peek() error {
	if a.Body == nil || a.isHead() {
		return nil
	}
	var whole io.Reader = a.Body
	if a.call != "GetObject" || !a.good() {
		whole = &boundedReader{Reader: a.Body, left: largestAnswer}
	}
	body := bufio.NewReaderSize(whole, answerStart)
	a.Body = &bufferedBody{Reader: body, Closer: a.Body}
	start, err := body.Peek(answerStart)
	a.start = start
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return nil
}

// strangerError is an answer that is not the service's.
type strangerError struct {
	status int
	what   string // "a web page"
	root   string // the root element, where it is XML
	call   string
}

func (e *strangerError) Error() string { return fmt.Sprintf("%d with %s", e.status, e.what) }

// RetryableError has the SDK repeat a read of which a store says under a good
// status that it failed.
func (e *strangerError) RetryableError() bool { return e.erred() }

// erred reports an error under a good status.
func (e *strangerError) erred() bool { return e.root == "Error" && e.status/100 == 2 }

// passedOn reports an answer of a gateway that may have passed the request on
// and only lost what came back.
func (e *strangerError) passedOn() bool {
	switch e.status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// otherRequest reports a store that does not know a subresource, overlooks it,
// and lists the bucket.
func (e *strangerError) otherRequest() bool {
	return e.status/100 == 2 && (e.root == "ListBucketResult" || isVersionList(e.root)) && e.call != "GetObject"
}

func asStranger(err error) *strangerError {
	var s *strangerError
	if errors.As(err, &s) {
		return s
	}
	return nil
}

// bufferedBody is a body of which the start was looked at.
type bufferedBody struct {
	io.Reader
	io.Closer
}

// boundedReader is an error where a LimitedReader is an end: an answer that goes
// on is no shorter answer.
type boundedReader struct {
	io.Reader
	left int64
}

func (r *boundedReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if r.left -= int64(n); r.left < 0 {
		return 0, fmt.Errorf("it goes on after %s", humanize.IBytes(largestAnswer))
	}
	return n, err
}
