package aws

import (
	"context"
	"errors"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stateward/stateward/model"
)

// accountWait bounds the one request that asks whose account it is: a plan says
// so, but does not wait for an STS that is out of reach.
const accountWait = 3 * time.Second

// PlanUnlock works out how to remove the lock that the request names.
func (c *Client) PlanUnlock(ctx context.Context, b model.Backend, key string, r model.UnlockRequest) (*model.Plan, error) {
	return c.placed(ctx, b, func(ctx context.Context) (*model.Plan, error) { return c.planUnlock(ctx, b, key, r) })
}

// PlanRestore works out how to restore the version that the request names. An
// error means that there is nothing to plan about.
func (c *Client) PlanRestore(ctx context.Context, b model.Backend, key string, r model.RestoreRequest) (*model.Plan, error) {
	return c.placed(ctx, b, func(ctx context.Context) (*model.Plan, error) { return c.planRestore(ctx, b, key, r) })
}

// PlanRepair works out how to make a state and its digest agree.
func (c *Client) PlanRepair(ctx context.Context, b model.Backend, key string, r model.RepairRequest) (*model.Plan, error) {
	return c.placed(ctx, b, func(ctx context.Context) (*model.Plan, error) { return c.planRepair(ctx, b, key, r) })
}

// PlanRecover works out how to finish or undo an operation that was interrupted.
func (c *Client) PlanRecover(ctx context.Context, b model.Backend, key, reason string) (*model.Plan, error) {
	return c.placed(ctx, b, func(ctx context.Context) (*model.Plan, error) { return c.planRecover(ctx, b, key, reason) })
}

// placed makes a plan, and finds out meanwhile where it would change something.
func (c *Client) placed(ctx context.Context, b model.Backend, plan func(context.Context) (*model.Plan, error)) (*model.Plan, error) {
	var account string
	var why error
	asking, stop := context.WithCancel(ctx)
	defer stop()
	g := newGroup()
	g.Go(func() error { account, why = c.account(asking, b); return nil })
	p, err := plan(ctx)
	if err != nil {
		stop() // nobody reads the answer
	}
	if asked := g.Wait(); err != nil || p == nil || asked != nil {
		return p, errors.Join(err, asked)
	}
	p.Where = c.way(ctx, b)
	p.Where.Account, p.Where.AccountUnknown = account, model.Reason(why)
	return p, nil
}

// way is where a backend is, but for the account, which takes a request.
func (c *Client) way(ctx context.Context, b model.Backend) model.Where {
	program := c.opts.Program
	program.Profile, program.Region, program.EndpointURL = c.opts.Profile, c.opts.Region, c.opts.EndpointURL
	w := program.Where(b)
	if s, err := c.session(ctx, b.Access); err == nil {
		w.Profile, w.Role = orElse(s.who.profile, profileOf(s.cfg)), s.who.role
	}
	if region, err := c.regionOf(ctx, b); err == nil {
		w.Region = region
	}
	w.Endpoint = orElse(c.storeOf(ctx, b), w.Endpoint)
	return w
}

// known is way with the account, where it was asked for before.
func (c *Client) known(ctx context.Context, b model.Backend) model.Where {
	w := c.way(ctx, b)
	if account, ok := c.accounts.known(c.at(b.Access, sts.ServiceID, "")); ok {
		w.Account, w.AccountUnknown = account, ""
	}
	return w
}

// errOtherAccounts: a store of its own has accounts of its own.
const errOtherAccounts = errText("the endpoint is not AWS, and none is named for STS")

// account is the account of the identity that a backend is reached with.
func (c *Client) account(ctx context.Context, b model.Backend) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, min(accountWait, c.timeout()))
	defer cancel()
	return c.accounts.get(ctx, c.at(b.Access, sts.ServiceID, ""), func(ctx context.Context) (string, error) {
		api, err := c.sts(ctx, b)
		if err != nil {
			return "", err
		}
		if sdk.ToString(api.Options().BaseEndpoint) == "" && c.storeOf(ctx, b) != "" {
			return "", errOtherAccounts
		}
		out, err := api.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			return "", failure(err, "asking who asks", "the account", "sts:GetCallerIdentity")
		}
		return sdk.ToString(out.Account), nil
	})
}
