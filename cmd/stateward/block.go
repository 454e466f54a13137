package main

import (
	"slices"
	"strings"

	"github.com/stateward/stateward/model"
)

// block is one backend "s3" configuration of the working directory. It holds
// the values of the arguments that are read and only the names of the others,
// so that a secret in it goes no further than the parser.
type block struct {
	where      string         // file or file:line
	args       map[string]any // literal values, by argument
	present    []string       // every argument that is set
	unresolved []string       // set, but not written out
}

// The arguments of the S3 backend by what is done with them.

// plainArguments are always taken.
func plainArguments() []string {
	return []string{"bucket", "key", "region", "profile", "role_arn", "external_id", "assume_role",
		"dynamodb_table", "use_lockfile", "workspace_key_prefix",
		"encrypt", "kms_key_id", "acl", "state_tags", "skip_s3_checksum"}
}

// trustedArguments say where requests go. A hostile checkout could have them
// signed and sent to itself, so they are taken with --trust-dir only.
func trustedArguments() []string {
	return []string{"endpoints", "endpoint", "dynamodb_endpoint", "sts_endpoint", "use_path_style", "force_path_style"}
}

// foreignArguments change how the SDK works and are never taken from a
// directory; each has an environment variable of the SDK that does the same.
func foreignArguments() []string {
	return []string{"shared_config_files", "shared_credentials_file", "shared_credentials_files", "custom_ca_bundle",
		"http_proxy", "https_proxy", "insecure", "assume_role_with_web_identity", "use_fips_endpoint", "use_dualstack_endpoint"}
}

// set records an argument. value is called only for arguments that are read;
// a nil value is the same as leaving the argument out.
func (b *block) set(name string, value func() (v any, ok bool)) {
	if !slices.Contains(plainArguments(), name) && !slices.Contains(trustedArguments(), name) {
		b.present = append(b.present, name)
		return
	}
	v, ok := value()
	if ok && v == nil {
		return
	}
	b.present = append(b.present, name)
	if !ok {
		b.unresolved = append(b.unresolved, name)
		return
	}
	if b.args == nil {
		b.args = map[string]any{}
	}
	b.args[name] = v
}

// presentOf are those of the names that are set, in their order.
func (b *block) presentOf(names []string) []string {
	return slices.DeleteFunc(names, func(n string) bool { return !slices.Contains(b.present, n) })
}

// text is a string argument; "" when it is absent or something else.
func (b *block) text(names ...string) string {
	for _, name := range names {
		if s, ok := b.args[name].(string); ok && s != "" {
			return s
		}
	}
	return ""
}

// flag is a boolean argument, nil when absent. Both tools take "true" too.
func (b *block) flag(names ...string) *bool {
	for _, name := range names {
		switch v := b.args[name].(type) {
		case bool:
			return &v
		case string:
			if v == "true" || v == "false" {
				yes := v == "true"
				return &yes
			}
		}
	}
	return nil
}

// object is an argument that is a map, or a list with one map in it, which is
// how blocks are stored in JSON.
func (b *block) object(name string) map[string]any {
	v := b.args[name]
	if list, ok := v.([]any); ok && len(list) == 1 {
		v = list[0]
	}
	m, _ := v.(map[string]any)
	return m
}

func (b *block) texts(name string) map[string]string {
	var out map[string]string
	for k, v := range b.object(name) {
		if s, ok := v.(string); ok && s != "" {
			if out == nil {
				out = map[string]string{}
			}
			out[k] = s
		}
	}
	return out
}

// backend is the backend that the block configures. ok is false when it does
// not name a bucket, without which there is none.
func (b *block) backend(workspace string, trust bool) (m model.Backend, ok bool) {
	bucket, err := parseBucket(b.text("bucket"))
	if err != nil {
		return m, false
	}
	m = model.Backend{Name: bucket, Bucket: bucket, Source: model.SourceWorkdir, Region: b.text("region")}
	m.Access = b.access(trust)
	if prefix, said := b.args["workspace_key_prefix"].(string); said {
		m.Workspace = model.WorkspaceRule{Prefix: prefix, Set: true}
	}
	if key := b.text("key"); key != "" {
		m.Keys = union([]string{key}, []string{model.StateKey(m.Workspace.KeyPrefix(), workspace, key)})
	}
	b.mechanisms(&m)
	m.Write = b.writeSettings()
	return m, true
}

