package model

import (
	"fmt"
	"strings"
)

// tableChecks are about the lock tables.
func tableChecks() []Check {
	describe := []string{"dynamodb:DescribeTable"}
	return []Check{
		{
			ID: "lock-table-active", Severity: SeverityCritical, Title: "Every lock table is active",
			Why:     "Without its table no client can lock: every plan and apply fails, or runs unlocked where somebody passes -lock=false.",
			Actions: describe,
			judge:   func(h HealthFacts) judgement { return judgeTables(h, judgeTableStatus) },
			remedy:  tableCreateRemedy,
		},
		{
			ID: "lock-table-schema", Severity: SeverityCritical, Title: "Every lock table is keyed by LockID alone",
			Why:     "Clients write rows keyed by the string LockID. With another key every lock fails; with a sort key one lock can be held twice.",
			Actions: describe,
			judge:   func(h HealthFacts) judgement { return judgeTables(h, judgeTableSchema) },
			remedy:  tableCreateRemedy,
		},
		{
			ID: "lock-table-recovery", Severity: SeverityMedium, Title: "Lock tables have point-in-time recovery",
			Why:        "The table holds the digests of all states. Without them a stale or foreign state is no longer noticed.",
			References: []string{"Security Hub DynamoDB.2", "Checkov CKV_AWS_28", "Trivy AVD-AWS-0024", "AWS Config dynamodb-pitr-enabled"},
			Actions:    []string{"dynamodb:DescribeContinuousBackups"},
			judge: tableFact("the point-in-time recovery", func(t TableHealth) Fact[bool] { return t.Recovery },
				func(on bool) judgement { return passedIf(on, "on", "no point-in-time recovery") }),
			remedy: tableRemedy("Enable point-in-time recovery.", []string{"update-continuous-backups", "--point-in-time-recovery-specification", "PointInTimeRecoveryEnabled=true"},
				"point_in_time_recovery {", "  enabled = true", "}"),
		},
		{
			ID: "lock-table-deletion-protection", Severity: SeverityMedium, Title: "Lock tables are protected from deletion",
			Why:        "A deleted table stops every client at once, and takes the digests and the running locks with it.",
			References: []string{"Security Hub DynamoDB.6", "AWS Config dynamodb-table-deletion-protection-enabled"},
			Actions:    describe,
			judge: tableFact("the deletion protection", func(t TableHealth) Fact[bool] { return t.DeletionProtection },
				func(on bool) judgement { return passedIf(on, "on", "can be deleted") }),
			remedy: tableRemedy("Enable deletion protection.", []string{"update-table", "--deletion-protection-enabled"}, "deletion_protection_enabled = true"),
		},
		{
			ID: "lock-table-encryption", Severity: SeverityInfo, Title: "Lock tables use a KMS key of the account",
			Why:        "By default a key that AWS owns encrypts the table; nobody can audit or revoke it. Locks hold who applies what and when, but no secrets.",
			References: []string{"Checkov CKV_AWS_119", "Trivy AVD-AWS-0025", "AWS Config dynamodb-table-encrypted-kms"},
			Actions:    describe,
			judge:      tableFact("the encryption", func(t TableHealth) Fact[TableEncryption] { return t.Encryption }, judgeTableEncryption),
			remedy: tableRemedy("Encrypt the table with a KMS key, if your rules ask for it.", []string{"update-table", "--sse-specification", "Enabled=true,SSEType=KMS,KMSMasterKeyId=KEY_ARN"},
				"server_side_encryption {", "  enabled     = true", "  kms_key_arn = aws_kms_key.state.arn", "}"),
		},
		{
			ID: "lock-table-capacity", Severity: SeverityLow, Title: "Lock tables have on-demand capacity",
			Why:        "Locks come in bursts. A throttled lock table fails plans, and a throttled write of a digest leaves a stale one behind.",
			References: []string{"Security Hub DynamoDB.1", "Checkov CKV2_AWS_16", "AWS Config dynamodb-autoscaling-enabled"},
			Actions:    describe,
			judge:      tableFact("the capacity", func(t TableHealth) Fact[TableBilling] { return t.Billing }, judgeTableBilling),
			remedy:     tableRemedy("Change to on-demand capacity.", []string{"update-table", "--billing-mode", "PAY_PER_REQUEST"}, `billing_mode = "PAY_PER_REQUEST"`),
		},
		{
			ID: "lock-table-ttl", Severity: SeverityHigh, Title: "No lock table deletes rows by age",
			Why:     "Time to live would delete locks that are held and digests that are needed, and nothing would tell.",
			Actions: []string{"dynamodb:DescribeTimeToLive"},
			judge:   tableFact("the time to live", func(t TableHealth) Fact[TableTTL] { return t.TTL }, judgeTableTTL),
			remedy: func(s site) Remedy {
				return Remedy{
					Summary: "Turn time to live off.",
					CLI: s.each(func(t subject) string {
						return s.table(t, "update-time-to-live", "--time-to-live-specification", jsonText(map[string]any{"Enabled": false, "AttributeName": t.id}))
					}),
					HCL: hclArguments("aws_dynamodb_table", "ttl {", "  enabled = false", "}"),
				}
			},
		},
	}
}

