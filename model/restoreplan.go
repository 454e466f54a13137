package model

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// RestoreFacts is all that a plan to restore rests on.
type RestoreFacts struct {
	Backend    Backend
	Key        string
	Versioning Fact[Versioning]
	Target     Version // the version to restore
	TargetBody []byte
	TargetErr  string         // why its bytes could not be read; "" when they were
	Current    *CurrentObject // nil: deleted or never there
	CurrentErr string         // why what is there could not be read; "" when it was
	History    []string       // ids of all versions and delete markers
	// Headers are those of every version of the history that is no delete marker,
	// by version id, also where one could not be read.
	Headers    map[string]Fact[StateHeader]
	Locks      []Lock
	Mechanisms MechanismFacts
	Default    Fact[Encryption]          // the bucket's; read where the current version's cannot be mirrored
	KeyStates  map[string]Fact[KeyState] // of every KMS key that is involved
	Access     []string                  // attributes of the object that could not be read: "ACL: AccessDenied s3:GetObjectAcl"
	Grants     Grants                    // of the current object, where it has others than its owner's
	Tags       map[string]string
	Now        time.Time
	Expires    time.Time
	ReadOnly   bool
	Program    Program // for the command that takes it back
	Region     string  // the bucket's; "" when it is not known
}

// CurrentObject is the state as it stands.
type CurrentObject struct {
	VersionID    string
	ETag         string
	Body         []byte
	KeyRefused   bool   // it is the KMS key that kept them from being read
	Unread       string // why the bytes could not be read, by anybody or from here; "" when they were
	ContentType  string
	LastModified time.Time
	Encryption   Encryption
}

// PlanRestore works out a restore: the old content under a new serial, written
// only over the version that the operator saw.
func PlanRestore(f RestoreFacts, r RestoreRequest) *Plan {
	p := &Plan{Operation: OpRestore, Backend: f.Backend, Key: f.Key, Made: f.Now, Reason: r.Reason}
	p.guard(f.ReadOnly, f.Expires, f.Now)
	spec := &RestoreSpec{Target: f.Target, TargetMD5: DigestOf(f.TargetBody), History: f.History}
	p.Restore = spec
	refuseUnversioned(p, f.Versioning)
	if !refuseTarget(p, f) {
		return p
	}
	if f.CurrentErr != "" {
		p.refuse("the current version cannot be read (" + f.CurrentErr + "): it could be neither compared nor backed up")
		return p
	}
	newContent(p, spec, f)
	against(p, spec, f)
	locking(p, spec, f)
	spec.Write = mirrorWrite(f)
	unreadCurrent(p, spec, f)
	writable(p, spec.Write.Encryption, f.KeyStates)
	p.Warnings = append(p.Warnings, unread(f.Access)...)
	restoreSteps(p, spec)
	p.Tokens = append([]Token{{Label: "the state's key", Value: f.Key, Why: "it names the state that is overwritten"}}, p.Tokens...)
	p.protect()
	restoreUndo(p, spec, f)
	return p
}

// refuseUnversioned: in a bucket that is not versioned, or is suspended, a PUT
// destroys what it replaces.
func refuseUnversioned(p *Plan, v Fact[Versioning]) {
	status, known := v.Get()
	switch {
	case !known:
		p.refuse("the versioning of the bucket could not be read (" + v.Reason() + "): a write might destroy the current version")
	case status != VersioningEnabled:
		p.refuse("versioning of the bucket " + status.Words() + ": writing would destroy the current version")
	}
}

