package model

import (
	"slices"
	"strings"
)

// coverage is how many of the requests in question a statement is about. What
// cannot be evaluated is unclear, never all or none.
type coverage int

const (
	coversNone coverage = iota
	coversUnclear
	coversSome // at least one such request for sure is not covered
	coversAll
)

// both is the coverage of two demands that must hold together.
func (c coverage) both(d coverage) coverage {
	for _, least := range []coverage{coversNone, coversSome, coversUnclear} {
		if c == least || d == least {
			return least
		}
	}
	return coversAll
}

// either is the coverage of two alternatives. Two that cover some might together
// cover all: unclear.
func (c coverage) either(d coverage) coverage {
	switch {
	case c == coversAll || d == coversAll:
		return coversAll
	case c == coversNone:
		return d
	case d == coversNone:
		return c
	}
	return coversUnclear
}

// not is the coverage of what is left.
func (c coverage) not() coverage {
	switch c {
	case coversAll:
		return coversNone
	case coversNone:
		return coversAll
	default:
		return c
	}
}

// policyRequest is an action on a resource, or on every one below it.
type policyRequest struct {
	action   string
	resource string // an ARN; with below, what the ARNs start with
	below    bool
}

// coversAction says whether the statement is about the action. IAM compares
// actions without regard to case.
func (s PolicyStatement) coversAction(action string) bool {
	matches := func(pattern string) bool {
		return policyMatches(strings.ToLower(pattern), strings.ToLower(action))
	}
	if len(s.NotActions) > 0 {
		return !slices.ContainsFunc(s.NotActions, matches)
	}
	return slices.ContainsFunc(s.Actions, matches)
}

// coversResource says how much of the request's resources the statement is about.
func (s PolicyStatement) coversResource(r policyRequest) coverage {
	if len(s.NotResources) > 0 {
		return anyResource(s.NotResources, r).not()
	}
	return anyResource(s.Resources, r)
}

func anyResource(patterns []string, r policyRequest) coverage {
	c := coversNone
	for _, p := range patterns {
		c = c.either(r.in(p))
	}
	return c
}

// in says how much of the request's resources a pattern matches. A pattern that
// matches the start of all of them and ends in a star matches all.
func (r policyRequest) in(pattern string) coverage {
	switch {
	case hasVariable(pattern):
		return coversUnclear
	case !r.below:
		return coverageOf(policyMatches(pattern, r.resource))
	case strings.HasSuffix(pattern, "*") && policyMatches(pattern, r.resource):
		return coversAll
	case matchesBelow(pattern, r.resource):
		return coversSome
	}
	return coversNone
}

func coverageOf(all bool) coverage {
	if all {
		return coversAll
	}
	return coversNone
}

// coversPrincipals says how much of everybody the statement is about.
func (s PolicyStatement) coversPrincipals() coverage {
	if slices.ContainsFunc(s.Principals, PolicyPrincipal.everybody) {
		return coversAll
	}
	return coversSome // some are named, or (NotPrincipal) some are left out
}

// everybody reports whether the principal is anyone, signed in or not. IAM takes
// "*" and {"AWS": "*"} of a resource policy for the same.
func (p PolicyPrincipal) everybody() bool {
	return p.Value == "*" && (p.Type == "*" || p.Type == "AWS")
}

// policyMatches matches the whole text: * stands for any characters, ? for one.
func policyMatches(pattern, text string) bool {
	star, retry := -1, 0
	p, t := 0, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, retry = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			retry++
			p, t = star+1, retry
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// matchesBelow reports whether the pattern matches any text that starts with the
// prefix: some beginning of the pattern matches the prefix.
func matchesBelow(pattern, prefix string) bool {
	for i := range len(pattern) + 1 {
		if policyMatches(pattern[:i], prefix) {
			return true
		}
	}
	return false
}
