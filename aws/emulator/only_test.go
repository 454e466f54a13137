package emulator_test

import (
	"testing"

	"github.com/stateward/stateward/aws/emulator"
)

// only is a case that runs on the emulator alone. Its reason says why moto is
// no witness; each reason is also in the package's documentation.
type only struct {
	reason  string
	options emulator.Options
	run     func(*testing.T, *emulator.Server, *target)
}

// TestOnlyHere runs what AWS documents and moto 5.2 does not do.
func TestOnlyHere(t *testing.T) {
	for _, cases := range []map[string]only{markerCases(), historyCases(), nullVersionCases(), encryptionCases(), integrityCases(), protectionCases(), storeOptionCases(), regionCases(), keyStateCases(), rotationCases(), onlyAccountCases(), expressionCases()} {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				if c.reason == "" {
					t.Fatal("a case that only the emulator runs needs a reason")
				}
				s, tg := startServer(t, c.options)
				c.run(t, s, tg)
			})
		}
	}
}