// refuseTarget reports whether the target's content can be restored at all.
func refuseTarget(p *Plan, f RestoreFacts) bool {
	why := ""
	header := ReadHeader(f.TargetBody, int64(len(f.TargetBody)))
	outOfService, _ := keyInService(f.Target.Facts.Encryption.Or(Encryption{}), f.KeyStates)
	switch {
	case f.Target.DeleteMarker:
		why = "version " + f.Target.VersionID + " is a delete marker: it has no content to restore"
	case f.TargetErr != "" && outOfService != "":
		why = "the version cannot be read: " + outOfService
	case f.TargetErr != "":
		why = "the version cannot be read: " + f.TargetErr
	case header.Format == FormatEmpty:
		why = "the version is empty: there is nothing to restore"
	case header.Format == FormatInvalid:
		why = "the version is no state: " + header.Problem
	}
	if why != "" {
		p.refuse(why)
	}
	return why == ""
}

// newContent decides the bytes that are written.
func newContent(p *Plan, spec *RestoreSpec, f RestoreFacts) {
	header := ReadHeader(f.TargetBody, int64(len(f.TargetBody)))
	if header.Serial != nil {
		spec.OldSerial = *header.Serial
	}
	if header.Lineage != nil {
		spec.Lineage = *header.Lineage
	}
	if header.Format == FormatEncrypted {
		verbatim(p, spec, f)
		return
	}
	serials, unread := f.serials()
	serial, err := NextSerial(serials, unread)
	if err == nil {
		spec.NewSerial = serial
		spec.NewBody, err = SpliceSerial(f.TargetBody, serial)
	}
	if err != nil {
		p.refuse("the serial of the version cannot be raised: " + err.Error())
		return
	}
	spec.NewMD5 = DigestOf(spec.NewBody)
	if unread > 0 {
		p.warn(fmt.Sprintf("the serials of %d versions could not be read; the new serial leaves room for them", unread))
	}
}

// serials are those of all versions, and how many versions have one that nobody
// knows. What was read whole tells more than a look at its front, which may have
// failed. An empty version has none.
func (f RestoreFacts) serials() (known []uint64, unknown int) {
	headers := maps.Clone(f.Headers)
	if headers == nil {
		headers = map[string]Fact[StateHeader]{}
	}
	headers[f.Target.VersionID] = Known(ReadHeader(f.TargetBody, int64(len(f.TargetBody))))
	switch o := f.Current; {
	case o == nil:
	case o.Unread == "":
		headers[o.VersionID] = Known(ReadHeader(o.Body, int64(len(o.Body))))
	case !headers[o.VersionID].IsKnown(): // its front may have been read before its key was gone
		headers[o.VersionID] = Unknown[StateHeader](o.Unread)
	}
	for _, fact := range headers {
		switch h, ok := fact.Get(); {
		case h.Serial != nil:
			known = append(known, *h.Serial)
		case !ok || h.Format != FormatEmpty:
			unknown++
		}
	}
	return known, unknown
}

// verbatim: the serial of a client-side encrypted state is authenticated, so
// its bytes can only be restored unchanged.
func verbatim(p *Plan, spec *RestoreSpec, f RestoreFacts) {
	spec.Verbatim = true
	spec.NewBody, spec.NewMD5, spec.NewSerial = f.TargetBody, spec.TargetMD5, spec.OldSerial
	p.warn("This state is encrypted by OpenTofu, so its serial cannot be raised: a plan that was saved when this version was current can be applied again, although it is stale.")
	p.Tokens = append(p.Tokens, Token{Label: "the word VERBATIM", Value: TokenVerbatim, Why: "the bytes are restored with their old serial"})
}

