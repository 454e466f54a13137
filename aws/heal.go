package aws

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stateward/stateward/model"
)

// AWS holds a write or a delete to its If-Match or If-None-Match. Some stores
// that speak S3 ignore them, and answer as if they had not: the lock file that a
// delete removed may be another client's by then, and the one that was created
// may lie upon another's. What happened shows in the versions of the lock file
// alone. So on every endpoint that is not AWS's own they are read afterwards,
// and what should not have happened is taken back: only ever by removing the
// marker or the version that this very operation made. It is not atomic, and
// whoever reads the result is told so.

// dropped is what the answers to the delete of a lock told.
type dropped struct {
	answered bool   // there was one: the marker is ours
	marker   string // the version id of the delete marker; "" where the bucket keeps no versions
	last     error  // how the last request for it ended
	doubtful bool   // one of them may have done it although it was not answered so
}

// sent notes how a request ended.
func (d *dropped) sent(err error) error {
	refused := errors.Is(err, model.ErrChanged) || errors.Is(err, model.ErrNotFound)
	d.last, d.doubtful = err, d.doubtful || err != nil && !refused
	return err
}

// byOthers reports that the lock, which is gone, was removed by somebody else.
func (d *dropped) byOthers() bool { return d.last != nil && !d.doubtful && !d.answered }

// keepsVersions reports whether a version id names one that stays.
func keepsVersions(id string) bool { return id != "" && id != nullVersion }

// isAWS reports whether a bucket is reached at AWS's own endpoint. Where the
// client cannot be had, no change reaches the bucket either.
func (c *Client) isAWS(ctx context.Context, b model.Backend) bool {
	return c.storeOf(ctx, b) == ""
}

// storeOf is the endpoint of a bucket; "" is AWS's own.
func (c *Client) storeOf(ctx context.Context, b model.Backend) string {
	api, err := c.s3(ctx, b)
	if err != nil {
		return ""
	}
	endpoint := sdk.ToString(api.Options().BaseEndpoint)
	if isAWSHost(endpoint) {
		return ""
	}
	return endpoint
}

// checkDrop looks whether the delete of a lock file removed that very lock. The
// note is what to add to the step; a healedError says that another client's lock
// was removed and given back, a lostLockError that it could not be.
func (c *Client) checkDrop(ctx context.Context, b model.Backend, victim model.Lock, answer dropped) (note string, err error) {
	switch {
	case victim.Mechanism != model.MechanismLockfile || c.isAWS(ctx, b):
		return "", nil
	case answer.answered && !keepsVersions(answer.marker) || victim.VersionID == "":
		return c.blindNote(ctx, b), nil
	}
	under, found, err := c.under(ctx, b, model.LockKey(victim.Key), answer.marker)
	switch {
	case err != nil:
		return "whether the store removed only this lock could not be checked: " + model.Reason(err), nil
	case found && (under == nil || under.VersionID == victim.VersionID):
		return "", nil
	case !found || !answer.answered:
		return "the answer to the delete was lost, and somebody changed the lock file besides: look at its versions", nil
	case under.DeleteMarker:
		c.lax.add(c.storeOf(ctx, b), ignoresConditions)
		return "it was gone already; " + laxStore, nil
	}
	return "", c.giveBack(ctx, b, victim, answer.marker, *under)
}

const laxStore = "this store does not check the conditions of changes"

func (c *Client) blindNote(ctx context.Context, b model.Backend) string {
	if c.lax.of(c.storeOf(ctx, b)) != "" {
		return "compared before it was deleted, which is not atomic: " + laxStore
	}
	return "compared before it was deleted; the bucket keeps no versions and the endpoint is not AWS, so nobody can tell whether the store held to the condition"
}

// under is what lies directly beneath an entry of an object's history: nil for
// nothing. The entry is the one with this id, for "" a delete marker at the very
// top; found is false where there is none.
func (c *Client) under(ctx context.Context, b model.Backend, key, id string) (under *model.Version, found bool, err error) {
	seen := 0
	for page, err := range c.Versions(ctx, b, key) {
		if err != nil {
			return nil, found, err
		}
		for i, v := range page {
			if found {
				return &page[i], true, nil
			}
			found = id != "" && v.VersionID == id || id == "" && seen+i == 0 && v.DeleteMarker
		}
		if seen += len(page); seen >= lockHistory {
			break
		}
	}
	return nil, found, nil
}

