package model

import (
	"slices"
	"strconv"
	"strings"
)

// coversPlainHTTP says how many of the requests that come without TLS fulfil all
// conditions. What the request carries besides is anybody's choice, so a condition
// on anything else leaves some out.
func coversPlainHTTP(conditions []PolicyCondition) coverage {
	c := coversAll
	for _, condition := range conditions {
		c = c.both(condition.onPlainHTTP())
	}
	return c
}

// onPlainHTTP is a condition for requests without TLS: aws:SecureTransport is
// there in every request and false in these; s3:TlsVersion is not there at all.
func (c PolicyCondition) onPlainHTTP() coverage {
	switch strings.ToLower(c.Key) {
	case "aws:securetransport":
		return c.onValue("false")
	case "s3:tlsversion":
		return c.onAbsence()
	}
	return c.onAnything()
}

// onValue is a condition on a key that every request in question has, and has
// with this value.
func (c PolicyCondition) onValue(value string) coverage {
	if slices.ContainsFunc(c.Values, hasVariable) {
		return coversUnclear
	}
	alike := slices.ContainsFunc(c.Values, func(v string) bool { return strings.EqualFold(v, value) })
	switch strings.ToLower(strings.TrimSuffix(c.Operator, "IfExists")) {
	case "bool", "stringequalsignorecase":
		return coverageOf(alike)
	case "stringequals":
		return coverageOf(slices.Contains(c.Values, value))
	case "stringnotequals":
		return coverageOf(!slices.Contains(c.Values, value))
	case "null":
		return coverageOf(slices.Contains(c.Values, "false"))
	}
	return coversUnclear
}

// onAbsence is a condition on a key that no request in question has. What holds
// without the key is only evaluated in the form that people use for this,
// "less than, if it exists".
func (c PolicyCondition) onAbsence() coverage {
	switch strings.ToLower(c.Operator) {
	case "null":
		return coverageOf(slices.Contains(c.Values, "true"))
	case "numericlessthanifexists":
		return coversAll
	case "numericlessthan", "numericlessthanequals", "numericgreaterthan", "numericgreaterthanequals", "numericequals":
		return coversNone
	}
	return coversUnclear
}

// onAnything is a condition on a key whose value is not known: one that names
// values leaves out those who have others.
func (c PolicyCondition) onAnything() coverage {
	if c.namesValues() {
		return coversSome
	}
	return coversUnclear
}

// namesValues reports whether the condition compares with values that are
// written out: then it is neither always true nor always false.
func (c PolicyCondition) namesValues() bool {
	switch strings.TrimPrefix(strings.TrimSuffix(strings.ToLower(c.Operator), "ifexists"), "foranyvalue:") {
	case "stringequals", "stringnotequals", "stringequalsignorecase", "stringnotequalsignorecase", "bool",
		"stringlike", "stringnotlike", "arnequals", "arnlike", "arnnotequals", "arnnotlike", "ipaddress", "notipaddress":
		return len(c.Values) > 0 && !slices.ContainsFunc(c.Values, saysNothing)
	}
	return false
}

// saysNothing reports values that everything may match, or that each request
// fills in by itself.
func saysNothing(value string) bool {
	return strings.Trim(value, "*:?") == "" || hasVariable(value) || wideRange(value)
}

// wideRange reports an address range wider than /8, which S3 takes for public
// ("The meaning of public").
func wideRange(value string) bool {
	address, bits, ok := strings.Cut(value, "/")
	n, err := strconv.Atoi(bits)
	return ok && err == nil && n < 8 && strings.Trim(address, "0123456789abcdefABCDEF.:") == ""
}

// hasVariable reports a policy variable, which each request fills in by itself.
func hasVariable(s string) bool { return strings.Contains(s, "${") }

// narrowing are the keys that S3 and KMS accept to make a grant to everybody one
// to known people or places (S3: "The meaning of public"; KMS adds its own).
// They are compared in lower case.
func narrowingKey(key string) bool {
	switch strings.ToLower(key) {
	case "aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths", "aws:userid",
		"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceowner", "aws:sourceip", "aws:sourcevpc", "aws:sourcevpce",
		"s3:dataaccesspointaccount", "s3:dataaccesspointarn", "kms:calleraccount":
		return true
	}
	return false
}

// narrows reports whether the condition for sure keeps strangers out: it demands
// a known value of a key that tells who asks or from where. The IfExists forms do
// not, for a stranger may come without the key.
func (c PolicyCondition) narrows() bool {
	operator := strings.TrimPrefix(strings.ToLower(c.Operator), "foranyvalue:")
	positive := !strings.Contains(operator, "not") && !strings.Contains(operator, ":") && !strings.HasSuffix(operator, "ifexists")
	return positive && operator != "bool" && narrowingKey(c.Key) && c.namesValues() && !slices.ContainsFunc(c.Values, c.leavesOpen)
}

// leavesOpen reports a value whose wildcards leave open whose account, network or
// organisation it is. They may stand at the end of a unique id (AROA…:*), of the
// path in an organisation and of an ARN that names its account.
func (c PolicyCondition) leavesOpen(value string) bool {
	fixed := value
	switch key := strings.ToLower(c.Key); {
	case strings.HasPrefix(value, "arn:"):
		parts := strings.SplitN(value, ":", 6)
		if len(parts) < 6 {
			return true
		}
		if fixed = parts[4]; fixed == "" {
			fixed = parts[5]
		}
	case key == "aws:userid":
		fixed, _, _ = strings.Cut(value, ":")
	case key == "aws:principalorgpaths":
		fixed, _, _ = strings.Cut(value, "/")
	}
	return strings.ContainsAny(fixed, "*?")
}