// judgeTables judges every lock table of the backend.
func judgeTables(h HealthFacts, judge func(TableHealth) judgement) judgement {
	return judgeEach(h.Tables, "the lock tables", "no lock table is used", func(t TableHealth) (subject, judgement) {
		return subject{name: "table " + t.Name, table: t.Name, region: t.Region, id: t.TTL.Or(TableTTL{}).Attribute}, judge(t)
	})
}

// tableFact is a check of one fact of every table that is there.
func tableFact[T any](what string, fact func(TableHealth) Fact[T], judge func(T) judgement) func(HealthFacts) judgement {
	return func(h HealthFacts) judgement {
		return judgeTables(h, func(t TableHealth) judgement {
			if t.absent() {
				return notApplicable("is not there")
			}
			return judgeFact(what, fact(t), judge)
		})
	}
}

// absent reports a table that is known not to be there.
func (t TableHealth) absent() bool { return t.Status.Or("") == TableAbsent }

// judgeTableStatus: a table that is being updated serves as before.
func judgeTableStatus(t TableHealth) judgement {
	return judgeFact("the status", t.Status, func(status string) judgement {
		switch status {
		case "ACTIVE", "UPDATING":
			return passed(status)
		case TableAbsent:
			return failed("is not there")
		}
		return failed("is " + status)
	})
}

func judgeTableSchema(t TableHealth) judgement {
	if t.absent() {
		return notApplicable("is not there")
	}
	return judgeFact("the key", t.Schema, func(keys []TableKey) judgement {
		good := len(keys) == 1 && keys[0] == TableKey{Name: "LockID", Role: "HASH", Type: "S"}
		return passedIf(good, "LockID", "is keyed by "+keysText(keys))
	})
}

func keysText(keys []TableKey) string {
	var all []string
	for _, k := range keys {
		all = append(all, fmt.Sprintf("%s (%s, %s)", k.Name, k.Role, k.Type))
	}
	return strings.Join(all, " and ")
}

func judgeTableEncryption(e TableEncryption) judgement {
	switch {
	case e.Type == "":
		return failed("encrypted with a key that AWS owns")
	case e.Status != "" && e.Status != "ENABLED" && e.Status != "UPDATING":
		return failed("encryption is " + e.Status)
	}
	return passed("encrypted with " + e.Type)
}

func judgeTableBilling(b TableBilling) judgement {
	return passedIf(b.OnDemand, "on demand", fmt.Sprintf("provisioned with %s to read and %s to write (autoscaling is not read)",
		countOf(int(b.Read), "unit"), countOf(int(b.Write), "unit")))
}

func judgeTableTTL(l TableTTL) judgement {
	on := l.Status == "ENABLED" || l.Status == "ENABLING"
	return passedIf(!on, "off", "rows expire by "+l.Attribute)
}

// tableRemedy is a command on each table, and what its resource needs.
func tableRemedy(summary string, words []string, lines ...string) func(site) Remedy {
	return func(s site) Remedy {
		return Remedy{
			Summary: summary,
			CLI:     s.each(func(t subject) string { return s.table(t, words[0], words[1:]...) }),
			HCL:     hclArguments("aws_dynamodb_table", lines...),
		}
	}
}

func tableCreateRemedy(s site) Remedy {
	name := "TABLE"
	if len(s.subjects) > 0 {
		name = s.subjects[0].table
	}
	return Remedy{
		Summary: "Look whether the name is the one that the clients use; if it is, make the table anew, keyed by the string LockID alone. The keys of a table cannot be changed: one that is there has to be deleted first. Nobody may apply meanwhile. Digests come back with the next apply.",
		CLI: s.each(func(t subject) string {
			return s.table(t, "create-table", "--attribute-definitions", "AttributeName=LockID,AttributeType=S",
				"--key-schema", "AttributeName=LockID,KeyType=HASH", "--billing-mode", "PAY_PER_REQUEST")
		}),
		HCL: hclBlock("aws_dynamodb_table", "name         = "+hclString(name), `billing_mode = "PAY_PER_REQUEST"`, `hash_key     = "LockID"`,
			"attribute {", `  name = "LockID"`, `  type = "S"`, "}"),
	}
}
