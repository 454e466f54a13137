package aws

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/stateward/stateward/model"
)

// The write of a lock that went without an answer may still be under way, also
// when looking showed nothing and a second one took the lock. While a lock stands
// such a write is refused; when it is released, it finds the place free and leaves
// a lock that nobody holds. So after the release each such place is looked at again
// for a while, and where a write may still arrive then, the result says so.

const (
	lateLooks = 4
	latePause = 750 * time.Millisecond // before the first look; then twice as long each time, 11 s in all
)

// awaitLate removes locks of ours that arrive after the release. It ends when
// nothing is under way any more, when it has waited long enough, or when the
// operator wants to stop. Its error is that a place could not be read or cleared.
func (r *run) awaitLate() (err error) {
	for try := range lateLooks {
		if !slices.ContainsFunc(r.late, isOpen) || r.c.pause(r.stop, latePause<<try) != nil {
			break
		}
		err = r.catchLate()
	}
	return err
}

func isOpen(h heldLock) bool { return h.open > 0 }

// catchLate looks at each place once.
func (r *run) catchLate() error {
	for i, h := range r.late {
		if !isOpen(h) {
			continue
		}
		now, err := r.c.lockNow(r.ctx, r.plan.Backend, h.asLock(r.plan.Backend, r.plan.Key))
		if err != nil {
			return err
		}
		if now == nil || !bytes.Equal(now.Raw, h.raw) {
			continue
		}
		h.etag, h.versionID = now.ETag, now.VersionID
		if err := r.releaseOne(h); err != nil {
			return err
		}
		r.late[i].open--
	}
	return nil
}

// tellLate says of each place where a lock of this operation may still appear that
// it may, and what removes it.
func (r *run) tellLate(res *model.Result) {
	var places []string
	for _, h := range r.late {
		if l := h.asLock(r.plan.Backend, r.plan.Key); isOpen(h) {
			places = append(places, l.Where()+" (ID "+l.Token()+")")
		}
	}
	if len(places) == 0 {
		return
	}
	said := "a write of our lock in " + strings.Join(places, " and in ") + " went without an answer, and the lock may still appear there"
	if res.Now != "" {
		said = strings.TrimSuffix(res.Now, ".") + "; " + said
	}
	res.Now = said + "."
	r.nameRecover(res)
}

// nameRecover names what removes a lock that appears late, first where nothing
// else is to be done now.
func (r *run) nameRecover(res *model.Result) {
	hint := model.Hint{Text: "Should that lock appear, remove it, here or from any machine, with", Command: r.program(res.Err).Command("recover", r.plan.URL())}
	res.Next = slices.DeleteFunc(res.Next, func(h model.Hint) bool { return h.Text == model.NothingLeft })
	switch {
	case slices.ContainsFunc(res.Next, func(h model.Hint) bool { return h.Command == hint.Command }):
	case res.Outcome == model.OutcomeInterrupted:
		res.Next = append(res.Next, hint)
	default:
		res.Next = append(model.Hints{hint}, res.Next...)
	}
}
