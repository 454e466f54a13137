package model

import (
	"fmt"
	"strings"
	"time"
)

// stateChecks are about the states themselves.
func stateChecks() []Check {
	return []Check{
		{
			ID: "state-encrypted", Severity: SeverityCritical, Title: "Every state is encrypted",
			Why:     "A state holds passwords, keys and tokens in clear text.",
			Actions: []string{"s3:ListBucket", "s3:GetObject"},
			judge:   func(h HealthFacts) judgement { return judgeStates(h, "encrypted", judgeStateEncrypted) },
			remedy:  rewriteRemedy,
		},
		{
			ID: "state-encryption-default", Severity: SeverityHigh, Title: "States and lock files are encrypted as the default says",
			Why:     "A weaker encryption than the bucket's is not what was decided for it. The usual cause: encrypt = true without kms_key_id in the backend block writes SSE-S3, whatever the default is.",
			Actions: []string{"s3:GetEncryptionConfiguration", "s3:ListBucket", "s3:GetObject", "kms:DescribeKey"},
			judge:   judgeDrift, remedy: rewriteRemedy,
		},
		{
			ID: "state-parses", Severity: SeverityHigh, Title: "Every state can be read",
			Why:     "A state that is cut off or no state at all stops every plan. It is noticed when somebody needs it.",
			Actions: []string{"s3:ListBucket", "s3:GetObject"},
			judge:   judgeContents,
			remedy: func(s site) Remedy {
				return Remedy{Summary: "Look at the state's history and restore the last good version.",
					CLI: s.each(func(sub subject) string { return s.program.Command("history", s.url(sub)) })}
			},
		},
		{
			ID: "state-history", Severity: SeverityMedium, Title: "Lineage and serial did not break in the last 30 days",
			Why:     "Another lineage or a lower serial means that a state was replaced by one of another origin or time, by a push, a copy or a race.",
			Actions: []string{"s3:ListBucketVersions", "s3:GetObjectVersion"},
			judge:   func(h HealthFacts) judgement { return judgeStates(h, "without a break", judgeHistory) },
			remedy: func(s site) Remedy {
				return Remedy{Summary: "Look at the versions round the break, and restore the one before it if it was a mistake.",
					CLI: s.each(func(sub subject) string { return s.program.Command("history", s.url(sub)) })}
			},
		},
		{
			ID: "state-loss", Severity: SeverityHigh, Title: "No state lost half of its resources in the last day",
			Why:     "Whoever applies next makes again what is only lost from the state, or destroys what depends on it. An apply over another state, a push, a deletion or a wrong destroy looks like this.",
			Actions: []string{"s3:ListBucketVersions", "s3:GetObjectVersion"},
			judge:   judgeLosses,
			remedy: func(s site) Remedy {
				return Remedy{Summary: "Look whether that was meant, before anybody applies; restore the version before it if it was not.",
					CLI: s.each(func(sub subject) string { return s.program.Command("history", s.url(sub)) })}
			},
		},
	}
}

// judgeLosses also judges states that are gone: they lost all.
func judgeLosses(h HealthFacts) judgement {
	j := judgeEach(h.States, "the states", "there is no state", func(s StateHealth) (subject, judgement) {
		return subject{name: s.Key, key: s.Key}, judgeLoss(s, h.At)
	})
	return j.summed("state", "with its resources")
}

// judgeLoss: half of the resources or more, as the history of a state has it.
func judgeLoss(s StateHealth, now time.Time) judgement {
	return judgeFact("what it lost", s.Loss, func(l Loss) judgement {
		if s.Deleted && !l.Severe() {
			return notApplicable("is deleted")
		}
		return passedIf(!l.Severe(), "nothing lost", l.text(now))
	})
}

// Severe reports whether half of the resources are lost, or more.
func (l Loss) Severe() bool {
	if l.Replaced || l.Deleted {
		return l.Was > 0
	}
	return halves(l.Was, l.Is)
}

func (l Loss) text(now time.Time) string {
	when := "on " + l.Since.UTC().Format("2006-01-02 15:04 UTC")
	if !now.IsZero() && now.After(l.Since) {
		when = span(now.Sub(l.Since)) + " ago"
	}
	switch {
	case l.Deleted:
		return fmt.Sprintf("deleted %s, with %s", when, countOf(l.Was, "resource"))
	case l.Replaced:
		return fmt.Sprintf("lost all of %s to a state of another lineage with %d, %s", countOf(l.Was, "resource"), l.Is, when)
	}
	return fmt.Sprintf("lost %d of %d resources, %s", l.Was-l.Is, l.Was, when)
}

// judgeStates judges every state that is there; pass says in a word that all are
// well.
func judgeStates(h HealthFacts, pass string, judge func(StateHealth) judgement) judgement {
	j := judgeEach(h.States, "the states", "there is no state", func(s StateHealth) (subject, judgement) {
		sub := subject{name: s.Key, key: s.Key}
		if s.Deleted {
			return sub, notApplicable("is deleted")
		}
		return sub, judge(s)
	})
	return j.summed("state", pass)
}

// judgeStateEncrypted: what S3 stores in clear may have been encrypted by the
// client before.
func judgeStateEncrypted(s StateHealth) judgement {
	return judgeFact("the encryption", s.Encryption, func(e Encryption) judgement {
		if e.Short() != "none" {
			return passed(e.Algorithm)
		}
		return judgeFact("not encrypted by S3; whether by the client", s.Header, func(head StateHeader) judgement {
			return passedIf(head.Format == FormatEncrypted, "encrypted by the client", "not encrypted")
		})
	})
}

