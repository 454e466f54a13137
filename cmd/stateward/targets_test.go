package main

import (
	"strings"
	"testing"

	"github.com/stateward/stateward/model"
)

// sampleKnown is a config and a working directory that partly speak of the same.
func sampleKnown() known {
	yes := true
	return known{
		config: []model.Backend{
			{Name: "payments", Bucket: "acme-pay", Source: model.SourceConfig, Region: "eu-west-1", Access: model.Access{Profile: "oncall"}, Tables: []string{"config-locks"}},
			{Name: "net-live", Bucket: "acme-net", Prefix: "live/", Source: model.SourceConfig, Access: model.Access{RoleARN: "live"}},
			{Name: "net-test", Bucket: "acme-net", Prefix: "test/", Source: model.SourceConfig, Access: model.Access{RoleARN: "test"}},
		},
		workdir: []model.Backend{{Name: "acme-pay", Bucket: "acme-pay", Source: model.SourceWorkdir, Region: "us-east-1",
			Access: model.Access{Profile: "directory"}, Tables: []string{"dir-locks"}, Digests: []string{"dir-locks"},
			Declared: []model.Mechanism{model.MechanismDynamoDB}, Keys: []string{"api/terraform.tfstate"},
			Write: model.WriteSettings{Encrypt: &yes, FromConfiguration: true, ConfigurationPresent: true}}},
		policies: []model.PolicyRule{{Glob: "acme-p*", Policy: model.Policy{Protected: true}}, {Glob: "acme-*", Policy: model.Policy{RequireReason: true}}},
	}
}

