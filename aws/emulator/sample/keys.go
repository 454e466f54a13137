package sample

import (
	"encoding/json"
	"fmt"
	"time"
)

// Names of the fleet's KMS keys; each has the alias "alias/" + its name.
const (
	mainKey   = "tfstate"      // us-east-1, rotates every year
	formerKey = "tfstate-2022" // us-east-1, still behind old versions
	euKey     = "tfstate-eu"   // eu-west-1, does not rotate

	previewKey = "tfstate-preview" // us-east-1, of a deleted preview environment; its deletion is scheduled
)

// doomed is the age of the order to delete the key of the preview environment,
// and after how many days KMS obeys: there are 12 days left to think again.
const (
	doomed       = 9*day - 2*hour
	doomedWindow = 21
)

// keySwitch is when backends with a former key changed to the present one.
const keySwitch = 40 * day

// kmsKey is a key of the fleet.
type kmsKey struct {
	name, region, description string
	created                   time.Duration // age
	rotates                   bool
	doomed                    bool
}

// kmsKeys in the order of their creation. The main key rotated twice, and will
// again in 112 days.
func kmsKeys() []kmsKey {
	return []kmsKey{
		{name: formerKey, region: "us-east-1", description: "Terraform state, before the key policy was reviewed", created: 1400 * day},
		{name: mainKey, region: "us-east-1", description: "Terraform state", created: (2*365 + 253) * day, rotates: true},
		{name: previewKey, region: "us-east-1", description: "Terraform state of preview environments", created: 60 * day, doomed: true},
		{name: euKey, region: "eu-west-1", description: "Terraform state, Europe", created: 400 * day},
	}
}

// keys creates the keys at once, for the rest needs their ARNs by name. They
// are older than anything that uses them.
func (w *writer) keys() (map[string]string, error) {
	arns := map[string]string{}
	for _, k := range kmsKeys() {
		arn, err := w.key(k)
		if err != nil {
			return nil, err
		}
		arns[k.name] = arn
	}
	return arns, nil
}

func (w *writer) key(k kmsKey) (arn string, err error) {
	at := w.ago(k.created)
	answer, err := w.send(jsonEvent(at, k.region, targetKMS+"CreateKey", fields{"Description": k.description}))
	if err != nil {
		return "", err
	}
	if arn, err = keyARN(answer); err != nil {
		return "", err
	}
	_, err = w.send(jsonEvent(at, k.region, targetKMS+"CreateAlias", fields{"AliasName": "alias/" + k.name, "TargetKeyId": arn}))
	if err == nil && k.rotates {
		_, err = w.send(jsonEvent(at, k.region, targetKMS+"EnableKeyRotation", fields{"KeyId": arn, "RotationPeriodInDays": 365}))
	}
	if k.doomed {
		w.add(jsonEvent(w.ago(doomed), k.region, targetKMS+"ScheduleKeyDeletion", fields{"KeyId": arn, "PendingWindowInDays": doomedWindow}))
	}
	return arn, err
}

// keyARN reads the answer to CreateKey or DescribeKey.
func keyARN(answer []byte) (string, error) {
	var out struct {
		KeyMetadata struct{ Arn string }
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		return "", fmt.Errorf("seeding the sample fleet: the metadata of a key: %w", err)
	}
	return out.KeyMetadata.Arn, nil
}
