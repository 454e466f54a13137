package model

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// oldLock is how long a lock is held before it is looked at: longer than any
// apply takes, and than a CI job may run.
const oldLock = 24 * time.Hour

// lockChecks are about the locks that are held, and how clients lock at all.
func lockChecks() []Check {
	actions := []string{"s3:ListBucket", "s3:GetObject", "dynamodb:Scan"}
	return []Check{
		{
			ID: "lock-orphan", Severity: SeverityHigh, Title: "No lock is left of a state that is gone",
			Why:     "Terraform's force-unlock cannot clear it: it needs the workspace that is gone.",
			Actions: actions,
			judge:   lockCheck("of a state that exists", judgeOrphanLock), remedy: unlockRemedy("Clear the lock, once it is sure that nobody is about to create the state."),
		},
		{
			ID: "lock-diverged", Severity: SeverityHigh, Title: "Both mechanisms and all tables agree on who holds a lock",
			Why:     "Different locks in the lock file and in the tables mean two holders, each sure to be alone.",
			Actions: actions,
			judge: lockCheck("in agreement", func(l Lock) judgement {
				return passedIf(!l.Diverged, "agrees", "other places hold different locks"+byHolder(l))
			}),
			remedy: unlockRemedy("Find out which holder still runs; clear the other one's lock."),
		},
		{
			ID: "lock-malformed", Severity: SeverityHigh, Title: "Every lock is as the clients write it",
			Why:     "A lock that is empty or no JSON stops every client, and Terraform's force-unlock cannot clear it.",
			Actions: actions,
			judge: lockCheck("well-formed", func(l Lock) judgement {
				return passedIf(l.Malformed == "", "well-formed", "malformed ("+l.Malformed+")")
			}),
			remedy: unlockRemedy("Clear the lock, once it is sure that nobody runs."),
		},
		{
			ID: "lock-old", Severity: SeverityHigh, Title: "No lock is older than a day",
			Why:     "Nobody else can plan or apply. A lock that outlived its run is what the next pager call is about.",
			Actions: actions,
			judge:   lockCheck("younger than a day", judgeOldLock), remedy: unlockRemedy("Look at the evidence about the holder in the list of locks; clear the lock if the run is over."),
		},
		{
			ID: "lock-stale", Severity: SeverityHigh, Title: "No lock is likely stale",
			Why:     "Its run is over by all that is seen, and nobody else can plan or apply.",
			Actions: append([]string{"s3:ListBucketVersions", "s3:GetObjectVersion"}, actions...),
			judge:   lockCheck("not likely stale", judgeStaleLock), remedy: unlockRemedy("Look at the evidence in the list of locks, and whether the run is over; then clear the lock."),
		},
		{
			ID: "lock-mechanism", Severity: SeverityHigh, Title: "Clients lock the states",
			Why:     "Without a lock two applies at a time overwrite each other's state, and resources are lost or doubled.",
			Actions: append([]string{"s3:ListBucketVersions"}, actions...),
			judge:   judgeMechanism, remedy: lockfileRemedy("Let every backend block use lock files."),
		},
		{
			ID: "lock-table-deprecated", Severity: SeverityInfo, Title: "Lock files have taken over from dynamodb_table",
			Why:     "Terraform deprecates dynamodb_table from 1.11 on and will drop it. OpenTofu supports both.",
			Actions: append([]string{"s3:ListBucketVersions"}, actions...),
			judge:   judgeDeprecated,
			remedy:  lockfileRemedy("Add use_lockfile beside dynamodb_table in every backend block; take dynamodb_table out when all clients are 1.10 or newer and have run once."),
		},
	}
}

// lockCheck judges every lock that is held; without any the check passes.
func lockCheck(pass string, judge func(Lock) judgement) func(HealthFacts) judgement {
	return func(h HealthFacts) judgement {
		j := judgeEach(h.Locks, "the locks", "", func(l Lock) (subject, judgement) {
			return subject{name: l.Key + " (" + string(l.Mechanism) + ")", key: l.Key, id: l.Token()}, judge(l)
		})
		if j.status == FindingNotApplicable {
			return passed("no lock is held")
		}
		return j.summed("lock", pass)
	}
}

func judgeOrphanLock(l Lock) judgement {
	return judgeFact("whether its state exists", l.Orphan, func(orphan bool) judgement {
		return passedIf(!orphan, "its state exists", "its state does not exist"+byHolder(l))
	})
}

// byHolder is who holds a lock, as the end of a sentence.
func byHolder(l Lock) string {
	if l.Info.Who == "" {
		return ""
	}
	return " (" + l.Info.Who + ")"
}

