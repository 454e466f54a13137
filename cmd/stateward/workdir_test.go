package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stateward/stateward/model"
)

// initialised is what init writes, with a secret of every kind.
const initialised = `{"version":3,"serial":1,"lineage":"x","terraform_version":"1.11.4","backend":{"type":"s3","config":{
 "access_key":"SECRET-access","secret_key":"SECRET-secret","token":"SECRET-token","sse_customer_key":"SECRET-sse",
 "acl":null,"allowed_account_ids":null,"assume_role":{"role_arn":"arn:aws:iam::123456789012:role/r","external_id":"e","duration":null},
 "bucket":"acme","dynamodb_table":"tflocks","encrypt":true,"endpoints":{"s3":"http://127.0.0.1:9","dynamodb":"http://127.0.0.1:8","sso":null},
 "key":"lab/terraform.tfstate","kms_key_id":"alias/k","profile":"oncall","region":"eu-west-1","shared_config_files":["x"],
 "skip_s3_checksum":null,"use_lockfile":true,"use_path_style":true,"workspace_key_prefix":null},"hash":1}}`

func TestWorkdir(t *testing.T) {
	yes := true
	literalBlock := `terraform {
  required_version = ">= 1.0"
  backend "s3" {
    bucket         = "acme"
    key            = "a/terraform.tfstate"
    region         = "eu-west-1"
    dynamodb_table = "tflocks"
    workspace_key_prefix = ""
  }
}
`
	fromLiteral := model.Backend{Name: "acme", Bucket: "acme", Source: model.SourceWorkdir, Region: "eu-west-1",
		Tables: []string{"tflocks"}, Digests: []string{"tflocks"}, Declared: []model.Mechanism{model.MechanismDynamoDB},
		Keys: []string{"a/terraform.tfstate"}, Workspace: model.WorkspaceRule{Set: true},
		Write: model.WriteSettings{FromConfiguration: true, ConfigurationPresent: true}}
	fromInit := model.Backend{Name: "acme", Bucket: "acme", Source: model.SourceWorkdir, Region: "eu-west-1",
		Access: model.Access{Profile: "oncall", RoleARN: "arn:aws:iam::123456789012:role/r", ExternalID: "e"},
		Tables: []string{"tflocks"}, Digests: []string{"tflocks"},
		Declared: []model.Mechanism{model.MechanismLockfile, model.MechanismDynamoDB}, Keys: []string{"lab/terraform.tfstate"},
		Write: model.WriteSettings{Encrypt: &yes, KMSKeyID: "alias/k", SSECustomerKeyEnv: "AWS_SSE_CUSTOMER_KEY", FromConfiguration: true, ConfigurationPresent: true}}
	trusted := fromInit
	trusted.Access.Endpoints = map[string]string{"s3": "http://127.0.0.1:9", "dynamodb": "http://127.0.0.1:8"}
	trusted.Access.PathStyle = true
	inWorkspace := fromInit
	inWorkspace.Keys = []string{"lab/terraform.tfstate", "env:/blue/lab/terraform.tfstate"}

	for name, c := range map[string]struct {
		files   map[string]string
		env     map[string]string
		trust   bool
		want    []model.Backend
		remarks []string // each must be part of one
	}{
		"an empty directory": {},
		"what init wrote": {
			files:   map[string]string{".terraform/terraform.tfstate": initialised},
			want:    []model.Backend{fromInit},
			remarks: []string{"sets endpoints, use_path_style: ignored without --trust-dir", "sets shared_config_files: never taken", "sets access_key, secret_key, token: credentials are not read", "holds an SSE-C key"},
		},
		"what init wrote, trusted": {
			files: map[string]string{".terraform/terraform.tfstate": initialised}, trust: true,
			want:    []model.Backend{trusted},
			remarks: []string{"sets shared_config_files: never taken"},
		},
		"a data directory of another name": {
			files: map[string]string{"data/terraform.tfstate": initialised}, env: map[string]string{"TF_DATA_DIR": "data"},
			want: []model.Backend{fromInit},
		},
		"a workspace that was selected": {
			files: map[string]string{".terraform/terraform.tfstate": initialised, ".terraform/environment": "blue"},
			want:  []model.Backend{inWorkspace},
		},
		"a workspace of the environment wins": {
			files: map[string]string{".terraform/terraform.tfstate": initialised, ".terraform/environment": "green"},
			env:   map[string]string{"TF_WORKSPACE": "blue"}, want: []model.Backend{inWorkspace},
		},
		"another backend than s3": {files: map[string]string{".terraform/terraform.tfstate": `{"version":3,"backend":{"type":"gcs","config":{"bucket":"b"}}}`}},
		"a state store":           {files: map[string]string{".terraform/terraform.tfstate": `{"version":3,"state_store":{"type":"x"}}`}},
		"a damaged file of init": {
			files:   map[string]string{".terraform/terraform.tfstate": `{"version":3,`},
			remarks: []string{filepath.FromSlash(".terraform/terraform.tfstate") + " was not read: it is not the JSON"},
		},
		"a backend block": {files: map[string]string{"main.tf": literalBlock}, want: []model.Backend{fromLiteral}},
		"a backend block in JSON": {
			files: map[string]string{"main.tf.json": `{"terraform":{"backend":{"s3":{"bucket":"acme","key":"a/terraform.tfstate","region":"eu-west-1","dynamodb_table":"tflocks","workspace_key_prefix":""}}}}`},
			want:  []model.Backend{fromLiteral},
		},
		"a backend block in JSON, in lists": {
			files: map[string]string{"main.tf.json": `{"terraform":[{"backend":[{"s3":[{"bucket":"acme","key":"a/terraform.tfstate","region":"eu-west-1","dynamodb_table":"tflocks","workspace_key_prefix":""}]}]}]}`},
			want:  []model.Backend{fromLiteral},
		},
		"a backend block in JSON with a template": {
			files:   map[string]string{"main.tf.json": `{"terraform":{"backend":{"s3":{"bucket":"${var.b}"}}}}`},
			remarks: []string{"main.tf.json names no bucket", "main.tf.json: bucket not evaluated"},
		},
		"a block with variables": {
			files:   map[string]string{"main.tf": "terraform {\n  backend \"s3\" {\n    bucket = \"acme\"\n    key = \"${var.x}/k\"\n  }\n}\n"},
			want:    []model.Backend{{Name: "acme", Bucket: "acme", Source: model.SourceWorkdir, Write: fromLiteral.Write}},
			remarks: []string{"main.tf:2: key not evaluated"},
		},
		"a partial block, not initialised": {
			files:   map[string]string{"main.tf": "terraform {\n  backend \"s3\" {}\n}\n"},
			remarks: []string{"main.tf:2 names no bucket that is written out: run init first"},
		},
		"a partial block, initialised, is no loss": {
			files: map[string]string{"main.tf": "terraform {\n  backend \"s3\" {}\n}\n", ".terraform/terraform.tfstate": initialised},
			want:  []model.Backend{fromInit},
		},
		"a loop is not run": {
			files:   map[string]string{"main.tf": "terraform {\n  backend \"s3\" {\n    bucket = join(\"\", [for a in [1,1] : [for b in [1,1] : b]])\n  }\n}\n"},
			remarks: []string{"main.tf:2: bucket not evaluated"},
		},
		"terragrunt": {
			files: map[string]string{"terragrunt.hcl": `
remote_state {
  backend = "s3"
  generate = { path = "backend.tf", if_exists = "overwrite" }
  config = {
    bucket         = "acme"
    key            = "${path_relative_to_include()}/terraform.tfstate"
    region         = "eu-west-1"
    dynamodb_table = "tflocks"
    s3_bucket_tags = { a = get_env("X") }
  }
}`},
			want: []model.Backend{{Name: "acme", Bucket: "acme", Source: model.SourceWorkdir, Region: "eu-west-1", Tables: []string{"tflocks"},
				Digests: []string{"tflocks"}, Declared: []model.Mechanism{model.MechanismDynamoDB}, Write: fromLiteral.Write}},
			remarks: []string{"terragrunt.hcl:2: key not evaluated"},
		},
		"terragrunt with another backend": {files: map[string]string{"terragrunt.hcl": "remote_state {\n  backend = \"gcs\"\n  config = { bucket = \"b\" }\n}\n"}},
		"terragrunt with a config that is merged": {
			files:   map[string]string{"terragrunt.hcl": "remote_state {\n  backend = \"s3\"\n  config = merge(local.a, {})\n}\n"},
			remarks: []string{"terragrunt.hcl:1 names no bucket", "terragrunt.hcl:1: config not evaluated"},
		},
		"a file that does not parse": {
			files:   map[string]string{"main.tf": "terraform {\n  backend \"s3\" {\n", "other.tf": literalBlock},
			want:    []model.Backend{fromLiteral},
			remarks: []string{"main.tf was not read: line "},
		},
		"a file that would end the stack": {
			files:   map[string]string{"main.tf": "backend = " + strings.Repeat("[", 1<<19)},
			remarks: []string{"main.tf was not read: line 1: nested too deeply"},
		},
		"a file that is too long": {
			files:   map[string]string{"main.tf": "# backend" + strings.Repeat(" ", maxFile)},
			remarks: []string{"main.tf was not read: "},
		},
		"blocks and tables of endpoints and roles": {
			files: map[string]string{"main.tf": "terraform {\n  backend \"s3\" {\n    bucket = \"acme\"\n    endpoints {\n      s3 = \"http://127.0.0.1:9\"\n    }\n    assume_role {\n      role_arn = \"arn:r\"\n    }\n  }\n}\n"},
			trust: true,
			want: []model.Backend{{Name: "acme", Bucket: "acme", Source: model.SourceWorkdir, Write: fromLiteral.Write,
				Access: model.Access{RoleARN: "arn:r", Endpoints: map[string]string{"s3": "http://127.0.0.1:9"}}}},
		},
		"files of editors are not read": {files: map[string]string{".#main.tf": literalBlock}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, body := range c.files {
				writeFile(t, filepath.Join(dir, filepath.FromSlash(file)), body)
			}
			w := discover(dir, envOf(c.env), c.trust)
			equal(t, "backends", w.backends, c.want)
			all := strings.Join(w.remarks, "\n")
			for _, want := range c.remarks {
				if !strings.Contains(all, want) {
					t.Errorf("no remark with %q in:\n%s", want, all)
				}
			}
			if c.remarks == nil && all != "" && c.want == nil {
				t.Errorf("remarks without need:\n%s", all)
			}
			if shown := all + fmt.Sprintf("%+v", w.backends); strings.Contains(shown, "SECRET") {
				t.Errorf("a secret got out: %s", shown)
			}
		})
	}
}

