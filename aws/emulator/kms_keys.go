package emulator

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	symmetric = "SYMMETRIC_DEFAULT"
	originKMS = "AWS_KMS"
	imported  = "EXTERNAL"
)

func (k *kmsStore) keyOperations(ops map[string]operation) {
	ops["CreateKey"] = kmsOperation(k, k.createKey)
	ops["DescribeKey"] = kmsOperation(k, k.describeKey)
	ops["ListKeys"] = kmsOperation(k, k.listKeys)
	ops["UpdateKeyDescription"] = kmsOperation(k, k.updateDescription)
	ops["ImportKeyMaterial"] = kmsOperation(k, k.importMaterial)
	ops["GetKeyPolicy"] = k.onKey(k.getPolicy)
	ops["PutKeyPolicy"] = kmsOperation(k, k.putPolicy)
	ops["ListKeyPolicies"] = k.onKey(func(*call, *kmsKey, *keyInput) (any, error) {
		return map[string]any{"PolicyNames": []string{"default"}, "Truncated": false}, nil
	})
	ops["ListGrants"] = k.onKey(func(*call, *kmsKey, *keyInput) (any, error) {
		return map[string]any{"Grants": []any{}, "Truncated": false}, nil
	})
	ops["ListResourceTags"] = k.onKey(k.listTags)
	ops["TagResource"] = kmsOperation(k, k.tag)
	ops["UntagResource"] = kmsOperation(k, k.untag)
}

type createKeyInput struct {
	Description, KeySpec, CustomerMasterKeySpec, KeyUsage, Origin, Policy string
	MultiRegion                                                           bool
	Tags                                                                  []kmsTag
}

