package aws

import (
	"github.com/stateward/stateward/model"
)

// recoverer finishes or undoes an interrupted operation under the locks that it
// left. Every step compares first, so several may do it at once, and a recovery
// that is interrupted is recovered the same way.
type recoverer struct {
	*run
	spec    *model.RecoverSpec
	changed bool
}

func (r *recoverer) do() model.Result {
	if err := r.step(r.verify); err != nil {
		return r.halted(err)
	}
	r.again = r.verifyAgain
	for _, d := range r.spec.Digests {
		if r.stopped() {
			return r.halted(errStopped)
		}
		if err := r.step(func() (string, error) { return r.digestOf(d) }); err != nil {
			return r.halted(err)
		}
	}
	for _, l := range r.spec.Held {
		if err := r.step(func() (string, error) { return "released", r.releaseOne(asHeld(l)) }); err != nil {
			return r.halted(err)
		}
		r.changed = true
	}
	res := r.ended(model.OutcomeDone, nil)
	res.Message = r.spec.Finished()
	if r.spec.LeavesWrong() {
		r.tellDigest(&res)
	}
	return res
}

func asHeld(l model.Lock) heldLock {
	return heldLock{mechanism: l.Mechanism, table: l.Table, raw: l.Raw, whole: l.Whole, etag: l.ETag, versionID: l.VersionID}
}

// digestOf sets a digest and looks once more at the bytes that it is of: who writes
// beside the lock may have done so since they were verified.
func (r *recoverer) digestOf(d model.DigestChange) (string, error) {
	detail, err := r.changeDigest(d)
	if err != nil {
		return detail, err
	}
	r.changed = true
	return detail, r.verifyCurrent(r.spec.Current)
}

func (r *recoverer) verify() (string, error) {
	g := newGroup()
	g.Go(func() error { return r.verifyCurrent(r.spec.Current) })
	for _, d := range r.spec.Digests {
		g.Go(func() error { return r.verifyDigest(d.Old) })
	}
	for _, row := range r.spec.Keep {
		g.Go(func() error { return r.verifyDigest(row) })
	}
	for _, l := range r.spec.Held {
		g.Go(func() error { return r.verifyHeld(asHeld(l)) })
	}
	return "unchanged", g.Wait()
}

// verifyAgain verifies after a pause. What this very recovery changed is compared
// where it is changed next; the state's bytes it never changes.
func (r *recoverer) verifyAgain() error {
	if r.changed {
		return r.verifyCurrent(r.spec.Current)
	}
	_, err := r.verify()
	return err
}

// halted: what was done stays done, and recovering again goes on from there.
func (r *recoverer) halted(err error) model.Result {
	if r.changed || isUnsettled(err) {
		return r.ended(model.OutcomeInterrupted, err)
	}
	res := r.ended(refusedOrFailed(err), err)
	res.Next = model.Hints{{Text: "Look again with", Command: r.c.opts.Program.Command("recover", r.plan.URL(), "--dry-run")}}
	return res
}
