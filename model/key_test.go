package model

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func keyNow() time.Time { return time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC) }

const (
	testKeyARN    = "arn:aws:kms:us-east-1:123456789012:key/1"
	testKeyPolicy = `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/admin"},"Action":["kms:Put*","kms:ScheduleKeyDeletion"],"Resource":"*"},
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/ci"},"Action":["kms:Decrypt","kms:GenerateDataKey"],"Resource":"*"}]}`
)

// goodKey is a key about which there is nothing to say.
func goodKey() Key {
	return Key{ID: "1", ARN: testKeyARN, Region: "us-east-1", Account: "123456789012", Aliases: Known([]string{"alias/tfstate"}), Manager: Known(ManagerCustomer),
		Spec: Known("SYMMETRIC_DEFAULT"), Origin: Known("AWS_KMS"), State: Known(KeyEnabled), DeletionDate: Known(time.Time{}), Policy: Known(testKeyPolicy),
		Rotation: KeyRotation{Enabled: Known(true), PeriodDays: Known(365), Next: Known(keyNow().AddDate(0, 0, 112))},
		UsedBy:   KeyUse{States: []StateUse{{Bucket: "b", Key: "k", Current: true, Noncurrent: 2}}, Noncurrent: 2}}
}

func TestFindingsAboutKeys(t *testing.T) {
	allow := func(principal, action, condition string) string {
		return `{"Version":"2012-10-17","Statement":[{"Sid":"S","Effect":"Allow","Principal":` + principal + `,"Action":` + action + `,"Resource":"*"` + condition + `}]}`
	}
	policy := func(doc string) func(*Key) { return func(k *Key) { k.Policy = Known(doc) } }
	for name, c := range map[string]struct {
		change func(*Key)
		want   string // severity rule, the worst first
	}{
		"a good one":                           {func(*Key) {}, ""},
		"disabled":                             {func(k *Key) { k.State = Known(KeyDisabled) }, "critical key-state"},
		"disabled, and only history needs it":  {func(k *Key) { k.State, k.UsedBy.States = Known(KeyDisabled), []StateUse{{Noncurrent: 3}} }, "high key-state"},
		"disabled, and a table needs it":       {func(k *Key) { k.State, k.UsedBy = Known(KeyDisabled), KeyUse{Tables: []TableUse{{}}} }, "critical key-state"},
		"pending deletion reports no rotation": {func(k *Key) { k.State, k.Rotation.Enabled = Known(KeyPendingDeletion), Known(false) }, "critical key-state"},
		"gone":                                 {func(k *Key) { k.State = Known(KeyAbsent) }, "critical key-state"},
		"the custom key store is not there":    {func(k *Key) { k.State = Known(KeyUnavailable) }, "critical key-state"},
		"being updated, which is no outage":    {func(k *Key) { k.State = Known(KeyState("Updating")) }, ""},
		"of an unknown state":                  {func(k *Key) { k.State = Unknown[KeyState]("AccessDenied kms:DescribeKey") }, ""},
		"not rotating":                         {func(k *Key) { k.Rotation.Enabled = Known(false) }, "medium key-rotation"},
		"not known to rotate":                  {func(k *Key) { k.Rotation.Enabled = Unknown[bool]("AccessDenied kms:GetKeyRotationStatus") }, ""},
		"one that cannot rotate":               {func(k *Key) { k.Rotation = KeyRotation{NotApplicable: "HMAC key", Enabled: Known(false)} }, ""},
		"material that expires one day":        {func(k *Key) { k.ValidTo = Known(keyNow().AddDate(1, 0, 0)) }, "medium key-material-expires"},
		"material that expires soon":           {func(k *Key) { k.ValidTo = Known(keyNow().AddDate(0, 0, 20)) }, "high key-material-expires"},
		"material that has expired":            {func(k *Key) { k.ValidTo, k.State = Known(keyNow().AddDate(0, 0, -1)), Known(KeyPendingImport) }, "critical key-state"},
		"disabled and not rotating":            {func(k *Key) { k.State, k.Rotation.Enabled = Known(KeyDisabled), Known(false) }, "critical key-state, medium key-rotation"},
		"a policy that was not read":           {func(k *Key) { k.Policy = Unknown[string]("cross-account") }, ""},
		"a policy that cannot be understood":   {policy(`{"Statement":[{"Effect":"Maybe"}]}`), "medium key-policy-unclear"},
		"a policy that lets anybody in":        {policy(allow(`"*"`, `"kms:*"`, "")), "high key-policy-wildcard"},
		"anybody, by a list":                   {policy(allow(`{"AWS":["*"]}`, `"kms:Decrypt"`, "")), "high key-policy-wildcard"},
		"anybody, of the own account":          {policy(allow(`{"AWS":"*"}`, `"kms:Decrypt"`, `,"Condition":{"StringEquals":{"kms:CallerAccount":"123456789012"}}`)), ""},
		"anybody, through a service alone":     {policy(allow(`{"AWS":"*"}`, `"kms:Decrypt"`, `,"Condition":{"StringEquals":{"kms:ViaService":"s3.us-east-1.amazonaws.com"}}`)), "medium key-policy-wildcard"},
		"the account alone":                    {policy(allow(`{"AWS":"arn:aws:iam::123456789012:root"}`, `"kms:*"`, "")), "low key-policy-root-only"},
		"the account alone, by its number":     {policy(allow(`{"AWS":"123456789012"}`, `"kms:*"`, "")), "low key-policy-root-only"},
		"another account":                      {policy(allow(`{"AWS":"arn:aws:iam::999988887777:root"}`, `"kms:Decrypt"`, "")), "medium key-policy-cross-account"},
		"one role that may do all":             {policy(allow(`{"AWS":"arn:aws:iam::123456789012:role/ci"}`, `"kms:*"`, "")), "low key-policy-separation"},
		"one role, by NotAction":               {policy(strings.Replace(allow(`{"AWS":"arn:aws:iam::123456789012:role/ci"}`, `"kms:Describe*"`, ""), "Action", "NotAction", 1)), "low key-policy-separation"},
		"a key of AWS, whatever its policy":    {func(k *Key) { k.Manager, k.Policy = Known(ManagerAWS), Known(allow(`"*"`, `"kms:*"`, "")) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			k := goodKey()
			c.change(&k)
			var got []string
			for _, f := range FindKey(k, keyNow()) {
				got = append(got, f.Severity+" "+f.Rule)
			}
			if strings.Join(got, ", ") != c.want {
				t.Errorf("%s, want %s", strings.Join(got, ", "), c.want)
			}
		})
	}
}

