package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/model"
)

const fullConfig = `
profile              = "oncall"
region               = "eu-west-1"
endpoint_url         = "http://127.0.0.1:9000"
path_style           = true
lock_tables          = ["shared-locks"]
mechanisms           = ["dynamodb"]
workspace_key_prefix = ""
trust_dir            = true
read_only            = true
output               = "json"
no_color             = true
timeout              = "45s"
log_file             = "/var/log/stateward.log"
journal              = "/var/log/stateward.jsonl"
concurrency          = 4
versions             = "all"

backend "payments" {
  bucket               = "acme-tfstate-payments"
  prefix               = "live/"
  region               = "eu-west-1"
  profile              = "oncall"
  role_arn             = "arn:aws:iam::123456789012:role/tfstate-operator"
  external_id          = "x"
  mfa_serial           = "arn:aws:iam::123456789012:mfa/me"
  lock_tables          = ["acme-locks"]
  mechanisms           = ["dynamodb", "lockfile"]
  workspace_key_prefix = "ws"
  encrypt              = true
  kms_key_id           = "alias/tfstate"
  acl                  = "private"
  state_tags           = { team = "pay", "cost-center" = "7" }
  skip_s3_checksum     = true
  sse_customer_key_env = "AWS_SSE_CUSTOMER_KEY"
  endpoints            = { s3 = "https://minio.example:9000", dynamodb = "http://127.0.0.1:8000" }
  path_style           = true
}
backend "look only" {
  bucket      = "acme-other"
  lock_tables = ["acme-locks"]
}
policy "acme-*-prod" {
  protected      = true
  read_only      = false
  require_reason = true
  min_lock_age   = "15m"
}
ui {
  theme   = "dark"
  refresh = "1m"
}
`

func TestConfigIsReadWhole(t *testing.T) {
	c, err := parseConfig("config.hcl", []byte(fullConfig))
	if err != nil {
		t.Fatal(err)
	}
	yes := true
	wantBackend := model.Backend{
		Name: "payments", Bucket: "acme-tfstate-payments", Prefix: "live/", Source: model.SourceConfig, Region: "eu-west-1",
		Access: model.Access{Profile: "oncall", RoleARN: "arn:aws:iam::123456789012:role/tfstate-operator", ExternalID: "x",
			MFASerial: "arn:aws:iam::123456789012:mfa/me", PathStyle: true,
			Endpoints: map[string]string{"s3": "https://minio.example:9000", "dynamodb": "http://127.0.0.1:8000"}},
		Tables: []string{"acme-locks"}, Digests: []string{"acme-locks"},
		Declared:  []model.Mechanism{model.MechanismDynamoDB, model.MechanismLockfile},
		Workspace: model.WorkspaceRule{Prefix: "ws", Set: true},
		Write: model.WriteSettings{Encrypt: &yes, KMSKeyID: "alias/tfstate", ACL: "private", SkipChecksum: true,
			Tags: map[string]string{"team": "pay", "cost-center": "7"}, SSECustomerKeyEnv: "AWS_SSE_CUSTOMER_KEY",
			FromConfiguration: true, ConfigurationPresent: true},
	}
	equal(t, "backend", c.backends[0], wantBackend)
	equal(t, "a table without dynamodb among the mechanisms keeps no digests", c.backends[1].Digests, nil)
	equal(t, "policies", c.policies, []model.PolicyRule{{Glob: "acme-*-prod",
		Policy: model.Policy{Protected: true, RequireReason: true, MinLockAge: 15 * time.Minute}}})
	equal(t, "ui", c.ui, uiConfig{theme: "dark", refresh: time.Minute})
	equal(t, "settings", settle(options{}, c.options, func(string) string { return "" }), settings{
		profile: "oncall", region: "eu-west-1", endpointURL: "http://127.0.0.1:9000", pathStyle: true,
		lockTables: []string{"shared-locks"}, mechanisms: []model.Mechanism{model.MechanismDynamoDB},
		workspace: model.WorkspaceRule{Set: true}, trustDir: true, readOnly: true, noColor: true, output: "json",
		timeout: 45 * time.Second, logFile: "/var/log/stateward.log", journal: "/var/log/stateward.jsonl",
		concurrency: 4, versions: allVersions,
	})
}

