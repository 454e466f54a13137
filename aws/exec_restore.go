package aws

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stateward/stateward/model"
	"golang.org/x/sync/errgroup"
)

// maxPause is how long a verification holds: after a longer pause (a laptop
// that slept) everything is read again before the state is written.
const maxPause = 30 * time.Second

// restorer writes an old version's content as a new version.
type restorer struct {
	*run
	spec     *model.RestoreSpec
	lockRaw  []byte
	lockID   string
	held     []heldLock
	verified time.Time // wall clock of the last verification
	backup   string
}

func (r *restorer) do() model.Result {
	if err := r.prepare(); err != nil {
		return r.ended(refusedOrFailed(err), err)
	}
	for _, take := range r.takers() {
		if err := r.step(take); err != nil {
			return r.undone(err)
		}
		if r.stopped() {
			return r.undone(errStopped)
		}
	}
	if err := r.step(r.verify); err != nil {
		return r.undone(err)
	}
	if r.stopped() {
		return r.undone(errStopped)
	}
	if err := r.step(r.write); err != nil {
		return r.notWritten(err)
	}
	return r.carryThrough()
}

// prepare does all that needs no lock: the backup and the record that the locks
// will carry.
func (r *restorer) prepare() error {
	if r.spec.Current != nil {
		if err := r.step(r.backUp); err != nil {
			return err
		}
	}
	if r.stopped() {
		return errStopped
	}
	return r.makeLock()
}

func (r *restorer) backUp() (string, error) {
	if r.c.opts.Backups == nil {
		return "", &model.Failure{Kind: model.ErrRefused, Tried: "backing up", On: r.plan.URL(), Next: "There is no place for backups."}
	}
	o, err := r.c.getObject(r.ctx, r.plan.Backend, r.plan.Key, r.spec.Current.VersionID)
	if err != nil {
		return "", err
	}
	if model.DigestOf(o.Body) != r.spec.Current.MD5 {
		return "", &foreignError{what: "the state changed since it was looked at"}
	}
	name := r.plan.Backend.Bucket + "-" + r.plan.Key
	r.backup, err = r.c.opts.Backups.Save(r.ctx, name, o.Body)
	if err != nil {
		return "", &model.Failure{Kind: model.ErrRefused, Tried: "backing up", On: r.plan.URL(), Cause: err,
			Next: "Nothing is overwritten without a backup: " + err.Error()}
	}
	return r.backup, nil
}

// makeLock builds the lock that this operation takes. Its Info is the recovery
// record: whoever finds the lock can tell from it where the operation stopped.
func (r *restorer) makeLock() error {
	rec := model.RecoveryRecord{Operation: model.OpRestore, ID: r.id, From: r.spec.Target.VersionID,
		NewMD5: r.spec.NewMD5, Serial: r.spec.NewSerial, Lockfile: r.spec.Lockfile, Tables: r.spec.LockTables,
		Encryption: r.spec.Write.Encryption.Algorithm, Host: r.c.opts.Actor.Host, PID: r.c.opts.Actor.PID}
	if cur := r.spec.Current; cur != nil {
		rec.Previous, rec.PreviousMD5 = cur.VersionID, cur.MD5
	}
	for _, d := range r.spec.Digests {
		if rec.Digests == nil {
			rec.Digests = map[string]string{}
		}
		rec.Digests[d.Table] = model.NoDigest
		if d.Present {
			rec.Digests[d.Table] = d.Value
		}
	}
	text, err := rec.Info()
	if err != nil {
		return err
	}
	r.lockID = newID()
	r.lockRaw, err = model.LockInfo{ID: r.lockID, Operation: "stateward-restore", Info: text, Who: r.c.opts.Actor.Who,
		Version: r.c.opts.Actor.Version, Created: r.c.now().UTC(), Path: model.LockID(r.plan.Backend.Bucket, r.plan.Key)}.Marshal()
	return err
}

// takers are the steps that take each lock, the lock file first as the clients do.
func (r *restorer) takers() []func() (string, error) {
	var out []func() (string, error)
	if r.spec.Lockfile {
		out = append(out, func() (string, error) {
			held, err := r.c.takeLockfile(r.ctx, r.plan.Backend, r.plan.Key, r.lockRaw, r.spec.Write)
			return r.took(held, err)
		})
	}
	for _, table := range r.spec.LockTables {
		out = append(out, func() (string, error) {
			held, err := r.c.takeLockRow(r.ctx, r.plan.Backend, table, r.plan.Key, r.lockRaw)
			return r.took(held, err)
		})
	}
	return out
}

