package ui

import (
	"testing"
	"time"

	"github.com/stateward/stateward/model"
)

// A column says ↻ of a key that rotates and ? where nobody could say; the detail
// says which key it is.
func TestTheKeyBehindABackend(t *testing.T) {
	tests := map[string]struct {
		set  func(*model.Key)
		want []string
		not  string
	}{
		"it rotates":         {func(*model.Key) {}, []string{"kms ↻", "key tfstate ↻ 365 d, next 112 d"}, "alias/"},
		"it does not rotate": {func(k *model.Key) { k.Rotation.Enabled = model.Known(false) }, []string{"key tfstate does not rotate"}, "kms ↻"},
		"it is not known whether it rotates": {func(k *model.Key) {
			k.Rotation.Enabled = model.Unknown[bool]("AccessDenied kms:GetKeyRotationStatus")
		}, []string{"kms ?", "key tfstate", "? its rotation: AccessDenied kms:GetKeyRotationStatus"}, "kms ↻"},
		"it cannot rotate": {func(k *model.Key) { k.Rotation.NotApplicable = "imported material" }, []string{"key tfstate"}, "kms ↻"},
		"it is to be deleted": {func(k *model.Key) {
			k.State, k.DeletionDate = model.Known(model.KeyPendingDeletion), model.Known(theTime.Add(12*24*time.Hour))
		}, []string{"kms ✖", "✖ key tfstate: PendingDeletion: 12 d left"}, "kms ↻"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := sampleFleet()
			h := goodHealth(f.backends[0])
			key := h.Keys["alias/tfstate"]
			test.set(&key)
			h.Keys = map[string]model.Key{"alias/tfstate": key}
			f.backends = f.backends[:1]
			f.health = map[string]model.HealthFacts{f.backends[0].Bucket: h}
			open(t, f).sees(test.want...).missing(test.not)
		})
	}
}

// The pages below a backend call its key by the same name.
func TestAKeyHasItsNameInTheDetailOfStatesAndVersions(t *testing.T) {
	open(t, sampleFleet()).press("j", "enter").sees("acme-tfstate-payments", "key tfstate").missing("alias/tfstate")
	open(t, sampleFleet()).warehouse().sees("key tfstate").missing("alias/tfstate")
}
