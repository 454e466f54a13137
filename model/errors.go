package model

import (
	"errors"
	"strings"
)

// Sentinel is a kind of failure. Sentinels are constants, so nobody can
// reassign them; compare with errors.Is.
type Sentinel string

func (s Sentinel) Error() string { return string(s) }

// The kinds of failure that callers tell apart.
const (
	ErrNotFound    = Sentinel("not found")
	ErrDenied      = Sentinel("access denied")
	ErrChanged     = Sentinel("a condition did not hold")
	ErrLocked      = Sentinel("locked")
	ErrUnsupported = Sentinel("not supported")
	ErrThrottled   = Sentinel("throttled")
	ErrExpired     = Sentinel("credentials expired")
	ErrNoIdentity  = Sentinel("no credentials")
	ErrTimeout     = Sentinel("no answer in time")
	ErrUnreachable = Sentinel("endpoint not reachable")
	ErrReadOnly    = Sentinel("read-only")
	ErrRefused     = Sentinel("refused")
	ErrInvalid     = Sentinel("not valid")
	ErrStranger    = Sentinel("not the service's answer")
	ErrJournal     = Sentinel("the journal cannot be used")
)

// Failure says what was tried, on what, why it failed and what to do next.
// It matches its Kind with errors.Is and unwraps to the cause.
type Failure struct {
	Kind   Sentinel
	Tried  string // "reading the versioning", a gerund phrase
	On     string // "s3://bucket/key", "table acme-locks"
	Action string // the missing IAM action when Kind is ErrDenied: "s3:GetBucketVersioning"
	Denier string // the policy that denies it explicitly: "a bucket policy"; "" when none does, or nobody says so
	Code   string // the service's own error code, when there was an answer; of a stranger's what it is
	Next   string // what to do next, a full imperative sentence; may be empty
	// Command is the command line that does it; Next then ends without a stop.
	Command string
	Cause   error
}

func (f *Failure) Error() string {
	var b strings.Builder
	b.WriteString(f.Tried)
	if f.On != "" {
		b.WriteString(" of " + f.On)
	}
	b.WriteString(": " + f.short())
	switch next := f.Hint().String(); {
	case next != "" && f.Kind == ErrRefused:
		b.WriteString(": " + next)
	case next != "":
		b.WriteString(". " + next)
	}
	return b.String()
}

// Hint is what to do next, and the command that does it.
func (f *Failure) Hint() Hint { return Hint{f.Next, f.Command} }

// Reason is the short form that a column or an "unknown" field shows:
// "AccessDenied s3:GetBucketVersioning". Where what is wrong is wrong for every
// request, which host or profile it is and what to do are part of it: then there
// is often nothing else that would tell.
func (f *Failure) Reason() string {
	if f.general() && f.Next != "" {
		return f.short() + ": " + strings.TrimSuffix(f.Hint().String(), ".")
	}
	return f.short()
}

// At is the reason for not reading a place: "AccessDenied dynamodb:Scan on table t".
func (f *Failure) At(place string) string {
	said := f.short() + " on " + place
	if f.general() && f.Next != "" {
		said += ". " + f.Hint().String()
	}
	return said
}

// general reports whether what is wrong is nothing of this one request: the
// credentials, or the way to the endpoint.
func (f *Failure) general() bool {
	switch f.Kind {
	case ErrExpired, ErrNoIdentity, ErrUnreachable, ErrStranger:
		return true
	case ErrDenied:
		return RejectsCredentials(f.Code)
	default:
		return false
	}
}

// RejectsCredentials reports whether a service's error code says that it does
// not know the credentials themselves, whatever was asked with them.
func RejectsCredentials(code string) bool {
	switch code {
	case "InvalidAccessKeyId", "UnrecognizedClientException", "InvalidClientTokenId", "SignatureDoesNotMatch", "InvalidSignatureException",
		"MissingAuthenticationToken", "MissingAuthenticationTokenException", "IncompleteSignature":
		return true
	}
	return false
}

func (f *Failure) short() string {
	switch {
	case f.Kind == ErrDenied && f.Action != "" && f.Denier != "":
		return "AccessDenied " + f.Action + " by an explicit deny in " + f.Denier
	case f.Kind == ErrDenied && f.Action != "":
		return "AccessDenied " + f.Action
	case f.Kind != "" && f.Code != "":
		return string(f.Kind) + " (" + f.Code + ")"
	case f.Kind != "":
		return string(f.Kind)
	case f.Cause != nil:
		return f.Cause.Error()
	}
	return "failed"
}

// Is reports whether target is this failure's kind.
func (f *Failure) Is(target error) bool { return target == error(f.Kind) }

func (f *Failure) Unwrap() error { return f.Cause }

// Reason is the short reason of any error, for columns and "unknown" fields.
func Reason(err error) string {
	var f *Failure
	if errors.As(err, &f) {
		return f.Reason()
	}
	if err == nil {
		return ""
	}
	return err.Error()
}

// ReasonAt is the reason for which any error kept a place from being read.
func ReasonAt(err error, place string) string {
	var f *Failure
	if errors.As(err, &f) {
		return f.At(place)
	}
	return Reason(err) + " on " + place
}