// took remembers a lock also when nobody could tell whether it was taken: the
// release looks before it removes anything.
func (r *restorer) took(held heldLock, err error) (string, error) {
	var unsettled *unsettledError
	if err == nil || errors.As(err, &unsettled) {
		r.held = append(r.held, held)
	}
	return "held, ID " + r.lockID, err
}

// verify reads the state, the digests and our locks in parallel: all must be
// what the operator confirmed.
func (r *restorer) verify() (string, error) {
	g, _ := errgroup.WithContext(r.ctx)
	g.Go(r.verifyCurrent)
	for _, d := range r.spec.Digests {
		g.Go(func() error { return r.verifyDigest(d) })
	}
	for _, h := range r.held {
		g.Go(func() error { return r.verifyHeld(h) })
	}
	if err := g.Wait(); err != nil {
		return "", err
	}
	r.verified = r.c.now().Round(0)
	return "unchanged", nil
}

func (r *restorer) verifyCurrent() error {
	now, err := r.c.headState(r.ctx, r.plan.Backend, r.plan.Key)
	cur := r.spec.Current
	switch {
	case errors.Is(err, model.ErrNotFound) && cur == nil:
		return nil
	case errors.Is(err, model.ErrNotFound):
		return &foreignError{what: "the state was deleted since it was looked at"}
	case err != nil:
		return err
	case cur == nil:
		return &foreignError{what: "the state exists again: version " + now.VersionID}
	case now.VersionID != cur.VersionID || now.ETag != cur.ETag:
		return &foreignError{what: "the state changed since it was looked at: its current version is " + now.VersionID}
	}
	return nil
}

func (r *restorer) verifyDigest(want model.DigestRow) error {
	now, err := r.c.digestRowOf(r.ctx, r.plan.Backend, want.Table, r.plan.Key)
	if err != nil {
		return err
	}
	if now.Present != want.Present || now.HasAttr != want.HasAttr || now.Value != want.Value {
		return &foreignError{what: "the digest in " + want.Table + " changed since it was looked at"}
	}
	return nil
}

func (r *restorer) verifyHeld(h heldLock) error {
	now, err := r.c.lockNow(r.ctx, r.plan.Backend, h.asLock(r.plan.Backend, r.plan.Key))
	if err != nil {
		return err
	}
	if now == nil || !bytes.Equal(now.Raw, h.raw) {
		return &foreignError{what: "our own lock was taken away", holder: now}
	}
	return nil
}

// write puts the new version over exactly the version that the operator saw.
func (r *restorer) write() (string, error) {
	if r.c.now().Round(0).Sub(r.verified) > maxPause {
		if _, err := r.verify(); err != nil {
			return "", err
		}
	}
	cond := writeCondition{absent: true}
	if r.spec.Current != nil {
		cond = writeCondition{etag: r.spec.Current.ETag}
	}
	err := r.c.settle(r.ctx, change{
		what: "writing the state",
		send: func(ctx context.Context) error {
			_, err := r.c.putObject(ctx, r.plan.Backend, r.plan.Key, r.spec.NewBody, r.spec.Write, cond)
			return err
		},
		look: r.lookWritten,
	})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("serial %d, MD5 %s", r.spec.NewSerial, r.spec.NewMD5), nil
}

// lookWritten tells by the bytes whether our write is the current version.
func (r *restorer) lookWritten(ctx context.Context) (standing, error) {
	now, err := r.c.getObject(ctx, r.plan.Backend, r.plan.Key, "")
	switch {
	case errors.Is(err, model.ErrNotFound):
		if r.spec.Current == nil {
			return standsBefore, nil
		}
		return standsOtherwise, nil
	case err != nil:
		return 0, err
	case bytes.Equal(now.Body, r.spec.NewBody):
		return standsDone, nil
	case r.spec.Current != nil && now.VersionID == r.spec.Current.VersionID:
		return standsBefore, nil
	}
	return standsOtherwise, nil
}
