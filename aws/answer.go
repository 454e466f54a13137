package aws

import (
	"bufio"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/dustin/go-humanize"
)

// answerCheck refuses answers to reads that the service cannot have given. The
// SDK takes an answer without a body, and any XML document whose elements it
// does not know, for an empty one: the page of a captive portal would say that
// no lock is held.
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
	name := awsmiddleware.GetOperationName(ctx)
	if err != nil || !ok || resp.Body == nil {
		return out, metadata, err
	}
	good := resp.StatusCode/100 == 2
	if good && (name == "GetObject" || strings.HasPrefix(name, "Head") || !isRead(name)) {
		return out, metadata, nil
	}
	body := bufio.NewReaderSize(&boundedReader{Reader: resp.Body, left: largestAnswer}, answerStart)
	resp.Body = &bufferedBody{Reader: body, Closer: resp.Body}
	if !good {
		return out, metadata, nil
	}
	start, err := body.Peek(answerStart)
	if err == nil || errors.Is(err, io.EOF) {
		err = checkStart(start, isJSON(awsmiddleware.GetServiceID(ctx), name))
	}
	if err != nil {
		return out, metadata, &smithy.DeserializationError{Err: err}
	}
	return out, metadata, nil
}

// isJSON tells the operations that are answered in JSON from those in XML.
func isJSON(service, operation string) bool {
	return service == dynamodb.ServiceID || service == kms.ServiceID || operation == "GetBucketPolicy"
}

// checkStart looks at the start of an answer, which is all of a short one. No
// service begins with pages of nothing, and of those the SDK makes an empty list.
func checkStart(start []byte, inJSON bool) error {
	text := bytes.TrimSpace(start)
	switch {
	case len(text) == 0:
		return errors.New("an answer without a body")
	case inJSON && text[0] != '{':
		return errors.New("no JSON object")
	case inJSON:
		return nil
	}
	return checkRoot(start)
}

// checkRoot looks for the root element of XML. Stores differ in the names that
// they give it, so any will do that no web page has.
func checkRoot(start []byte) error {
	dec := xml.NewDecoder(bytes.NewReader(start))
	dec.Strict = false
	for {
		token, err := dec.Token()
		if root, ok := token.(xml.StartElement); ok {
			if strings.EqualFold(root.Name.Local, "html") {
				return errors.New("a web page")
			}
			return nil
		}
		if err != nil {
			return errors.New("no XML document")
		}
	}
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
