package emulator

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"
)

func (k *kmsStore) stateOperations(ops map[string]operation) {
	ops["EnableKey"] = k.onKey(k.enableKey)
	ops["DisableKey"] = k.onKey(k.disableKey)
	ops["ScheduleKeyDeletion"] = kmsOperation(k, k.scheduleDeletion)
	ops["CancelKeyDeletion"] = k.onKey(k.cancelDeletion)
}

// changeable refuses state changes that KMS refuses: of AWS's own keys, and of
// keys that wait for deletion or material.
func (key *kmsKey) changeable() error {
	if key.manager == "AWS" {
		return fail(http.StatusBadRequest, "AccessDeniedException", "The key %s is managed by AWS", key.arn)
	}
	if key.state == keyEnabled || key.state == keyDisabled {
		return nil
	}
	return key.usable()
}

func (k *kmsStore) enableKey(c *call, key *kmsKey, _ *keyInput) (any, error) {
	if err := key.changeable(); err != nil {
		return nil, err
	}
	if key.state == keyDisabled {
		key.rotation.resume(c.Time)
	}
	key.state = keyEnabled
	return nil, nil
}

func (k *kmsStore) disableKey(_ *call, key *kmsKey, _ *keyInput) (any, error) {
	if err := key.changeable(); err != nil {
		return nil, err
	}
	key.state = keyDisabled
	return nil, nil
}

type deletionInput struct {
	KeyId               string
	PendingWindowInDays *int
}

func (k *kmsStore) scheduleDeletion(c *call, in *deletionInput) (any, error) {
	key, err := k.key(c, in.KeyId)
	if err != nil {
		return nil, err
	}
	window := 30
	if in.PendingWindowInDays != nil {
		window = *in.PendingWindowInDays
	}
	if window < 7 || window > 30 {
		return nil, validation("1 validation error detected: Value '%d' at 'pendingWindowInDays' failed to satisfy constraint: Member must have value between 7 and 30", window)
	}
	if key.manager == "AWS" || key.state == keyPendingDeletion {
		return nil, key.changeable()
	}
	key.state, key.deletion = keyPendingDeletion, c.Time.Add(time.Duration(window)*day)
	return map[string]any{"KeyId": key.arn, "DeletionDate": epoch(key.deletion), "KeyState": key.state, "PendingWindowInDays": window}, nil
}

// cancelDeletion leaves the key disabled, as KMS does.
func (k *kmsStore) cancelDeletion(_ *call, key *kmsKey, _ *keyInput) (any, error) {
	if key.state != keyPendingDeletion {
		return nil, fail(http.StatusBadRequest, "KMSInvalidStateException", "%s is not pending deletion.", key.arn)
	}
	key.state, key.deletion = keyDisabled, time.Time{}
	return map[string]string{"KeyId": key.arn}, nil
}

func (k *kmsStore) aliasOperations(ops map[string]operation) {
	ops["CreateAlias"] = kmsOperation(k, k.createAlias)
	ops["UpdateAlias"] = kmsOperation(k, k.updateAlias)
	ops["DeleteAlias"] = kmsOperation(k, k.deleteAlias)
	ops["ListAliases"] = kmsOperation(k, k.listAliases)
}

type aliasInput struct{ AliasName, TargetKeyId string }

func (k *kmsStore) createAlias(c *call, in *aliasInput) (any, error) {
	if !strings.HasPrefix(in.AliasName, "alias/") || strings.HasPrefix(in.AliasName, "alias/aws/") {
		return nil, fail(http.StatusBadRequest, "InvalidAliasNameException", "Alias must start with the prefix \"alias/\" and must not be reserved for AWS")
	}
	key, err := k.key(c, in.TargetKeyId)
	if err != nil {
		return nil, err
	}
	r := k.region(c.region, c.Time)
	if r.alias(in.AliasName) != nil {
		return nil, fail(http.StatusBadRequest, "AlreadyExistsException", "An alias with the name %s already exists", k.arn(r.name, in.AliasName))
	}
	r.aliases = append(r.aliases, &kmsAlias{in.AliasName, key.id, c.Time, c.Time})
	return nil, nil
}

func (k *kmsStore) updateAlias(c *call, in *aliasInput) (any, error) {
	key, err := k.key(c, in.TargetKeyId)
	if err != nil {
		return nil, err
	}
	a := k.region(c.region, c.Time).alias(in.AliasName)
	if a == nil {
		return nil, keyNotFound("Alias %s is not found.", k.arn(c.region, in.AliasName))
	}
	a.keyID, a.updated = key.id, c.Time
	return nil, nil
}

func (k *kmsStore) deleteAlias(c *call, in *aliasInput) (any, error) {
	r := k.region(c.region, c.Time)
	if r.alias(in.AliasName) == nil {
		return nil, keyNotFound("Alias %s is not found.", k.arn(r.name, in.AliasName))
	}
	r.aliases = slices.DeleteFunc(r.aliases, func(a *kmsAlias) bool { return a.name == in.AliasName })
	return nil, nil
}

// listAliases lists all aliases by name, or those of one key.
func (k *kmsStore) listAliases(c *call, in *keyInput) (any, error) {
	r, only := k.region(c.region, c.Time), ""
	if in.KeyId != "" {
		key, err := k.key(c, in.KeyId)
		if err != nil {
			return nil, err
		}
		only = key.id
	}
	r.settle(c.Time)
	sorted := slices.SortedFunc(slices.Values(r.aliases), func(a, b *kmsAlias) int { return cmp.Compare(a.name, b.name) })
	var all []any
	for _, a := range sorted {
		if only == "" || a.keyID == only {
			all = append(all, map[string]any{
				"AliasName": a.name, "AliasArn": k.arn(r.name, a.name), "TargetKeyId": a.keyID,
				"CreationDate": epoch(a.created), "LastUpdatedDate": epoch(a.updated),
			})
		}
	}
	return k.page("Aliases", all, in, 50)
}

func (r *kmsRegion) alias(name string) *kmsAlias {
	for _, a := range r.aliases {
		if a.name == name {
			return a
		}
	}
	return nil
}

func (r *kmsRegion) dropAliases(keyID string) {
	r.aliases = slices.DeleteFunc(r.aliases, func(a *kmsAlias) bool { return a.keyID == keyID })
}
