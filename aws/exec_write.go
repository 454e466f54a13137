package aws

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/stateward/stateward/model"
)

// write puts the new version over exactly the version that the operator saw.
func (c *changer) write() (string, error) {
	cond := writeCondition{absent: true}
	if c.current != nil {
		cond = writeCondition{etag: c.current.ETag}
	}
	err := c.c.settle(c.ctx, change{
		what: "writing the state", store: c.c.storeOf(c.ctx, c.plan.Backend),
		send: c.put(cond), bare: c.put(writeCondition{none: true}), look: c.lookWritten,
	})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("serial %d, MD5 %s", c.record.Serial, c.md5), nil
}

func (c *changer) put(cond writeCondition) func(context.Context) error {
	return func(ctx context.Context) error {
		put, err := c.c.putObject(ctx, c.plan.Backend, c.plan.Key, c.body, c.store, cond)
		c.written = put.versionID
		return err
	}
}

// lookWritten tells by the bytes whether our write is the current version.
func (c *changer) lookWritten(ctx context.Context) (standing, error) {
	now, err := c.c.getObject(ctx, c.plan.Backend, c.plan.Key, "")
	switch {
	case (isArchived(err) || isKeyRefusal(err)) && c.current != nil && c.current.Unread != "":
		return c.lookUnread(ctx, err)
	case errors.Is(err, model.ErrNotFound) && c.current == nil:
		return standsBefore, nil
	case errors.Is(err, model.ErrNotFound):
		return standsOtherwise, nil
	case err != nil:
		return 0, err
	case bytes.Equal(now.Body, c.body):
		c.written = now.VersionID
		return standsDone, nil
	case c.current != nil && now.VersionID == c.current.VersionID:
		return standsBefore, nil
	}
	return standsOtherwise, nil
}

// lookUnread tells by the listing whether the version that cannot be read is still
// the current one: then ours was not written.
func (c *changer) lookUnread(ctx context.Context, why error) (standing, error) {
	now, err := c.c.latest(ctx, c.plan.Backend, c.plan.Key)
	switch {
	case err != nil:
		return 0, err
	case now.VersionID == c.current.VersionID:
		return standsBefore, nil
	}
	return 0, why
}

// setDigest verifies our locks before the first digest, then compares and sets.
func (c *changer) setDigest(i int) (string, error) {
	if i == 0 {
		g := newGroup()
		c.verifyHeldIn(g)
		if err := g.Wait(); err != nil {
			return "", err
		}
	}
	return c.changeDigest(c.digests[i])
}

// changeDigest compares and sets, or deletes, one digest row.
func (r *run) changeDigest(d model.DigestChange) (string, error) {
	err := r.c.settle(r.ctx, change{
		what: "setting the digest in " + d.Old.Table,
		send: func(ctx context.Context) error {
			if d.Want == "" {
				return r.c.deleteDigest(ctx, r.plan.Backend, r.plan.Key, d.Old)
			}
			return r.c.putDigest(ctx, r.plan.Backend, r.plan.Key, d.Old, d.Want)
		},
		look: func(ctx context.Context) (standing, error) {
			now, err := r.c.digestRowOf(ctx, r.plan.Backend, d.Old.Table, r.plan.Key)
			switch {
			case err != nil:
				return 0, err
			case sameDigest(now, after(d)):
				return standsDone, nil
			case sameDigest(now, d.Old):
				return standsBefore, nil
			}
			return standsOtherwise, nil
		},
	})
	if d.Want == "" {
		return "deleted", err
	}
	return d.Want, err
}

// release removes the locks that are ours, all at once. A lock that is not ours
// any more is left alone.
func (c *changer) release() (string, error) {
	g := newGroup()
	for _, h := range c.held {
		g.Go(func() error { return c.releaseOne(h) })
	}
	if err := g.Wait(); err != nil {
		return "", err
	}
	return "released", c.awaitLate()
}

func (r *run) releaseOne(h heldLock) error {
	lock := h.asLock(r.plan.Backend, r.plan.Key)
	if h.mechanism == model.MechanismLockfile && h.etag == "" {
		now, err := r.c.lockfileOf(r.ctx, r.plan.Backend, r.plan.Key)
		if err != nil || now == nil || !bytes.Equal(now.Raw, h.raw) {
			return err
		}
		lock.ETag, lock.VersionID = now.ETag, now.VersionID
	}
	answer, err := r.c.dropLock(r.ctx, r.plan.Backend, lock)
	if err == nil {
		_, err = r.checkDrop(lock, answer)
	}
	var f *foreignError
	if errors.As(err, &f) {
		return nil // somebody removed ours and took their own: theirs stays
	}
	return err
}
