package aws

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/stateward/stateward/model"
)

// keyState asks KMS for the state of a key, given as an id, ARN or alias. A key
// that is not there is in the state "absent".
func (c *Client) keyState(ctx context.Context, b model.Backend, key string) (model.KeyState, error) {
	region := model.KeyRegion(key)
	if region == "" {
		var err error
		if region, err = c.regionOf(ctx, b); err != nil {
			return "", err
		}
	}
	api, err := c.kms(ctx, b, region)
	if err != nil {
		return "", err
	}
	out, err := api.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &key})
	if err != nil {
		err = failure(err, "reading the state", "KMS key "+key, "kms:DescribeKey")
		if errors.Is(err, model.ErrNotFound) {
			return "absent", nil
		}
		return "", err
	}
	if out.KeyMetadata == nil {
		return "", &model.Failure{Kind: model.ErrInvalid, Tried: "reading the state", On: "KMS key " + key, Next: "The answer describes no key."}
	}
	return model.KeyState(out.KeyMetadata.KeyState), nil
}

// targetServes reads how the target is stored and asks KMS for its key. With a
// key that is out of service nothing is read of the version: S3 could not decrypt
// it, and every try would stand in the key's audit log.
func (c *Client) targetServes(ctx context.Context, f *model.RestoreFacts) bool {
	if f.Target.DeleteMarker {
		return true
	}
	f.Target.Facts.Encryption = model.FactOf(c.versionEncryption(ctx, f.Backend, f.Key, f.Target.VersionID))
	key := f.Target.Facts.Encryption.Or(model.Encryption{}).KMSKeyID
	if key == "" {
		return true
	}
	fact := model.FactOf(c.keyState(ctx, f.Backend, key))
	f.KeyStates = map[string]model.Fact[model.KeyState]{key: fact}
	if state, known := fact.Get(); known && state != model.KeyEnabled {
		f.TargetErr = "its key is " + string(state)
	}
	return f.TargetErr == ""
}

// gatherKeys reads the state of every key that a restore could need.
func (c *Client) gatherKeys(ctx context.Context, f *model.RestoreFacts) {
	wanted := []string{f.Default.Or(model.Encryption{}).KMSKeyID, f.Backend.Write.KMSKeyID, f.Target.Facts.Encryption.Or(model.Encryption{}).KMSKeyID}
	if f.Current != nil {
		wanted = append(wanted, f.Current.Encryption.KMSKeyID)
	}
	if f.KeyStates == nil {
		f.KeyStates = map[string]model.Fact[model.KeyState]{}
	}
	for _, key := range wanted {
		if _, asked := f.KeyStates[key]; key == "" || asked {
			continue
		}
		f.KeyStates[key] = model.FactOf(c.keyState(ctx, f.Backend, key))
	}
}
