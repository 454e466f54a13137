package aws

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/dustin/go-humanize"
	"github.com/stateward/stateward/model"
)

// How much memory a search takes for bodies: all that are read at a time
// together, so that no state can be larger; and what a worker keeps to read the
// next one into.
const (
	largestSearched = 256 << 20
	keptBuffer      = 8 << 20
)

// bodyReader reads one body after another into the same memory.
type bodyReader struct{ buf bytes.Buffer }

// search searches one state. One that is gone by now holds nothing.
func (r *searchRun) search(ctx context.Context, job searchJob, reader *bodyReader) searchResult {
	res := searchResult{searchJob: job}
	room := min(max(job.state.Size, 1), largestSearched)
	if res.err = r.memory.Acquire(ctx, room); res.err != nil {
		return res
	}
	defer r.memory.Release(room)
	body, err := reader.read(ctx, r.c, job.backend, fetch{key: job.state.Key})
	defer reader.rest()
	res.bytes = int64(len(body))
	switch {
	case errors.Is(err, model.ErrNotFound) && !isNoBucket(err):
	case err != nil:
		res.err = err
	default:
		known, _ := r.c.bodies.secrets.get(stateAt{bucket: r.c.bucketAt(job.backend), key: job.state.Key})
		res.hits, res.more, res.err = r.query.Search(body, known)
	}
	return res
}

// read reads a body, which is good until the next read.
func (r *bodyReader) read(ctx context.Context, c *Client, b model.Backend, f fetch) ([]byte, error) {
	out, err := c.open(ctx, b, f)
	if err != nil {
		return nil, objectFailure(err, b, f)
	}
	defer out.Body.Close() //nolint:errcheck // what matters was read, or the read failed
	size := sdk.ToInt64(out.ContentLength)
	if size > largestSearched {
		return nil, tooLarge(size)
	}
	r.buf.Reset()
	r.buf.Grow(int(max(size, 0)) + bytes.MinRead)
	if _, err := r.buf.ReadFrom(io.LimitReader(out.Body, largestSearched+1)); err != nil {
		return nil, objectFailure(err, b, f)
	}
	if r.buf.Len() > largestSearched {
		return nil, tooLarge(int64(r.buf.Len()))
	}
	return r.buf.Bytes(), nil
}

// rest gives up memory that only a large body needed.
func (r *bodyReader) rest() {
	if r.buf.Cap() > keptBuffer {
		r.buf = bytes.Buffer{}
	}
}

func tooLarge(size int64) error {
	return fmt.Errorf("too large to be searched: %s, and %s is the most", humanize.IBytes(uint64(max(size, 0))), humanize.IBytes(largestSearched))
}
