package model

import (
	"strings"
	"testing"
	"time"
)

func stateBody(serial, lineage, outputs string) []byte {
	return []byte(`{"version":4,"terraform_version":"1.11.4","serial":` + serial + `,"lineage":"` + lineage + `","outputs":{` + outputs + `},"resources":[],"check_results":null}` + "\n")
}

const encryptedBody = `{"serial":3,"lineage":"l","meta":{"key_provider.pbkdf2.k":"x"},"encrypted_data":"abc","encryption_version":"v0"}`

// restorable is a state at serial 7 whose version v3 (serial 3) can be restored.
func restorable() RestoreFacts {
	return RestoreFacts{
		Backend:    Backend{Name: "data", Bucket: "b"},
		Key:        "k.tfstate",
		Versioning: Known(VersioningEnabled),
		Target:     Version{VersionID: "v3", LastModified: planNow.Add(-time.Hour)},
		TargetBody: stateBody("3", "l", `"a":{"value":1,"type":"number"}`),
		Current: &CurrentObject{VersionID: "v7", ETag: `"e7"`, Body: stateBody("7", "l", ""), LastModified: planNow.Add(-time.Minute),
			Encryption: Encryption{Algorithm: "aws:kms", KMSKeyID: "arn:key", BucketKey: true}},
		Headers: map[string]Fact[StateHeader]{"v7": serialHeader(7), "v9": serialHeader(9), "v3": serialHeader(3)},
		Mechanisms: MechanismFacts{LockfileHistory: Known(false), Tables: []TableEvidence{
			{Table: "locks", Digest: DigestRow{Table: "locks", Present: true, HasAttr: true, Value: DigestOf(stateBody("7", "l", ""))}}}},
		Now: planNow,
	}
}

func serialHeader(n uint64) Fact[StateHeader] {
	return Known(StateHeader{Format: FormatV4, Serial: &n})
}

// Whatever could not be read, the new serial is above the current one, above the
// restored one and above all that is known, with room for what is not.
func TestTheNewSerialIsAboveAllThatIsKnown(t *testing.T) {
	throttled := Unknown[StateHeader]("throttled (SlowDown)")
	for name, c := range map[string]struct {
		change func(*RestoreFacts)
		want   uint64
	}{
		"all was read": {func(*RestoreFacts) {}, 10},
		"the look at the current one failed": {func(f *RestoreFacts) {
			f.Headers = map[string]Fact[StateHeader]{"v7": throttled, "v3": serialHeader(3)}
		}, 8},
		"the look at the target failed": {func(f *RestoreFacts) { f.Headers = map[string]Fact[StateHeader]{"v3": throttled} }, 8},
		"both looks failed":             {func(f *RestoreFacts) { f.Headers = map[string]Fact[StateHeader]{"v7": throttled, "v3": throttled} }, 8},
		"every look failed": {func(f *RestoreFacts) {
			f.Headers = map[string]Fact[StateHeader]{"v7": throttled, "v9": throttled, "v3": throttled}
		}, 9},
		"nothing is known but the two bodies":     {func(f *RestoreFacts) { f.Headers = nil }, 8},
		"the target has the highest of all":       {func(f *RestoreFacts) { f.TargetBody = stateBody("40", "l", `"a":{"value":1,"type":"number"}`) }, 41},
		"the current one is in no list":           {func(f *RestoreFacts) { delete(f.Headers, "v7"); f.Current.Body = stateBody("70", "l", "") }, 71},
		"the current version is no state":         {func(f *RestoreFacts) { f.Current.Body = []byte("<html>") }, 11},
		"the current version is cut off":          {func(f *RestoreFacts) { f.Current.Body = stateBody("70", "l", "")[:70] }, 71},
		"a version without a serial":              {func(f *RestoreFacts) { f.Headers["v1"] = Known(StateHeader{Format: FormatV4}) }, 11},
		"an empty version has none":               {func(f *RestoreFacts) { f.Headers["v1"] = Known(StateHeader{Format: FormatEmpty}) }, 10},
		"the state is deleted":                    {func(f *RestoreFacts) { f.Current = nil }, 10},
		"the largest that fits":                   {func(f *RestoreFacts) { f.Headers["v9"] = serialHeader(1<<64 - 2) }, 1<<64 - 1},
		"beyond 64 bits: there is no next serial": {func(f *RestoreFacts) { f.Headers["v9"] = serialHeader(1<<64 - 1) }, 0},
		"no room for the unread beside the most":  {func(f *RestoreFacts) { f.Headers["v9"] = serialHeader(1<<64 - 2); f.Headers["v1"] = throttled }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := restorable()
			c.change(&f)
			p := PlanRestore(f, RestoreRequest{VersionID: "v3"})
			if refused := len(p.Refusals) > 0; refused != (c.want == 0) || p.Restore.NewSerial != c.want {
				t.Errorf("serial %d, refused because of %q, want %d", p.Restore.NewSerial, p.Refusals, c.want)
			}
		})
	}
}