// createKey makes a key. One of external origin waits for its material.
func (k *kmsStore) createKey(c *call, in *createKeyInput) (any, error) {
	key := &kmsKey{id: k.ids.uuid(), manager: "CUSTOMER", description: in.Description, multiRegion: in.MultiRegion, created: c.Time, state: keyEnabled, tags: in.Tags}
	key.spec = firstOf(in.KeySpec, in.CustomerMasterKeySpec, symmetric)
	key.usage = firstOf(in.KeyUsage, "ENCRYPT_DECRYPT")
	key.origin = firstOf(in.Origin, originKMS)
	key.policy = firstOf(in.Policy, defaultKeyPolicy(k.opts.Account))
	if key.spec != symmetric && in.KeyUsage == "" {
		return nil, validation("You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.")
	}
	if key.origin == imported {
		key.state = keyPendingImport
	}
	if key.multiRegion {
		key.id = "mrk-" + strings.ReplaceAll(key.id, "-", "")
	}
	r := k.region(c.region, c.Time)
	key.arn = k.arn(r.name, "key/"+key.id)
	r.keys = append(r.keys, key)
	return map[string]any{"KeyMetadata": k.metadata(key, r.name)}, nil
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func defaultKeyPolicy(account string) string {
	return `{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` +
		account + `:root"},"Action":"kms:*","Resource":"*"}]}`
}

// metadata is KeyMetadata; fields that do not apply are absent, as on AWS.
func (k *kmsStore) metadata(key *kmsKey, region string) map[string]any {
	m := map[string]any{
		"AWSAccountId": k.opts.Account, "KeyId": key.id, "Arn": key.arn, "CreationDate": epoch(key.created),
		"Enabled": key.state == keyEnabled, "Description": key.description, "KeyUsage": key.usage, "KeyState": key.state,
		"Origin": key.origin, "KeyManager": key.manager, "KeySpec": key.spec, "CustomerMasterKeySpec": key.spec, "MultiRegion": key.multiRegion,
	}
	if key.spec == symmetric {
		m["EncryptionAlgorithms"] = []string{symmetric}
	}
	if key.state == keyPendingDeletion {
		m["DeletionDate"] = epoch(key.deletion)
	}
	if key.origin == imported && key.state != keyPendingImport {
		m["ExpirationModel"] = "KEY_MATERIAL_DOES_NOT_EXPIRE"
		if !key.validTo.IsZero() {
			m["ExpirationModel"], m["ValidTo"] = "KEY_MATERIAL_EXPIRES", epoch(key.validTo)
		}
	}
	if key.multiRegion {
		m["MultiRegionConfiguration"] = map[string]any{
			"MultiRegionKeyType": "PRIMARY", "PrimaryKey": map[string]string{"Arn": key.arn, "Region": region}, "ReplicaKeys": []any{},
		}
	}
	return m
}

// describeKey takes every kind of name.
func (k *kmsStore) describeKey(c *call, in *keyInput) (any, error) {
	key, err := k.find(k.region(c.region, c.Time), in.KeyId, c.Time)
	if err != nil {
		return nil, err
	}
	return map[string]any{"KeyMetadata": k.metadata(key, c.region)}, nil
}

func (k *kmsStore) listKeys(c *call, in *keyInput) (any, error) {
	r := k.region(c.region, c.Time)
	r.settle(c.Time)
	var all []any
	for _, key := range r.keys {
		all = append(all, map[string]string{"KeyId": key.id, "KeyArn": key.arn})
	}
	return k.page("Keys", all, in, 100)
}

// page answers a part of a list; the marker is where the next part starts.
func (k *kmsStore) page(name string, all []any, in *keyInput, standard int) (any, error) {
	limit := choose(in.Limit > 0, in.Limit, standard)
	if k.opts.PageSize > 0 {
		limit = min(limit, k.opts.PageSize)
	}
	from := 0
	if in.Marker != "" {
		n, err := strconv.Atoi(in.Marker)
		if err != nil || n < 0 || n > len(all) {
			return nil, fail(http.StatusBadRequest, "InvalidMarkerException", "Invalid marker")
		}
		from = n
	}
	to := min(from+limit, len(all))
	out := map[string]any{name: append([]any{}, all[from:to]...), "Truncated": to < len(all)}
	if to < len(all) {
		out["NextMarker"] = itoa(to)
	}
	return out, nil
}

type describeInput struct {
	KeyId, Description string
}

func (k *kmsStore) updateDescription(c *call, in *describeInput) (any, error) {
	key, err := k.key(c, in.KeyId)
	if err != nil {
		return nil, err
	}
	key.description = in.Description
	return nil, nil
}

type importInput struct {
	KeyId, ExpirationModel string
	ValidTo                float64
}

// importMaterial takes any material for a key of external origin.
func (k *kmsStore) importMaterial(c *call, in *importInput) (any, error) {
	key, err := k.key(c, in.KeyId)
	if err != nil {
		return nil, err
	}
	if key.origin != imported {
		return nil, fail(http.StatusBadRequest, "UnsupportedOperationException", "%s origin is %s which is not valid for this operation.", key.arn, key.origin)
	}
	if key.state == keyPendingDeletion {
		return nil, key.usable()
	}
	key.state, key.validTo = keyEnabled, time.Time{}
	if in.ValidTo > 0 && in.ExpirationModel != "KEY_MATERIAL_DOES_NOT_EXPIRE" {
		key.validTo = time.UnixMilli(int64(in.ValidTo * 1000)).UTC()
	}
	return map[string]string{"KeyId": key.arn}, nil
}

func (k *kmsStore) getPolicy(_ *call, key *kmsKey, _ *keyInput) (any, error) {
	return map[string]string{"Policy": key.policy, "PolicyName": "default"}, nil
}

func (k *kmsStore) putPolicy(c *call, in *struct{ KeyId, Policy string }) (any, error) {
	key, err := k.key(c, in.KeyId)
	if err != nil {
		return nil, err
	}
	if _, err := readPolicy([]byte(in.Policy)); err != nil {
		return nil, fail(http.StatusBadRequest, "MalformedPolicyDocumentException", "The policy document is malformed")
	}
	key.policy = in.Policy
	return nil, nil
}

func (k *kmsStore) listTags(_ *call, key *kmsKey, in *keyInput) (any, error) {
	var all []any
	for _, t := range key.tags {
		all = append(all, t)
	}
	return k.page("Tags", all, in, 50)
}

func (k *kmsStore) tag(c *call, in *struct {
	KeyId string
	Tags  []kmsTag
}) (any, error) {
	key, err := k.key(c, in.KeyId)
	if err != nil {
		return nil, err
	}
	for _, t := range in.Tags {
		key.dropTag(t.TagKey)
		key.tags = append(key.tags, t)
	}
	return nil, nil
}

func (k *kmsStore) untag(c *call, in *struct {
	KeyId   string
	TagKeys []string
}) (any, error) {
	key, err := k.key(c, in.KeyId)
	if err != nil {
		return nil, err
	}
	for _, name := range in.TagKeys {
		key.dropTag(name)
	}
	return nil, nil
}

func (key *kmsKey) dropTag(name string) {
	key.tags = slices.DeleteFunc(key.tags, func(t kmsTag) bool { return t.TagKey == name })
}
