package model

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestReasonsOfFailures(t *testing.T) {
	const login = "Log in again with: aws sso login --profile oncall"
	for name, c := range map[string]struct {
		err                error
		reason, at, atFull string
	}{
		"a denial": {&Failure{Kind: ErrDenied, Tried: "reading the rows", On: "table t", Action: "dynamodb:Scan", Next: "Allow it."},
			"AccessDenied dynamodb:Scan", "AccessDenied dynamodb:Scan on p", "reading the rows of table t: AccessDenied dynamodb:Scan. Allow it."},
		"expired credentials": {&Failure{Kind: ErrExpired, Tried: "listing", On: "s3://b", Next: login},
			"credentials expired: " + login, "credentials expired on p. " + login, "listing of s3://b: credentials expired. " + login},
		"no credentials, wrapped": {fmt.Errorf("again: %w", &Failure{Kind: ErrNoIdentity, Tried: "listing", Next: "Choose a profile."}),
			"no credentials: Choose a profile", "no credentials on p. Choose a profile.", "again: listing: no credentials. Choose a profile."},
		"an error of another kind": {errors.New("odd"), "odd", "odd on p", "odd"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Reason(c.err); got != c.reason {
				t.Errorf("reason %q", got)
			}
			if got := ReasonAt(c.err, "p"); got != c.at {
				t.Errorf("of a place %q", got)
			}
			if got := c.err.Error(); got != c.atFull {
				t.Errorf("error %q", got)
			}
		})
	}
}

func TestWhatIsWrongForEveryRequestIsNamedWithEveryReason(t *testing.T) {
	const next = "127.0.0.1:9 cannot be reached: check --endpoint-url."
	for name, c := range map[string]struct {
		failure Failure
		told    bool
	}{
		"a dead endpoint":           {Failure{Kind: ErrUnreachable, Next: next}, true},
		"expired credentials":       {Failure{Kind: ErrExpired, Next: next}, true},
		"an unknown access key":     {Failure{Kind: ErrDenied, Code: "InvalidAccessKeyId", Next: next}, true},
		"another account's secret":  {Failure{Kind: ErrDenied, Code: "SignatureDoesNotMatch", Next: next}, true},
		"a right that is missing":   {Failure{Kind: ErrDenied, Code: "AccessDenied", Action: "s3:GetObject", Next: next}, false},
		"a table that is not there": {Failure{Kind: ErrNotFound, Next: next}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if at := ReasonAt(&c.failure, "s3://b"); strings.Contains(at, next) != c.told {
				t.Errorf("at a place: %s", at)
			}
			if reason := Reason(&c.failure); strings.Contains(reason, strings.TrimSuffix(next, ".")) != c.told {
				t.Errorf("by itself: %s", reason)
			}
		})
	}
}
