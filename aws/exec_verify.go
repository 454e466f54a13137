package aws

import (
	"bytes"
	"errors"

	"github.com/stateward/stateward/model"
)

// verify reads the state, the digests and our locks in parallel: all must be
// what the operator confirmed.
func (c *changer) verify() (string, error) {
	g := newGroup()
	g.Go(func() error { return c.verifyCurrent(c.current) })
	for _, d := range c.digests {
		g.Go(func() error { return c.verifyDigest(d.Old) })
	}
	g.Go(c.verifyTaken)
	g.Go(c.verifyVersioning)
	c.verifyHeldIn(g)
	if err := g.Wait(); err != nil {
		return "", c.yield(err)
	}
	return "unchanged", nil
}

// verifyAgain verifies after a pause. Until something is written everything must
// be as before; then the bytes and the locks must be ours, and each digest is
// compared where it is set.
func (c *changer) verifyAgain() error {
	if !c.committed {
		_, err := c.verify()
		return err
	}
	g := newGroup()
	g.Go(c.verifyWritten)
	c.verifyHeldIn(g)
	return g.Wait()
}

// verifyCurrent compares the current version with what it must be.
func (r *run) verifyCurrent(want *model.CurrentState) error {
	head := r.c.headState
	if want != nil && want.Unread != "" {
		head = r.c.headNow
	}
	now, err := head(r.ctx, r.plan.Backend, r.plan.Key)
	switch {
	case errors.Is(err, model.ErrNotFound) && want == nil:
		return nil
	case errors.Is(err, model.ErrNotFound):
		return &foreignError{what: "the state was deleted since it was looked at"}
	case err != nil:
		return err
	case want == nil:
		return &foreignError{what: "the state exists again: version " + now.VersionID}
	case now.VersionID != want.VersionID || now.ETag != want.ETag:
		return &foreignError{what: "the state changed since it was looked at: its current version is " + now.VersionID}
	}
	return nil
}

func (r *run) verifyDigest(want model.DigestRow) error {
	now, err := r.c.digestRowOf(r.ctx, r.plan.Backend, want.Table, r.plan.Key)
	if err != nil {
		return err
	}
	if !sameDigest(now, want) {
		return &foreignError{what: "the digest in " + want.Table + " changed since it was looked at"}
	}
	return nil
}

func sameDigest(a, b model.DigestRow) bool {
	return a.Present == b.Present && a.HasAttr == b.HasAttr && a.Value == b.Value && a.Whole == b.Whole
}

func (c *changer) verifyHeldIn(g *group) {
	for _, h := range c.held {
		g.Go(func() error { return c.verifyHeld(h) })
	}
}

func (r *run) verifyHeld(h heldLock) error {
	now, err := r.c.lockNow(r.ctx, r.plan.Backend, h.asLock(r.plan.Backend, r.plan.Key))
	if err != nil {
		return err
	}
	if now == nil || !bytes.Equal(now.Raw, h.raw) {
		return &foreignError{what: "our own lock was taken away", holder: now}
	}
	return nil
}

// readBack compares what is on the wire now with what was meant.
func (c *changer) readBack() (string, error) {
	g := newGroup()
	written := c.written // looking for the bytes notes it anew
	g.Go(c.verifyWritten)
	g.Go(func() error { return c.verifyReplaced(written) })
	g.Go(func() error { return c.verifyKept(written) })
	for _, d := range c.digests {
		g.Go(func() error { return c.verifyDigest(after(d)) })
	}
	c.verifyHeldIn(g)
	return "bytes, digest and locks are as meant", g.Wait()
}

func (c *changer) verifyWritten() error {
	if c.body == nil {
		return c.verifyCurrent(c.current)
	}
	where, err := c.lookWritten(c.ctx)
	switch {
	case err != nil:
		return err
	case where != standsDone:
		return &foreignError{what: "the state that was written is not the current version any more"}
	}
	return nil
}

// verifyReplaced looks whether the new version lies upon the very one that the
// operator saw: a store that ignores If-Match lets it lie upon another client's.
// Nothing is taken back: both are in the history, and a person must choose.
func (c *changer) verifyReplaced(written string) error {
	ctx, b := c.ctx, c.plan.Backend
	if c.body == nil || c.c.isAWS(ctx, b) || !keepsVersions(written) {
		return nil
	}
	under, found, err := c.c.under(ctx, b, c.plan.Key, written)
	switch {
	case errors.Is(err, model.ErrDenied), errors.Is(err, model.ErrUnsupported):
		c.notes.add("Whether the store checked that nobody else wrote the state could not be told: " + model.Reason(err) + ".")
		return nil
	case err != nil:
		return err
	case found && c.replaces(under):
		return nil
	case !found:
		return &foreignError{what: "the version that was written is not in the history"}
	}
	c.c.lax.add(c.c.storeOf(ctx, b), ignoresConditions)
	c.notes.hint(model.Hint{Text: "Compare the two versions. After recover the restored content stays; theirs comes back with", Command: c.c.opts.Program.Restore(c.plan.URL(), under.VersionID)})
	return &foreignError{what: "another client's version " + under.VersionID + " was overwritten: " + laxStore}
}

// replaces reports whether what lies under the new version is what it was meant
// to replace, or what that lay upon, where it went from the history meanwhile:
// nobody wrote in between then.
func (c *changer) replaces(under *model.Version) bool {
	if under == nil || c.current == nil {
		return under == nil || under.DeleteMarker
	}
	return under.VersionID == c.current.VersionID || c.knew(under.VersionID)
}

// after is the row that a digest change leaves.
func after(d model.DigestChange) model.DigestRow {
	if d.Want == "" {
		return model.DigestRow{Table: d.Old.Table}
	}
	return model.DigestRow{Table: d.Old.Table, Present: true, HasAttr: true, Value: d.Want}
}
