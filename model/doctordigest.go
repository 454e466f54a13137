package model

// digestChecks are about the MD5 rows of the lock tables.
func digestChecks() []Check {
	actions := []string{"dynamodb:Scan", "dynamodb:GetItem", "s3:GetObject"}
	repair := func(summary string) func(site) Remedy {
		return func(s site) Remedy {
			return Remedy{Summary: summary, CLI: s.each(func(sub subject) string { return s.program.Command("repair", s.url(sub)) })}
		}
	}
	return []Check{
		{
			ID: "state-digest", Severity: SeverityCritical, Title: "Every digest is that of its state's bytes",
			Why:     "With a digest of other bytes every client refuses to read the state: no plan, no apply, no pull and no push.",
			Actions: actions,
			judge: judgeDigests("matching", map[DigestVerdict]string{
				DigestMismatch: "the digest is of other bytes",
			}, DigestMatch),
			remedy: repair("First find out which of the two is right; then write the digest of the bytes that are there, or restore the version that it belongs to."),
		},
		{
			ID: "digest-malformed", Severity: SeverityMedium, Title: "No digest is malformed",
			Why:     "Clients take a malformed digest for none and read whatever is there: the check against stale and foreign states is off.",
			Actions: actions,
			judge: judgeDigests("well-formed", map[DigestVerdict]string{
				DigestMalformed: "the digest is no MD5",
			}, DigestMatch, DigestMismatch, DigestOrphan),
			remedy: repair("Write the digest of the bytes that are there."),
		},
		{
			ID: "digest-missing", Severity: SeverityMedium, Title: "No digest is missing",
			Why:     "Clients read a state without its digest as it is: the check against stale and foreign states is off.",
			Actions: actions,
			judge: judgeDigests("in place", map[DigestVerdict]string{
				DigestMissing: "a digest is expected and there is none",
			}, DigestMatch, DigestMismatch, DigestMalformed, DigestOrphan),
			remedy: repair("Write the digest of the bytes that are there; the next apply does it too."),
		},
		{
			ID: "digest-orphan", Severity: SeverityMedium, Title: "No digest is left of a state that is gone",
			Why:     "A digest without its state stops whoever makes a state of that name again: the client waits for content that never comes.",
			Actions: actions,
			judge: judgeDigests("of a state that exists", map[DigestVerdict]string{
				DigestOrphan: "a digest is there, but its state is gone",
			}, DigestMatch, DigestMismatch, DigestMalformed),
			remedy: orphanDigestRemedy,
		},
	}
}

// judgeDigests fails what has a verdict of bad and passes those of good; rows
// with another verdict are for other checks.
func judgeDigests(pass string, bad map[DigestVerdict]string, good ...DigestVerdict) func(HealthFacts) judgement {
	isGood := map[DigestVerdict]bool{}
	for _, v := range good {
		isGood[v] = true
	}
	return func(h HealthFacts) judgement {
		return judgeEach(h.Digests, "the digests", "no digests are kept", func(d DigestHealth) (subject, judgement) {
			sub := subject{name: d.Key + " in table " + d.Table, key: d.Key, table: d.Table, id: d.Stored}
			return sub, judgeFact("the digest", d.Verdict, func(v DigestVerdict) judgement {
				switch {
				case bad[v] != "":
					return failed(bad[v])
				case isGood[v]:
					return passed("ok")
				}
				return notApplicable(string(v))
			})
		}).summed("digest", pass)
	}
}

// orphanDigestRemedy deletes the row only while it is the one that was seen.
func orphanDigestRemedy(s site) Remedy {
	return Remedy{
		Summary: "Restore the state if it was deleted by mistake; else delete the row.",
		CLI: s.each(func(sub subject) string {
			return s.table(subject{table: sub.table}, "delete-item",
				"--key", jsonObject("LockID", s.bucket+"/"+sub.key+"-md5"), "--condition-expression", "Digest = :seen",
				"--expression-attribute-values", jsonObject(":seen", sub.id))
		}),
	}
}
