package aws_test

import (
	"errors"
	"testing"

	"github.com/stateward/stateward/aws/emulator"
	"github.com/stateward/stateward/model"
)

func TestADamagedRowIsNoLockOfSomebodyElse(t *testing.T) {
	l := newLab(t, model.MechanismDynamoDB)
	l.lock(lockRaw(staleID, "ci@runner-17"))
	c := l.client()
	plan := l.planUnlock(c, staleID)
	l.server.OnRequest(func(r emulator.Request) *emulator.Fault {
		if r.Operation == "GetItem" {
			return &emulator.Fault{CorruptChecksum: true}
		}
		return nil
	})
	res := c.Run(t.Context(), plan, []string{staleID}, nil)
	wantOutcome(t, res, model.OutcomeFailed)
	if res.Holder != nil || !errors.Is(res.Err, model.ErrInvalid) {
		t.Errorf("holder %+v, error %v", res.Holder, res.Err)
	}
}