// against compares with what is there now.
func against(p *Plan, spec *RestoreSpec, f RestoreFacts) {
	p.fact("Restore", fmt.Sprintf("%s of %s ago, as serial %d", serialName(spec.OldSerial), span(max(0, f.Now.Sub(f.Target.LastModified))), spec.NewSerial))
	p.fact("Version", f.Target.VersionID)
	if f.Current == nil {
		p.fact("Against", "nothing: the state is deleted or was never there")
		return
	}
	spec.Current = currentState(f.Current)
	if f.Current.Unread != "" {
		p.fact("Against", fmt.Sprintf("the current version %s of %s ago, which cannot be read", f.Current.VersionID, span(max(0, f.Now.Sub(f.Current.LastModified)))))
		return
	}
	header := ReadHeader(f.Current.Body, int64(len(f.Current.Body)))
	currentName := "unreadable"
	if header.Serial != nil {
		spec.Current.Serial = Known(*header.Serial)
		currentName = serialName(*header.Serial)
	}
	p.fact("Against", fmt.Sprintf("%s of %s ago, current%s", currentName, span(max(0, f.Now.Sub(f.Current.LastModified))), resourceChange(f)))
	if sameContent(f.TargetBody, f.Current.Body) {
		p.refuse("the current version has the same content: there is nothing to restore")
	}
	if header.Lineage != nil && spec.Lineage != "" && *header.Lineage != spec.Lineage {
		p.warn("The lineage differs: this version belongs to another state history (" + spec.Lineage + " against " + *header.Lineage + ").")
		p.Tokens = append(p.Tokens, Token{Label: "the word LINEAGE", Value: TokenLineage, Why: "the lineage changes"})
	}
}

func serialName(n uint64) string { return fmt.Sprintf("serial %d", n) }

func resourceChange(f RestoreFacts) string {
	from, err1 := IndexState(f.TargetBody)
	now, err2 := IndexState(f.Current.Body)
	if err1 != nil || err2 != nil {
		return ""
	}
	return fmt.Sprintf("; resources %d, restored %d (%+d)", now.ResourceCount(), from.ResourceCount(), from.ResourceCount()-now.ResourceCount())
}

// sameContent compares two states but for their serials.
func sameContent(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, err1 := SpliceSerial(a, 0)
	y, err2 := SpliceSerial(b, 0)
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}

// locking decides the locks and digests, and refuses while somebody holds one.
func locking(p *Plan, spec *RestoreSpec, f RestoreFacts) {
	m := DecideMechanisms(f.Mechanisms)
	spec.Lockfile, spec.LockTables = m.Lockfile, m.Tables
	spec.Digests = DigestTables(f.Mechanisms.Tables, f.Backend.Digests)
	if m.Refusal != "" {
		p.refuse(m.Refusal)
	}
	if len(m.Why) > 0 {
		p.fact("Locks", strings.Join(m.Why, "; "))
	}
	refuseBlocked(p, f.Mechanisms, spec.LockTables, digestChanges(spec.Digests, spec.NewMD5))
	for _, l := range f.Locks {
		p.refuseFor(l, fmt.Sprintf("the state is locked by %s (%s, ID %s): clear that lock first, if it is stale", holderName(l), l.Where(), l.Token()))
	}
	p.Warnings = append(append(p.Warnings, unread(f.Mechanisms.Problems)...), unsearched(f.Mechanisms)...)
}

// mirrorWrite stores the new version as the configuration says, else as the
// current version is stored, else as the target is.
func mirrorWrite(f RestoreFacts) ObjectWrite {
	w := MirrorWrite(f.Backend.Write, f.Current)
	switch {
	case f.Current == nil:
		w.Encryption = encryptionAs(f.Backend.Write, f.Target.Facts.Encryption.Or(Encryption{}))
	case f.NoExample():
		w.Encryption = encryptionAs(f.Backend.Write, f.readableAs())
	}
	if w.ACL == "" {
		w.Grants = f.Grants
	}
	if w.Tags == nil {
		w.Tags = f.Tags
	}
	return w
}

// MirrorWrite is how the clients of a backend store an object: as their
// configuration says, else as the current version is stored.
func MirrorWrite(settings WriteSettings, current *CurrentObject) ObjectWrite {
	w := ObjectWrite{ContentType: "application/json"}
	var before Encryption
	if current != nil {
		before = current.Encryption
	}
	w.Encryption = encryptionAs(settings, before)
	if settings.FromConfiguration {
		w.ACL, w.Tags = settings.ACL, settings.Tags
	}
	return w
}

