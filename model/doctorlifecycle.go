package model

import (
	"fmt"
	"strings"
	"time"
)

// The history that a lifecycle must leave: whatever is younger than so many
// days, or so many of the newest old versions.
const (
	leastHistoryDays     = 30
	leastHistoryVersions = 10
)

// lifecycleChecks are about what the bucket deletes by itself.
func lifecycleChecks() []Check {
	read := []string{"s3:GetLifecycleConfiguration"}
	return []Check{
		{
			ID: "lifecycle-current-states", Severity: SeverityHigh, Title: "No lifecycle rule expires or archives current states",
			Why:     "A state that nobody applied for a while expires: the next plan sees no state and wants to create everything anew. One in an archive class cannot be read.",
			Actions: append([]string{"s3:ListBucket"}, read...),
			judge:   judgeCurrentLifecycle, remedy: lifecycleRemedy,
		},
		{
			ID: "lifecycle-noncurrent-history", Severity: SeverityHigh, Title: "Old versions are kept for 30 days, or 10 of them",
			Why:     "Old versions are what a restore goes back to. An overwrite is often noticed weeks later.",
			Actions: append([]string{"s3:ListBucket"}, read...),
			judge:   judgeNoncurrentLifecycle, remedy: lifecycleRemedy,
		},
		{
			ID: "lockfile-leftovers", Severity: SeverityLow, Title: "What lock files leave behind is cleaned up",
			Why:        "In a versioned bucket every run leaves an old version and a delete marker of its lock file. They slow down every listing of versions, and lifecycle rules cannot pick them by their ending.",
			References: []string{"Security Hub S3.10", "Checkov CKV2_AWS_61", "AWS Config s3-version-lifecycle-policy-check"},
			Actions:    append([]string{"s3:ListBucketVersions"}, read...),
			judge:      judgeLeftovers, remedy: leftoversRemedy,
		},
		{
			ID: "multipart-abort", Severity: SeverityLow, Title: "Incomplete multipart uploads are aborted",
			Why:        "States over 5 MiB are written in parts. Parts of a broken upload hold secrets, cost money and are in no listing.",
			References: []string{"Checkov CKV_AWS_300"},
			Actions:    append([]string{"s3:ListBucketMultipartUploads"}, read...),
			judge:      judgeMultipart,
			remedy: func(s site) Remedy {
				return lifecycleRule(s, "Abort them after a week.", `"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":7}`,
					"abort_incomplete_multipart_upload {", "  days_after_initiation = 7", "}")
			},
		},
	}
}

// lifecycleHarm is one way in which rules do harm.
type lifecycleHarm struct {
	of      func(LifecycleRule) string // "" of a rule that does none
	deleted bool                       // also to deleted states: their old versions are all that is left of them
	none    string                     // no rule does it
}

// touched are the states that a rule does harm to, and whether there may be more.
func (h HealthFacts) touched(r LifecycleRule, harm lifecycleHarm) (states []string, gaps []string) {
	for _, s := range h.States.Items {
		switch {
		case !strings.HasPrefix(s.Key, r.Prefix):
		case !s.Deleted:
			states = append(states, s.Key)
		case harm.deleted:
			states = append(states, "deleted "+s.Key)
		}
	}
	if len(states) == 0 && overlap(h.Backend.Prefix, r.Prefix) {
		gaps = h.States.gaps("the states")
		if harm.deleted && h.DeletedUnread != "" {
			gaps = append(gaps, "deleted states: "+h.DeletedUnread)
		}
	}
	return states, gaps
}

// overlap reports whether keys below both prefixes can exist.
func overlap(a, b string) bool { return strings.HasPrefix(a, b) || strings.HasPrefix(b, a) }

