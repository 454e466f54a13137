package ui

import (
	"time"

	"github.com/stateward/stateward/model"
)

// The state of the sample whose digest is wrong, and the ID of the operation
// that interrupt leaves half done.
const (
	stagingKey = "env:/staging/payments/api/terraform.tfstate"
	brokenID   = "4f7c2a10-9b1d-4c55-8a77-0d9e5b6c1f22"
)

// sampleDigest is the wrong digest of the staging state: that of the version
// before.
func (f *fake) sampleDigest() {
	url := "s3://acme-tfstate-payments/" + stagingKey
	f.written[url] = model.CurrentObject{VersionID: "ver04", Body: []byte("serial 53")}
	f.tables[url] = []model.TableEvidence{{Table: "acme-locks", Named: true,
		Digest: model.DigestRow{Table: "acme-locks", Present: true, HasAttr: true, Value: model.DigestOf([]byte("serial 52"))}}}
	f.named = []model.Version{{VersionID: "Qe7VnB2mLs9XkT4w", LastModified: theTime.Add(-51 * time.Hour)}}
}

// interrupt leaves a restore of the warehouse half done: its bytes are written,
// their digest is not, and both locks are held.
func (f *fake) interrupt(ago time.Duration) *fake {
	bucket := "acme-tfstate-data"
	url, body := "s3://"+bucket+"/"+theKey, []byte("serial 58")
	old := model.DigestRow{Table: "acme-locks", Present: true, HasAttr: true, Value: model.DigestOf([]byte("serial 57"))}
	record := model.RecoveryRecord{Operation: model.OpRestore, ID: brokenID, From: "3HL4kqtJvjVBH40N", Previous: "9fK2mPq7TzWcR1sX",
		PreviousMD5: old.Value, NewMD5: model.DigestOf(body), Serial: 58, Digests: map[string]string{"acme-locks": old.Value},
		Lockfile: true, Tables: []string{"acme-locks"}, Host: "laptop-7", PID: 4711}
	info, err := record.Info()
	if err != nil {
		panic(err) // a fixture
	}
	f.blind = map[string][]string{}
	f.written[url] = model.CurrentObject{VersionID: "new", Body: body}
	f.tables[url] = []model.TableEvidence{{Table: "acme-locks", LockRow: true, Digest: old}}
	for _, m := range []model.Mechanism{model.MechanismLockfile, model.MechanismDynamoDB} {
		l := lockOf(bucket, theKey, m, "alice@laptop-7", "stateward-restore", brokenID, ago)
		l.Info.Info = info
		l.Verdict, l.Evidence = model.AssessLock(l, model.LockContext{LastWrite: model.Known(theTime.Add(-ago + time.Second)), Runs: model.Known(model.LockRuns{})})
		f.locks[bucket] = append(f.locks[bucket], l)
	}
	return f
}

// sampleJournal is a restore that was interrupted, an unlock that is under way
// or was killed, and older operations.
func sampleJournal() []model.JournalEntry {
	var all []model.JournalEntry
	add := func(id string, ago time.Duration, op model.Operation, state string, entries ...model.JournalEntry) {
		for i, e := range entries {
			e.ID, e.Operation, e.State = id, op, "s3://"+state
			e.Time = theTime.Add(-ago + time.Duration(i*i)*40*time.Millisecond)
			e.Operator, e.Host, e.PID = "alice@laptop-7", "laptop-7", 4711
			all = append(all, e)
		}
	}
	add("0a55e1d2-7c1b-4f0e-9d4c-3e8b6a2f1c90", 26*time.Hour, model.OpRepair, "acme-tfstate-payments/payments/ledger/terraform.tfstate",
		planned("Table acme-locks: mismatch"), ended(model.OutcomeRefused, "the state is locked by ci@runner-17"))
	add("9b1f6c3e-2d4a-4b7e-8f10-5c6d7e8f9a0b", 3*time.Hour, model.OpUnlock, "acme-tfstate-network/net/core/terraform.tfstate",
		planned("delete the row in acme-locks, only if it is still exactly this one (Info = :raw)"),
		asked("DynamoDB", "DeleteItem", "table acme-locks", "Info = :raw"), answered("DeleteItem", 200, ""),
		stepped("delete lock row", model.StepDone, ""), ended(model.OutcomeDone, "the lock of erin@mbp was removed; the digest matches"))
	add(brokenID, 26*time.Minute, model.OpRestore, "acme-tfstate-data/"+theKey, brokenEntries()...)
	add("77d0c9b8-1a2b-4c3d-9e8f-7a6b5c4d3e2f", 12*time.Second, model.OpUnlock, "acme-tfstate-payments/payments/api/terraform.tfstate",
		planned("delete the row in acme-locks"), asked("DynamoDB", "DeleteItem", "table acme-locks", "Info = :raw"))
	return all
}