func TestARestoreIsRefusedWhereSomethingCouldBeLost(t *testing.T) {
	cases := map[string]struct {
		change func(*RestoreFacts)
		want   string
	}{
		"nothing stands against it":     {func(*RestoreFacts) {}, ""},
		"versioning suspended":          {func(f *RestoreFacts) { f.Versioning = Known(VersioningSuspended) }, "suspended"},
		"versioning never enabled":      {func(f *RestoreFacts) { f.Versioning = Known(VersioningNever) }, "never enabled"},
		"versioning unreadable":         {func(f *RestoreFacts) { f.Versioning = Unknown[Versioning]("AccessDenied s3:GetBucketVersioning") }, "s3:GetBucketVersioning"},
		"the target is a delete marker": {func(f *RestoreFacts) { f.Target.DeleteMarker = true }, "delete marker"},
		"the target cannot be read":     {func(f *RestoreFacts) { f.TargetErr = "KMS key is disabled" }, "KMS key is disabled"},
		"the target's key is out of service": {func(f *RestoreFacts) {
			f.TargetErr, f.Target.Facts.Encryption = "KMS.KMSInvalidStateException", Known(Encryption{Algorithm: "aws:kms", KMSKeyID: "arn:old"})
			f.KeyStates = map[string]Fact[KeyState]{"arn:old": Known(KeyState("PendingDeletion"))}
		}, "KMS key arn:old is PendingDeletion"},
		"the key to write with is out of service": {func(f *RestoreFacts) {
			f.KeyStates = map[string]Fact[KeyState]{"arn:key": Known(KeyState("Disabled"))}
		}, "KMS key arn:key is Disabled"},
		"a key whose state nobody may read is only said": {func(f *RestoreFacts) {
			f.KeyStates = map[string]Fact[KeyState]{"arn:key": Unknown[KeyState]("AccessDenied kms:DescribeKey")}
		}, ""},
		"the target is empty":                      {func(f *RestoreFacts) { f.TargetBody = nil }, "empty"},
		"the target is no state":                   {func(f *RestoreFacts) { f.TargetBody = []byte("<html>") }, "no state"},
		"the target is truncated":                  {func(f *RestoreFacts) { f.TargetBody = f.TargetBody[:len(f.TargetBody)-9] }, "ends too early"},
		"the target has a second serial":           {func(f *RestoreFacts) { f.TargetBody = []byte(`{"version":4,"serial":3,"Serial":4,"lineage":"l"}`) }, "serial"},
		"the current version has the same content": {func(f *RestoreFacts) { f.Current.Body = stateBody("7", "l", `"a":{"value":1,"type":"number"}`) }, "same content"},
		"somebody holds a lock":                    {func(f *RestoreFacts) { f.Locks = []Lock{heldBy("one", MechanismDynamoDB)} }, "locked by carol@laptop"},
		"no mechanism is known":                    {func(f *RestoreFacts) { f.Mechanisms.Tables = nil }, "--mechanism"},
		"the evidence of mechanisms is unreadable": {func(f *RestoreFacts) { f.Mechanisms.Problems = []string{"table x: AccessDenied dynamodb:GetItem"} }, "--mechanism"},
		"unreadable evidence settled by a flag": {func(f *RestoreFacts) {
			f.Mechanisms.Problems, f.Mechanisms.Declared = []string{"table x: AccessDenied"}, []Mechanism{MechanismLockfile}
		}, ""},
		"dynamodb declared without a table": {func(f *RestoreFacts) {
			f.Mechanisms = MechanismFacts{Declared: []Mechanism{MechanismDynamoDB}, LockfileHistory: Known(true)}
		}, "--lock-table"},
		"read-only":                {func(f *RestoreFacts) { f.ReadOnly = true }, "read-only"},
		"credentials about to end": {func(f *RestoreFacts) { f.Expires = planNow.Add(time.Minute) }, "expire in 1 min"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f := restorable()
			c.change(&f)
			checkRefusal(t, PlanRestore(f, RestoreRequest{VersionID: "v3"}), c.want)
		})
	}
}

func TestTheRestoredContentDiffersInTheSerialAlone(t *testing.T) {
	f := restorable()
	f.Headers["v1"], f.Headers["v2"] = Unknown[StateHeader]("throttled"), Unknown[StateHeader]("throttled")
	p := PlanRestore(f, RestoreRequest{VersionID: "v3"})
	want := strings.Replace(string(f.TargetBody), `"serial":3`, `"serial":12`, 1)
	if string(p.Restore.NewBody) != want || p.Restore.NewMD5 != DigestOf([]byte(want)) {
		t.Errorf("body %s\nwant %s", p.Restore.NewBody, want)
	}
	if p.Restore.NewSerial != 12 {
		t.Errorf("serial %d: 9 is the highest, 2 could not be read", p.Restore.NewSerial)
	}
}

