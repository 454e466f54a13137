package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

func (p *Plan) fact(label, text string) {
	p.Facts = append(p.Facts, PlanLine{Label: label, Text: text})
}

func (p *Plan) step(name, does, condition string) {
	p.Steps = append(p.Steps, PlanStep{Name: name, Does: does, Condition: condition})
}

func (p *Plan) refuse(why string) { p.Refusals = append(p.Refusals, why) }

// refuseFor is refuse because of a lock: the first one is what JSON has as holder.
func (p *Plan) refuseFor(l Lock, why string) {
	p.refuse(why)
	if p.Holder == nil {
		p.Holder = &l
	}
}

func (p *Plan) warn(text string) { p.Warnings = append(p.Warnings, text) }

// guard adds the refusals that hold for every operation.
func (p *Plan) guard(readOnly bool, expires, now time.Time) {
	policy := p.Backend.Policy
	switch {
	case readOnly:
		p.refuse("stateward runs read-only: start it without --read-only to change anything")
	case policy.ReadOnly:
		p.refuse("the policy of " + p.Backend.Bucket + " is read-only")
	}
	if policy.RequireReason && strings.TrimSpace(p.Reason) == "" {
		p.refuse("the policy of " + p.Backend.Bucket + " demands a reason: give --reason")
	}
	if why := tooShort(expires, now); why != "" {
		p.refuse(why)
	}
}

// tooShort is why credentials that expire then do not last for an operation.
func tooShort(expires, now time.Time) string {
	if expires.IsZero() || expires.Sub(now) >= expiryMargin {
		return ""
	}
	return fmt.Sprintf("the credentials expire in %s: renew them first, an operation needs 5 min", span(max(0, expires.Sub(now))))
}

// RefusedFor is the error that says that the credentials of now, which expire
// then, do not last for the operation, or nil. A plan may have been looked at
// for long. The zero time never comes.
func (p *Plan) RefusedFor(expires, now time.Time) error {
	why := tooShort(expires, now)
	if why == "" {
		return nil
	}
	return &Failure{Kind: ErrRefused, Tried: string(p.Operation), On: p.URL(), Cause: errors.New(why), Next: why}
}

// Enforce is the plan under a policy, whoever made the plan and whatever it says
// of itself: with the refusals and the tokens that the policy adds to its own.
// The plan itself stays as it is.
func (p *Plan) Enforce(policy Policy) *Plan {
	held := *p
	held.Backend.Policy = p.Backend.Policy.Strictest(policy)
	held.Refusals, held.Tokens = slices.Clone(p.Refusals), slices.Clone(p.Tokens)
	held.guard(false, time.Time{}, time.Time{})
	held.protect()
	held.askUnguarded()
	if p.Unlock != nil {
		refuseYoung(&held, p.Unlock.Victims)
	}
	if p.Recover != nil {
		refuseForeign(&held, p.Recover.Held)
	}
	return &held
}

// refuseForeign: a recovery releases locks without asking how old they are or
// who holds them, so they must be those of the operation that it finishes.
func refuseForeign(p *Plan, held []Lock) {
	for _, l := range held {
		if r, ok := ParseRecoveryRecord(l.stored().Info); !ok || r.ID != p.Recover.Record.ID {
			p.refuse("the lock in " + l.Where() + " is not one of the operation that is recovered")
		}
	}
}

// protect asks for the backend's name where the policy says protected.
func (p *Plan) protect() {
	if p.Backend.Policy.Protected {
		p.Tokens = append(p.Tokens, Token{Label: "the backend's name", Value: p.Backend.name(), Why: "the policy protects this backend"})
	}
}

func unread(problems []string) []string {
	out := make([]string, 0, len(problems))
	for _, s := range problems {
		out = append(out, "Not read: "+s)
	}
	return out
}

// jsonObject is {"name":{"S":value}}, an attribute map of the DynamoDB API.
func jsonObject(name, value string) string {
	return jsonText(map[string]map[string]string{name: {"S": value}})
}

// jsonText is a value as a JSON document, with < > & as themselves.
func jsonText(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return "{}" // what is made of strings and booleans always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}