// giveBack takes our delete marker off the lock that it should not lie upon.
func (c *Client) giveBack(ctx context.Context, b model.Backend, victim model.Lock, marker string, lost model.Version) error {
	what := "removing the lock file: it was written again since it was looked at"
	if lost.ETag != victim.ETag {
		c.lax.add(c.storeOf(ctx, b), ignoresConditions)
		what = "removing the lock file: " + laxStore
	}
	return c.heal(ctx, b, healing{what: what, key: victim.Key, ours: marker, lost: lost.VersionID})
}

// healing is one change of ours that is taken back.
type healing struct {
	what string
	key  string // of the state
	ours string // the id of the marker or version of the lock file that we made
	lost string // the id of the version that it lies upon
}

// heal removes what we made and tells who holds the lock then.
func (c *Client) heal(ctx context.Context, b model.Backend, h healing) error {
	err := c.settle(ctx, change{
		what: "taking back what lies upon another lock",
		send: func(ctx context.Context) error { return c.deleteVersion(ctx, b, model.LockKey(h.key), h.ours) },
		look: func(ctx context.Context) (standing, error) {
			_, found, err := c.under(ctx, b, model.LockKey(h.key), h.ours)
			if err != nil || found {
				return standsBefore, err
			}
			return standsDone, nil
		},
	})
	if err != nil {
		return c.lostLock(ctx, b, h, err)
	}
	now, err := c.lockfileOf(ctx, b, h.key)
	if err == nil && now != nil && now.VersionID != h.lost {
		return c.lostLock(ctx, b, h, fmt.Errorf("%s holds it since (ID %s)", whoOf(*now), now.Token()))
	}
	return &healedError{foreign: &foreignError{what: h.what, holder: now}}
}

// deleteVersion removes one version or delete marker that this operation made.
func (c *Client) deleteVersion(ctx context.Context, b model.Backend, key, versionID string) error {
	api, err := c.s3(ctx, b)
	if err != nil {
		return err
	}
	if _, err = api.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.Bucket, Key: &key, VersionId: &versionID}); err != nil {
		return failure(err, "deleting version "+versionID, b.URL(key), "s3:DeleteObjectVersion")
	}
	return nil
}

// lostLock says whose lock is gone, as far as its version can still be read.
func (c *Client) lostLock(ctx context.Context, b model.Backend, h healing, cause error) error {
	e := &lostLockError{what: h.what, who: "another client", cause: cause}
	region, _ := c.regionOf(ctx, b) // it is left out then
	e.command = c.opts.Program.AWS(b.Access, "s3", region, "s3api", "delete-object", "--bucket", b.Bucket, "--key", model.LockKey(h.key), "--version-id", h.ours)
	if o, err := c.fetch(ctx, b, fetch{key: model.LockKey(h.key), versionID: h.lost, limit: longestLock}); err == nil {
		info, _ := model.ParseLockInfo(o.Body)
		e.who = orElse(info.Who, e.who)
	}
	return e
}

// healedError says that a change of ours met another client's lock although it
// was conditional, and was taken back.
type healedError struct{ foreign *foreignError }

func (e *healedError) Error() string { return e.foreign.Error() + ". " + e.notice() }
func (e *healedError) Unwrap() error { return e.foreign }

func (e *healedError) notice() string {
	who := "The other client"
	if e.foreign.holder != nil {
		who = whoOf(*e.foreign.holder)
	}
	return who + " has its lock back, but this was not atomic: whoever looked in between found another lock or none. Make sure that only one client is at work."
}

func isHealed(err error) bool {
	var h *healedError
	return errors.As(err, &h)
}

// lostLockError says that another client's lock was met and could not be given
// back.
type lostLockError struct {
	what, who string
	command   string // what gives it back by hand
	cause     error
}

