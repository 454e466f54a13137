package aws

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stateward/stateward/model"
)

// keyName is a KMS key as a bucket, a version or a table names it: an id, ARN,
// alias or alias ARN, which mean a key of the region unless they name another.
type keyName struct{ region, name string }

func newKeyName(region, name string) keyName {
	return keyName{region: orElse(model.KeyRegion(name), region), name: name}
}

// isKeyARN reports whether a name is already that of the key itself.
func isKeyARN(name string) bool {
	return model.KeyRegion(name) != "" && strings.Contains(name, ":key/")
}

// accountOfARN is the account that an ARN names, "" for any other name.
func accountOfARN(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return ""
}

// crossAccount is why KMS will not tell: ListKeyRotations, GetKeyPolicy and
// ListAliases answer for keys of the caller's own account only (AWS KMS API).
const crossAccount = "cross-account"

// keyFacts reads what there is to know about a key. First KMS resolves its name;
// the rest is read at a time, each fact for itself, and belongs to the ARN: a
// bucket names an alias where its objects name the key.
func (c *Client) keyFacts(ctx context.Context, b model.Backend, n keyName) model.Key {
	k := model.Key{ID: n.name, Region: n.region, Account: accountOfARN(n.name)}
	if isKeyARN(n.name) {
		k.ARN, k.ID = n.name, keyIDOf(n.name)
	}
	api, err := c.kms(ctx, b, n.region)
	if err != nil {
		return unreadKey(k, err)
	}
	if err := c.describe(ctx, api, &k, n.name); err != nil {
		k = describeFailed(k, err)
	}
	if k.ARN == "" || k.State.Or("") == model.KeyAbsent {
		return restUnread(k)
	}
	rest := func(ctx context.Context) model.Key { return c.restOf(ctx, b, api, k) }
	if isKeyARN(n.name) {
		return rest(ctx)
	}
	return c.sharedKey(ctx, b, newKeyName(n.region, k.ARN), rest)
}

// restOf reads what KMS tells of a described key besides, all at a time.
func (c *Client) restOf(ctx context.Context, b model.Backend, api *kms.Client, k model.Key) model.Key {
	foreign := c.isForeign(ctx, b, k.Account)
	var aliases model.Fact[[]string]
	var policy model.Fact[string]
	var history model.Fact[[]model.Rotation]
	rotation := k.Rotation
	g := newGroup()
	g.Go(func() error { c.rotationStatus(ctx, api, k, &rotation); return nil })
	if foreign {
		aliases, policy, history = model.Unknown[[]string](crossAccount), model.Unknown[string](crossAccount), model.Unknown[[]model.Rotation](crossAccount)
	} else {
		g.Go(func() error { aliases = c.aliasesOf(ctx, api, k.ARN); return nil })
		g.Go(func() error { policy = c.keyPolicy(ctx, api, k.ARN); return nil })
		g.Go(func() error { history = c.rotations(ctx, api, k); return nil })
	}
	_ = g.Wait() // the facts carry their reasons
	k.Aliases, k.Policy, k.Rotation = aliases, policy, withHistory(rotation, history)
	return k
}

// describe resolves a key's name and reads its metadata.
func (c *Client) describe(ctx context.Context, api *kms.Client, k *model.Key, name string) error {
	var out *kms.DescribeKeyOutput
	err := c.inTurn(ctx, func() (err error) {
		out, err = api.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &name})
		return err
	})
	if err != nil {
		return failure(err, "reading the state", "KMS key "+name, "kms:DescribeKey")
	}
	m := out.KeyMetadata
	if m == nil {
		return &model.Failure{Kind: model.ErrInvalid, Tried: "reading the state", On: "KMS key " + name, Next: "The answer describes no key."}
	}
	k.ID, k.ARN = sdk.ToString(m.KeyId), sdk.ToString(m.Arn)
	k.Account = orElse(accountOfARN(k.ARN), sdk.ToString(m.AWSAccountId))
	k.Manager, k.Origin = model.Known(model.KeyManager(m.KeyManager)), model.Known(string(m.Origin))
	k.Spec, k.Usage = model.Known(string(m.KeySpec)), model.Known(string(m.KeyUsage))
	k.MultiRegion = model.Known(sdk.ToBool(m.MultiRegion))
	k.State, k.DeletionDate = model.Known(model.KeyState(m.KeyState)), model.Known(sdk.ToTime(m.DeletionDate))
	k.ValidTo = model.Known(sdk.ToTime(m.ValidTo))
	if multi := m.MultiRegionConfiguration; multi != nil && multi.MultiRegionKeyType == kmstypes.MultiRegionKeyTypeReplica && multi.PrimaryKey != nil {
		k.Primary = sdk.ToString(multi.PrimaryKey.Arn)
	}
	k.Rotation.NotApplicable = model.RotationApplies(string(m.KeySpec), string(m.Origin))
	return nil
}

