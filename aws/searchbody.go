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
	size := max(job.state.Size, 1)
	if res.err = r.tooLarge(size); res.err != nil {
		return res
	}
	if res.err = r.memory.Acquire(ctx, size); res.err != nil {
		return res
	}
	defer r.memory.Release(size)
	body, err := r.read(ctx, job, reader)
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

// read reads a body, which is good until the next one is read.
func (r *searchRun) read(ctx context.Context, job searchJob, reader *bodyReader) ([]byte, error) {
	f := fetch{key: job.state.Key}
	out, err := r.c.open(ctx, job.backend, f)
	if err != nil {
		return nil, objectFailure(err, job.backend, f)
	}
	defer out.Body.Close() //nolint:errcheck // what matters was read, or the read failed
	size := sdk.ToInt64(out.ContentLength)
	if err := r.tooLarge(size); err != nil { // it grew since it was listed
		return nil, err
	}
	reader.buf.Reset()
	reader.buf.Grow(int(max(size, 0)) + bytes.MinRead)
	if _, err := reader.buf.ReadFrom(io.LimitReader(out.Body, r.most+1)); err != nil {
		return nil, objectFailure(err, job.backend, f)
	}
	return reader.buf.Bytes(), r.tooLarge(int64(reader.buf.Len()))
}

func (r *searchRun) tooLarge(size int64) error {
	if size <= r.most {
		return nil
	}
	return fmt.Errorf("too large to be searched: %s, and %s is the most", humanize.IBytes(uint64(max(size, 0))), humanize.IBytes(uint64(max(r.most, 0))))
}

// rest gives up memory that only a large body needed.
func (r *bodyReader) rest() {
	if r.buf.Cap() > keptBuffer {
		r.buf = bytes.Buffer{}
	}
}
