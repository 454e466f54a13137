package ui

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stateward/stateward/model"
)

// TestTheIAMPageOfTheDocs pins docs/iam.md to the table of permissions, which a
// test of package aws holds to the calls in the code; -update writes it.
func TestTheIAMPageOfTheDocs(t *testing.T) {
	golden(t, filepath.Join("..", "docs", "iam.md"), iamDoc())
}

// docScope has the placeholders of the docs.
func docScope() model.PolicyScope {
	return model.PolicyScope{Bucket: "BUCKET", Prefix: "PREFIX", Table: "arn:aws:dynamodb:REGION:ACCOUNT:table/TABLE",
		Key: "arn:aws:kms:REGION:ACCOUNT:key/KEY_ID", Account: true}
}

// TestThePoliciesFitIntoAManagedPolicy: IAM takes 6,144 characters, blanks not
// counted.
func TestThePoliciesFitIntoAManagedPolicy(t *testing.T) {
	for name, p := range map[string]model.AllowPolicy{"read-only": model.ReadOnlyPolicy(docScope()), "operator": model.OperatorPolicy(docScope())} {
		bare, err := json.Marshal(p)
		if err != nil || len(bare) > 6144-1000 { // leaves room for real names
			t.Errorf("%s: %d characters, %v", name, len(bare), err)
		}
	}
}

func iamDoc() string {
	var doc strings.Builder
	doc.WriteString(`# IAM

<!-- Written by ` + "`go test ./ui -update`" + ` from the table in model/permission.go; changes made here are lost. -->

stateward needs no policy of its own to start: a call that is denied leaves blank what needs it, names the missing action, and the rest works.
` + "`p`" + `, on every page, lists what was denied so far, what it blanks, and the least statement that would allow it.
In the demo it is ` + "`kms:GetKeyRotationStatus`" + ` on the key behind ` + "`acme-tfstate-network`" + `: press ` + "`4`" + `, then ` + "`p`" + `.

![Permissions: the action that was denied, on what, what that leaves blank, and the statement that allows it](img/permissions.png)

Put your own values in place of ` + "`BUCKET`, `PREFIX` (of the keys: `net/`; nothing for the whole bucket), `REGION`, `ACCOUNT`, `TABLE` and `KEY_ID`" + `. Leave out a statement that
speaks of what you do not have: ` + "`LockTable`" + ` where lock files are the only locks, ` + "`Key`" + ` where no KMS key of your own encrypts the states. A table under a key of its own can need
that key in ` + "`Key`" + ` too. Outside the commercial regions ARNs begin with ` + "`arn:aws-cn:` or `arn:aws-us-gov:`" + `.

` + "`FindTables` and `Account`" + ` serve to find what nothing names: they can go when each bucket is a TARGET or in the config, with its ` + "`lock_tables`" + `. Without them the aliases of
keys and the account's public access block stay unknown as well.

A KMS key also needs a key policy that lets IAM policies of the account speak, as the default one does, or names the identity itself. A backend with a
` + "`role_arn`" + ` needs ` + "`sts:AssumeRole`" + ` on that role; these policies are then the role's.

## Read-only

Enough for every page, every reading command and every ` + "`--dry-run`" + `.

`)
	fenced(&doc, model.ReadOnlyPolicy(docScope()))
	doc.WriteString(`
## Operator

All of that, and unlock, restore, repair and recover.

`)
	fenced(&doc, model.OperatorPolicy(docScope()))
	doc.WriteString(`
## What each action is for

"Terraform" marks what Terraform and OpenTofu need for the same backend themselves: whoever runs them has it already. They also want
` + "`s3:PutObjectAcl` where the backend sets `acl`, and `s3:PutObjectTagging` for OpenTofu's `state_tags`" + `. The rest is what they never look at: old versions, lock rows of all states,
and how bucket, table and key are set up.

| action | on | policy | Terraform | without it, blank or refused |
|---|---|---|---|---|
`)
	for _, action := range actionNames() {
		writeAction(&doc, action)
	}
	return doc.String()
}

func fenced(doc *strings.Builder, p model.AllowPolicy) {
	fmt.Fprintf(doc, "```json\n%s\n```\n", p.JSON())
}

func actionNames() []string {
	var names []string
	for _, p := range model.Permissions() {
		if p.Action != "" && !slices.Contains(names, p.Action) {
			names = append(names, p.Action)
		}
	}
	slices.Sort(names)
	return names
}

func writeAction(doc *strings.Builder, action string) {
	var on []string
	policy := "neither"
	for _, p := range model.Permissions() {
		if p.Action != action {
			continue
		}
		if !slices.Contains(on, string(p.On)) {
			on = append(on, string(p.On))
		}
		switch {
		case p.Call == "sts AssumeRole":
		case p.Use == model.ToRead:
			policy = "both"
		case p.Use == model.ToChange && policy == "neither":
			policy = "operator"
		}
	}
	terraform := ""
	if slices.Contains(terraformNeeds(), action) {
		terraform = "✓"
	}
	kinds := strings.ReplaceAll(strings.Join(on, ", "), "*", "account")
	if action == "sts:AssumeRole" {
		kinds = "role"
	}
	fmt.Fprintf(doc, "| `%s` | %s | %s | %s | %s |\n", action, kinds, policy, terraform, model.Blanks(action))
}

// terraformNeeds are the actions that the documentation of Terraform's S3
// backend asks for, and what S3 asks of those who use a KMS key.
func terraformNeeds() []string {
	return []string{"s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject",
		"dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "kms:Decrypt", "kms:GenerateDataKey"}
}
