package aws_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/stateward/stateward/aws"
	"github.com/stateward/stateward/model"
)

// raceOperator runs stateward again and again. Each run is a process of its own.
type raceOperator struct {
	*race
	name    string
	chance  *rand.Rand
	runs    int
	refused bool // the last one was: perhaps by the lock of somebody dead
}

// operate does something at random until the clients have ended.
func (r *race) operate(i int, ended <-chan struct{}) {
	defer r.order.rush() // a clock that nobody drives stands still
	o := &raceOperator{race: r, name: fmt.Sprintf("op-%d", i), chance: r.chance(-i)}
	for !r.t.Failed() {
		select {
		case <-ended:
			return
		default:
			o.refused = o.process(o.something(), o.fate()) == model.OutcomeRefused
		}
	}
}

// planning is how a process makes its plan; nil is nothing to do.
type planning func(context.Context, *aws.Client) (*model.Plan, error)

func (o *raceOperator) something() planning {
	all := []planning{o.unlock, o.recover, o.repair, o.restore, o.restore}
	if o.refused {
		all = all[:3]
	}
	return all[o.chance.IntN(len(all))]
}

// fate is when a process dies at its work; nil is never.
func (o *raceOperator) fate() *doom {
	if o.chance.IntN(4) > 0 {
		return nil
	}
	return &doom{after: o.chance.IntN(16), answer: o.chance.IntN(2) == 0}
}

// process is one run of stateward: it plans, is confirmed and works.
func (o *raceOperator) process(plan planning, fate *doom) model.Outcome {
	o.runs++
	who, pid := fmt.Sprintf("%s-%d", o.name, o.runs), o.born()
	defer o.dies(pid)
	c := o.client(func(opts *aws.Options) {
		opts.Static = &aws.StaticCredentials{AccessKeyID: who, SecretAccessKey: "test"}
		opts.Actor = aws.Actor{Who: who, Host: "desk", PID: pid, Version: "stateward test"}
		opts.Alive = o.isAlive
		opts.Timeout = time.Minute // nothing hangs here: what takes long waits for a processor
	})
	p, err := plan(context.Background(), c)
	if err != nil {
		o.t.Errorf("%s: planning: %v", who, err)
	}
	if err != nil || p == nil {
		return model.OutcomeFailed
	}
	if fate != nil {
		o.order.doom(who, *fate)
	}
	res := c.Run(context.Background(), p, raceWords(p), nil)
	o.ended(who, p, res)
	return res.Outcome
}

// raceWords are the words that a plan asks for, but for DEAD: only who sees that
// the process of a record is gone may finish what it began.
func raceWords(p *model.Plan) []string {
	var typed []string
	for _, t := range p.Tokens {
		if t.Value != model.TokenDead {
			typed = append(typed, t.Value)
		}
	}
	return typed
}

// ended notes what the process told its operator. Without a fault of the
// network it can only be done, or refused.
func (o *raceOperator) ended(who string, p *model.Plan, res model.Result) {
	o.mu.Lock()
	o.told[who] = res
	o.mu.Unlock()
	died := o.order.died(who)
	if died {
		o.count.deadOperators.Add(1)
	}
	switch {
	case res.Outcome == model.OutcomeDone:
		o.counterOf(p).Add(1)
	case res.Outcome == model.OutcomeRefused:
		o.count.refusals.Add(1)
	case res.Outcome == model.OutcomeAlreadyGone, died:
	default:
		o.t.Errorf("%s: %s: outcome %s though nothing failed: %s", who, res.Operation, res.Outcome, res.Message)
	}
}

// counterOf is where an operation that is done is counted.
func (r *race) counterOf(p *model.Plan) *atomic.Int64 {
	switch {
	case p.Unlock != nil && isRecord(p.Unlock.Victims[0]):
		return &r.count.byHand
	case p.Operation == model.OpUnlock:
		return &r.count.unlocks
	case p.Operation == model.OpRestore:
		return &r.count.restores
	case p.Operation == model.OpRepair:
		return &r.count.repairs
	default:
		return &r.count.recoveries
	}
}

func isRecord(l model.Lock) bool {
	_, ours := model.ParseRecoveryRecord(l.Info.Info)
	return ours
}

func (o *raceOperator) restore(ctx context.Context, c *aws.Client) (*model.Plan, error) {
	var ids []string
	for page, err := range c.Versions(ctx, o.backend(), labKey) {
		if err != nil {
			return nil, err
		}
		for _, v := range page {
			ids = append(ids, v.VersionID)
		}
	}
	return c.PlanRestore(ctx, o.backend(), labKey, model.RestoreRequest{VersionID: ids[o.chance.IntN(len(ids))]})
}

// unlock removes the lock of a client that died.
func (o *raceOperator) unlock(ctx context.Context, c *aws.Client) (*model.Plan, error) {
	o.mu.Lock()
	victims := o.crashed
	o.mu.Unlock()
	if len(victims) == 0 {
		return nil, nil
	}
	latest := victims[max(0, len(victims)-3):] // the others' are long gone
	return o.unlockOf(latest[o.chance.IntN(len(latest))])(ctx, c)
}

func (r *race) unlockOf(id string) planning {
	return func(ctx context.Context, c *aws.Client) (*model.Plan, error) {
		return c.PlanUnlock(ctx, r.backend(), labKey, model.UnlockRequest{LockID: id})
	}
}

// recover finishes what a dead process began. Where the plan says that this is
// for people to decide, a person does as it says.
func (r *race) recover(ctx context.Context, c *aws.Client) (*model.Plan, error) {
	p, err := c.PlanRecover(ctx, r.backend(), labKey, "")
	if err != nil || p.Recover == nil || p.Recover.Stage != model.StageUnknown || r.isAlive(p.Recover.Record.PID).Or(true) {
		return p, err
	}
	return r.unlockOf(p.Recover.Held[0].Token())(ctx, c)
}

func (o *raceOperator) repair(ctx context.Context, c *aws.Client) (*model.Plan, error) {
	if o.chance.IntN(3) > 0 {
		return o.repairToBytes(ctx, c)
	}
	p, err := c.PlanRepair(ctx, o.backend(), labKey, model.RepairRequest{To: model.RepairToVersion})
	if errors.Is(err, model.ErrNotFound) {
		return nil, nil // the digest is right, so it names no other version
	}
	return p, err
}

func (r *race) repairToBytes(ctx context.Context, c *aws.Client) (*model.Plan, error) {
	return c.PlanRepair(ctx, r.backend(), labKey, model.RepairRequest{To: model.RepairToBytes})
}

// clearUp is what is done when all others have gone: finish what was begun,
// remove the locks of the dead, and make the digest right.
func (r *race) clearUp() {
	o := &raceOperator{race: r, name: "op-0"}
	for o.process(o.recover, nil) == model.OutcomeDone {
		continue // the next look finds the next
	}
	for _, id := range r.crashed {
		o.process(o.unlockOf(id), nil)
	}
	o.process(o.repairToBytes, nil)
}

// born is the id of a new process.
func (r *race) born() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	pid := len(r.alive) + 1
	r.alive[pid] = true
	return pid
}

func (r *race) dies(pid int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.alive[pid] = false
}

func (r *race) isAlive(pid int) model.Fact[bool] {
	r.mu.Lock()
	defer r.mu.Unlock()
	return model.Known(r.alive[pid])
}