// judgeContents says of how many states a pass speaks of the front alone.
func judgeContents(h HealthFacts) judgement {
	j, fronts := judgeStates(h, "readable", judgeParse), 0
	for _, s := range h.States.Items {
		if !s.Deleted && !s.Whole {
			fronts++
		}
	}
	if j.status == FindingPass && fronts > 0 {
		j.evidence = append(j.evidence, fmt.Sprintf("of %d of them only the first bytes were looked at", fronts))
	}
	return j
}

func judgeParse(s StateHealth) judgement {
	return judgeFact("the content", s.Parse, func(problem string) judgement {
		return passedIf(problem == "", "readable", problem)
	})
}

func judgeHistory(s StateHealth) judgement {
	return judgeFact("the versions", s.Anomalies, func(breaks []string) judgement {
		switch {
		case len(breaks) > 0:
			return failed(breaks...)
		case s.AnomaliesPartial:
			return unknown("serial and lineage of some versions of the last 30 days were not read (its history reads them)")
		}
		return passed("no break")
	})
}

// rewriteRemedy: an object keeps its encryption until it is written again. A copy
// onto itself leaves the bytes, and so serial and digest, as they are.
func rewriteRemedy(s site) Remedy {
	return Remedy{
		Summary: "Take encrypt = true out of the backend block or give it the kms_key_id of the default; the next apply then writes the state right. To rewrite it at once without changing its bytes, copy it onto itself while nobody applies. A lock file goes with its lock.",
		CLI: s.each(func(sub subject) string {
			return s.aws("s3", s.region, "s3api", "copy-object", "--bucket", s.bucket, "--key", sub.key, "--copy-source", s.bucket+"/"+copySource(sub.key),
				"--metadata-directive", "REPLACE", "--content-type", "application/json")
		}),
		HCL: "# in the backend block of the state\nencrypt    = true\nkms_key_id = \"KEY_ARN\"",
	}
}

// copySource is a key as --copy-source wants it: percent-encoded, but for slashes.
func copySource(key string) string {
	var b strings.Builder
	for i := range len(key) {
		c := key[i]
		if c == '/' || c == '-' || c == '_' || c == '.' || c == '~' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte("0123456789ABCDEF"[c>>4])
		b.WriteByte("0123456789ABCDEF"[c&15])
	}
	return b.String()
}

// judgeDrift compares what lies in the bucket with its default.
func judgeDrift(h HealthFacts) judgement {
	return judgeFact("the default encryption", h.Bucket.Encryption, func(want Encryption) judgement {
		if want.Short() == "none" {
			return notApplicable("the bucket has no default encryption")
		}
		j := judgeEach(h.States, "the states", "there is no state", func(s StateHealth) (subject, judgement) {
			return subject{name: s.Key, key: s.Key}, h.judgeStateDrift(s, want)
		})
		return j.summed("object", "encrypted as the default says, "+want.algorithmName())
	})
}

func (h HealthFacts) judgeStateDrift(s StateHealth, want Encryption) judgement {
	if s.Deleted {
		return notApplicable("is deleted")
	}
	var t jury
	t.add(subject{}, judgeFact("the encryption", s.Encryption, func(got Encryption) judgement { return h.compareEncryption(want, got) }))
	t.add(subject{}, judgeFact("the lock file", s.LockFile, func(file LockFileHealth) judgement {
		if !file.Present {
			return notApplicable("no lock file")
		}
		j := h.compareEncryption(want, file.Encryption)
		for i := range j.evidence {
			j.evidence[i] = "its lock file is stored with " + strings.TrimPrefix(j.evidence[i], "stored with ")
		}
		return j
	}))
	return t.result("")
}

// compareEncryption: something stronger than the default was asked for by whoever
// wrote it and is no drift; weaker, or another key, is.
func (h HealthFacts) compareEncryption(want, got Encryption) judgement {
	switch {
	case got.Short() == "sse-c":
		return passedIf(h.Backend.Write.SSECustomerKeyEnv != "", "SSE-C, as configured", "stored with a customer's key (SSE-C), the default is "+want.algorithmName())
	case strength(got) < strength(want):
		return failed("stored with " + got.algorithmName() + ", the default is " + want.algorithmName())
	case strength(got) > strength(want) || !want.byKMS():
		return passed("stored with " + got.algorithmName())
	}
	switch h.sameKey(want.keyName(), got.keyName()) {
	case yes:
		return passed("stored with " + got.algorithmName())
	case no:
		return failed("stored with key " + h.keyLabel(got.keyName()) + ", the default's is " + h.keyLabel(want.keyName()))
	default:
		return unknown("stored with key " + got.keyName() + "; whether that is the default's, " + want.keyName() + ", is not known")
	}
}

func strength(e Encryption) int {
	switch e.Short() {
	case "s3":
		return 1
	case "kms":
		return 2
	case "dsse":
		return 3
	}
	return 0
}

// sameKey reports whether two names stand for one key: by the ARNs that KMS
// resolved them to, or because they end in the same id.
func (h HealthFacts) sameKey(a, b string) truth {
	ka, oka := h.key(a)
	kb, okb := h.key(b)
	ida, idb := keyID(a), keyID(b)
	switch {
	case a == b, ida != "" && ida == idb:
		return yes
	case oka && okb && ka.ARN != "" && kb.ARN != "":
		return truthOf(ka.ARN == kb.ARN)
	case ida != "" && idb != "":
		return no
	}
	return perhaps
}

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// keyID is the id in the name of a key; "" for an alias.
func keyID(name string) string {
	if strings.Contains(name, "alias/") {
		return ""
	}
	return name[strings.LastIndexAny(name, ":/")+1:]
}

func (h HealthFacts) keyLabel(name string) string {
	if k, ok := h.key(name); ok && k.Name() != "" {
		return k.Name()
	}
	return name
}
