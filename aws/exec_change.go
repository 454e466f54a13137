package aws

import (
	"errors"
	"fmt"
	"slices"

	"github.com/stateward/stateward/model"
)

// changer changes a state, or its digests, under locks of its own: it is what
// runs a restore and a repair.
type changer struct {
	*run
	current  *model.CurrentState // as the operator saw it; nil: there is no state
	body     []byte              // the new content; nil leaves the state as it is
	md5      string              // of the state's bytes afterwards; "" for no state
	store    model.ObjectWrite
	lockfile bool
	tables   []string
	digests  []model.DigestChange
	record   model.RecoveryRecord

	lockRaw   []byte
	lockID    string
	held      []heldLock
	written   string // the id of the version that the state's write made
	committed bool   // something is written that only going forward makes whole
	yielded   error  // another client's lock lies under ours: why ours is not to be released
	backup    string
	history   []string // the entries of the history as the plan knew them
	hadNull   bool     // one of them, not the current one, was the null version
	gone      bool     // what was replaced is in the bucket no more
	unlooked  bool     // whether it is could not be told
	unkept    bool     // the bucket kept no versions when the state was written
}

// restoring sets a changer up for a restore.
func (r *run) restoring(spec *model.RestoreSpec) *changer {
	c := &changer{run: r, current: spec.Current, body: spec.NewBody, md5: spec.NewMD5, store: spec.Write,
		lockfile: spec.Lockfile, tables: spec.LockTables, history: spec.History}
	c.hadNull = slices.Contains(spec.History, nullVersion) && (spec.Current == nil || spec.Current.VersionID != nullVersion)
	for _, row := range spec.Digests {
		c.digests = append(c.digests, model.DigestChange{Old: row, Want: spec.NewMD5})
	}
	c.record = model.RecoveryRecord{From: spec.Target.VersionID, Serial: spec.NewSerial}
	return c
}

// repairing sets a changer up for a repair.
func (r *run) repairing(spec *model.RepairSpec) *changer {
	c := &changer{run: r, current: spec.Current, store: spec.Write,
		lockfile: spec.Lockfile, tables: spec.LockTables, digests: spec.Digests}
	if spec.Current != nil {
		c.md5 = spec.Current.MD5
	}
	return c
}

// do runs the plan: until something is written every stop takes the locks back,
// from then on there is no way but forward.
func (c *changer) do() model.Result {
	if err := c.prepare(); err != nil {
		return c.ended(refusedOrFailed(err), err)
	}
	for _, step := range append(c.takers(), c.verify) {
		if err := c.step(step); err != nil {
			return c.undone(err)
		}
		if c.stopped() {
			return c.undone(errStopped)
		}
	}
	c.again = c.verifyAgain
	if c.body != nil {
		if err := c.step(c.write); err != nil {
			return c.broken(err)
		}
		c.committed = true
	}
	for i := range c.digests {
		if err := c.step(func() (string, error) { return c.setDigest(i) }); err != nil {
			return c.broken(err)
		}
		c.committed = true
	}
	for _, step := range []func() (string, error){c.readBack, c.release} {
		if err := c.step(step); err != nil {
			return c.broken(err)
		}
	}
	return c.finished()
}

// prepare does all that needs no lock: the backup of what is overwritten, and
// the lock with its record.
func (c *changer) prepare() error {
	if c.body != nil && c.current != nil && c.current.Unread == "" {
		if err := c.step(c.backUp); err != nil {
			return err
		}
	}
	if c.stopped() {
		return errStopped
	}
	return c.makeLock()
}

func (c *changer) backUp() (string, error) {
	if c.c.opts.Backups == nil {
		return "", &model.Failure{Kind: model.ErrRefused, Tried: "backing up", On: c.plan.URL(), Next: "There is no place for backups."}
	}
	o, err := c.c.getObject(c.ctx, c.plan.Backend, c.plan.Key, c.current.VersionID)
	if err != nil {
		return "", err
	}
	if model.DigestOf(o.Body) != c.current.MD5 {
		return "", &foreignError{what: "the state changed since it was looked at"}
	}
	name := c.plan.Backend.Bucket + "-" + c.plan.Key
	c.backup, err = c.c.opts.Backups.Save(c.ctx, name, o.Body)
	if err != nil {
		return "", &model.Failure{Kind: model.ErrRefused, Tried: "backing up", On: c.plan.URL(), Cause: err,
			Next: "Nothing is overwritten without a backup: " + err.Error()}
	}
	return fmt.Sprintf("%d bytes", len(o.Body)), nil
}

