package aws

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// rowSum refuses an answer of DynamoDB that does not have the CRC-32 that it
// names. The SDK compares the two only when it closes the body, and does no more
// than log a difference: a damaged lock row would pass for somebody else's lock.
type rowSum struct{}

func addRowSum(stack *middleware.Stack) error {
	return stack.Deserialize.Add(rowSum{}, middleware.After)
}

// ID implements middleware.DeserializeMiddleware.
func (rowSum) ID() string { return "stateward:RowSum" }

// HandleDeserialize implements middleware.DeserializeMiddleware.
func (rowSum) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	resp, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok || resp.Body == nil || resp.Header.Get("Content-Encoding") != "" {
		return out, metadata, err
	}
	want, err := strconv.ParseUint(resp.Header.Get("X-Amz-Crc32"), 10, 32)
	if err != nil {
		return out, metadata, nil // not every store names one
	}
	body, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return out, metadata, fmt.Errorf("reading the answer: %w", err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if got := crc32.ChecksumIEEE(body); uint64(got) != want {
		return out, metadata, &smithy.DeserializationError{Err: fmt.Errorf("the answer was damaged on its way: its CRC-32 is %d, it says %d", got, want)}
	}
	return out, metadata, nil
}
