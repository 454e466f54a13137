package model

import (
	"fmt"
	"slices"
	"strings"
)

// truth is the answer to a question about a policy.
type truth int

const (
	no truth = iota
	perhaps
	yes
)

// deniesPlainHTTP says whether the policy denies a request of anybody that comes
// without TLS, and why not. One statement that denies only some is a no; several
// might together deny all, which is not worked out.
func (d PolicyDocument) deniesPlainHTTP(r policyRequest) (truth, string) {
	partial, unclear := 0, 0
	why := ""
	for _, s := range d.Statements {
		if s.Effect != PolicyDeny || !s.coversAction(r.action) {
			continue
		}
		conditions := coversPlainHTTP(s.Conditions)
		switch s.coversPrincipals().both(s.coversResource(r)).both(conditions) {
		case coversAll:
			return yes, ""
		case coversSome:
			partial++
			why = s.name() + " denies it for some only: " + s.limits(r)
		case coversUnclear:
			unclear++
			why = s.name() + " cannot be evaluated"
		case coversNone: // it is about other requests
		}
	}
	if partial > 1 || unclear > 0 {
		return perhaps, why
	}
	return no, why
}

// limits is what makes a statement hold for some requests only.
func (s PolicyStatement) limits(r policyRequest) string {
	var limits []string
	if s.coversPrincipals() != coversAll {
		limits = append(limits, "not every principal")
	}
	if s.coversResource(r) != coversAll {
		limits = append(limits, "not every key")
	}
	for _, c := range s.Conditions {
		if c.onPlainHTTP() == coversSome {
			limits = append(limits, "only under "+c.String())
		}
	}
	return strings.Join(limits, ", ")
}

// name is how a statement is called: by its Sid where it has one.
func (s PolicyStatement) name() string {
	if s.Sid == "" {
		return "an unnamed " + strings.ToLower(s.Effect) + " statement"
	}
	return "statement " + s.Sid
}

// String is the condition as people write it: StringEquals aws:PrincipalOrgID = o-1.
func (c PolicyCondition) String() string {
	return c.Operator + " " + c.Key + " = " + strings.Join(c.Values, ", ")
}

// OpenGrants are the statements that let strangers in: they allow something to
// everybody, or to everybody but a few, and no condition for sure keeps it to
// known people or places. doubtful are those of which that cannot be told: with a
// condition that is not understood, or where a deny may take it back.
func (d PolicyDocument) OpenGrants() (open, doubtful []PolicyStatement) {
	for _, s := range d.Statements {
		if s.Effect != PolicyAllow || !s.toStrangers() {
			continue
		}
		switch {
		case slices.ContainsFunc(s.Conditions, PolicyCondition.narrows), d.takenBack(s) == yes:
		case slices.ContainsFunc(s.Conditions, PolicyCondition.mayNarrow), d.takenBack(s) == perhaps:
			doubtful = append(doubtful, s)
		default:
			open = append(open, s)
		}
	}
	return open, doubtful
}

// toStrangers reports an allow for everybody, or for all but those named.
func (s PolicyStatement) toStrangers() bool {
	return len(s.NotPrincipals) > 0 || slices.ContainsFunc(s.Principals, PolicyPrincipal.everybody)
}

// mayNarrow reports conditions that might keep strangers out. That a request
// comes by TLS, or which headers it has, is for the stranger to choose.
func (c PolicyCondition) mayNarrow() bool {
	switch strings.ToLower(c.Key) {
	case "aws:securetransport", "s3:tlsversion", "s3:prefix", "s3:delimiter", "s3:max-keys", "s3:x-amz-acl",
		"s3:x-amz-server-side-encryption", "aws:useragent", "aws:referer", "s3:authtype", "s3:signatureversion":
		return false
	}
	return !strings.EqualFold(c.Operator, "IpAddress") || !slices.ContainsFunc(c.Values, wideRange)
}

// takenBack says whether explicit denies, which always win, take a grant to
// strangers back: yes for one that denies everybody all of it without a condition,
// perhaps for another that is about the same actions and may meet every stranger.
// One for named principals does not.
func (d PolicyDocument) takenBack(grant PolicyStatement) truth {
	answer := no
	for _, s := range d.Statements {
		if s.Effect != PolicyDeny || !s.overlaps(grant) {
			continue
		}
		if s.wholly(grant) {
			return yes
		}
		all := s.coversPrincipals() == coversAll
		if all && slices.ContainsFunc(s.Conditions, PolicyCondition.mayNarrow) || len(s.NotPrincipals) > 0 {
			answer = perhaps
		}
	}
	return answer
}