func TestKeysInWords(t *testing.T) {
	doomed := func(d time.Duration) func(*Key) {
		return func(k *Key) { k.State, k.DeletionDate = Known(KeyPendingDeletion), Known(keyNow().Add(d)) }
	}
	for name, c := range map[string]struct {
		change          func(*Key)
		state, rotation string
	}{
		"in use":                          {func(*Key) {}, "Enabled", "↻ 365 d, next 112 d"},
		"a rotation that is due":          {func(k *Key) { k.Rotation.Next = Known(keyNow()) }, "Enabled", "↻ 365 d, next due"},
		"nobody says when":                {func(k *Key) { k.Rotation.Next = Unknown[time.Time]("KMS does not say") }, "Enabled", "↻ 365 d"},
		"nobody says how often":           {func(k *Key) { k.Rotation.PeriodDays = Known(0) }, "Enabled", "↻ on, next 112 d"},
		"off":                             {func(k *Key) { k.Rotation.Enabled = Known(false) }, "Enabled", "off"},
		"not read yet":                    {func(k *Key) { k.Rotation, k.State = KeyRotation{}, Fact[KeyState]{} }, "", "·"},
		"denied":                          {func(k *Key) { k.Rotation.Enabled = Unknown[bool]("AccessDenied") }, "Enabled", "?"},
		"not applicable":                  {func(k *Key) { k.Rotation.NotApplicable = "imported material" }, "Enabled", "n/a: imported material"},
		"disabled":                        {func(k *Key) { k.State = Known(KeyDisabled) }, "Disabled", "↻ 365 d, paused"},
		"12 days to live":                 {doomed(12*24*time.Hour + 5*time.Hour), "PendingDeletion: 12 d left (2026-12-04)", "paused"},
		"hours to live":                   {doomed(30 * time.Hour), "PendingDeletion: 30 h left (2026-11-23)", "paused"},
		"as good as gone":                 {doomed(0), "PendingDeletion: due (2026-11-22)", "paused"},
		"pending, nobody says until when": {func(k *Key) { k.State = Known(KeyPendingDeletion) }, "PendingDeletion", "paused"},
	} {
		t.Run(name, func(t *testing.T) {
			k := goodKey()
			c.change(&k)
			if state, rotation := k.StateWords(keyNow()), k.RotationWords(keyNow()); state != c.state || rotation != c.rotation {
				t.Errorf("%q and %q, want %q and %q", state, rotation, c.state, c.rotation)
			}
		})
	}
}