func TestConfigErrorsNameFileLineAndColumn(t *testing.T) {
	for name, c := range map[string]struct{ src, want string }{
		"an unknown key at the top":          {"regoin = \"x\"\n", `c.hcl:1:1: "regoin" is not known here`},
		"an unknown key in a backend":        {"backend \"a\" {\n  bucket = \"b\"\n  tabel = 1\n}\n", `c.hcl:3:3: "tabel" is not known here`},
		"an unknown block":                   {"backends \"a\" {}\n", `c.hcl:1:1: no block "backends" is known`},
		"a block inside a backend":           {"backend \"a\" {\n  bucket = \"b\"\n  endpoints {}\n}\n", `c.hcl:3:3: no block "endpoints" is known here`},
		"a number for a string":              {"region = 5\n", "c.hcl:1:10: region: needs a string, not a number"},
		"a string for a boolean":             {"path_style = \"true\"\n", "c.hcl:1:14: path_style: needs true or false, not a string"},
		"a string for a list":                {"lock_tables = \"t\"\n", "c.hcl:1:15: lock_tables: needs a list of strings, not a string"},
		"a list of numbers":                  {"lock_tables = [1]\n", "c.hcl:1:15: lock_tables: needs a list of strings, not a list"},
		"a fraction for a whole number":      {"concurrency = 1.5\n", "c.hcl:1:15: concurrency: needs a whole number, not a number"},
		"a concurrency of nothing":           {"concurrency = 0\n", "c.hcl:1:15: concurrency: 0 is not between 1 and 256"},
		"a negative number of versions":      {"versions = \"-1\"\n", `c.hcl:1:12: versions: "-1" is neither`},
		"a duration without a unit":          {"timeout = \"30\"\n", `c.hcl:1:11: timeout: "30" is not a duration`},
		"no time at all":                     {"timeout = \"0s\"\n", `c.hcl:1:11: timeout: "0s" is no time at all`},
		"an output that this is not":         {"output = \"yaml\"\n", `c.hcl:1:10: output: "yaml" is none of table, json`},
		"a mechanism that is none":           {"mechanisms = [\"zookeeper\"]\n", `c.hcl:1:14: mechanisms: "zookeeper" is none of dynamodb, lockfile`},
		"an endpoint of another service":     {"backend \"a\" {\n  bucket = \"b\"\n  endpoints = { ec2 = \"https://x\" }\n}\n", `c.hcl:3:15: endpoints: "ec2" is none of s3, dynamodb, kms, sts`},
		"an endpoint that is no URL":         {"endpoint_url = \"minio:9000\"\n", `c.hcl:1:16: endpoint_url: "minio:9000" is not a URL`},
		"an endpoint with a password":        {"endpoint_url = \"http://a:b@c\"\n", "c.hcl:1:16: endpoint_url: a URL with credentials in it is not taken"},
		"a variable":                         {"region = var.region\n", "c.hcl:1:10: region must be written out"},
		"a function":                         {"region = lower(\"X\")\n", "c.hcl:1:10: region must be written out"},
		"a backend without a bucket":         {"backend \"a\" {}\n", `c.hcl:1:1: backend "a" has no bucket`},
		"a backend without a name":           {"backend {\n  bucket = \"b\"\n}\n", "c.hcl:1:1: a backend block has one label"},
		"two backends without a name":        {"backend {\n  bucket = \"b\"\n}\nbackend {\n  bucket = \"c\"\n}\n", "c.hcl:4:1: a backend block has one label"},
		"two backends of one name":           {"backend \"a\" {\n  bucket = \"b\"\n}\nbackend \"a\" {\n  bucket = \"c\"\n}\n", `c.hcl:4:9: there is a second backend "a"`},
		"a backend named like a target":      {"backend \"s3://b\" {\n  bucket = \"b\"\n}\n", "c.hcl:1:9: a backend's name cannot start with s3:"},
		"a bucket with a key in it":          {"backend \"a\" {\n  bucket = \"b/k\"\n}\n", `c.hcl:2:12: bucket: "b/k" is not the name of a bucket`},
		"an SSE-C key instead of its name":   {"backend \"a\" {\n  bucket = \"b\"\n  sse_customer_key_env = \"c2VjcmV0+/=\"\n}\n", "c.hcl:3:26: sse_customer_key_env: it takes the name of an environment variable, never the key itself"},
		"a glob that is none":                {"policy \"[\" {}\n", `c.hcl:1:8: "[" is not a glob`},
		"a second ui block":                  {"ui {}\nui {}\n", "c.hcl:2:1: there is a second ui block"},
		"a theme that is none":               {"ui {\n  theme = \"solarized\"\n}\n", `c.hcl:2:11: theme: "solarized" is none of auto, dark, light`},
		"a file that is no HCL":              {"region = \n", "c.hcl:1:10: "},
		"brackets that would end the stack":  {"region = " + strings.Repeat("[", 1<<19), "nested too deeply"},
		"operators that would end the stack": {"region = " + strings.Repeat("!", 1<<19), "nested too deeply"},
		"conditions that would end it":       {"region = " + strings.Repeat("a ? b : ", 1<<16), "nested too deeply"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseConfig("c.hcl", []byte(c.src))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant it to contain %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "c2VjcmV0") {
				t.Errorf("the error shows a key: %v", err)
			}
		})
	}
}