// describeFailed: of a key that is not there that alone is known.
func describeFailed(k model.Key, err error) model.Key {
	if !errors.Is(err, model.ErrNotFound) {
		return undescribed(k, model.Reason(err))
	}
	k = undescribed(k, "KMS knows no such key")
	k.State, k.DeletionDate, k.ValidTo = model.Known(model.KeyAbsent), model.Known(time.Time{}), model.Known(time.Time{})
	return k
}

func undescribed(k model.Key, why string) model.Key {
	k.Manager, k.MultiRegion = model.Unknown[model.KeyManager](why), model.Unknown[bool](why)
	k.Origin, k.Spec, k.Usage = model.Unknown[string](why), model.Unknown[string](why), model.Unknown[string](why)
	k.State, k.DeletionDate, k.ValidTo = model.Unknown[model.KeyState](why), model.Unknown[time.Time](why), model.Unknown[time.Time](why)
	return k
}

// restUnread is for a key of which nothing more can be asked: it has no ARN to
// ask by, or is not there.
func restUnread(k model.Key) model.Key {
	why := orElse(k.Manager.Reason(), "not read")
	k.Aliases, k.Policy = model.Unknown[[]string](why), model.Unknown[string](why)
	k.Rotation = model.KeyRotation{Enabled: model.Unknown[bool](why), PeriodDays: model.Unknown[int](why), Last: model.Unknown[time.Time](why),
		Next: model.Unknown[time.Time](why), History: model.Unknown[[]model.Rotation](why)}
	return k
}

func unreadKey(k model.Key, err error) model.Key {
	return restUnread(undescribed(k, model.Reason(err)))
}

func (c *Client) aliasesOf(ctx context.Context, api *kms.Client, arn string) model.Fact[[]string] {
	var all []string
	var pages trail
	in := &kms.ListAliasesInput{KeyId: &arn}
	for {
		var out *kms.ListAliasesOutput
		err := c.inTurn(ctx, func() (err error) { out, err = api.ListAliases(ctx, in); return err })
		if err != nil {
			return model.Unknown[[]string](model.Reason(failure(err, "listing the aliases", "KMS key "+arn, "kms:ListAliases")))
		}
		for _, a := range out.Aliases {
			all = append(all, sdk.ToString(a.AliasName))
		}
		switch {
		case !out.Truncated:
			slices.Sort(all)
			return model.Known(all)
		case !pages.fresh(sdk.ToString(out.NextMarker)):
			return model.Unknown[[]string](model.Reason(endless("KMS key " + arn)))
		}
		in.Marker = out.NextMarker
	}
}

// keyPolicy is the only policy that a key has; it is always named "default".
func (c *Client) keyPolicy(ctx context.Context, api *kms.Client, arn string) model.Fact[string] {
	var out *kms.GetKeyPolicyOutput
	err := c.inTurn(ctx, func() (err error) {
		out, err = api.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &arn, PolicyName: sdk.String("default")})
		return err
	})
	if err != nil {
		return model.Unknown[string](model.Reason(failure(err, "reading the policy", "KMS key "+arn, "kms:GetKeyPolicy")))
	}
	return model.Known(sdk.ToString(out.Policy))
}

// awsPeriod is how often AWS rotates the keys that it manages, in days: every
// year, which nobody can change (AWS KMS Developer Guide, "Rotate KMS keys").
const awsPeriod = 365