func TestBlastRadius(t *testing.T) {
	use := KeyUse{Buckets: []string{"a", "b"}, Noncurrent: 5, AtLeast: true, Tables: []TableUse{{Table: "locks"}},
		States: []StateUse{{Current: true, Noncurrent: 5}, {Current: true}}}
	for name, c := range map[string]struct {
		change func(*Key)
		want   []string
	}{
		"nothing": {func(k *Key) { k.UsedBy = KeyUse{} }, nil},
		"all that there can be": {func(k *Key) { k.UsedBy = use }, []string{"2 current states would be unreadable: no plan, no apply",
			"at least 5 old versions would be unreadable: restores of them fail", "lock table locks would be unreadable: nobody can lock or unlock there",
			"the default encryption of buckets a, b would refuse every write that names no other key"}},
		"while it is disabled, and not all was read": {func(k *Key) {
			k.State, k.UsedBy = Known(KeyDisabled), KeyUse{States: []StateUse{{Current: true}}, Buckets: []string{"a"}, Unread: []string{"x"}}
		}, []string{"at least 1 current state cannot be read: no plan, no apply", "the default encryption of bucket a refuses every write that names no other key"}},
		"before it is deleted": {func(k *Key) {
			k.State, k.DeletionDate, k.UsedBy = Known(KeyPendingDeletion), Known(keyNow()), KeyUse{Noncurrent: 1}
		}, []string{"1 old version cannot be read: restores of them fail", "from 2026-11-22 on that is for good: nobody can bring a deleted key back"}},
	} {
		t.Run(name, func(t *testing.T) {
			k := goodKey()
			c.change(&k)
			if got := k.BlastRadius(); !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// Two backends that lie in one bucket, and another one, share a key.
func TestAKeyRingJoinsBackends(t *testing.T) {
	page := func(note func(u *KeyUses)) KeyPage {
		var u KeyUses
		note(&u)
		p := KeyPage{Problems: u.Problems(), Progress: KeyProgress{States: 1}}
		for _, ref := range u.Keys() {
			k := goodKey()
			k.ARN, k.UsedBy = ref, u.UsedBy(ref)
			p.Keys = append(p.Keys, k)
		}
		return p
	}
	first := page(func(u *KeyUses) {
		u.Default("one", "a")
		u.Version("one", "a", "k", true)
		u.Version("one", "a", "k", false)
		u.Table("one", TableUse{"eu-west-1", "locks"})
		u.Bounded("a", "k")
	})
	first.Keys[0].Aliases = Unknown[[]string]("AccessDenied kms:ListAliases")
	second := page(func(u *KeyUses) {
		u.Default("one", "a")
		u.Version("one", "a", "k", true)
		u.Version("one", "a", "k", false) // the same one again: it counts once
		u.Version("one", "b", "l", false)
		u.Table("one", TableUse{"eu-west-1", "locks"})
		u.Version("two", "b", "l", true)
		u.Unread("AccessDenied s3:GetObject on s3://b/")
	})
	second.Keys[1].State = Known(KeyDisabled)
	var ring KeyRing
	ring.Put("first", KeyPage{Progress: KeyProgress{States: 9}})
	ring.Put("first", first)
	ring.Put("second", second)
	keys := ring.Keys(keyNow())
	if len(keys) != 2 || keys[0].ARN != "two" || ring.Progress().States != 2 || !slices.Equal(ring.Problems(), []string{"AccessDenied s3:GetObject on s3://b/"}) {
		t.Fatalf("keys %+v, progress %+v, problems %v", keys, ring.Progress(), ring.Problems())
	}
	got := fmt.Sprintf("%v", keys[1].UsedBy)
	want := fmt.Sprintf("%v", KeyUse{Buckets: []string{"a"}, Noncurrent: 2, Tables: []TableUse{{"eu-west-1", "locks"}}, AtLeast: true,
		States: []StateUse{{Bucket: "a", Key: "k", Current: true, Noncurrent: 1, AtLeast: true}, {Bucket: "b", Key: "l", Noncurrent: 1}},
		Unread: []string{"AccessDenied s3:GetObject on s3://b/"}})
	if got != want || keys[1].Alias() != "tfstate" {
		t.Errorf("%s, called %s\nwant %s", got, keys[1].Alias(), want)
	}
}

// A replica is told to rotate by its primary.
func TestTheRemedyForAReplica(t *testing.T) {
	k := goodKey()
	k.Primary, k.Rotation.Enabled = "arn:aws:kms:eu-west-1:123456789012:key/mrk-1", Known(false)
	k.Reach = Reach{Program: Program{EndpointURL: "http://127.0.0.1:4566"}, Access: Access{Profile: "on call"}}
	want := "aws kms enable-key-rotation --key-id arn:aws:kms:eu-west-1:123456789012:key/mrk-1 --region eu-west-1 --profile 'on call' --endpoint-url http://127.0.0.1:4566"
	if got := FindKey(k, keyNow())[0].Remedy; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestManySourcesThatCannotBeReadAreNotAllNamed(t *testing.T) {
	var u KeyUses
	for i := range 100 {
		u.Unread(fmt.Sprintf("no answer in time on s3://b/%02d", i))
		u.Unread("no answer in time on s3://b/00")
	}
	if all := u.Problems(); len(all) != 21 || all[20] != "and further ones" {
		t.Errorf("%d: %v", len(all), all)
	}
}

func TestWhichKeysCanRotate(t *testing.T) {
	for name, c := range map[string]struct{ spec, origin, want string }{
		"a symmetric key of KMS":             {"SYMMETRIC_DEFAULT", "AWS_KMS", ""},
		"a key of which nothing is told":     {"", "", ""},
		"one for HMAC":                       {"HMAC_384", "AWS_KMS", "HMAC key"},
		"an asymmetric one":                  {"ECC_NIST_P256", "AWS_KMS", "asymmetric key"},
		"an asymmetric one that is imported": {"RSA_2048", "EXTERNAL", "asymmetric key"},
		"imported material":                  {"SYMMETRIC_DEFAULT", "EXTERNAL", "imported material"},
		"a cluster of one's own":             {"SYMMETRIC_DEFAULT", "AWS_CLOUDHSM", "custom key store"},
		"a key store elsewhere":              {"SYMMETRIC_DEFAULT", "EXTERNAL_KEY_STORE", "custom key store"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := RotationApplies(c.spec, c.origin); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