func TestWhatMustBeTypedForARestore(t *testing.T) {
	cases := map[string]struct {
		change func(*RestoreFacts)
		want   string
	}{
		"the state's key":                      {func(*RestoreFacts) {}, "k.tfstate"},
		"and LINEAGE when the lineage differs": {func(f *RestoreFacts) { f.TargetBody = stateBody("3", "other", "") }, "k.tfstate LINEAGE"},
		"and VERBATIM for an encrypted state":  {func(f *RestoreFacts) { f.TargetBody = []byte(encryptedBody) }, "k.tfstate VERBATIM"},
		"and the name of a protected backend":  {func(f *RestoreFacts) { f.Backend.Policy.Protected = true }, "k.tfstate data"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f := restorable()
			c.change(&f)
			p := PlanRestore(f, RestoreRequest{VersionID: "v3"})
			var tokens []string
			for _, tok := range p.Tokens {
				tokens = append(tokens, tok.Value)
			}
			if got := strings.Join(tokens, " "); got != c.want {
				t.Errorf("tokens %q, want %q", got, c.want)
			}
		})
	}
}

func TestAnEncryptedStateIsRestoredVerbatim(t *testing.T) {
	f := restorable()
	f.TargetBody = []byte(encryptedBody)
	p := PlanRestore(f, RestoreRequest{VersionID: "v3"})
	if string(p.Restore.NewBody) != encryptedBody || !p.Restore.Verbatim {
		t.Errorf("body %s", p.Restore.NewBody)
	}
	if got := strings.Join(p.Warnings, " "); !strings.Contains(got, "stale") {
		t.Errorf("the stale plan is not explained: %s", got)
	}
}

func TestTheNewVersionIsStoredAsTheOldOneWas(t *testing.T) {
	yes := true
	cases := map[string]struct {
		change func(*RestoreFacts)
		want   Encryption
	}{
		"as the current version": {func(*RestoreFacts) {}, Encryption{"aws:kms", "arn:key", true}},
		"as the target when the state is deleted": {func(f *RestoreFacts) {
			f.Current = nil
			f.Target.Facts.Encryption = Known(Encryption{Algorithm: "AES256"})
		}, Encryption{Algorithm: "AES256"}},
		"as the configuration says: encrypt unset writes no header": {func(f *RestoreFacts) {
			f.Backend.Write.FromConfiguration = true
		}, Encryption{}},
		"as the configuration says: encrypt alone is AES256": {func(f *RestoreFacts) {
			f.Backend.Write = WriteSettings{FromConfiguration: true, Encrypt: &yes}
		}, Encryption{Algorithm: "AES256"}},
		"as the configuration says: encrypt with a key": {func(f *RestoreFacts) {
			f.Backend.Write = WriteSettings{FromConfiguration: true, Encrypt: &yes, KMSKeyID: "k2"}
		}, Encryption{Algorithm: "aws:kms", KMSKeyID: "k2"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f := restorable()
			c.change(&f)
			if got := PlanRestore(f, RestoreRequest{VersionID: "v3"}).Restore.Write.Encryption; got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestADigestIsSetOnlyWhereClientsWillReadIt(t *testing.T) {
	row := DigestRow{Present: true, HasAttr: true, Value: strings.Repeat("a", 32)}
	cases := map[string]struct {
		tables     []TableEvidence
		configured []string
		want       string
	}{
		"where a row exists":                            {[]TableEvidence{{Table: "t", Digest: row}}, nil, "t"},
		"where a configuration keeps digests":           {[]TableEvidence{{Table: "t"}}, []string{"t"}, "t"},
		"not where a flag alone names the table":        {[]TableEvidence{{Table: "t", Named: true}}, nil, ""},
		"not in a table that has only the lock of this": {[]TableEvidence{{Table: "t", LockRow: true}}, nil, ""},
	}
	for name, c := range cases {
		var got []string
		for _, d := range DigestTables(c.tables, c.configured) {
			got = append(got, d.Table)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestTheDigestVerdict(t *testing.T) {
	md5 := strings.Repeat("a", 32)
	row := func(v string) DigestRow { return DigestRow{Present: true, HasAttr: true, Value: v} }
	cases := map[string]struct {
		row      DigestRow
		md5      string
		expected bool
		want     DigestVerdict
	}{
		"equal":                             {row(md5), md5, true, DigestMatch},
		"different":                         {row(strings.Repeat("b", 32)), md5, true, DigestMismatch},
		"upper case is not what is written": {row(strings.Repeat("A", 32)), md5, true, DigestMalformed},
		"a row without the attribute":       {DigestRow{Present: true}, md5, true, DigestMalformed},
		"no row where one is expected":      {DigestRow{}, md5, true, DigestMissing},
		"no row where none is expected":     {DigestRow{}, md5, false, DigestNotUsed},
		"a row without a state":             {row(md5), "", true, DigestOrphan},
		"neither row nor state":             {DigestRow{}, "", true, DigestNotUsed},
	}
	for name, c := range cases {
		if got := AssessDigest(c.row, c.md5, c.expected); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
