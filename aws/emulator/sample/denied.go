package sample

import (
	"strings"

	"github.com/stateward/stateward/aws/emulator"
)

// DeniedAction is what Restrict takes away, on the KMS key behind LiveBucket.
const DeniedAction = "kms:GetKeyRotationStatus"

// Restrict takes from every caller the right to see whether the key behind
// LiveBucket rotates, as the policy of a team does that lets others use its key
// and no more. It leaves one fact unknown, so that what is denied can be seen.
// The server's Allow, without arguments, gives it back. Seed must have returned
// before.
func Restrict(s *emulator.Server) error {
	w := &writer{server: s, now: s.Now()}
	answer, err := w.send(jsonEvent(w.now, live().region, targetKMS+"DescribeKey", fields{"KeyId": "alias/" + euKey}))
	if err != nil {
		return err
	}
	arn, err := keyARN(answer)
	if err != nil {
		return err
	}
	s.AllowOnly(func(action, resource string) bool { return !strings.EqualFold(action, DeniedAction) || resource != arn })
	return nil
}