func TestWorkdirIsNeverBlockedByAPipe(t *testing.T) {
	dir := t.TempDir()
	if err := makePipe(filepath.Join(dir, "main.tf")); err != nil {
		t.Skip("no named pipes here: ", err)
	}
	w := discover(dir, envOf(nil), false)
	if len(w.remarks) != 1 || !strings.Contains(w.remarks[0], "is not a regular file") {
		t.Errorf("remarks: %q", w.remarks)
	}
}

func TestWorkdirThatCannotBeReadIsEmpty(t *testing.T) {
	w := discover(filepath.Join(t.TempDir(), "none"), envOf(nil), false)
	equal(t, "backends", w.backends, nil)
	equal(t, "remarks", w.remarks, nil)
}

func FuzzWorkdir(f *testing.F) {
	f.Add([]byte(initialised))
	f.Add([]byte("terraform {\n  backend \"s3\" {\n    bucket = \"SECRET\"\n    access_key = \"b\"\n  }\n}\n"))
	f.Add([]byte("remote_state {\n  backend = \"s3\"\n  config = { bucket = \"b\", \"key\" = <<E\nk\nE\n }\n}\n"))
	f.Add([]byte(`{"terraform":[{"backend":{"s3":[{"bucket":"b","endpoints":[{"s3":"http://x"}]}]}}]}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		for name, parse := range map[string]blockParser{"state": parseDataDir, "tf": parseTF, "json": parseTFJSON, "terragrunt": parseTerragrunt} {
			blocks, err := parse(name, src)
			if err != nil && len(blocks) > 0 {
				t.Error("blocks beside an error")
			}
			for _, b := range blocks {
				b.remarks(false, false)
				m, ok := b.backend("blue", true)
				if ok != (m.Bucket != "") {
					t.Errorf("a backend without a bucket, or the other way round: %+v", m)
				}
				for _, secret := range []string{"access_key", "secret_key", "token", "sse_customer_key"} {
					if b.args[secret] != nil {
						t.Errorf("%s was kept", secret)
					}
				}
			}
		}
	})
}

func TestReadRegularTakesFilesOnly(t *testing.T) {
	if _, err := readRegular(t.TempDir()); err == nil {
		t.Error("a directory was read")
	}
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, make([]byte, maxFile), 0o600); err != nil {
		t.Fatal(err)
	}
	if body, err := readRegular(path); err != nil || len(body) != maxFile {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}
