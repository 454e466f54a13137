package model

// A state whose current version nobody can read, because its key is out of service
// or it is archived, can still be restored to one that can be read. The bucket
// keeps the unreadable version beneath; but it can be neither compared nor backed
// up, and its serial is not known.

// unreadCurrent asks for a word of its own where the current version cannot be
// read, and says how the new one is stored where that one is no example.
func unreadCurrent(p *Plan, spec *RestoreSpec, f RestoreFacts) {
	if !f.NoExample() {
		return
	}
	p.warn("The new version is stored " + storedLike(f, spec.Write.Encryption) + ".")
	if spec.Current.Unread == "" {
		return
	}
	if spec.Current.ETag == "" || spec.Current.VersionID == "" {
		p.refuse("the current version cannot be read (" + spec.Current.Unread + "), and no listing says which one it is")
	}
	if why := f.wouldBeUnreadable(spec.Write); why != "" && f.Backend.Write.FromConfiguration {
		p.refuse("the new version could not be read back: the configuration stores it so that " + why)
	}
	p.warn("The current version cannot be read (" + spec.Current.Unread + "): it can be neither compared nor backed up, and its serial and lineage are not known. The bucket keeps it beneath the new version; what only it knew of is not in the state.")
	p.Tokens = append(p.Tokens, Token{Label: "the word UNREAD", Value: TokenUnread, Why: "the current version is replaced unread: " + spec.Current.Unread})
}

func storedLike(f RestoreFacts, e Encryption) string {
	switch {
	case f.Backend.Write.FromConfiguration:
		return "as the backend's configuration says"
	case e == f.Current.Encryption:
		return "as the current one is"
	case e == Encryption{}:
		return "as the bucket stores by default"
	}
	return "as the version that is restored is" + storedAs(e)
}

// NoExample reports whether the new version cannot be stored as the current one
// is, or whether that is not sure: its key is out of service, or it is unread.
func (f RestoreFacts) NoExample() bool {
	if f.Current == nil {
		return false
	}
	refusal, _ := keyInService(f.Current.Encryption, f.KeyStates)
	return f.Current.Unread != "" || refusal != ""
}

// readableAs is how a new version is stored where the current one may be no
// example: as that is, if its key serves; else as the bucket stores what comes
// without a word, for that is what its owners want now; and where the key of that
// does not serve either, as the version that is restored, which was read.
func (f RestoreFacts) readableAs() Encryption {
	own := f.Current.Encryption
	if own.Algorithm != "" && f.serves(own) {
		return own
	}
	if wants, known := f.Default.Get(); known && f.serves(wants) {
		return Encryption{}
	}
	return f.Target.Facts.Encryption.Or(own)
}

// serves reports whether what is written like this is known to be readable
// afterwards.
func (f RestoreFacts) serves(e Encryption) bool {
	if e.KMSKeyID == "" {
		return e.Algorithm != "SSE-C" && e.Algorithm != "aws:kms" && e.Algorithm != "aws:kms:dsse"
	}
	state, known := f.KeyStates[e.KMSKeyID].Get()
	return known && state == KeyEnabled && !f.refused(e)
}

// refused reports whether a key may be the one that kept the current version from
// being read.
func (f RestoreFacts) refused(e Encryption) bool {
	if !f.Current.KeyRefused {
		return false
	}
	of, its := keyID(e.KMSKeyID), keyID(f.Current.Encryption.KMSKeyID)
	return of == "" || its == "" || of == its
}

// wouldBeUnreadable is why what the configuration writes could not be read back;
// "" where nothing speaks against it.
func (f RestoreFacts) wouldBeUnreadable(w ObjectWrite) string {
	e := w.Encryption
	if e == (Encryption{}) {
		e = f.Default.Or(Encryption{}) // what S3 puts in its place
	}
	if e.KMSKeyID == "" || f.serves(e) || f.KeyStates[e.KMSKeyID].IsUnknown() && !f.refused(e) {
		return ""
	}
	if why := OutOfService(e.KMSKeyID, f.KeyStates[e.KMSKeyID].Or(KeyEnabled)); why != "" {
		return why
	}
	return "KMS key " + e.KMSKeyID + " may be the one that cannot be used to read the current version"
}
