package model

import (
	"net/url"
	"testing"
)

func TestStateKeyAndBack(t *testing.T) {
	cases := map[string]struct{ prefix, workspace, key, want string }{
		"the default workspace":         {"env:", "default", "a/terraform.tfstate", "a/terraform.tfstate"},
		"a workspace":                   {"env:", "prod", "a/terraform.tfstate", "env:/prod/a/terraform.tfstate"},
		"a prefix of its own":           {"workspaces", "prod", "x.tfstate", "workspaces/prod/x.tfstate"},
		"a prefix of two segments":      {"team/ws", "prod", "x.tfstate", "team/ws/prod/x.tfstate"},
		"a name with odd characters":    {"env:", "a_b.c~d$e&f+g=h:i@j-K9", "x", "env:/a_b.c~d$e&f+g=h:i@j-K9/x"},
		"a key under a prefix like env": {"env:", "prod", "env:/x", "env:/prod/env:/x"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := StateKey(c.prefix, c.workspace, c.key)
			if got != c.want {
				t.Fatalf("got %s, want %s", got, c.want)
			}
			workspace, key, ok := Workspace(got, c.prefix)
			if workspace != c.workspace || key != c.key || ok != (c.workspace != DefaultWorkspace) {
				t.Errorf("back: %s %s %v", workspace, key, ok)
			}
			workspace, key, ok = WorkspaceOf(got, c.prefix, "other", c.key)
			if workspace != c.workspace || key != c.key || !ok {
				t.Errorf("back, the key being known: %s %s %v", workspace, key, ok)
			}
		})
	}
}

func TestStateKeyWithAnEmptyPrefix(t *testing.T) {
	if got := StateKey("", "prod", "a/x.tfstate"); got != "prod/a/x.tfstate" {
		t.Errorf("got %s", got)
	}
	if _, key, ok := Workspace("prod/a/x.tfstate", ""); ok || key != "prod/a/x.tfstate" {
		t.Error("without a configured key nothing tells a workspace from a folder")
	}
	if ws, key, ok := WorkspaceOf("prod/a/x.tfstate", "", "a/x.tfstate"); !ok || ws != "prod" || key != "a/x.tfstate" {
		t.Errorf("%s %s %v", ws, key, ok)
	}
	if ws, _, ok := WorkspaceOf("x/prod/a/x.tfstate", "", "a/x.tfstate"); ok || ws != DefaultWorkspace {
		t.Error("two segments before the key are no workspace")
	}
}

func TestKeysThatOnlyLookLikeAWorkspace(t *testing.T) {
	cases := map[string]string{
		"no prefix":                        "a/terraform.tfstate",
		"the prefix alone":                 "env:/",
		"a workspace without a key":        "env:/prod",
		"a workspace and an empty key":     "env:/prod/",
		"an empty workspace":               "env://x.tfstate",
		"default has a plain key":          "env:/default/x.tfstate",
		"a name that must be escaped":      "env:/a b/x.tfstate",
		"a dot, which path.Join takes out": "env:/./x.tfstate",
		"two dots":                         "env:/../x.tfstate",
		"a doubled slash in the key":       "env:/prod/a//x.tfstate",
		"a slash at the end of the key":    "env:/prod/a/",
		"another prefix that starts alike": "env:prod/x.tfstate",
	}
	for name, key := range cases {
		t.Run(name, func(t *testing.T) {
			if ws, base, ok := Workspace(key, "env:"); ok || ws != DefaultWorkspace || base != key {
				t.Errorf("%s read as workspace %s of %s", key, ws, base)
			}
		})
	}
}

func TestAWorkspaceNameIsWhatPathEscapeLeavesAlone(t *testing.T) {
	for r := rune(0); r < 0x2100; r++ {
		name := "a" + string(r)
		if got, want := validWorkspaceName(name), url.PathEscape(name) == name; got != want {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
	}
	if validWorkspaceName("") {
		t.Error("no name is no workspace")
	}
}

func TestKeysAndRowsOfAState(t *testing.T) {
	if LockKey("a/x.tfstate") != "a/x.tfstate.tflock" || LockID("b", "a/x") != "b/a/x" || DigestID("b", "a/x") != "b/a/x-md5" {
		t.Error("the key of the lock file or the ids of the rows are wrong")
	}
	if key, ok := LockedKey("a/x.tfstate.tflock"); !ok || key != "a/x.tfstate" {
		t.Errorf("%s %v", key, ok)
	}
	if _, ok := LockedKey(".tflock"); ok {
		t.Error("a lock file of nothing")
	}
	if _, ok := LockedKey("a/x.tfstate"); ok {
		t.Error("a state is no lock file")
	}
	if DigestID("b", "a") != LockID("b", "a-md5") {
		t.Error("the ids are known to clash: rows are told apart by attribute")
	}
}

func TestLooksLikeStateName(t *testing.T) {
	cases := map[string]bool{
		"terraform.tfstate": true, "a/b.tfstate": true, "env:/prod/a.tfstate": true, ".tfstate": true,
		"a/tfstate": true, "tfstate": true, "a/terraform.state": true, "a/terraform-state": true, "terraform/state": true, "prod/tfstate/state": true,
		"state": false, "a/state": false, "a/state.json": false, "terraform.tfstate.backup": false, "a.tfstate.tflock": false,
		"a.tfstate/": false, "tfstate/readme.md": false, "a.TFSTATE": false, "": false, "x.tfstate.gz": false, "mytfstate": false,
	}
	for key, want := range cases {
		t.Run(key, func(t *testing.T) {
			if got := LooksLikeStateName(key); got != want {
				t.Errorf("%q: %v, want %v", key, got, want)
			}
		})
	}
}

func TestLooksLikeState(t *testing.T) {
	cases := map[string]struct {
		prefix string
		want   bool
	}{
		"v4":                             {`{"version":4,"terraform_version":"1.11.4","ser`, true},
		"v3":                             {`{"version":3,"serial":1,`, true},
		"a state of a format to come":    {`{"version":5,"serial":1,"lineage":"l"`, true},
		"a damaged state":                {`{"version":4,"serial":1,]`, true},
		"v0":                             {"tfstate\x00", true},
		"encrypted":                      {`{"serial":3,"lineage":"l","meta":{"key_provider.pbkdf2.k":"xxxx`, true},
		"a version alone":                {`{"version":4,"name":"x"`, false},
		"a package with a version":       {`{"name":"x","version":"1.0.0","serial":3}`, false},
		"a plan as JSON":                 {`{"format_version":"1.2","terraform_version":"1.11.4"`, false},
		"a lock of a state":              {`{"ID":"71d89b36","Operation":"OperationTypeApply","Info":"","Version":"1.11.4"`, false},
		"a JSON array":                   {`[{"version":4,"serial":1}]`, false},
		"a web page":                     {"<html>", false},
		"nothing":                        {"", false},
		"a facts file without a version": {`{"serial":1,"lineage":"l"}`, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := LooksLikeState([]byte(c.prefix)); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
