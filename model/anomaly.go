package model

import (
	"strconv"
	"strings"
)

// Anomaly is one thing that is odd about a version of a state.
type Anomaly struct {
	Rule Rule   `json:"rule"`
	Text string `json:"text"`
}

// Rule names the rule by which a version is odd. Scripts rely on the names.
type Rule string

// The rules.
const (
	RuleSerialRepeated  Rule = "serial-repeated"       // an older version has the same serial
	RuleSerialBack      Rule = "serial-back"           // it is lower than that of the version before
	RuleLineageChanged  Rule = "lineage-changed"       // another lineage than the version before
	RuleResourcesHalved Rule = "resources-halved"      // half of the resources or more are gone
	RuleOutputsSurvive  Rule = "outputs-survive"       // resources went, outputs stayed
	RuleRapidWrites     Rule = "rapid-writes"          // written within 90 s of the version before
	RuleEncryption      Rule = "encryption-differs"    // not encrypted as the bucket wants
	RuleOlderTool       Rule = "older-tool"            // written by an older tool than the version before
	RuleEmpty           Rule = "empty"                 // no bytes at all
	RuleTruncated       Rule = "truncated"             // cut off, or not written to its end
	RuleInvalid         Rule = "invalid"               // bytes that no tool can read as a state
	RuleRestored        Rule = "restored-by-stateward" // not wrong: what a restore wrote
)

// Damage reports whether a rule speaks of a version that may have lost what the
// state held before. The others only ask for a look.
func (r Rule) Damage() bool {
	switch r {
	case RuleSerialBack, RuleLineageChanged, RuleResourcesHalved, RuleOutputsSurvive, RuleEmpty, RuleTruncated, RuleInvalid:
		return true
	case RuleSerialRepeated, RuleRapidWrites, RuleEncryption, RuleOlderTool, RuleRestored:
	}
	return false
}

// Author is who wrote a version, where that can be told.
type Author struct {
	Who       string
	Operation string // as the lock has it: OperationTypeApply, state-rm, stateward-restore
	LockID    string // "" where the journal tells it
	From      string // the version whose content a restore of stateward wrote again; "" for all other writes
}

// OperationName is the operation in a word: "apply" for OperationTypeApply.
func (a Author) OperationName() string { return LockInfo{Operation: a.Operation}.OperationName() }

// Attribution is what is told of who wrote a version.
type Attribution struct {
	WrittenBy Fact[Author]
	// HeldBy is whose lock stayed on when the version was written, and who so may
	// have written it. It is zero where WrittenBy is known, and where nobody is.
	HeldBy Author
}

// Change is what a version changed against the one before, in resource
// instances.
type Change struct {
	Added, Changed, Removed int
	// Net says that only the numbers of resources were known: Added or Removed
	// is their difference, and what else changed is not known.
	Net bool
}

// String is what changed: "+3 ~1 -40", "net -58" where only the numbers were
// known, and "" when nothing did.
func (c Change) String() string {
	var parts []string
	for _, p := range []struct {
		sign string
		n    int
	}{{"+", c.Added}, {"~", c.Changed}, {"-", c.Removed}} {
		if p.n > 0 {
			parts = append(parts, p.sign+strconv.Itoa(p.n))
		}
	}
	if c.Net && len(parts) > 0 {
		parts = append([]string{"net"}, parts...)
	}
	return strings.Join(parts, " ")
}
