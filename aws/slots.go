package aws

import (
	"context"
	"io"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
)

// slots bound the calls that are under way for one purpose, whatever they are
// for: the pages of a listing, rows of lock tables, bodies. They travel with the
// context, because a listing sends more than the one who asked for it knows of.
type slots chan struct{}

type slotsKey struct{}

func withSlots(ctx context.Context, s slots) context.Context {
	return context.WithValue(ctx, slotsKey{}, s)
}

// take waits for a slot. Without slots in the context there is no bound.
func takeSlot(ctx context.Context) (release func(), err error) {
	s, ok := ctx.Value(slotsKey{}).(slots)
	if !ok {
		return func() {}, nil
	}
	select {
	case s <- struct{}{}:
		return sync.OnceFunc(func() { <-s }), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// slotMiddleware holds a slot for as long as a call lasts; a body that is read
// is part of its call. It stands outside the deadline of the call: waiting for
// others is no sign that the endpoint hangs.
type slotMiddleware struct{}

// ID implements middleware.InitializeMiddleware.
func (slotMiddleware) ID() string { return "stateward:Slot" }

// HandleInitialize implements middleware.InitializeMiddleware.
func (slotMiddleware) HandleInitialize(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	release, err := takeSlot(ctx)
	if err != nil {
		return middleware.InitializeOutput{}, middleware.Metadata{}, err
	}
	out, metadata, err := next.HandleInitialize(ctx, in)
	if got, ok := out.Result.(*s3.GetObjectOutput); ok && err == nil && got.Body != nil {
		got.Body = &slotBody{ReadCloser: got.Body, release: release}
		return out, metadata, nil
	}
	release()
	return out, metadata, err
}

type slotBody struct {
	io.ReadCloser
	release func()
}

func (b *slotBody) Close() error {
	defer b.release()
	return b.ReadCloser.Close()
}
