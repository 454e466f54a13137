package model

// Fact is a value that was read, was not read yet, or could not be read.
// The zero Fact is "not read yet"; nothing is ever guessed.
type Fact[T any] struct {
	value  T
	known  bool
	reason string
}

// Known is a fact that was read.
func Known[T any](v T) Fact[T] { return Fact[T]{value: v, known: true} }

// Unknown is a fact that could not be read, and why.
func Unknown[T any](reason string) Fact[T] {
	if reason == "" {
		reason = "unknown"
	}
	return Fact[T]{reason: reason}
}

// FactOf is Known(v), or Unknown with the reason of err.
func FactOf[T any](v T, err error) Fact[T] {
	if err != nil {
		return Unknown[T](Reason(err))
	}
	return Known(v)
}

// Get returns the value and whether it is known.
func (f Fact[T]) Get() (T, bool) { return f.value, f.known }

// IsKnown reports whether the value was read.
func (f Fact[T]) IsKnown() bool { return f.known }

// IsUnknown reports whether reading was tried and failed.
func (f Fact[T]) IsUnknown() bool { return !f.known && f.reason != "" }

// Reason is why the value is unknown; empty when known or not read yet.
func (f Fact[T]) Reason() string { return f.reason }

// Or is the value, or other when it is not known.
func (f Fact[T]) Or(other T) T {
	if f.known {
		return f.value
	}
	return other
}