func brokenEntries() []model.JournalEntry {
	plan := planned("Restore: serial 56 (version 3HL4kqtJvjVBH40N, 2 h ago) as serial 58", "take the lock file, only if there is none (If-None-Match)",
		"take the lock in acme-locks, only if there is none (attribute_not_exists)", "write serial 58, only if the state is still version 9fK2mPq7TzWcR1sX",
		"set the digest in acme-locks, only if it is still a5b9d24e3e3034b994d22ce312a1108e")
	plan.Reason = "incident 4711: the warehouse was overwritten"
	plan.Sums = map[string]string{"new": model.DigestOf([]byte("serial 58")), "previous": model.DigestOf([]byte("serial 57"))}
	plan.Versions = map[string]string{"target": "3HL4kqtJvjVBH40N", "previous": "9fK2mPq7TzWcR1sX"}
	end := ended(model.OutcomeInterrupted, "serial 58 is written, its digest is not; both locks are kept so that nobody reads it half done")
	end.Undo = "stateward restore s3://acme-tfstate-data/warehouse/terraform.tfstate --version-id 9fK2mPq7TzWcR1sX"
	end.Backup = "~/.local/state/stateward/backups/20261121T190507Z-acme-tfstate-data-warehouse-terraform.tfstate"
	return []model.JournalEntry{plan,
		asked("S3", "PutObject", "s3://acme-tfstate-data/warehouse/terraform.tfstate.tflock", "If-None-Match: *"), answered("PutObject", 200, ""),
		stepped("lock file", model.StepDone, "taken"),
		asked("DynamoDB", "PutItem", "table acme-locks", "attribute_not_exists(LockID)"), answered("PutItem", 200, ""),
		stepped("lock row", model.StepDone, "taken"), stepped("verify", model.StepDone, "as planned"),
		asked("S3", "PutObject", "s3://acme-tfstate-data/warehouse/terraform.tfstate", "If-Match: \"e\""), answered("PutObject", 200, "Zn8rTq3Wm5Yk1Lp0"),
		stepped("write", model.StepDone, "version Zn8rTq3Wm5Yk1Lp0"),
		asked("DynamoDB", "PutItem", "table acme-locks", "Digest = a5b9d24e3e3034b994d22ce312a1108e"),
		{Event: "answer", Answer: &model.JournalAnswer{Call: "PutItem", Error: "no answer in time"}},
		stepped("digest", model.StepFailed, "no answer in time"), end}
}

func planned(lines ...string) model.JournalEntry {
	return model.JournalEntry{Event: "plan", Plan: lines}
}

func asked(service, call, target, condition string) model.JournalEntry {
	return model.JournalEntry{Event: "request", Request: &model.JournalRequest{Service: service, Call: call, Target: target, Condition: condition}}
}

func answered(call string, status int, version string) model.JournalEntry {
	return model.JournalEntry{Event: "answer", Answer: &model.JournalAnswer{Call: call, Status: status, RequestID: "4442587FB7D0A2F9", VersionID: version}}
}

func stepped(name string, s model.StepStatus, detail string) model.JournalEntry {
	return model.JournalEntry{Event: "step", Step: &model.StepResult{Name: name, Status: s, Detail: detail}}
}

func ended(o model.Outcome, message string) model.JournalEntry {
	return model.JournalEntry{Event: "end", Outcome: o, Message: message}
}