// makeLock builds the lock that this operation takes. Its Info is the recovery
// record: whoever finds the lock can tell from it where the operation stopped.
func (c *changer) makeLock() error {
	actor := c.c.opts.Actor
	rec := c.record
	rec.Operation, rec.ID, rec.NewMD5 = c.plan.Operation, c.id, c.md5
	rec.Lockfile, rec.Tables, rec.Encryption = c.lockfile, c.tables, c.store.Encryption.Algorithm
	rec.Host, rec.PID = actor.Host, actor.PID
	if c.current != nil {
		rec.Previous, rec.PreviousMD5 = c.current.VersionID, c.current.MD5
	}
	rec.Digests = map[string]string{}
	for _, d := range c.digests {
		rec.Digests[d.Old.Table] = model.RecordedDigest(d.Old)
	}
	text, err := rec.Info()
	if err != nil {
		return err
	}
	c.lockID = newID()
	c.lockRaw, err = model.LockInfo{ID: c.lockID, Operation: "stateward-" + string(c.plan.Operation), Info: text, Who: actor.Who,
		Version: actor.Version, Created: c.c.serviceNow().UTC(), Path: model.LockID(c.plan.Backend.Bucket, c.plan.Key)}.Marshal()
	return err
}

// takers are the steps that take each lock, the lock file first as the clients do.
func (c *changer) takers() []func() (string, error) {
	var out []func() (string, error)
	if c.lockfile {
		store := c.store
		store.Tags = nil // they are the state's: clients store lock files without them
		out = append(out, func() (string, error) {
			return c.took(c.c.takeLockfile(c.ctx, c.plan.Backend, c.plan.Key, c.lockRaw, store))
		})
	}
	for _, table := range c.tables {
		out = append(out, func() (string, error) {
			return c.took(c.c.takeLockRow(c.ctx, c.plan.Backend, table, c.plan.Key, c.lockRaw))
		})
	}
	return out
}

// took remembers a lock also when nobody could tell whether it was taken: the
// release looks before it removes anything.
func (c *changer) took(held heldLock, err error) (string, error) {
	if err == nil || isUnsettled(err) || !errors.Is(err, model.ErrChanged) && !notSent(err) {
		c.held = append(c.held, held)
	}
	if held.open > 0 {
		c.late = append(c.late, held)
	}
	return "held, ID " + c.lockID, err
}

func (c *changer) finished() model.Result {
	if c.body != nil {
		return c.restored()
	}
	res := c.ended(model.OutcomeDone, nil)
	res.Message = "the digest of " + c.plan.URL() + " is that of its bytes again"
	if model.DigestWanted(c.md5) == "" {
		res.Message = "the digest of " + c.plan.URL() + " is removed: no client expects one of a state that is empty or not there"
	}
	return res
}

// undone takes back the locks after a stop at which nothing was written.
func (c *changer) undone(cause error) model.Result {
	c.forgetForeign()
	if _, err := c.release(); err != nil {
		return c.interrupted(fmt.Errorf("%w; and the locks could not be released: %w", cause, err))
	}
	if isLost(cause) {
		return c.interrupted(cause)
	}
	res := c.ended(refusedOrFailed(cause), cause)
	res.Backup = c.backup
	return res
}

// broken: a step that writes failed. Where nobody can tell whether it wrote, or
// something was written before, the locks stay: nobody may read a state whose
// digest does not match, and their record says how to finish.
func (c *changer) broken(cause error) model.Result {
	if c.committed || isUnsettled(cause) {
		return c.interrupted(cause)
	}
	return c.undone(cause)
}

func (c *changer) interrupted(cause error) model.Result {
	res := c.ended(model.OutcomeInterrupted, cause)
	res.Backup = c.backup
	return res
}
