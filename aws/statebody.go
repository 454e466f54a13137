package aws

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/dustin/go-humanize"
	"github.com/stateward/stateward/model"
)

// How much of whole states is kept. Of secrets only hashes are, some bytes each,
// so they are counted by states.
const (
	maxCachedBodies  = 256 << 20
	maxSecretsStates = 64
)

// stateAt is one object as one identity sees it.
type stateAt struct {
	bucket bucketAt
	key    string
}

// bodies are the states that were read whole, by version, and the secrets that
// their versions were found to hold, by state. Versions never change.
type bodies struct {
	read    *lru[versionAt, model.StateDocument]
	secrets *lru[stateAt, *model.Secrets]
}

func newBodies() bodies {
	return bodies{
		read:    newLRU[versionAt, model.StateDocument](maxCachedBodies),
		secrets: newLRU[stateAt, *model.Secrets](maxSecretsStates),
	}
}

// StateBody reads the whole of one version of a state, or of the current one
// for "", and indexes it. A version that was read before is not read again
// while it is kept. progress, which may be nil, is told how many bytes have
// come of how many, from the goroutine of the caller.
//
// Bytes that cannot be indexed come with the error that says why (ErrInvalid,
// ErrEncryptedState, ErrUnsupported); then the document has the body and the
// header alone. Any other error comes without a document.
func (c *Client) StateBody(ctx context.Context, b model.Backend, key, versionID string, progress func(read, total int64)) (*model.StateDocument, error) {
	if doc, ok := c.bodies.read.get(c.versionAt(b, key, versionID)); ok {
		doc.Secrets = c.learned(b, key, doc.Secrets)
		return &doc, nil
	}
	o, err := c.fetch(ctx, b, fetch{key: key, versionID: versionID, progress: progress})
	if err != nil {
		return nil, err
	}
	at := c.versionAt(b, key, orElse(o.VersionID, versionID))
	doc, ok := c.bodies.read.get(at)
	if !ok {
		if doc, err = document(ctx, o, at.versionID); err != nil {
			return orNothing(doc), err
		}
	}
	doc.Secrets = c.learned(b, key, doc.Secrets)
	if at.versionID != "" && at.versionID != nullVersion { // else it is overwritten in place
		c.bodies.read.put(at, doc, int64(cap(doc.Body)))
	}
	return &doc, nil
}

// document indexes what was read and learns its secrets.
func document(ctx context.Context, o *object, versionID string) (model.StateDocument, error) {
	doc, err := model.ReadDocument(versionID, o.Body)
	if left := ctx.Err(); left != nil { // the page was left meanwhile
		return model.StateDocument{}, left
	}
	return doc, err
}

// orNothing is nil for a document that was not read.
func orNothing(doc model.StateDocument) *model.StateDocument {
	if doc.Index == nil {
		return nil
	}
	return &doc
}

// learned adds what one version of a state taught to what is known of its
// secrets, and returns all of it.
func (c *Client) learned(b model.Backend, key string, own *model.Secrets) *model.Secrets {
	at := stateAt{bucket: c.bucketAt(b), key: key}
	return c.bodies.secrets.update(at, 1, func(known *model.Secrets, _ bool) *model.Secrets { return known.With(own) })
}

// countedReader tells how much of a body has come.
type countedReader struct {
	io.Reader
	read, total int64
	progress    func(read, total int64)
}

func (r *countedReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.read += int64(n)
	r.progress(r.read, r.total)
	return n, err
}

// Bounds of a body: of the memory that is set aside on the word of a header, and
// of one that does not end. The largest states are some hundred megabytes.
const (
	largestGuess = 512 << 20
	largestBody  = 1 << 30
)

// readAll reads a body whose size is known, mostly, without growing.
func readAll(r io.Reader, size int64) ([]byte, error) {
	body := make([]byte, 0, min(max(size, 0), largestGuess)+512)
	for {
		n, err := r.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case errors.Is(err, io.EOF):
			return body, nil
		case err != nil:
			return nil, err
		case len(body) > largestBody:
			return nil, fmt.Errorf("it goes on after %s: no state is as large as that", humanize.IBytes(largestBody))
		case len(body) == cap(body):
			body = append(body, 0)[:len(body)]
		}
	}
}
