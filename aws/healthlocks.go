package aws

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/stateward/stateward/model"
)

// lockFileRead is a lock file that lies there now.
type lockFileRead struct {
	lock       *model.Lock // nil: it went away since it was listed
	encryption model.Encryption
	err        error
}

// readLockFiles reads the lock files that were listed.
func (h *healthReader) readLockFiles(ctx context.Context, g *group) {
	h.files = map[string]lockFileRead{}
	for _, o := range h.found {
		key, ok := model.LockedKey(o.key)
		if !ok {
			continue
		}
		g.Go(func() error {
			lock, encryption, err := h.c.lockFile(ctx, h.b, key)
			h.mu.Lock()
			defer h.mu.Unlock()
			h.files[key] = lockFileRead{lock, encryption, err}
			return nil
		})
	}
}

// lockFileFact is the lock file beside a state.
func (h *healthReader) lockFileFact(key string) model.Fact[model.LockFileHealth] {
	read, listed := h.files[key]
	switch {
	case listed && read.err != nil:
		return unreadFact[model.LockFileHealth](read.err)
	case listed && read.lock != nil:
		return model.Known(model.LockFileHealth{Present: true, Encryption: read.encryption})
	case !listed && h.listErr != nil:
		return unreadFact[model.LockFileHealth](h.listErr)
	}
	return model.Known(model.LockFileHealth{})
}

// locks puts together the locks from rows and lock files, judged by what was
// read already.
func (h *healthReader) locks(ctx context.Context) {
	r := &lockReader{c: h.c, b: h.b, listed: &h.history, problems: slices.Clone(h.rows.unread)}
	for _, t := range h.rows.tables {
		r.addRows(t.name, slices.Collect(maps.Values(t.rows)))
	}
	if h.listErr != nil {
		r.problem(h.listErr, h.b.URL(h.b.Prefix))
	}
	for key, file := range h.files {
		if file.err != nil {
			r.problem(file.err, h.b.URL(model.LockKey(key)))
		}
		r.add(file.lock)
	}
	report := r.report(ctx, h.objects.standing)
	h.f.Locks = model.GatheredOf(report.Locks, report.Problems...)
}

// mechanisms is which ways of locking are in use, by configuration or by what
// they left behind.
func (h *healthReader) mechanisms() {
	var uses []model.MechanismUse
	declared := slices.Concat(h.b.Declared, h.c.opts.Mechanisms)
	for _, t := range h.rows.tables {
		if why := h.tableEvidence(t); len(why) > 0 {
			uses = append(uses, model.MechanismUse{Mechanism: model.MechanismDynamoDB, Table: t.name, Why: why})
		}
	}
	if len(uses) == 0 && slices.Contains(declared, model.MechanismDynamoDB) {
		uses = append(uses, model.MechanismUse{Mechanism: model.MechanismDynamoDB, Why: []string{"configured"}})
	}
	if why := h.fileEvidence(declared); len(why) > 0 {
		uses = append(uses, model.MechanismUse{Mechanism: model.MechanismLockfile, Why: why})
	}
	h.f.Mechanisms = model.GatheredOf(uses, h.rows.unread...)
	for _, err := range []error{h.listErr, h.history.err} {
		if err != nil {
			h.f.Mechanisms.Unread = append(h.f.Mechanisms.Unread, reasonOn(err, h.b.URL(h.b.Prefix)))
		}
	}
	h.f.Mechanisms.More = h.history.next != ""
}

func (h *healthReader) tableEvidence(t oneTable) []string {
	var why []string
	if t.named {
		why = append(why, "configured")
	}
	locks, digests := 0, 0
	for _, r := range t.rows {
		if r.locks() {
			locks++
		}
		if r.digests() {
			digests++
		}
	}
	why = counted(why, locks, "lock row")
	return counted(why, digests, "digest row")
}

func (h *healthReader) fileEvidence(declared []model.Mechanism) []string {
	var why []string
	if slices.Contains(declared, model.MechanismLockfile) {
		why = append(why, "configured")
	}
	why = counted(why, len(h.files), "lock file")
	return counted(why, h.history.lockFileVersions()-len(h.files), "old lock file version")
}

// counted adds "2 lock rows" when there are any.
func counted(why []string, n int, what string) []string {
	switch {
	case n <= 0:
		return why
	case n == 1:
		return append(why, "1 "+what)
	}
	return append(why, fmt.Sprintf("%d %ss", n, what))
}
