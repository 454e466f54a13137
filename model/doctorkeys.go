package model

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// keyChecks are about the KMS keys behind the backend.
func keyChecks() []Check {
	return []Check{
		{
			ID: "key-state", Severity: SeverityCritical, Title: "Every KMS key in use today is enabled and not to be deleted",
			Why:        "With the key disabled nothing that it encrypts can be read: no plan, no apply, no restore. Once it is deleted, never again.",
			References: []string{"Security Hub KMS.3", "Checkov CKV_AWS_227", "AWS Config kms-cmk-not-scheduled-for-deletion"},
			Actions:    []string{"kms:DescribeKey", "s3:GetEncryptionConfiguration", "s3:GetObject", "dynamodb:DescribeTable"},
			judge:      func(h HealthFacts) judgement { return judgeKeysToday(h, judgeKeyState) },
			remedy:     keyStateRemedy,
		},
		{
			ID: "key-rotation", Severity: SeverityMedium, Title: "Every KMS key in use today rotates",
			Why:        "Rotation bounds what one leaked key material can open. What older material encrypted stays readable.",
			References: []string{"Security Hub KMS.4", "Checkov CKV_AWS_7", "Checkov CKV2_AWS_67", "Trivy AVD-AWS-0065", "AWS Config cmk-backing-key-rotation-enabled"},
			Actions:    []string{"kms:DescribeKey", "kms:GetKeyRotationStatus"},
			judge:      func(h HealthFacts) judgement { return judgeKeysToday(h, judgeKeyRotation) },
			remedy: func(s site) Remedy {
				return Remedy{
					Summary: "Enable the rotation.",
					CLI:     s.each(func(k subject) string { return s.kms(k, "enable-key-rotation") }),
					HCL:     hclArguments("aws_kms_key", "enable_key_rotation = true"),
				}
			},
		},
		{
			ID: "key-policy-wildcard", Severity: SeverityHigh, Title: "No policy of a KMS key in use today lets everybody in",
			Why:        "The key is the second lock on the states. A policy for every principal, without a condition on who that is, leaves it open for other accounts.",
			References: []string{"Security Hub KMS.5", "Checkov CKV_AWS_33", "AWS Config kms-key-policy-no-public-access"},
			Actions:    []string{"kms:DescribeKey", "kms:GetKeyPolicy"},
			judge:      func(h HealthFacts) judgement { return judgeKeysToday(h, judgeKeyPolicy) },
			remedy: func(s site) Remedy {
				return Remedy{
					Summary: "Name the principals in the key policy, or add a condition on kms:CallerAccount.",
					CLI: s.each(func(k subject) string {
						return s.kms(k, "get-key-policy", "--policy-name", "default", "--query", "Policy", "--output", "text")
					}),
				}
			},
		},
	}
}

// usedKey is a KMS key by a name that the facts mention, and what needs it.
type usedKey struct {
	name string
	by   []string
}

// keysInUse are the keys that the facts mention, and what was not read of them.
func (h HealthFacts) keysInUse() (keys []usedKey, gaps []string) {
	note := func(by string, f Fact[Encryption]) {
		e, ok := f.Get()
		switch {
		case !ok:
			gaps = append(gaps, unreadBecause(by, f))
		case e.byKMS():
			keys = noteKey(keys, e.keyName(), by)
		}
	}
	note("the default encryption", h.Bucket.Encryption)
	for _, s := range h.States.Items {
		if s.Deleted {
			continue
		}
		note(s.Key, s.Encryption)
		if file, ok := s.LockFile.Get(); ok && file.Present {
			note(LockKey(s.Key), Known(file.Encryption))
		} else if !ok {
			gaps = append(gaps, unreadBecause(LockKey(s.Key), s.LockFile))
		}
	}
	gaps = append(gaps, h.States.gaps("the states")...)
	for _, t := range h.Tables.Items {
		if e, ok := t.Encryption.Get(); ok && e.Key != "" {
			keys = noteKey(keys, e.Key, "table "+t.Name)
		} else if !ok && !t.absent() {
			gaps = append(gaps, unreadBecause("the encryption of table "+t.Name, t.Encryption))
		}
	}
	return keys, append(gaps, h.Tables.gaps("the lock tables")...)
}

func noteKey(keys []usedKey, name, by string) []usedKey {
	for i := range keys {
		if keys[i].name == name {
			keys[i].by = append(keys[i].by, by)
			return keys
		}
	}
	return append(keys, usedKey{name: name, by: []string{by}})
}

// key is what is known of a key by its name. S3's own key is AWS's in every
// account; nobody can disable it or change its policy.
func (h HealthFacts) key(name string) (Key, bool) {
	if k, ok := h.Keys[name]; ok {
		return k, true
	}
	if name == awsS3Key || strings.HasSuffix(name, ":"+awsS3Key) {
		return Key{ID: awsS3Key, Manager: Known(ManagerAWS), State: Known(KeyEnabled)}, true
	}
	return Key{}, false
}

