package aws

import (
	"context"

	"github.com/stateward/stateward/model"
)

// opReveal is what the journal calls the showing of sensitive values. It is no
// plan: nothing is changed.
const opReveal = model.Operation("reveal")

// RecordReveal notes in the journal that sensitive values of a version of a
// state are about to be shown: that, not which. what is a sentence for people.
// Where it fails nothing may be shown; the error is model.ErrJournal.
func (c *Client) RecordReveal(ctx context.Context, b model.Backend, key, versionID, what string) error {
	f := &model.Failure{Kind: model.ErrJournal, Tried: "recording that secrets are shown", On: b.URL(key),
		Next: "Nothing is shown without a journal: name a writable file with --journal."}
	if c.opts.Journal == nil {
		return f
	}
	a := c.opts.Actor
	e := model.JournalEntry{ID: newID(), Time: c.now().UTC(), Event: "end", Operation: opReveal, State: b.URL(key), Where: c.known(ctx, b),
		Operator: a.Who, Host: a.Host, PID: a.PID, Outcome: model.OutcomeDone, Message: what}
	if versionID != "" {
		e.Versions = map[string]string{"shown": versionID}
	}
	if err := c.opts.Journal.Record(ctx, e); err != nil {
		f.Cause = err
		return f
	}
	return nil
}
