package emulator

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Key states, as DescribeKey tells them.
const (
	keyEnabled         = "Enabled"
	keyDisabled        = "Disabled"
	keyPendingDeletion = "PendingDeletion"
	keyPendingImport   = "PendingImport"
)

// kmsStore is the keys of all regions. S3 calls it while it holds its own lock;
// it never calls S3.
type kmsStore struct {
	mu      sync.Mutex
	opts    Options
	ids     *idSource
	regions map[string]*kmsRegion
}

// kmsRegion is the keys and aliases of one region, in order of creation.
type kmsRegion struct {
	name    string
	keys    []*kmsKey
	aliases []*kmsAlias
}

type kmsAlias struct {
	name, keyID      string
	created, updated time.Time
}

// kmsKey is one key.
type kmsKey struct {
	id, arn     string
	description string
	manager     string // "CUSTOMER" or "AWS"
	spec        string
	usage       string
	origin      string
	multiRegion bool
	created     time.Time
	state       string
	deletion    time.Time // when PendingDeletion ends
	validTo     time.Time // of imported material; zero: for ever
	rotation    rotation
	policy      string
	tags        []kmsTag
}

type kmsTag struct{ TagKey, TagValue string }

func newKMSStore(o Options, ids *idSource) *kmsStore {
	return &kmsStore{opts: o, ids: ids, regions: map[string]*kmsRegion{}}
}

// keyInput is the whole input of many operations.
type keyInput struct {
	KeyId  string
	Limit  int
	Marker string
}

func newKMSService(k *kmsStore) *service {
	ops := map[string]operation{}
	for _, add := range []func(map[string]operation){k.keyOperations, k.stateOperations, k.aliasOperations, k.rotationOperations, k.cryptoOperations} {
		add(ops)
	}
	return &service{operations: ops, refuse: refuseJSON(jsonKMS, "", "message"), resource: k.resource}
}

func kmsOperation[In any](k *kmsStore, run func(*call, *In) (any, error)) operation {
	return jsonOperation(&k.mu, jsonKMS, run)
}

// onKey is an operation on one key, given by id or ARN, that has no other input.
func (k *kmsStore) onKey(run func(*call, *kmsKey, *keyInput) (any, error)) operation {
	return kmsOperation(k, func(c *call, in *keyInput) (any, error) {
		key, err := k.key(c, in.KeyId)
		if err != nil {
			return nil, err
		}
		return run(c, key, in)
	})
}

