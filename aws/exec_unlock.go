package aws

import (
	"errors"
	"fmt"

	"github.com/stateward/stateward/model"
)

// unlocker removes the locks of an unlock plan.
type unlocker struct {
	*run
	spec    *model.UnlockSpec
	present []bool // by victim: still there at the last look
	removed int
	digest  model.DigestVerdict // after it; "" where it could not be read
}

func (u *unlocker) do() model.Result {
	if err := u.step(u.reread); err != nil {
		return u.ended(refusedOrFailed(err), err)
	}
	if !u.anyPresent() {
		return u.gone()
	}
	if u.stopped() {
		return u.ended(model.OutcomeRefused, errStopped)
	}
	u.again = u.verifyAgain
	for i := range u.spec.Victims {
		if err := u.step(func() (string, error) { return u.remove(i) }); err != nil {
			return u.halted(err)
		}
	}
	if u.removed == 0 {
		return u.gone()
	}
	looked := u.lookAgain()
	_ = u.step(u.checkDigest) // a digest that cannot be read does not undo an unlock
	res := u.finished()
	looked(&res)
	if u.digest.Blocks() {
		u.tellDigest(&res)
	}
	return res
}

// verifyAgain reads the locks again after a pause. Once one is removed it is no
// measure any more, and the others are compared in the very request that removes
// them.
func (u *unlocker) verifyAgain() error {
	if u.removed > 0 {
		return nil
	}
	_, err := u.reread()
	return err
}

// reread compares every lock with what the operator saw.
func (u *unlocker) reread() (string, error) {
	now := make([]*model.Lock, len(u.spec.Victims))
	g, ctx := groupWithContext(u.ctx)
	for i, v := range u.spec.Victims {
		g.Go(func() (err error) {
			now[i], err = u.c.lockNow(ctx, u.plan.Backend, v)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return "", err
	}
	u.present = make([]bool, len(now))
	for i, l := range now {
		u.present[i] = l != nil
		if l != nil && !sameLock(*l, u.spec.Victims[i]) {
			return "", &foreignError{what: "the lock changed since it was looked at", holder: l}
		}
	}
	return "unchanged", u.allowed(now)
}

// allowed holds the locks as they are stored to the policy: what a plan says of
// their age is not asked.
func (u *unlocker) allowed(now []*model.Lock) error {
	fresh := *u.plan
	fresh.Unlock = &model.UnlockSpec{}
	for _, l := range now {
		if l != nil {
			fresh.Unlock.Victims = append(fresh.Unlock.Victims, *l)
		}
	}
	return fresh.Enforce(u.c.policyOf(u.plan.Backend.Bucket)).Refused()
}

func (u *unlocker) anyPresent() bool {
	for _, p := range u.present {
		if p {
			return true
		}
	}
	return false
}

func (u *unlocker) remove(i int) (string, error) {
	if !u.present[i] {
		return skipDetail, nil
	}
	victim := u.spec.Victims[i]
	answer, err := u.c.dropLock(u.ctx, u.plan.Backend, victim)
	var other *foreignError
	if errors.As(err, &other) && other.holder != nil && u.removed > 0 {
		// The victim's other lock is removed and this one is gone as well:
		// what stands here is a newer holder's, and stays.
		return fmt.Sprintf("gone; %s has locked since (ID %s)", whoOf(*other.holder), other.holder.Token()), nil
	}
	if err != nil {
		return "", err
	}
	if answer.byOthers() {
		return skipDetail, nil
	}
	if victim.Mechanism != model.MechanismLockfile {
		u.removed++
		return "deleted", nil
	}
	detail, err := u.confirmLockfileGone(victim, answer)
	if !isHealed(err) {
		u.removed++
	}
	return detail, err
}

// confirmLockfileGone reads once more: a store that ignores conditions, or a
// newer holder, shows here.
func (u *unlocker) confirmLockfileGone(victim model.Lock, answer dropped) (string, error) {
	var now *model.Lock
	var readErr error
	var note string
	g := newGroup()
	g.Go(func() error { now, readErr = u.c.lockfileOf(u.ctx, u.plan.Backend, victim.Key); return nil })
	g.Go(func() (err error) { note, err = u.checkDrop(victim, answer); return err })
	if err := g.Wait(); err != nil {
		return "", err
	}
	switch {
	case readErr != nil:
		return "deleted; reading it back failed: " + model.Reason(readErr) + note, nil
	case now == nil:
		return "deleted" + note, nil
	case sameLock(*now, victim):
		return "", fmt.Errorf("the lock file is still there after its deletion was answered: the store does not do what it says")
	}
	return fmt.Sprintf("deleted; %s has locked since (ID %s)%s", whoOf(*now), now.Token(), note), nil
}

func (u *unlocker) checkDigest() (string, error) {
	facts := u.c.StateFacts(u.ctx, u.plan.Backend, model.State{Bucket: u.plan.Backend.Bucket, Key: u.plan.Key})
	verdict, known := facts.Digest.Get()
	if !known {
		return "", fmt.Errorf("the digest could not be checked: %s", facts.Digest.Reason())
	}
	u.digest = verdict
	return "digest " + string(verdict), nil
}

func (u *unlocker) gone() model.Result {
	res := u.ended(model.OutcomeAlreadyGone, nil)
	res.Message = "the lock was gone already: nothing was changed"
	return res
}

// halted: a later lock could not be removed. Where an earlier one was, the
// operation is half done and says so.
func (u *unlocker) halted(err error) model.Result {
	if u.removed == 0 && !isUnsettled(err) {
		return u.ended(refusedOrFailed(err), err)
	}
	return u.ended(model.OutcomeInterrupted, err)
}

// lockBy names a lock by its holder, where it has one.
func lockBy(l model.Lock) string {
	if l.Info.Who == "" {
		return "a lock that names no holder"
	}
	return "the lock of " + l.Info.Who
}

func (u *unlocker) finished() model.Result {
	res := u.ended(model.OutcomeDone, nil)
	res.Message = fmt.Sprintf("removed %s on %s", lockBy(u.spec.Victims[0]), u.plan.URL())
	res.Next = model.Hints{
		{Text: "Look for errored.tfstate where the holder ran: it holds a state that was not written."},
		{Text: "Run a plan before the next apply."},
	}
	return res
}