func judgeOldLock(l Lock) judgement {
	age, ok := l.Age()
	if !ok {
		return unknown("its age is not known" + byHolder(l))
	}
	verdict := ""
	if l.Verdict != "" {
		verdict = ", " + strings.ReplaceAll(string(l.Verdict), "-", " ")
	}
	return passedIf(age < oldLock, "held for "+span(age), "held for "+span(age)+byHolder(l)+verdict)
}

// judgeStaleLock takes the verdict that every list and plan shows.
func judgeStaleLock(l Lock) judgement {
	because := verdictLine(l) + byHolder(l)
	switch l.Verdict {
	case LikelyStale:
		return failed(because)
	case LikelyLive:
		return passed(because)
	case Unclear:
		if i := slices.IndexFunc(l.Evidence, func(e Evidence) bool { return e.Rule == rulePastUnread || e.Rule == ruleWritesUnknown }); i >= 0 {
			return unknown(l.Evidence[i].Text + byHolder(l))
		}
		return passed(because)
	}
	return unknown("nobody has judged it" + byHolder(l))
}

func unlockRemedy(summary string) func(site) Remedy {
	return func(s site) Remedy {
		return Remedy{Summary: summary, CLI: s.each(func(sub subject) string {
			return s.program.Command("unlock", s.url(sub), "--lock-id", sub.id)
		})}
	}
}

func lockfileRemedy(summary string) func(site) Remedy {
	return func(s site) Remedy {
		return Remedy{Summary: summary, CLI: s.program.Terraform("init", "-reconfigure", "-backend-config=use_lockfile=true"), HCL: "# in the backend block\nuse_lockfile = true"}
	}
}

func judgeMechanism(h HealthFacts) judgement {
	var in []string
	for _, u := range h.Mechanisms.Items {
		in = append(in, u.text())
	}
	gaps := h.Mechanisms.gaps("the lock mechanisms")
	switch {
	case len(in) > 0:
		return passed(in...)
	case len(gaps) > 0:
		return unknown(gaps...)
	case len(h.States.Items) == 0 && len(h.States.gaps("")) == 0:
		return notApplicable("there is no state")
	}
	return failed("neither configuration, lock rows nor lock files tell of any lock")
}

func (u MechanismUse) text() string {
	what := "lock files"
	if u.Mechanism == MechanismDynamoDB {
		what = "table " + u.Table
	}
	if len(u.Why) > 0 {
		what += " (" + strings.Join(u.Why, ", ") + ")"
	}
	return what
}

// judgeDeprecated: a state does not say which of the two tools wrote it, only the
// version, so this is a hint and no more.
func judgeDeprecated(h HealthFacts) judgement {
	switch {
	case h.uses(MechanismLockfile) == yes:
		return passed("lock files are used")
	case h.uses(MechanismLockfile) == perhaps:
		return unknown(h.Mechanisms.gaps("the lock mechanisms")...)
	case h.uses(MechanismDynamoDB) == no:
		return notApplicable("no lock table is used")
	}
	newest, gaps := h.newestTool()
	switch {
	case versionAtLeast(newest, 1, 11):
		return failed(fmt.Sprintf("only dynamodb_table is used, and states are written by %s (if that is Terraform, it warns already)", newest))
	case len(gaps) > 0:
		return unknown(gaps...)
	case newest == "":
		return notApplicable("no client's version is known")
	}
	return notApplicable("the newest client seen is " + newest)
}

// newestTool is the newest version among the clients that wrote states and locks.
func (h HealthFacts) newestTool() (newest string, gaps []string) {
	note := func(v string) {
		if v != "" && slices.Compare(versionNumbers(v), versionNumbers(newest)) > 0 {
			newest = v
		}
	}
	for _, s := range h.States.Items {
		head, ok := s.Header.Get()
		if !ok && !s.Deleted {
			gaps = append(gaps, unreadBecause(s.Key, s.Header))
		}
		if head.TerraformVersion != nil {
			note(*head.TerraformVersion)
		}
	}
	for _, l := range h.Locks.Items {
		note(l.Info.Version)
	}
	return newest, append(gaps, h.States.gaps("the states")...)
}

// versionNumbers are the numbers of a version such as 1.11.4 or 1.12.0-beta1, as
// far as there are any.
func versionNumbers(v string) []int {
	v, _, _ = strings.Cut(v, "-")
	var out []int
	for _, part := range strings.Split(v, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return out
		}
		out = append(out, n)
	}
	return out
}

func versionAtLeast(v string, least ...int) bool {
	return slices.Compare(versionNumbers(v), least) >= 0
}