// resource is the ARN that a denial names.
func (k *kmsStore) resource(c *call) string {
	var in keyInput
	if json.Unmarshal(c.body, &in) != nil || in.KeyId == "" {
		return "*"
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if key, err := k.find(k.region(c.region, c.Time), in.KeyId, c.Time); err == nil {
		return key.arn
	}
	return k.arn(c.region, "key/"+in.KeyId)
}

func (k *kmsStore) arn(region, resource string) string {
	return "arn:aws:kms:" + region + ":" + k.opts.Account + ":" + resource
}

// region returns the region's keys; each has the keys AWS itself manages for
// S3 and DynamoDB from the start.
func (k *kmsStore) region(name string, now time.Time) *kmsRegion {
	r := k.regions[name]
	if r != nil {
		return r
	}
	r = &kmsRegion{name: name}
	k.regions[name] = r
	for _, service := range []string{"dynamodb", "s3"} {
		key := &kmsKey{id: k.ids.uuid(), manager: "AWS", spec: symmetric, usage: "ENCRYPT_DECRYPT", origin: originKMS, created: now, state: keyEnabled}
		key.description = "Default key that protects my " + service + " data when no other key is defined"
		key.arn, key.policy = k.arn(name, "key/"+key.id), defaultKeyPolicy(k.opts.Account)
		key.rotation.enable(now, 365)
		r.keys = append(r.keys, key)
		r.aliases = append(r.aliases, &kmsAlias{"alias/aws/" + service, key.id, now, now})
	}
	return r
}

// settle brings all keys of the region up to date: rotations that fell due,
// deletions whose waiting period is over, material that expired.
func (r *kmsRegion) settle(now time.Time) {
	kept := r.keys[:0]
	for _, key := range r.keys {
		if key.state == keyPendingDeletion && !now.Before(key.deletion) {
			r.dropAliases(key.id)
			continue
		}
		if !key.validTo.IsZero() && !now.Before(key.validTo) && key.state == keyEnabled {
			key.state = keyPendingImport
		}
		if key.state == keyEnabled {
			key.rotation.advance(now)
		}
		kept = append(kept, key)
	}
	r.keys = kept
}

// find resolves a key id, key ARN, alias or alias ARN.
func (k *kmsStore) find(r *kmsRegion, name string, now time.Time) (*kmsKey, error) {
	r.settle(now)
	full := name
	if rest, ok := strings.CutPrefix(name, "arn:aws:kms:"); ok {
		parts := strings.SplitN(rest, ":", 3)
		switch {
		case len(parts) != 3 || parts[0] != r.name:
			return nil, keyNotFound("Invalid arn %s", parts[0])
		case parts[1] != k.opts.Account:
			return nil, fail(http.StatusBadRequest, "AccessDeniedException", "The key %s belongs to another account, which has not granted access to it", name)
		}
		name = strings.TrimPrefix(parts[2], "key/")
	} else if strings.HasPrefix(name, "alias/") {
		full = k.arn(r.name, name)
	} else {
		full = k.arn(r.name, "key/"+name)
	}
	if strings.HasPrefix(name, "alias/") {
		return r.byAlias(name, full)
	}
	for _, key := range r.keys {
		if key.id == name {
			return key, nil
		}
	}
	return nil, keyNotFound("Key '%s' does not exist", full)
}

func (r *kmsRegion) byAlias(name, arn string) (*kmsKey, error) {
	for _, a := range r.aliases {
		if a.name != name {
			continue
		}
		for _, key := range r.keys {
			if key.id == a.keyID {
				return key, nil
			}
		}
	}
	return nil, keyNotFound("Alias %s is not found.", arn)
}

// key finds a key by id or ARN only, as most operations demand.
func (k *kmsStore) key(c *call, name string) (*kmsKey, error) {
	if strings.Contains(name, "alias/") {
		return nil, keyNotFound("Invalid keyId '%s'", name)
	}
	if name == "" {
		return nil, validation("1 validation error detected: Value at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	return k.find(k.region(c.region, c.Time), name, c.Time)
}

func keyNotFound(format string, args ...any) *apiError {
	return fail(http.StatusBadRequest, "NotFoundException", format, args...)
}

// usable refuses a key that cannot do cryptography now.
func (key *kmsKey) usable() error {
	switch key.state {
	case keyEnabled:
		return nil
	case keyDisabled:
		return fail(http.StatusBadRequest, "DisabledException", "%s is disabled.", key.arn)
	case keyPendingImport:
		return fail(http.StatusBadRequest, "KMSInvalidStateException", "%s is pending import.", key.arn)
	default:
		return fail(http.StatusBadRequest, "KMSInvalidStateException", "%s is pending deletion.", key.arn)
	}
}

// usableBy is S3 asking for a key, by any of its names; errors are S3's. It
// returns the key's ARN.
func (k *kmsStore) usableBy(region, name string, now time.Time) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key, err := k.find(k.region(region, now), name, now)
	if err == nil {
		err = key.usable()
	}
	if err == nil && key.spec != symmetric {
		err = fail(http.StatusBadRequest, "InvalidKeyUsageException", "%s key usage is not valid for this operation.", key.arn)
	}
	if err != nil {
		e := asAPIError(err)
		return "", fail(http.StatusBadRequest, "KMS."+e.code, "%s", e.message)
	}
	return key.arn, nil
}
