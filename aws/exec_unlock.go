package aws

import (
	"fmt"

	"github.com/stateward/stateward/model"
	"golang.org/x/sync/errgroup"
)

// unlocker removes the locks of an unlock plan.
type unlocker struct {
	*run
	spec    *model.UnlockSpec
	present []bool // by victim: still there at the last look
	removed int
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
	for i := range u.spec.Victims {
		if err := u.step(func() (string, error) { return u.remove(i) }); err != nil {
			return u.halted(err)
		}
	}
	_ = u.step(u.checkDigest) // a digest that cannot be read does not undo an unlock
	return u.finished()
}

// reread compares every lock with what the operator saw.
func (u *unlocker) reread() (string, error) {
	now := make([]*model.Lock, len(u.spec.Victims))
	g, ctx := errgroup.WithContext(u.ctx)
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
	return "unchanged", nil
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
	if err := u.c.dropLock(u.ctx, u.plan.Backend, victim); err != nil {
		return "", err
	}
	u.removed++
	if victim.Mechanism != model.MechanismLockfile {
		return "deleted", nil
	}
	return u.confirmLockfileGone(victim)
}

// confirmLockfileGone reads once more: a store that ignores conditions, or a
// newer holder, shows here.
func (u *unlocker) confirmLockfileGone(victim model.Lock) (string, error) {
	now, err := u.c.lockfileOf(u.ctx, u.plan.Backend, victim.Key)
	switch {
	case err != nil:
		return "deleted; reading it back failed: " + model.Reason(err), nil
	case now == nil:
		return "deleted", nil
	case sameLock(*now, victim):
		return "", fmt.Errorf("the lock file is still there after its deletion was answered: the store does not do what it says")
	}
	return fmt.Sprintf("deleted; %s has locked since (ID %s)", whoOf(*now), now.Token()), nil
}

func (u *unlocker) checkDigest() (string, error) {
	facts := u.c.StateFacts(u.ctx, u.plan.Backend, model.State{Bucket: u.plan.Backend.Bucket, Key: u.plan.Key})
	verdict, known := facts.Digest.Get()
	if !known {
		return "", fmt.Errorf("the digest could not be checked: %s", facts.Digest.Reason())
	}
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
	res := u.ended(model.OutcomeInterrupted, err)
	res.Next = []string{"Look again, then finish with: stateward locks " + model.ShellQuote(u.plan.URL())}
	if res.Holder == nil && len(u.spec.Victims) > 0 {
		res.Next = []string{fmt.Sprintf("Finish with: stateward unlock %s --lock-id %s", model.ShellQuote(u.plan.URL()), model.ShellQuote(u.spec.Victims[0].Token()))}
	}
	return res
}

func (u *unlocker) finished() model.Result {
	res := u.ended(model.OutcomeDone, nil)
	res.Message = fmt.Sprintf("removed the lock of %s on %s", whoOf(u.spec.Victims[0]), u.plan.URL())
	res.Next = []string{
		"Look for errored.tfstate where the holder ran: it holds a state that was not written.",
		"Run a plan before the next apply.",
	}
	return res
}