// overlaps reports whether some action may be in both statements.
func (s PolicyStatement) overlaps(grant PolicyStatement) bool {
	if len(s.NotActions) > 0 || len(grant.NotActions) > 0 {
		return true
	}
	return slices.ContainsFunc(grant.Actions, func(a string) bool {
		return s.coversAction(a) || slices.ContainsFunc(s.Actions, func(b string) bool {
			return policyMatches(strings.ToLower(a), strings.ToLower(b))
		})
	})
}

// wholly reports a deny that for sure takes all of a grant back. A pattern of the
// grant is taken for a text: one with stars only that matches it matches all that
// it matches.
func (s PolicyStatement) wholly(grant PolicyStatement) bool {
	hard := func(pattern string) bool { return strings.Contains(pattern, "?") || hasVariable(pattern) }
	if len(s.Conditions) > 0 || s.coversPrincipals() != coversAll || len(grant.Actions) == 0 || len(grant.Resources) == 0 ||
		len(s.NotActions) > 0 || len(s.NotResources) > 0 || slices.ContainsFunc(slices.Concat(s.Actions, s.Resources), hard) {
		return false
	}
	left := func(a string) bool { return !s.coversAction(a) }
	leftOf := func(r string) bool { return s.coversResource(policyRequest{resource: r}) != coversAll }
	return !slices.ContainsFunc(grant.Actions, left) && !slices.ContainsFunc(grant.Resources, leftOf)
}

// OutsideGrants are what the policy allows to others than the account, a sentence
// each: other accounts, everybody, federated users, other canonical users.
// AWS services are not told; a grant that conditions keep to the account is none.
func (d PolicyDocument) OutsideGrants(account string) []string {
	var grants []string
	for _, s := range d.Statements {
		if s.Effect != PolicyAllow || s.keptTo(account) || d.takenBack(s) == yes {
			continue
		}
		for _, p := range s.outsiders(account) {
			grants = append(grants, fmt.Sprintf("%s (%s) by %s%s", p, s.allowed(), s.name(), s.under()))
		}
	}
	return grants
}

// outsiders are the principals of the statement that are not of the account.
func (s PolicyStatement) outsiders(account string) []string {
	var out []string
	if len(s.NotPrincipals) > 0 {
		out = append(out, "everybody but some")
	}
	for _, p := range s.Principals {
		switch {
		case p.everybody():
			out = append(out, "everybody")
		case p.Type == "Service", p.account() == account, p.deleted():
		case p.Type == "CanonicalUser":
			out = append(out, "canonical user "+p.Value)
		default:
			out = append(out, p.Value)
		}
	}
	return out
}

// deleted reports the unique id that IAM leaves of a user (AIDA…) or a role
// (AROA…) that is gone: it lets nobody in, whatever is made anew under the name
// (IAM User Guide, "AWS JSON policy elements: Principal").
func (p PolicyPrincipal) deleted() bool {
	return p.Type == "AWS" && (strings.HasPrefix(p.Value, "AIDA") || strings.HasPrefix(p.Value, "AROA"))
}

// account is the account of a principal: of an ARN, or the number alone.
func (p PolicyPrincipal) account() string { return accountOf(p.Value) }

func accountOf(name string) string {
	if parts := strings.SplitN(name, ":", 6); len(parts) == 6 && parts[0] == "arn" {
		return parts[4]
	}
	return name
}

// keptTo reports whether a condition keeps the statement to the account.
func (s PolicyStatement) keptTo(account string) bool {
	return slices.ContainsFunc(s.Conditions, func(c PolicyCondition) bool {
		switch strings.ToLower(c.Key) {
		case "aws:principalaccount", "aws:sourceaccount", "kms:calleraccount", "aws:principalarn":
			return c.narrows() && !slices.ContainsFunc(c.Values, func(v string) bool { return accountOf(v) != account })
		}
		return false
	})
}

// allowed is the statement's actions in few words.
func (s PolicyStatement) allowed() string {
	if len(s.NotActions) > 0 {
		return "all but " + inShort(s.NotActions, 3)
	}
	return inShort(s.Actions, 3)
}

// under is the statement's conditions as the end of a sentence.
func (s PolicyStatement) under() string {
	if len(s.Conditions) == 0 {
		return ""
	}
	var all []string
	for _, c := range s.Conditions {
		all = append(all, c.String())
	}
	return " under " + strings.Join(all, " and ")
}

// inShort lists the first n of all, and says how many more there are.
func inShort(all []string, n int) string {
	if len(all) <= n {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:n], ", "), len(all)-n)
}