// judgeRules judges every enabled rule that does harm, by the states it is about.
func judgeRules(h HealthFacts, harm lifecycleHarm) judgement {
	return judgeFact("the lifecycle", h.Bucket.Lifecycle, func(rules []LifecycleRule) judgement {
		var t jury
		for _, r := range rules {
			if what := harm.of(r); r.Enabled && what != "" {
				t.add(subject{name: r.name(), key: r.ID}, judgeHarm(h, r, harm))
			}
		}
		if j := t.result(""); j.status == FindingFail || j.status == FindingUnknown {
			return j
		}
		return passed(harm.none)
	})
}

// judgeHarm: a rule for the backend's whole prefix also meets states to come.
func judgeHarm(h HealthFacts, r LifecycleRule, harm lifecycleHarm) judgement {
	what := harm.of(r)
	states, gaps := h.touched(r, harm)
	all := strings.HasPrefix(h.Backend.Prefix, r.Prefix)
	switch {
	case (all || len(states) > 0) && r.Filtered:
		return unknown(what + ", for objects of some tags or sizes; whether states are among them was not read")
	case len(states) > 0:
		return failed(what + " (" + inShort(states, 3) + ")")
	case all:
		return failed(what)
	case len(gaps) > 0:
		return unknown(append([]string{what + "; whether states are below its prefix is not known"}, gaps...)...)
	}
	return passed("is about no state")
}

func (r LifecycleRule) name() string {
	if r.ID == "" {
		return "an unnamed rule"
	}
	return "rule " + r.ID
}

func judgeCurrentLifecycle(h HealthFacts) judgement {
	return judgeRules(h, lifecycleHarm{of: LifecycleRule.harmToCurrent, none: "no rule touches current states"})
}

func (r LifecycleRule) harmToCurrent() string {
	switch {
	case r.ExpireDays > 0:
		return "expires states " + countOf(r.ExpireDays, "day") + " after they were written"
	case !r.ExpireDate.IsZero():
		return "expires states on " + r.ExpireDate.UTC().Format(time.DateOnly)
	}
	for _, t := range r.Transitions {
		switch {
		case !t.archives():
		case !t.Date.IsZero():
			return "moves states to " + t.Class + " on " + t.Date.UTC().Format(time.DateOnly)
		default:
			return fmt.Sprintf("moves states to %s after %s", t.Class, countOf(t.Days, "day"))
		}
	}
	return ""
}

// archives reports the classes from which nothing can be read at once.
func (t Transition) archives() bool { return t.Class == "GLACIER" || t.Class == "DEEP_ARCHIVE" }

func judgeNoncurrentLifecycle(h HealthFacts) judgement {
	return judgeRules(h, lifecycleHarm{of: LifecycleRule.harmToHistory, deleted: true, none: "no rule shortens the history"})
}

// harmToHistory: S3 deletes or moves an old version only when it is older than
// the days and more than the kept number of newer ones exist; either limit is
// enough.
func (r LifecycleRule) harmToHistory() string {
	if r.NoncurrentDays > 0 && tooSoon(r.NoncurrentDays, r.NewerNoncurrent) {
		return fmt.Sprintf("deletes old versions after %s and keeps only %d", countOf(r.NoncurrentDays, "day"), r.NewerNoncurrent)
	}
	for _, t := range r.OldTransitions {
		if t.archives() && tooSoon(t.Days, t.Newer) {
			return fmt.Sprintf("moves old versions to %s, where they cannot be read at once, after %s, all but %d", t.Class, countOf(t.Days, "day"), t.Newer)
		}
	}
	return ""
}

func tooSoon(days, newer int) bool {
	return days < leastHistoryDays && newer < leastHistoryVersions
}

// lifecycleRemedy takes the rules alone out of the answer: the put command does
// not know the default that S3 answers beside them (TransitionDefaultMinimumObjectSize).
func lifecycleRemedy(s site) Remedy {
	return Remedy{
		Summary: "Change the rule: no expiration and no archive class for states, and old versions for 90 days and 20 of them at least.",
		CLI:     s.s3("get-bucket-lifecycle-configuration", "--query", "{Rules: Rules}", "--output", "json") + " > lifecycle.json\n" + s.s3("put-bucket-lifecycle-configuration", "--lifecycle-configuration", fromFile("lifecycle.json")),
		HCL: s.resource("aws_s3_bucket_lifecycle_configuration", "rule {", `  id     = "state"`, `  status = "Enabled"`, "  filter {}",
			"  noncurrent_version_expiration {", "    noncurrent_days           = 90", "    newer_noncurrent_versions = 20", "  }", "}"),
	}
}

