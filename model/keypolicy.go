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
	p := keyPolicy{account: k.Account, doc: doc}
	var all []KeyFinding
	if who := p.everybody(); who != "" {
		all = append(all, KeyFinding{Rule: "key-policy-wildcard", Severity: "high", Text: "the key policy lets anybody in (" + who + ") and no condition narrows it"})
	}
	if foreign := p.foreign(); len(foreign) > 0 {
		all = append(all, KeyFinding{Rule: "key-policy-cross-account", Severity: "medium", Text: "the key policy lets in " + namedWords("other account", foreign)})
	}
	if p.rootOnly() {
		all = append(all, KeyFinding{Rule: "key-policy-root-only", Severity: "low", Text: "the key policy names the account alone: every IAM policy with kms:* may read states, and delete the key"})
	}
	if both := p.adminsWhoDecrypt(); len(both) > 0 {
		all = append(all, KeyFinding{Rule: "key-policy-separation", Severity: "low", Text: "no separation: " + strings.Join(both, ", ") + " may both administer the key and decrypt with it"})
	}
	return all
}

// keyPolicy is a key policy under judgement. Its resource is always the key.
type keyPolicy struct {
	account string // that owns the key; "" when not known
	doc     PolicyDocument
}

func (p keyPolicy) allows() []PolicyStatement {
	return slices.DeleteFunc(slices.Clone(p.doc.Statements), func(s PolicyStatement) bool { return s.Effect != PolicyAllow })
}

// everybody is how a statement that allows names all principals of all accounts
// without a condition that tells who they must be; "" when none does.
func (p keyPolicy) everybody() string {
	for _, s := range p.allows() {
		if slices.ContainsFunc(s.Conditions, narrowsPrincipal) {
			continue
		}
		if len(s.NotPrincipals) > 0 {
			return "NotPrincipal"
		}
		if slices.ContainsFunc(s.Principals, isAnybody) {
			return "Principal *"
		}
	}
	return ""
}

func isAnybody(p PolicyPrincipal) bool {
	return p.Value == "*" && (p.Type == "*" || p.Type == "AWS")
}

// narrowsPrincipal reports whether a condition holds for known accounts,
// organisations, principals or networks alone (AWS global condition keys and
// kms:CallerAccount). kms:ViaService does not: every account has that service.
func narrowsPrincipal(c PolicyCondition) bool {
	switch strings.ToLower(c.Key) {
	case "kms:calleraccount", "aws:principalaccount", "aws:principalorgid", "aws:principalorgpaths", "aws:principalarn",
		"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourcevpc", "aws:sourcevpce", "aws:userid":
	default:
		return false
	}
	switch strings.TrimPrefix(strings.ToLower(c.Operator), "foranyvalue:") {
	case "stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike":
		return !slices.Contains(c.Values, "*")
	}
	return false // negations, and operators that hold where the key is absent
}

// rootAccount is the account that a principal stands for as a whole.
func rootAccount(p PolicyPrincipal) (account string, ok bool) {
	if p.Type != "AWS" {
		return "", false
	}
	if len(p.Value) == 12 && strings.Trim(p.Value, "0123456789") == "" {
		return p.Value, true
	}
	if parts := strings.SplitN(p.Value, ":", 6); len(parts) == 6 && parts[5] == "root" {
		return parts[4], true
	}
	return "", false
}

// rootOnly reports whether the policy leaves all to the IAM policies of the
// key's own account.
func (p keyPolicy) rootOnly() bool {
	found := false
	for _, s := range p.allows() {
		for _, who := range s.Principals {
			account, root := rootAccount(who)
			if !root || p.account != "" && account != p.account {
				return false
			}
			found = true
		}
		if len(s.NotPrincipals) > 0 {
			return false
		}
	}
	return found
}

// foreign are the accounts beside the key's own that statements let in, sorted.
func (p keyPolicy) foreign() []string {
	var all []string
	for _, s := range p.allows() {
		for _, who := range s.Principals {
			account := ""
			if parts := strings.SplitN(who.Value, ":", 6); who.Type == "AWS" && len(parts) == 6 {
				account = parts[4]
			} else if id, ok := rootAccount(who); ok {
				account = id
			}
			if account != "" && p.account != "" && account != p.account && !slices.Contains(all, account) {
				all = append(all, account)
			}
		}
	}
	slices.Sort(all)
	return all
}

// adminsWhoDecrypt are the principals, other than whole accounts, who may both
// change or delete the key and read what it encrypts, sorted.
func (p keyPolicy) adminsWhoDecrypt() []string {
	admin, reader := map[string]bool{}, map[string]bool{}
	for _, s := range p.allows() {
		administers := s.allowsAction("kms:PutKeyPolicy") || s.allowsAction("kms:ScheduleKeyDeletion")
		decrypts := s.allowsAction("kms:Decrypt")
		for _, who := range s.Principals {
			if _, root := rootAccount(who); root || who.Type != "AWS" || isAnybody(who) {
				continue
			}
			admin[who.Value] = admin[who.Value] || administers
			reader[who.Value] = reader[who.Value] || decrypts
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

// allowsAction reports whether the statement speaks of an action, by Action or
// by NotAction. IAM compares actions without regard to case.
func (s PolicyStatement) allowsAction(action string) bool {
	speaks := func(patterns []string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return matchesGlob(strings.ToLower(p), strings.ToLower(action)) })
	}
	if len(s.NotActions) > 0 {
		return !speaks(s.NotActions)
	}
	return speaks(s.Actions)
}
