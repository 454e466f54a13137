package aws

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // the protocol's digest is MD5
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stateward/stateward/model"
)

// stateRead is one state and what its one GET told.
type stateRead struct {
	model.State
	front front
	md5   string // of the whole bytes; "" where they were not read
	whole bool   // all of the state was read and looked at
	wrong string // what is wrong with what was read
	age   time.Duration
	err   error
}

// readStates reads every state, the lock files that lie there, and the keys that
// only their content can tell, a few at a time.
func (h *healthReader) readStates(ctx context.Context) {
	l := &stateListing{c: h.c, b: h.b, prefix: h.b.Prefix, rows: h.rows.pending(h.b), seen: map[string]bool{}, told: map[string]bool{}}
	found := append(l.page(h.found).States, l.rest().States...)
	if !h.objects.complete {
		found = append(found, h.known(l)...)
	}
	maybe := l.later
	reads := make([]stateRead, len(found)+len(maybe))
	g := newGroup()
	g.SetLimit(h.c.concurrency())
	for i, s := range found {
		g.Go(func() error { reads[i] = h.readState(ctx, s); return nil })
	}
	for i, o := range maybe {
		s := l.state(o, namedByContent, false)
		g.Go(func() error { reads[len(found)+i] = h.readState(ctx, s); return nil })
	}
	h.readLockFiles(ctx, g)
	_ = g.Wait() // each read keeps its own error
	for i, r := range reads {
		if i < len(found) && !h.isAbsent(r) || i >= len(found) && isStateByContent(r) {
			h.states = append(h.states, r)
		}
	}
	h.f.States.Read, h.f.States.More = true, l.unread
	h.f.States.Items = h.deletedStates(l)
}