func (b *block) access(trust bool) model.Access {
	role := b.texts("assume_role")
	a := model.Access{Profile: b.text("profile"), RoleARN: role["role_arn"], ExternalID: role["external_id"]}
	if a.RoleARN == "" { // OpenTofu and Terraform before 1.6
		a.RoleARN, a.ExternalID = b.text("role_arn"), b.text("external_id")
	}
	if trust {
		a.Endpoints = b.endpoints()
		a.PathStyle = isTrue(b.flag("use_path_style", "force_path_style"))
	}
	return a
}

// endpoints are those of the services that stateward speaks to. What is no URL
// is left out, as a request could not be sent there anyway.
func (b *block) endpoints() map[string]string {
	all := b.texts("endpoints")
	if all == nil {
		all = map[string]string{}
	}
	for service, old := range map[string]string{"s3": "endpoint", "dynamodb": "dynamodb_endpoint", "sts": "sts_endpoint"} {
		if at := b.text(old); at != "" && all[service] == "" {
			all[service] = at
		}
	}
	for service, at := range all {
		if _, err := parseEndpoint(at); err != nil || !slices.Contains(endpointServices(), service) {
			delete(all, service)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

func (b *block) mechanisms(m *model.Backend) {
	if isTrue(b.flag("use_lockfile")) {
		m.Declared = append(m.Declared, model.MechanismLockfile)
	}
	if table := b.text("dynamodb_table"); table != "" {
		m.Declared = append(m.Declared, model.MechanismDynamoDB)
		m.Tables, m.Digests = []string{table}, []string{table}
	}
}

func (b *block) writeSettings() model.WriteSettings {
	w := model.WriteSettings{
		Encrypt: b.flag("encrypt"), KMSKeyID: b.text("kms_key_id"), ACL: b.text("acl"), Tags: b.texts("state_tags"),
		SkipChecksum: isTrue(b.flag("skip_s3_checksum")), FromConfiguration: true, ConfigurationPresent: true,
	}
	if slices.Contains(b.present, "sse_customer_key") {
		w.SSECustomerKeyEnv = "AWS_SSE_CUSTOMER_KEY" // the variable that both tools read; never the key
	}
	return w
}

// remarks say what of the block was not used. Without a backend of our own to
// show for it (known is false), they say what was missing, too.
func (b *block) remarks(trust, known bool) []string {
	var out []string
	if !known && b.text("bucket") == "" {
		out = append(out, b.where+" names no bucket that is written out: run init first, or give a TARGET")
	}
	if len(b.unresolved) > 0 {
		out = append(out, b.where+": "+strings.Join(b.unresolved, ", ")+" not evaluated (variables and functions are not run)")
	}
	if names := b.presentOf(trustedArguments()); len(names) > 0 && !trust {
		out = append(out, b.where+" sets "+strings.Join(names, ", ")+": ignored without --trust-dir")
	}
	if names := b.presentOf(foreignArguments()); len(names) > 0 {
		out = append(out, b.where+" sets "+strings.Join(names, ", ")+": never taken from a directory, use the AWS environment variables")
	}
	if names := b.presentOf([]string{"access_key", "secret_key", "token"}); len(names) > 0 {
		out = append(out, b.where+" sets "+strings.Join(names, ", ")+": credentials are not read from a directory, use a profile or the environment")
	}
	if slices.Contains(b.present, "sse_customer_key") {
		out = append(out, b.where+" holds an SSE-C key: it is not read; set AWS_SSE_CUSTOMER_KEY")
	}
	return out
}

func isTrue(b *bool) bool { return b != nil && *b }

// union joins lists in order, each element once.
func union[T comparable](lists ...[]T) []T {
	var out []T
	for _, l := range lists {
		for _, v := range l {
			if !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	return out
}