// encryptionAs is how the clients encrypt, given how the version before is
// encrypted. Where no configuration says it, they do as they did. Where one
// does, a customer's key is the exception: the clients take it from their
// environment, which no configuration shows, and could not read a state that is
// suddenly stored without it.
func encryptionAs(settings WriteSettings, before Encryption) Encryption {
	kms := settings.Encrypt != nil && *settings.Encrypt && settings.KMSKeyID != ""
	if !settings.FromConfiguration || before.Algorithm == "SSE-C" && !kms {
		return before
	}
	return configuredEncryption(settings)
}

// writable refuses a write under a key that does not serve.
func writable(p *Plan, e Encryption, states map[string]Fact[KeyState]) {
	refusal, warning := keyInService(e, states)
	if refusal != "" {
		p.refuse("the new version cannot be written: " + refusal)
	}
	if warning != "" {
		p.Warnings = append(p.Warnings, unread([]string{warning})...)
	}
}

// configuredEncryption is what the clients send: headers only if encrypt is
// true; then the KMS key, else the customer's key, else AES256.
func configuredEncryption(s WriteSettings) Encryption {
	switch {
	case s.Encrypt == nil || !*s.Encrypt:
		return Encryption{}
	case s.KMSKeyID != "":
		return Encryption{Algorithm: "aws:kms", KMSKeyID: s.KMSKeyID}
	case s.SSECustomerKeyEnv != "":
		return Encryption{Algorithm: "SSE-C"}
	}
	return Encryption{Algorithm: "AES256"}
}

func restoreSteps(p *Plan, spec *RestoreSpec) {
	if spec.Current != nil && spec.Current.Unread == "" {
		p.step("back up", "keep the current bytes in a local file (0600)", "")
	}
	lockSteps(p, spec.Lockfile, spec.LockTables)
	condition := "only if the state is still deleted"
	if spec.Current != nil {
		condition = "only if the state is still version " + spec.Current.VersionID
	}
	p.step("write", fmt.Sprintf("write the content as serial %d%s", spec.NewSerial, storedAs(spec.Write.Encryption)), condition)
	for _, d := range spec.Digests {
		p.step("digest", "set the digest in "+d.Table, digestCondition(d))
	}
	p.step("read back", "read the bytes, the digest and the locks and compare", "")
	p.step("release", "release the locks taken above", "only if they are still ours")
}

func storedAs(e Encryption) string {
	if e.Algorithm == "" || e.Algorithm == "none" {
		return ""
	}
	return ", encrypted with " + strings.TrimSpace(e.Algorithm+" "+keyName(e.KMSKeyID))
}

// keyName is the part of a key's ARN that tells it apart.
func keyName(key string) string { return key[strings.LastIndexByte(key, '/')+1:] }

func digestCondition(d DigestRow) string {
	switch {
	case !d.Present:
		return "only if there is still none"
	case d.Whole != "" || !d.WellFormed():
		return "only if its row is still exactly this one"
	}
	return "only if it is still " + d.Value
}

func restoreUndo(p *Plan, spec *RestoreSpec, f RestoreFacts) {
	if spec.Current == nil {
		p.Undo = Hint{"delete the state again", f.Program.AWS(p.Backend.Access, "s3", f.Region, "s3api", "delete-object", "--bucket", p.Backend.Bucket, "--key", p.Key)}
		return
	}
	p.Undo.Command = f.Program.Restore(p.URL(), spec.Current.VersionID)
	switch {
	case p.Undo.Command == "":
		p.Undo.Text = "none: the version that is replaced has no id"
	case spec.Current.Unread != "":
		p.Undo.Text = "once the version before can be read again"
	}
}

// FindVersion is the version with this id in a history.
func FindVersion(all []Version, id string) (Version, bool) {
	i := slices.IndexFunc(all, func(v Version) bool { return v.VersionID == id })
	if i < 0 {
		return Version{}, false
	}
	return all[i], true
}