// rotationStatus reads the schedule. A key that cannot rotate by itself is not
// asked about.
func (c *Client) rotationStatus(ctx context.Context, api *kms.Client, k model.Key, r *model.KeyRotation) {
	if why := r.NotApplicable; why != "" {
		r.Enabled, r.PeriodDays, r.Next = model.Known(false), model.Known(0), model.Known(time.Time{})
		return
	}
	var out *kms.GetKeyRotationStatusOutput
	err := c.inTurn(ctx, func() (err error) {
		out, err = api.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: &k.ARN})
		return err
	})
	managed := k.Manager.Or("") == model.ManagerAWS
	switch {
	case err == nil:
		r.Enabled, r.PeriodDays = model.Known(out.KeyRotationEnabled), model.Known(int(sdk.ToInt32(out.RotationPeriodInDays)))
		r.Next = model.Known(sdk.ToTime(out.NextRotationDate))
	default:
		why := model.Reason(failure(err, "reading the rotation", "KMS key "+k.ARN, "kms:GetKeyRotationStatus"))
		r.Enabled, r.PeriodDays, r.Next = model.Unknown[bool](why), model.Unknown[int](why), model.Unknown[time.Time](why)
	}
	if managed {
		r.Enabled, r.PeriodDays = model.Known(true), model.Known(cmp.Or(r.PeriodDays.Or(0), awsPeriod))
	}
	if next, ok := r.Next.Get(); ok && next.IsZero() && r.Enabled.Or(false) {
		r.Next = model.Unknown[time.Time]("KMS does not say")
	}
}

// rotations are the renewals that happened, oldest first. Imported
// material of symmetric keys can be renewed on demand; other keys that cannot
// rotate by themselves are not renewed at all.
func (c *Client) rotations(ctx context.Context, api *kms.Client, k model.Key) model.Fact[[]model.Rotation] {
	if k.Rotation.NotApplicable != "" && (k.Origin.Or("") != string(kmstypes.OriginTypeExternal) || k.Spec.Or("") != string(kmstypes.KeySpecSymmetricDefault)) {
		return model.Known([]model.Rotation(nil))
	}
	var all []model.Rotation
	var pages trail
	in := &kms.ListKeyRotationsInput{KeyId: &k.ARN}
	for {
		var out *kms.ListKeyRotationsOutput
		err := c.inTurn(ctx, func() (err error) { out, err = api.ListKeyRotations(ctx, in); return err })
		if err != nil {
			return model.Unknown[[]model.Rotation](model.Reason(failure(err, "listing the rotations", "KMS key "+k.ARN, "kms:ListKeyRotations")))
		}
		for _, r := range out.Rotations {
			all = append(all, model.Rotation{Date: sdk.ToTime(r.RotationDate), Type: rotationType(r.RotationType)})
		}
		switch {
		case !out.Truncated:
			slices.SortStableFunc(all, func(a, b model.Rotation) int { return a.Date.Compare(b.Date) })
			return model.Known(all)
		case !pages.fresh(sdk.ToString(out.NextMarker)):
			return model.Unknown[[]model.Rotation](model.Reason(endless("KMS key " + k.ARN)))
		}
		in.Marker = out.NextMarker
	}
}

func rotationType(t kmstypes.RotationType) string {
	switch t {
	case kmstypes.RotationTypeAutomatic:
		return model.RotationAutomatic
	case kmstypes.RotationTypeOnDemand:
		return model.RotationOnDemand
	}
	return strings.ToLower(string(t))
}

// withHistory adds the history, and from it the last rotation.
func withHistory(r model.KeyRotation, history model.Fact[[]model.Rotation]) model.KeyRotation {
	r.History = history
	done, ok := history.Get()
	switch {
	case !ok:
		r.Last = model.Unknown[time.Time](history.Reason())
	case len(done) == 0:
		r.Last = model.Known(time.Time{})
	default:
		r.Last = model.Known(done[len(done)-1].Date)
	}
	return r
}

// isForeign reports whether a key belongs to another account than the one who
// asks. Where STS cannot tell who asks, the requests themselves will.
func (c *Client) isForeign(ctx context.Context, b model.Backend, owner string) bool {
	if owner == "" {
		return false
	}
	own, err := c.keys.accounts.get(ctx, c.identityOf(b.Access), func(ctx context.Context) (string, error) { return c.accountOf(ctx, b) })
	return err == nil && own != "" && own != owner
}

// accountOf is the account of the identity that reads a backend.
func (c *Client) accountOf(ctx context.Context, b model.Backend) (string, error) {
	region, err := c.startRegion(ctx, b)
	if err != nil {
		return "", err
	}
	api, err := clientFor(ctx, c, &c.stss, sts.ServiceID, b, region, c.newSTS)
	if err != nil {
		return "", err
	}
	out, err := api.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", failure(err, "asking who asks", "the account", "sts:GetCallerIdentity")
	}
	return sdk.ToString(out.Account), nil
}