func TestTargets(t *testing.T) {
	for name, c := range map[string]struct {
		arg          string
		name, bucket string
		prefix, role string
		profile      string
		tables       []string
		problem      string
	}{
		"a bucket that nothing is known of": {arg: "s3://other", name: "other", bucket: "other"},
		"a bucket with a slash":             {arg: "s3://other/", name: "other", bucket: "other"},
		"a prefix, verbatim":                {arg: "s3://other/a%20b/../c//d?x#y", name: "other", bucket: "other", prefix: "a%20b/../c//d?x#y"},
		"a name of the config":              {arg: "payments", name: "payments", bucket: "acme-pay", profile: "oncall", tables: []string{"config-locks", "dir-locks"}},
		"a bucket of config and directory":  {arg: "s3://acme-pay/api", name: "payments", bucket: "acme-pay", prefix: "api", profile: "oncall", tables: []string{"config-locks", "dir-locks"}},
		"a named prefix":                    {arg: "net-live", name: "net-live", bucket: "acme-net", prefix: "live/", role: "live"},
		"the prefix decides":                {arg: "s3://acme-net/test/x", name: "net-test", bucket: "acme-net", prefix: "test/x", role: "test"},
		"no prefix fits of several":         {arg: "s3://acme-net/other", name: "acme-net", bucket: "acme-net", prefix: "other"},
		"an unknown name":                   {arg: "paymants", problem: "known: payments, net-live, net-test"},
		"a bucket without s3://":            {arg: "acme-pay/api", problem: "neither s3://bucket[/key] nor the name"},
		"no bucket":                         {arg: "s3:///key", problem: "bucket's name is missing"},
		"one slash":                         {arg: "s3:/b", problem: "s3://bucket"},
		"an empty word":                     {arg: "", problem: "neither s3://bucket"},
	} {
		t.Run(name, func(t *testing.T) {
			k := sampleKnown()
			tg, err := k.parse(c.arg)
			if c.problem != "" {
				if err == nil || !strings.Contains(err.Error(), c.problem) {
					t.Fatalf("got %v, want %q in it", err, c.problem)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			b := k.listing(tg)
			equal(t, "name, bucket, prefix, role, profile, source",
				[]string{b.Name, b.Bucket, b.Prefix, b.Access.RoleARN, b.Access.Profile, string(b.Source)},
				[]string{c.name, c.bucket, c.prefix, c.role, c.profile, "target"})
			equal(t, "tables", b.Tables, c.tables)
		})
	}
}

func TestTargetOfOneState(t *testing.T) {
	k := sampleKnown()
	for _, arg := range []string{"payments", "s3://acme-pay", "s3://acme-pay/"} {
		if _, err := k.parseState(arg); err == nil {
			t.Errorf("%s was taken for a state", arg)
		}
	}
	tg, err := k.parseState("s3://acme-pay/a b+c%2F/k")
	if err != nil {
		t.Fatal(err)
	}
	_, key := k.holding(tg)
	equal(t, "key", key, "a b+c%2F/k")
}

func TestABackendBlockSpeaksOfItsOwnState(t *testing.T) {
	for name, c := range map[string]struct {
		key string
		own bool
	}{
		"its key":                   {"api/terraform.tfstate", true},
		"a workspace of it":         {"env:/blue/api/terraform.tfstate", true},
		"a neighbour":               {"web/terraform.tfstate", false},
		"a neighbour's workspace":   {"env:/blue/web/terraform.tfstate", false},
		"a key that ends like it":   {"x/api/terraform.tfstate", false},
		"two folders of workspaces": {"env:/a/b/api/terraform.tfstate", false},
	} {
		t.Run(name, func(t *testing.T) {
			k := sampleKnown()
			b, key := k.holding(target{bucket: "acme-pay", rest: c.key})
			equal(t, "key", key, c.key)
			equal(t, "prefix", b.Prefix, "")
			equal(t, "digests are kept", len(b.Digests) > 0, c.own)
			equal(t, "mechanism is declared", len(b.Declared) > 0, c.own)
			equal(t, "encryption is known", b.Write.Encrypt != nil, c.own)
			equal(t, "tables are looked at in any case", b.Tables, []string{"config-locks", "dir-locks"})
			equal(t, "policy", b.Policy, model.Policy{Protected: true, RequireReason: true})
		})
	}
}

func TestBackendsWithoutATarget(t *testing.T) {
	var got []string
	for _, b := range sampleKnown().all() {
		got = append(got, b.Name+" "+b.Bucket+"/"+b.Prefix+" "+string(b.Source))
	}
	equal(t, "backends", got, []string{"payments acme-pay/ working directory", "net-live acme-net/live/ config", "net-test acme-net/test/ config"})
}

func TestADirectoryOutsideTheConfiguredPrefixStaysVisible(t *testing.T) {
	k := known{config: []model.Backend{{Name: "a", Bucket: "b", Prefix: "live/", Access: model.Access{Profile: "p"}}},
		workdir: []model.Backend{{Name: "b", Bucket: "b", Keys: []string{"test/k"}}}}
	all := k.all()
	equal(t, "number", len(all), 2)
	equal(t, "prefix and profile", []string{all[0].Prefix, all[0].Access.Profile}, []string{"", "p"})
	equal(t, "the config's own", all[1].Prefix, "live/")
}

func TestFlagsWinOverABackendsBlock(t *testing.T) {
	region, profile, endpoint, prefix, yes := "us-west-2", "mine", "http://127.0.0.1:1", "ws", true
	k := sampleKnown()
	k.config[0].Access.Endpoints = map[string]string{"s3": "http://x"}
	k.flags = options{region: &region, profile: &profile, endpointURL: &endpoint, workspacePrefix: &prefix, pathStyle: &yes}
	b := k.listing(target{bucket: "acme-pay"})
	equal(t, "region, found by asking", b.Region, "")
	equal(t, "access", b.Access, model.Access{PathStyle: true})
	equal(t, "workspace", b.Workspace, model.WorkspaceRule{Prefix: "ws", Set: true})
}

func TestProfilesAndRolesAreNotMixed(t *testing.T) {
	a := joinAccess(model.Access{RoleARN: "config"}, model.Access{Profile: "directory", MFASerial: "m"})
	equal(t, "access", a, model.Access{RoleARN: "config"})
	b := joinAccess(model.Access{PathStyle: true}, model.Access{Profile: "directory"})
	equal(t, "access", b, model.Access{Profile: "directory", PathStyle: true})
}