func TestConfigTellsEveryProblemInOrder(t *testing.T) {
	_, err := parseConfig("c.hcl", []byte("zeta = 1\nalpha = 2\nregion = 3\n"))
	var at []string
	for _, line := range strings.Split(err.Error(), "\n")[1:] {
		at = append(at, strings.TrimSpace(line)[:len("c.hcl:1:1")])
	}
	equal(t, "positions", at, []string{"c.hcl:1:1", "c.hcl:2:1", "c.hcl:3:1"})
}

func TestConfigIsLookedForInItsPlace(t *testing.T) {
	dir := t.TempDir()
	write := func(parts ...string) string {
		path := filepath.Join(append([]string{dir}, parts...)...)
		writeFile(t, path, "region = \""+parts[0]+"\"\n")
		return path
	}
	named := write("named.hcl")
	write("xdg", "stateward", "config.hcl")
	write("home", ".config", "stateward", "config.hcl")
	for name, c := range map[string]struct {
		env  map[string]string
		flag string
		want string
	}{
		"the flag wins":                     {map[string]string{"XDG_CONFIG_HOME": filepath.Join(dir, "xdg")}, named, "named.hcl"},
		"then XDG_CONFIG_HOME":              {map[string]string{"XDG_CONFIG_HOME": filepath.Join(dir, "xdg"), "HOME": filepath.Join(dir, "home")}, "", "xdg"},
		"then the home directory":           {map[string]string{"HOME": filepath.Join(dir, "home")}, "", "home"},
		"a relative XDG_CONFIG_HOME is not": {map[string]string{"XDG_CONFIG_HOME": "xdg", "HOME": filepath.Join(dir, "home")}, "", "home"},
		"without any there is no config":    {map[string]string{"HOME": dir}, "", ""},
		"without a home there is no config": {nil, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, err := loadConfig(envOf(c.env), c.flag)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "region", first("", cfg.options.region), c.want)
		})
	}
}

func TestConfigThatIsNamedMustExist(t *testing.T) {
	_, err := loadConfig(envOf(nil), filepath.Join(t.TempDir(), "none.hcl"))
	if err == nil || !strings.Contains(err.Error(), "none.hcl") {
		t.Errorf("got %v", err)
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte(fullConfig))
	f.Add([]byte("backend {\n bucket = \"b\"\n}\nversions = 3\n"))
	f.Add([]byte("region = <<EOT\nx\nEOT\n"))
	f.Add([]byte("lock_tables = [for x in y : x]\nendpoints = { (a) = 1 }\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		c, err := parseConfig("c.hcl", src)
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Error("an error without a text")
			}
			return
		}
		s := settle(options{}, c.options, envOf(nil))
		if s.timeout <= 0 || s.concurrency < 1 || (s.output != outputTable && s.output != outputJSON) {
			t.Errorf("settings that cannot be: %+v", s)
		}
		for _, b := range c.backends {
			if b.Name == "" || b.Bucket == "" {
				t.Errorf("a backend without name or bucket: %+v", b)
			}
		}
	})
}

func writeFile(t *testing.T, path, body string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
}
