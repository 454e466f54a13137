package model

import (
	"slices"
	"strings"
)

// findKeyPolicy judges the key policy, where it could be read. The policies of
// keys that AWS manages are nobody's to change.
func findKeyPolicy(k Key) []KeyFinding {
	text, ok := k.Policy.Get()
	if !ok || k.Manager.Or("") == ManagerAWS {
		return nil
	}
	doc, err := ParsePolicy(text)
	if err != nil {
		return []KeyFinding{{Rule: "key-policy-unclear", Severity: "medium", Text: "the key policy cannot be judged: " + err.Error()}}
	}
	all := findOpenGrants(doc)
	if outside := doc.namedOutsiders(k.Account); k.Account != "" && len(outside) > 0 {
		all = append(all, KeyFinding{Rule: "key-policy-cross-account", Severity: "medium", Text: "the key policy lets others in: " + inShort(outside, 3)})
	}
	if doc.rootOnly(k.Account) {
		all = append(all, KeyFinding{Rule: "key-policy-root-only", Severity: "low",
			Text: "the key policy names the account alone: any IAM policy there with kms:* can read the states, or delete the key"})
	}
	if both := doc.adminsWhoDecrypt(); len(both) > 0 {
		all = append(all, KeyFinding{Rule: "key-policy-separation", Severity: "low",
			Text: "administrators are not kept apart: " + inShort(both, 3) + " can both administer the key and decrypt with it"})
	}
	return all
}

// findOpenGrants names the statements that let anybody in.
func findOpenGrants(doc PolicyDocument) []KeyFinding {
	open, doubtful := doc.OpenGrants()
	var all []KeyFinding
	for _, s := range open {
		all = append(all, KeyFinding{Rule: "key-policy-wildcard", Severity: "high",
			Text: "the key policy lets anybody in: " + s.name() + " allows " + s.allowed() + ", and no condition narrows it"})
	}
	for _, s := range doubtful {
		all = append(all, KeyFinding{Rule: "key-policy-wildcard", Severity: "medium",
			Text: "the key policy may let anybody in: " + s.name() + " allows " + s.allowed() + s.under()})
	}
	return all
}

// namedOutsiders are the principals of other accounts that are named; everybody
// is another finding.
func (d PolicyDocument) namedOutsiders(account string) []string {
	var all []string
	for _, s := range d.Statements {
		if s.Effect != PolicyAllow || s.keptTo(account) || s.toStrangers() {
			continue
		}
		for _, who := range s.outsiders(account) {
			if !slices.Contains(all, who) {
				all = append(all, who)
			}
		}
	}
	return all
}

// wholeAccount is the account that a principal stands for as a whole: its root's
// ARN, or the twelve digits alone.
func (p PolicyPrincipal) wholeAccount() (account string, ok bool) {
	account = p.account()
	number := len(account) == 12 && strings.Trim(account, "0123456789") == ""
	return account, p.Type == "AWS" && number && (account == p.Value || strings.HasSuffix(p.Value, ":root"))
}

// rootOnly reports whether the policy leaves all to the IAM policies of the
// key's own account.
func (d PolicyDocument) rootOnly(account string) bool {
	found := false
	for _, s := range d.Statements {
		if s.Effect != PolicyAllow {
			continue
		}
		if len(s.NotPrincipals) > 0 {
			return false
		}
		for _, who := range s.Principals {
			if of, whole := who.wholeAccount(); !whole || of != account {
				return false
			}
			found = true
		}
	}
	return found
}

// adminsWhoDecrypt are the principals, other than whole accounts, who may both
// change or delete the key and read what it encrypts, sorted.
func (d PolicyDocument) adminsWhoDecrypt() []string {
	admin, reader := map[string]bool{}, map[string]bool{}
	for _, s := range d.Statements {
		if s.Effect != PolicyAllow {
			continue
		}
		for _, who := range s.Principals {
			if _, whole := who.wholeAccount(); whole || who.Type != "AWS" || who.everybody() {
				continue
			}
			admin[who.Value] = admin[who.Value] || s.coversAction("kms:PutKeyPolicy") || s.coversAction("kms:ScheduleKeyDeletion")
			reader[who.Value] = reader[who.Value] || s.coversAction("kms:Decrypt")
		}
	}
	var both []string
	for who := range admin {
		if admin[who] && reader[who] {
			both = append(both, who[strings.LastIndex(who, ":")+1:])
		}
	}
	slices.Sort(both)
	return both
}
