package emulator

import (
	"net/http"
	"time"
)

const day = 24 * time.Hour

// Limits of the KMS API.
const (
	standardPeriod = 365
	minPeriod      = 90
	maxPeriod      = 2560
	maxOnDemand    = 25
)

// rotation is a key's rotation schedule and what happened under it. Automatic
// rotations happen when the clock passes next: they are worked out on the next
// look at the key.
type rotation struct {
	on     bool
	period int // days
	next   time.Time
	done   []rotated
}

type rotated struct {
	date     time.Time
	onDemand bool
}

// enable starts the schedule at now, or moves its next date when the period
// changes while it runs; a date that is then past falls due at once.
func (r *rotation) enable(now time.Time, period int) {
	start := now
	if r.on {
		start = r.next.Add(-time.Duration(r.period) * day)
	}
	r.on, r.period = true, period
	r.next = start.Add(time.Duration(period) * day)
	if r.next.Before(now) {
		r.next = now
	}
}

func (r *rotation) advance(now time.Time) {
	for r.on && !r.next.After(now) {
		r.done = append(r.done, rotated{date: r.next})
		r.next = r.next.Add(time.Duration(r.period) * day)
	}
}

// resume is for a key that was disabled: KMS makes up for at most one missed
// rotation, at once.
func (r *rotation) resume(now time.Time) {
	if r.on && r.next.Before(now) {
		r.next = now
	}
}

func (k *kmsStore) rotationOperations(ops map[string]operation) {
	ops["GetKeyRotationStatus"] = k.onKey(k.rotationStatus)
	ops["EnableKeyRotation"] = kmsOperation(k, k.enableRotation)
	ops["DisableKeyRotation"] = k.onKey(k.disableRotation)
	ops["RotateKeyOnDemand"] = k.onKey(k.rotateNow)
	ops["ListKeyRotations"] = k.onKey(k.listRotations)
}

// rotationStatus tells the schedule. While a key waits for its deletion KMS
// reports false and keeps the schedule for a cancelled deletion.
func (k *kmsStore) rotationStatus(_ *call, key *kmsKey, _ *keyInput) (any, error) {
	on := key.rotation.on && key.state != keyPendingDeletion
	out := map[string]any{"KeyId": key.arn, "KeyRotationEnabled": on}
	if on {
		out["RotationPeriodInDays"], out["NextRotationDate"] = key.rotation.period, epoch(key.rotation.next)
	}
	return out, nil
}

// rotatable refuses keys that KMS cannot rotate. Imported material rotates on
// demand only, that of multi-Region keys too (AWS KMS API, RotateKeyOnDemand).
func (key *kmsKey) rotatable(onDemand bool) error {
	if err := key.usable(); err != nil {
		return err
	}
	switch {
	case key.manager == "AWS":
		return fail(http.StatusBadRequest, "AccessDeniedException", "The key %s is managed by AWS", key.arn)
	case key.spec != symmetric, key.origin != originKMS && (!onDemand || key.origin != imported):
		return fail(http.StatusBadRequest, "UnsupportedOperationException", "You cannot perform this operation on an asymmetric, HMAC or imported key, or a key in a custom key store: %s", key.arn)
	}
	return nil
}

type enableRotationInput struct {
	KeyId                string
	RotationPeriodInDays *int
}

func (k *kmsStore) enableRotation(c *call, in *enableRotationInput) (any, error) {
	key, err := k.key(c, in.KeyId)
	if err != nil {
		return nil, err
	}
	if err := key.rotatable(false); err != nil {
		return nil, err
	}
	period := standardPeriod
	if in.RotationPeriodInDays != nil {
		period = *in.RotationPeriodInDays
	}
	if period < minPeriod || period > maxPeriod {
		return nil, validation("1 validation error detected: Value '%d' at 'rotationPeriodInDays' failed to satisfy constraint: Member must have value between %d and %d", period, minPeriod, maxPeriod)
	}
	key.rotation.enable(c.Time, period)
	key.rotation.advance(c.Time)
	return nil, nil
}

func (k *kmsStore) disableRotation(_ *call, key *kmsKey, _ *keyInput) (any, error) {
	if err := key.rotatable(false); err != nil {
		return nil, err
	}
	key.rotation.on = false
	return nil, nil
}

// rotateNow leaves the automatic schedule as it is.
func (k *kmsStore) rotateNow(c *call, key *kmsKey, _ *keyInput) (any, error) {
	if err := key.rotatable(true); err != nil {
		return nil, err
	}
	count := 0
	for _, r := range key.rotation.done {
		if r.onDemand {
			count++
		}
	}
	if count >= maxOnDemand {
		return nil, fail(http.StatusBadRequest, "LimitExceededException", "The key %s has reached the limit of on-demand rotations", key.arn)
	}
	key.rotation.done = append(key.rotation.done, rotated{date: c.Time, onDemand: true})
	return map[string]string{"KeyId": key.arn}, nil
}

func (k *kmsStore) listRotations(_ *call, key *kmsKey, in *keyInput) (any, error) {
	var all []any
	for _, r := range key.rotation.done {
		all = append(all, map[string]any{
			"KeyId": key.arn, "RotationDate": epoch(r.date), "RotationType": choose(r.onDemand, "ON_DEMAND", "AUTOMATIC"),
		})
	}
	return k.page("Rotations", all, in, 100)
}