// judgeKeys judges every key once, whatever names it goes by.
func judgeKeys(h HealthFacts, judge func(Key, time.Time) judgement) judgement {
	var t jury
	seen := map[string]bool{}
	keys, gaps := h.keysInUse()
	for _, u := range keys {
		k, ok := h.key(u.name)
		if !ok {
			t.add(subject{name: "key " + u.name, key: u.name}, unknown("not read"))
			continue
		}
		if ref := k.ARN; ref != "" && seen[ref] {
			continue
		}
		seen[k.ARN] = true
		s := subject{name: "key " + k.Name(), key: u.name}
		if k.ARN != "" {
			s.key = k.ARN
		}
		t.add(s, withUse(judge(k, h.At), u))
	}
	for _, g := range gaps {
		t.add(subject{}, unknown(g))
	}
	return t.result("nothing is encrypted with a KMS key")
}

// judgeKeysToday says of a pass what it does not speak of: which keys old versions
// are under only a request for each of them tells.
func judgeKeysToday(h HealthFacts, judge func(Key, time.Time) judgement) judgement {
	j := judgeKeys(h, judge)
	if j.status == FindingPass && len(h.States.Items) > 0 {
		j.evidence = append(slices.Clone(j.evidence), "keys that only old versions are under were not looked at (the command keys looks at them)")
		j.parts = nil
	}
	return j
}

// withUse adds to a failure what needs the key.
func withUse(j judgement, u usedKey) judgement {
	if j.status == FindingFail && len(j.evidence) > 0 {
		j.evidence = slices.Clone(j.evidence)
		j.evidence[0] += " (needed by " + inShort(u.by, 3) + ")"
	}
	return j
}

func judgeKeyState(k Key, now time.Time) judgement {
	return judgeFact("the state", k.State, func(state KeyState) judgement {
		text := string(state)
		if date := k.DeletionDate.Or(time.Time{}); !date.IsZero() {
			text += ", deleted on " + dateAndDistance(date, now)
		}
		return passedIf(state == KeyEnabled || state == "Updating", text, text)
	})
}

// dateAndDistance is a date, and how far away it is where the clock is known.
func dateAndDistance(date, now time.Time) string {
	text := date.UTC().Format(time.DateOnly)
	if !now.IsZero() && date.After(now) {
		text += " (in " + span(date.Sub(now)) + ")"
	}
	return text
}

func keyStateRemedy(s site) Remedy {
	return Remedy{
		Summary: "Cancel the deletion if there is one, and enable the key: a cancelled deletion leaves it disabled. A deleted key cannot be brought back; what it encrypted is lost.",
		CLI: s.each(func(k subject) string {
			return s.kms(k, "cancel-key-deletion") + "\n" + s.kms(k, "enable-key")
		}),
		HCL: hclArguments("aws_kms_key", "is_enabled              = true", "deletion_window_in_days = 30"),
	}
}

// judgeKeyRotation: keys that AWS manages always rotate. A key that waits for its
// deletion reports no rotation, whatever its setting is.
func judgeKeyRotation(k Key, now time.Time) judgement {
	switch {
	case k.Manager.Or("") == ManagerAWS:
		return passed("managed by AWS, rotates every year")
	case k.Rotation.NotApplicable != "":
		return notApplicable("cannot rotate by itself: " + k.Rotation.NotApplicable)
	case k.State.Or("") == KeyPendingDeletion:
		return notApplicable("waits for its deletion")
	}
	return judgeFact("the rotation", k.Rotation.Enabled, func(on bool) judgement {
		return passedIf(on, k.Rotation.schedule(now), "does not rotate")
	})
}

// schedule is the period and the next date, as far as they are known.
func (r KeyRotation) schedule(now time.Time) string {
	text := "rotates"
	if days := r.PeriodDays.Or(0); days > 0 {
		text += " every " + countOf(days, "day")
	}
	if next := r.Next.Or(time.Time{}); !next.IsZero() {
		text += ", next on " + dateAndDistance(next, now)
	}
	return text
}

func judgeKeyPolicy(k Key, _ time.Time) judgement {
	if k.Manager.Or("") == ManagerAWS {
		return passed("AWS keeps its policy")
	}
	return judgeFact("the key policy", k.Policy, func(text string) judgement {
		doc, err := ParsePolicy(text)
		if err != nil {
			return unknown("the key policy is not understood")
		}
		open, doubtful := doc.OpenGrants()
		switch {
		case len(open) > 0:
			return failed(fmt.Sprintf("%s lets everybody in (%s)", open[0].name(), open[0].allowed()))
		case len(doubtful) > 0:
			return unknown(doubtful[0].name() + " lets everybody in under a condition that cannot be evaluated")
		}
		return passed("names who may use it")
	})
}
