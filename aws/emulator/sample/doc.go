// Package sample is the fleet that `stateward demo` shows: five backends with
// some fifty states, written over simulated weeks, and a colleague at work on
// one of them.
//
// [Restrict] takes one right away from whoever looks at it.
//
// It is a package of its own because the emulator stands in for AWS and must
// know no story: the fleet speaks to it through its exported API alone, as any
// client does, and only the demo links the text it is made of.
//
// Everything is made up. Secrets read "demo-not-a-secret", the encrypted state
// holds no ciphertext, and all of it is the same from run to run, but for the
// times, which are relative to the moment of seeding.
package sample