// known are the states that configuration and rows name, where the keys could
// not be listed.
func (h *healthReader) known(l *stateListing) []model.State {
	keys := slices.Clone(h.b.Keys)
	for _, t := range h.rows.tables {
		for _, r := range t.rows {
			key, _ := r.keyIn(h.b)
			if r.digests() {
				key = strings.TrimSuffix(key, digestIDSuffix)
			}
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	var states []model.State
	for _, key := range slices.Compact(keys) {
		if !l.seen[key] {
			states = append(states, l.state(listedObject{key: key, size: -1}, namedByConfig, false))
		}
	}
	return states
}

// isAbsent reports whether a state that was only known by name is not there.
func (h *healthReader) isAbsent(r stateRead) bool {
	return errors.Is(r.err, model.ErrNotFound) && r.Size < 0
}

// isStateByContent: a key that nothing names and that cannot be read is none.
func isStateByContent(r stateRead) bool {
	none := []model.Format{model.FormatUnknown, model.FormatInvalid, model.FormatEmpty}
	return r.err == nil && !slices.Contains(none, r.front.header.Format)
}

// deletedStates are the states that are gone; what they lost is read later.
func (h *healthReader) deletedStates(l *stateListing) []model.StateHealth {
	var all []model.StateHealth
	for _, s := range h.deleted(l) {
		all = append(all, model.StateHealth{Key: s.Key, Workspace: s.Workspace, Deleted: true})
	}
	return all
}

// readState reads the first bytes of a state; all of it where a digest row
// exists that the ETag does not prove right. An ETag is the MD5 only of what was
// written in one piece and not under a KMS key, and where it is not, it differs
// from every digest.
func (h *healthReader) readState(ctx context.Context, s model.State) stateRead {
	f := fetch{key: s.Key, first: frontBytes}
	if h.wantsBytes(s) || s.Size == 0 { // of nothing there is no range
		f.first = 0
	}
	r := stateRead{State: s}
	out, err := h.c.open(ctx, h.b, f)
	if httpStatus(err) == http.StatusRequestedRangeNotSatisfiable { // emptied since it was listed
		f.first = 0
		out, err = h.c.open(ctx, h.b, f)
	}
	if err == nil {
		err = h.readBytes(&r, out, f)
	}
	if err != nil {
		r.err = objectFailure(err, h.b, f)
	}
	return r
}

// readBytes reads what comes of a state. Of a large one only the front is kept.
func (h *healthReader) readBytes(r *stateRead, out *s3.GetObjectOutput, f fetch) error {
	defer out.Body.Close() //nolint:errcheck // what matters was read, or the read failed
	sum := md5.New()       //nolint:gosec // the protocol's digest is MD5
	body := &firstBytes{max: countedBytes}
	piece := min(max(sdk.ToInt64(out.ContentLength), frontBytes), longestPiece)
	n, err := io.CopyBuffer(io.MultiWriter(sum, body), out.Body, make([]byte, piece))
	if err != nil {
		return err
	}
	part := *out
	part.Body = io.NopCloser(bytes.NewReader(body.kept))
	o, err := readObject(&part, f)
	if err != nil {
		return err
	}
	h.saw(o.ServerTime)
	r.age, r.LastModified = o.ServerTime.Sub(o.LastModified), o.LastModified
	r.take(o, n)
	if n == o.Size {
		r.md5 = hex.EncodeToString(sum.Sum(nil))
	}
	return nil
}

// longestPiece is how much of a state is read at once.
const longestPiece = 32 << 10

// take looks at the bytes that came, of which the object keeps the first.
func (r *stateRead) take(o *object, n int64) {
	r.front = front{versionID: o.VersionID, etag: o.ETag, size: o.Size, encryption: o.Encryption, header: model.ReadHeader(o.Body, o.Size)}
	r.whole = n == o.Size && int64(len(o.Body)) == n
	if r.front.header.Format == model.FormatInvalid {
		r.wrong = r.front.header.Problem
		return
	}
	if !r.whole || r.front.header.Format == model.FormatEmpty {
		return
	}
	if _, err := model.IndexState(o.Body); err != nil && !errors.Is(err, model.ErrEncryptedState) && !errors.Is(err, model.ErrUnsupported) {
		r.wrong = model.Reason(err)
	}
}

// firstBytes keeps the beginning of what is written to it.
type firstBytes struct {
	kept []byte
	max  int
}

// Write implements io.Writer.
func (b *firstBytes) Write(p []byte) (int, error) {
	if room := b.max - len(b.kept); room > 0 {
		b.kept = append(b.kept, p[:min(room, len(p))]...)
	}
	return len(p), nil
}

// wantsBytes reports whether a digest of the state can only be judged by its
// bytes.
func (h *healthReader) wantsBytes(s model.State) bool {
	for _, t := range h.rows.tables {
		r, ok := t.digest(h.b, s.Key)
		stored := model.DigestRow{Present: ok, Value: r.digest.value, HasAttr: r.digest.isText}
		if ok && stored.WellFormed() && stored.Value != strings.Trim(s.ETag, `"`) {
			return true
		}
	}
	return false
}

// stateFacts puts the facts of the states together.
func (h *healthReader) stateFacts() {
	for i := range h.f.States.Items { // those that are gone
		h.f.States.Items[i].Loss = h.lost[h.f.States.Items[i].Key]
	}
	for _, r := range h.states {
		h.f.States.Items = append(h.f.States.Items, h.stateHealth(r))
	}
	slices.SortFunc(h.f.States.Items, func(a, b model.StateHealth) int { return strings.Compare(a.Key, b.Key) })
	if h.listErr != nil {
		h.f.States.Unread = append(h.f.States.Unread, reasonOn(h.listErr, h.b.URL(h.b.Prefix)))
	}
	if h.history.err != nil { // deleted states are not known
		h.f.States.Unread = append(h.f.States.Unread, reasonOn(h.history.err, h.b.URL(h.b.Prefix)))
	}
	if h.history.next != "" {
		h.f.DeletedUnread = fmt.Sprintf("only the first %d versions and delete markers were looked through", len(h.history.all))
	}
	h.f.Leftovers = h.history.leftovers()
}

func (h *healthReader) stateHealth(r stateRead) model.StateHealth {
	s := model.StateHealth{Key: r.Key, Workspace: r.Workspace, Whole: r.whole, LockFile: h.lockFileFact(r.Key),
		Header: factRead(r.front.header, r.err), Encryption: factRead(r.front.encryption, r.err), Parse: factRead(r.wrong, r.err)}
	s.Anomalies, s.AnomaliesPartial = h.anomalies(r.Key, r.front)
	s.Loss = h.lost[r.Key]
	return s
}

// settling is how long after a write the digest may still be on its way: the
// clients themselves wait as long before they call a mismatch an error.
const settling = 10 * time.Second

// digests compares every digest row with the bytes, and finds those that are
// expected and missing.
func (h *healthReader) digests(ctx context.Context) {
	reads := map[string]stateRead{}
	for _, r := range h.states {
		reads[r.Key] = r
	}
	d := &h.f.Digests
	d.Read, d.Unread = true, slices.Clone(h.rows.unread)
	for _, t := range h.rows.tables {
		if t.err != nil && !t.single {
			continue
		}
		for _, key := range h.digestKeys(t, reads) {
			d.Items = append(d.Items, h.digest(ctx, t, key, reads))
		}
	}
}

// digestKeys are the states that have a digest in a table, or should have.
func (h *healthReader) digestKeys(t oneTable, reads map[string]stateRead) []string {
	keys := map[string]bool{}
	for _, r := range t.rows {
		if key, ok := r.keyIn(h.b); ok && r.digests() {
			keys[strings.TrimSuffix(key, digestIDSuffix)] = true
		}
	}
	for key := range reads {
		if _, locked := t.lock(h.b, key); locked || slices.Contains(h.b.Digests, t.name) {
			keys[key] = true
		}
	}
	return slices.Sorted(maps.Keys(keys))
}

func (h *healthReader) digest(ctx context.Context, t oneTable, key string, reads map[string]stateRead) model.DigestHealth {
	d := model.DigestHealth{Table: t.name, Key: key}
	r, present := t.digest(h.b, key)
	stored := model.DigestRow{Table: t.name, Present: present, Value: r.digest.value, HasAttr: r.digest.isText}
	d.Stored = stored.Value
	read, there := reads[key]
	switch {
	case !there && !h.objects.complete:
		d.Verdict = unreadFact[model.DigestVerdict](h.listErr)
	case !there && h.lies(key):
		d.Verdict = model.Unknown[model.DigestVerdict]("what lies there is not taken for a state")
	case !there || read.err == nil && read.front.size == 0 || errors.Is(read.err, model.ErrNotFound):
		d.Verdict = model.Known(model.AssessDigest(stored, "", true))
	case !present || !stored.WellFormed():
		d.Verdict = model.Known(model.AssessDigest(stored, "not compared", true))
	case read.err != nil:
		d.Verdict = unreadFact[model.DigestVerdict](read.err)
	default:
		d.Verdict = h.compare(ctx, stored, read)
	}
	return d
}

func (h *healthReader) lies(key string) bool {
	_, ok := h.objects.keys[key]
	return ok
}

// compare compares a well-formed digest with what was read of the state.
func (h *healthReader) compare(ctx context.Context, stored model.DigestRow, read stateRead) model.Fact[model.DigestVerdict] {
	sum := read.md5
	if etag := strings.Trim(read.front.etag, `"`); sum == "" && etag == stored.Value {
		sum = etag // 32 hex digits that are equal by no accident
	}
	switch {
	case sum == stored.Value:
		return model.Known(model.DigestMatch)
	case sum == "" || read.age < settling:
		return model.Unknown[model.DigestVerdict]("the state was written while it was looked at")
	}
	// The row was read before the state: whoever wrote both since has made them
	// agree, and one look at the row tells.
	now, err := h.c.digestRowOf(ctx, h.b, stored.Table, read.Key)
	switch {
	case err != nil:
		return unreadFact[model.DigestVerdict](err)
	case now != stored && now.Value != sum:
		return model.Unknown[model.DigestVerdict]("the state was written while it was looked at")
	}
	return model.Known(model.AssessDigest(now, sum, true))
}