func (e *lostLockError) Error() string {
	return fmt.Sprintf("%s: the lock of %s is hidden and could not be given back (%s)", e.what, e.who, e.cause.Error())
}

func (e *lostLockError) hint() model.Hint {
	return model.Hint{Text: "Tell " + e.who + "; if nobody else has locked since, give the lock back with", Command: e.command}
}

// Unwrap makes it an unsettled change as well: something was changed that nobody
// meant to change.
func (e *lostLockError) Unwrap() []error {
	return []error{e.cause, &unsettledError{what: e.what, cause: e.cause}}
}

func isLost(err error) bool {
	var l *lostLockError
	return errors.As(err, &l)
}

// checkDrop is the client's, with what the operator has to be told noted.
func (r *run) checkDrop(victim model.Lock, answer dropped) (note string, err error) {
	note, err = r.c.checkDrop(r.ctx, r.plan.Backend, victim, answer)
	r.noteHealing(err)
	if note != "" {
		r.notes.add("The lock file " + model.LockKey(victim.Key) + ": " + note + ".")
		note = "; " + note
	}
	return note, err
}

// noteHealing tells the operator what became of another client's lock.
func (r *run) noteHealing(err error) {
	var healed *healedError
	var lost *lostLockError
	switch {
	case errors.As(err, &healed):
		r.notes.add(healed.notice())
	case errors.As(err, &lost):
		r.notes.hint(lost.hint())
	}
}

// verifyTaken looks whether our lock file lies upon a delete marker or nothing:
// a store that ignores If-None-Match lets it lie upon another client's lock.
func (c *changer) verifyTaken() error {
	ctx, b := c.ctx, c.plan.Backend
	i := slices.IndexFunc(c.held, func(h heldLock) bool { return h.mechanism == model.MechanismLockfile })
	if i < 0 || !keepsVersions(c.held[i].versionID) || c.c.isAWS(ctx, b) {
		return nil
	}
	under, found, err := c.c.under(ctx, b, model.LockKey(c.plan.Key), c.held[i].versionID)
	switch {
	case errors.Is(err, model.ErrDenied), errors.Is(err, model.ErrUnsupported):
		c.notes.add("Whether the store checked that nobody held the lock file could not be told: " + model.Reason(err) + ".")
		return nil
	case err != nil:
		return err
	case !found || under == nil || under.DeleteMarker:
		return nil
	}
	c.c.lax.add(c.c.storeOf(ctx, b), ignoresConditions)
	c.yielded = c.c.heal(ctx, b, healing{what: "taking the lock file: " + laxStore, key: c.plan.Key, ours: c.held[i].versionID, lost: under.VersionID})
	c.noteHealing(c.yielded)
	return c.yielded
}

// yield drops our lock file from what is released where it was taken back, or
// could not be: a delete would hide the other client's lock as well.
func (c *changer) yield(err error) error {
	if c.yielded == nil {
		return err
	}
	c.held = slices.DeleteFunc(c.held, func(h heldLock) bool { return h.mechanism == model.MechanismLockfile })
	return c.yielded
}

// forgetForeign drops from what is released the lock files that are not ours any
// more: a store that ignores conditions would delete whatever is there.
func (c *changer) forgetForeign() {
	if c.c.isAWS(c.ctx, c.plan.Backend) {
		return
	}
	c.held = slices.DeleteFunc(c.held, func(h heldLock) bool {
		if h.mechanism != model.MechanismLockfile {
			return false
		}
		now, err := c.c.lockfileOf(c.ctx, c.plan.Backend, c.plan.Key)
		return err == nil && (now == nil || !bytes.Equal(now.Raw, h.raw))
	})
}

// notices are sentences for the operator, and commands, from steps that run side
// by side. The zero value is empty.
type notices struct {
	mu   sync.Mutex
	said model.Hints
}

func (n *notices) add(sentence string) { n.hint(model.Hint{Text: sentence}) }

func (n *notices) hint(h model.Hint) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.said = append(n.said, h)
}

func (n *notices) all() model.Hints {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.said)
}