// lifecycleRule is a remedy that adds a rule; the call replaces all rules.
func lifecycleRule(s site, summary, rule string, lines ...string) Remedy {
	doc := `{"Rules":[{"ID":"state","Status":"Enabled","Filter":{},` + rule + `}]}`
	block := []string{"rule {", `  id     = "state"`, `  status = "Enabled"`, "  filter {}"}
	for _, l := range lines {
		block = append(block, "  "+l)
	}
	return Remedy{
		Summary: summary + " The command replaces all rules: take the others along.",
		CLI:     s.s3("put-bucket-lifecycle-configuration", "--lifecycle-configuration", doc),
		HCL:     s.resource("aws_s3_bucket_lifecycle_configuration", append(block, "}")...),
	}
}

func judgeLeftovers(h HealthFacts) judgement {
	return judgeFact("the versions of lock files", h.Leftovers, func(l LockFileLeftovers) judgement {
		if l == (LockFileLeftovers{}) && h.usesLockfile() == no {
			return notApplicable("no lock files are used")
		}
		return judgeFact(l.String()+"; the lifecycle", h.Bucket.Lifecycle, func(rules []LifecycleRule) judgement {
			for _, r := range rules {
				if r.forAll(h.Backend.Prefix) && r.NoncurrentDays > 0 {
					return passed(fmt.Sprintf("%s; %s removes them after %s", l, r.name(), countOf(r.NoncurrentDays, "day")))
				}
			}
			return failed(l.String() + "; no rule removes them")
		})
	})
}

// forAll reports an enabled rule for every key below the prefix.
func (r LifecycleRule) forAll(prefix string) bool {
	return r.Enabled && !r.Filtered && strings.HasPrefix(prefix, r.Prefix)
}

// String is the count for people: at least 1,200 old versions and 1,300 delete markers.
func (l LockFileLeftovers) String() string {
	least := ""
	if l.AtLeast {
		least = "at least "
	}
	return fmt.Sprintf("%s%s and %s of lock files", least, countOf(l.Versions, "old version"), countOf(l.Markers, "delete marker"))
}

func leftoversRemedy(s site) Remedy {
	return lifecycleRule(s, "Remove old versions after 90 days, but keep 20: states keep their history, lock files do not pile up for ever.",
		`"NoncurrentVersionExpiration":{"NoncurrentDays":90,"NewerNoncurrentVersions":20},"Expiration":{"ExpiredObjectDeleteMarker":true}`,
		"noncurrent_version_expiration {", "  noncurrent_days           = 90", "  newer_noncurrent_versions = 20", "}",
		"expiration {", "  expired_object_delete_marker = true", "}")
}

func judgeMultipart(h HealthFacts) judgement {
	return judgeFact("the lifecycle", h.Bucket.Lifecycle, func(rules []LifecycleRule) judgement {
		for _, r := range rules {
			if r.forAll(h.Backend.Prefix) && r.AbortDays > 0 {
				return passed(fmt.Sprintf("%s aborts them after %s", r.name(), countOf(r.AbortDays, "day")))
			}
		}
		return failed("no rule aborts them", h.Bucket.openUploads())
	})
}

func (b BucketHealth) openUploads() string {
	u, ok := b.Uploads.Get()
	switch {
	case !ok:
		return unreadBecause("the open uploads", b.Uploads)
	case u.AtLeast:
		return fmt.Sprintf("at least %d are open, the oldest since %s", u.Count, u.Oldest.UTC().Format(time.DateOnly))
	case u.Count > 0:
		return fmt.Sprintf("%d open, the oldest since %s", u.Count, u.Oldest.UTC().Format(time.DateOnly))
	}
	return "none is open now"
}
