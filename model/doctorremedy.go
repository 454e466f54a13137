package model

import (
	"fmt"
	"slices"
	"strings"
)

// site is where a remedy is applied: the names that its commands need.
type site struct {
	bucket, region, account string
	access                  Access
	subjects                []subject
	noPolicy                bool // the bucket is known to have none
	program                 Program
}

func siteOf(h HealthFacts, subjects []subject) site {
	policy, read := h.Bucket.Policy.Get()
	return site{
		noPolicy: read && policy == "", bucket: h.Backend.Bucket, region: h.Region.Or(h.Backend.Region), account: h.Owner.Or(h.Account.Or("ACCOUNT")),
		access: h.Backend.Access, subjects: subjects, program: h.Program,
	}
}

// s3 is an aws s3api command on the bucket.
func (s site) s3(command string, words ...string) string {
	return s.aws("s3", s.region, append([]string{"s3api", command, "--bucket", s.bucket}, words...)...)
}

// aws is an aws command with the options that reach the same place as we did.
func (s site) aws(service, region string, words ...string) string {
	return s.program.AWS(s.access, service, region, words...)
}

// each is one command for every subject, a line each.
func (s site) each(command func(subject) string) string {
	lines := make([]string, 0, len(s.subjects))
	for _, sub := range s.subjects {
		lines = append(lines, command(sub))
	}
	return strings.Join(lines, "\n")
}

// table is an aws dynamodb command for the table of a subject.
func (s site) table(sub subject, command string, words ...string) string {
	region := sub.region
	if region == "" {
		region = s.region
	}
	return s.aws("dynamodb", region, append([]string{"dynamodb", command, "--table-name", sub.table}, words...)...)
}

// kms is an aws kms command for the key of a subject.
func (s site) kms(sub subject, command string, words ...string) string {
	region := KeyRegion(sub.key)
	if region == "" {
		region = s.region
	}
	return s.aws("kms", region, append([]string{"kms", command, "--key-id", sub.key}, words...)...)
}

// url is the state of a subject.
func (s site) url(sub subject) string { return "s3://" + s.bucket + "/" + sub.key }

// resource is a block of HCL: its type, and its lines below "bucket = …".
func (s site) resource(kind string, lines ...string) string {
	return hclBlock(kind, append([]string{"bucket = " + hclString(s.bucket)}, lines...)...)
}

// hclBlock is a resource named state.
func hclBlock(kind string, lines ...string) string {
	return fmt.Sprintf("resource %q \"state\" {\n  %s\n}", kind, strings.Join(alignHCL(lines), "\n  "))
}

// alignHCL aligns the values of arguments that stand below each other, as
// terraform fmt does.
func alignHCL(lines []string) []string {
	out := slices.Clone(lines)
	for from := 0; from < len(out); {
		to, widest := from, 0
		for to < len(out) && argumentName(out[to]) != "" && indent(out[to]) == indent(out[from]) {
			widest = max(widest, len(argumentName(out[to])))
			to++
		}
		for i := from; i < to; i++ {
			name := argumentName(out[i])
			_, value, _ := strings.Cut(out[i], " = ")
			out[i] = name + strings.Repeat(" ", widest-len(name)) + " = " + value
		}
		from = max(to, from+1)
	}
	return out
}

// argumentName is what stands before the " = " of a line, with its indent.
func argumentName(line string) string {
	name, _, ok := strings.Cut(line, " = ")
	if !ok {
		return ""
	}
	return strings.TrimRight(name, " ")
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// hclArguments are lines for a resource that is there already.
func hclArguments(kind string, lines ...string) string {
	return "# in the " + kind + "\n" + strings.Join(alignHCL(lines), "\n")
}

// hclString is a quoted string of HCL, in which nothing is a template.
func hclString(s string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(fmt.Sprintf("%q", s))
}
